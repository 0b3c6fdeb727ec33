// Forecasts of a time series: what the target is, and how far the steps of a sequence lie apart.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/data/data_set.hpp"

namespace whit::data {
namespace {

class WindowsTest : public testing::Test {
 protected:
  WindowsTest() {
    std::string table = "at,x,y\n";
    for (int i = 0; i < 180; ++i) table += fmt::format("2021-09-07T{:02}:{:02},{},{}\n", i / 60, i % 60, i * i, i);
    write_file(directory_.path() / "t.csv", table);
  }

  // Of minutes, two ahead. `window` and `features`: further keys.
  DataSet read(const std::string& window, const std::string& features, const std::string& target = "x") {
    const std::string keys = fmt::format(R"([data]
kind = "table"
path = "t.csv"
columns = ["x"]
target = "{}"
time = "at"
normalise = "none"
[data.window]
horizon_s = 120
{}
[data.features]
kind = "lags"
list = [{{ kind = "value", of = "x" }}, {{ kind = "delta", of = "x", lag_s = 180 }}]
{}
[data.split]
by = "chronological"
fractions = [0.6, 0.2, 0.2]
)",
                                         target, window, features);
    return read_data_set(TomlTable::parse(keys, (directory_.path() / "recipe.toml").string()).table("data"));
  }

  TemporaryDirectory directory_;
};

TEST_F(WindowsTest, TheTargetMayBeAChange) {
  const DataSet value = read("", ""), change = read("target_is = \"change\"", "");
  ASSERT_EQ(value.test().count(), change.test().count());
  EXPECT_EQ(value.train().labels[0], 25);
  for (size_t i = 0; i < change.test().labels.size(); ++i) {
    const float newest = change.test().sample(static_cast<int64_t>(i))[0];
    EXPECT_EQ(newest + change.test().labels[i], value.test().labels[i]);
  }
}

TEST_F(WindowsTest, OnlyOfAColumnThatTheModelSees) {
  EXPECT_EQ(read("", "", "y").train().labels[0], 5);
  try {
    read("target_is = \"change\"", "", "y");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "data.window.target_is is the change of a column that the model does not see");
  }
}

TEST_F(WindowsTest, StepsMayLieApart) {
  const DataSet set = read("", "steps = 3\nstep_every_s = 300");
  EXPECT_EQ(set.train().shape, (std::vector<int64_t>{3, 2}));
  // The window is 4 rows for the delta and two more steps of 5 rows.
  const std::vector<float> expected = {9, 9, 64, 64 - 25, 169, 169 - 100};
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(set.train().sample(0)[i], expected[i]) << i;
  EXPECT_EQ(set.train().labels[0], 225);
  EXPECT_EQ(read("", "steps = 3\nstep_every = 5").train().values, set.train().values);
}

TEST_F(WindowsTest, NotTooFar) {
  try {
    read("", "steps = 1001\nstep_every = 1000");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("the features reach over 1000004 rows"), std::string::npos)
        << error.what();
  }
}

TEST(RealSeries, TheKitchenOfTheExampleIsReadWhole) {
  const std::string folder = WHIT_SOURCE_DIR "/examples/hvac/";
  if (!std::filesystem::exists(folder + "../../../shared/data/indoor_outdoor_10min")) {
    GTEST_SKIP() << "skipped: no ../shared";
  }
  const DataSet set = read_data_set(TomlTable::read(folder + "indoor_outdoor.toml").table("data"));
  EXPECT_EQ(set.train().shape, (std::vector<int64_t>{11}));
  // 19735 rows, of which 12 come before the first window and 6 behind the last; 18 reach across each of two cuts.
  EXPECT_EQ(set.train().count() + set.validation().count() + set.test().count() + set.left_out, 19735 - 18);
  EXPECT_EQ(set.left_out, 36);
}

}  // namespace
}  // namespace whit::data
