#include "whit/data/feature_table.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/data/data_set.hpp"

namespace whit::data {
namespace {

constexpr const char* kRecipe = R"(
[data]
kind = "table"
path = "room.csv"
columns = ["t_out", "t_in"]
target = "t_in"
time = "time"
[data.window]
horizon_s = 600
target_is = "change"
[data.features]
kind = "lags"
steps = 3
step_every_s = 120
list = [{ kind = "value", of = "t_in" }, { kind = "delta", of = "t_out", lag_s = 300 }, { kind = "week_cos" }]
[data.split]
by = "chronological"
)";

class FeatureTableTest : public testing::Test {
 protected:
  // The data set of a recipe, written into `folder_`.
  DataSet write(const std::string& recipe) {
    std::string csv = "time,t_in,t_out\n";
    for (int i = 0; i < 300; ++i) {
      csv += fmt::format("2024-05-0{}T{:02}:{:02}:00,{},{}\n", 4 + i / 1440, i / 60 % 24, i % 60, 20 + i * 7 % 11,
                         i * 13 % 29);
    }
    write_file(folder_.path() / "room.csv", csv);
    write_file(folder_.path() / "recipe.toml", recipe);
    const DataSet set = read_data_set(TomlTable::read((folder_.path() / "recipe.toml").string()).table("data"));
    write_data_set(set, folder_.path().string());
    return set;
  }
  std::string message(const std::string& from, const nlohmann::json& to) {
    nlohmann::json json = nlohmann::json::parse(read_file(folder_.path() / "data.json"));
    json[nlohmann::json::json_pointer(from)] = to;
    write_file(folder_.path() / "damaged.json", json.dump());
    try {
      read_feature_table((folder_.path() / "damaged.json").string());
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  TemporaryDirectory folder_;
};

TEST_F(FeatureTableTest, ADeviceComputesWhatTheDataSetHas) {
  const DataSet set = write(kRecipe);
  const FeatureTable table = read_feature_table(folder_.path().string());
  EXPECT_EQ(table.columns, (std::vector<std::string>{"t_out", "t_in"}));
  EXPECT_EQ(table.target, "t_in");
  EXPECT_EQ(table.horizon_s, 600);
  const rt::FeatureTable view = table.view();
  EXPECT_EQ(view.change_of, 1);
  EXPECT_EQ(view.rows, 6 + 2 * 2);
  ASSERT_EQ(rt::feature_count(view), 9);
  std::vector<float> window(20), features(9), input(9);
  int32_t filled = 0;
  for (int i = 0; i < 12; ++i) {
    const float row[2] = {static_cast<float>(i * 13 % 29), static_cast<float>(20 + i * 7 % 11)};
    rt::push_row(window.data(), view.rows, view.channels, row, &filled);
    if (filled < view.rows) continue;
    // 2024-05-04 was a Saturday.
    rt::write_input(view, window.data(), 5 * 86400 + i * 60, 0, features.data(), input.data());
    const std::span<const float> sample = set.train().sample(i - 9);
    EXPECT_EQ(input, std::vector<float>(sample.begin(), sample.end())) << i;
  }
}

TEST_F(FeatureTableTest, WindowsAndStatisticsToo) {
  std::string recipe = kRecipe;
  const size_t features = recipe.find("[data.features]"), split = recipe.find("[data.split]");
  recipe.replace(features, split - features, "[data.features]\nkind = \"statistics\"\nof = [\"mean\", \"rms\"]\n");
  recipe.replace(recipe.find("horizon_s"), 0, "length = 5\n");
  const DataSet set = write(recipe);
  const FeatureTable table = read_feature_table(folder_.path().string());
  EXPECT_EQ(table.view().rows, 5);
  float window[10], scratch[rt::kMotionFeatures], input[rt::kMotionFeatures];
  for (int i = 0; i < 5; ++i) {
    window[2 * i] = static_cast<float>(i * 13 % 29);
    window[2 * i + 1] = static_cast<float>(20 + i * 7 % 11);
  }
  rt::write_input(table.view(), window, 0, 0, scratch, input);
  const std::span<const float> sample = set.train().sample(0);
  EXPECT_EQ(std::vector<float>(input, input + 4), std::vector<float>(sample.begin(), sample.end()));
}

TEST_F(FeatureTableTest, DamageIsFound) {
  write(kRecipe);
  EXPECT_EQ(message("/features/rows", 10), "");
  EXPECT_NE(message("/features/rows", 9), "");
  EXPECT_NE(message("/features/list/1/lag", 100), "");
  EXPECT_NE(message("/features/list/1/channel", 2), "");
  EXPECT_NE(message("/features/list/1/kind", "median"), "");
  EXPECT_NE(message("/features/change_of", 2), "");
  EXPECT_NE(message("/features/step_s", 0.5), "");
  EXPECT_NE(message("/features/kind", 7), "");
  EXPECT_NE(message("/normalisation/scale", {1.0, 2.0}), "");
  EXPECT_THROW(read_feature_table("/nowhere"), Error);
}

}  // namespace
}  // namespace whit::data
