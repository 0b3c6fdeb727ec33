#include "whit/recipe/report.hpp"

#include <gtest/gtest.h>

#include "whit/base/file.hpp"

namespace whit::recipe {
namespace {

namespace fs = std::filesystem;

// One season of one minute after the other; figures of no meaning.
constexpr const char* kControl = R"({
  "seeds": [101, 102], "days": 28, "price_kwh": 0.12, "device_cost": 150,
  "comfort": {"low_celsius": 20.5, "high_celsius": 24.5},
  "seasons": {"heating": {
    "controllers": {"predictive": {
      "cycles_a_day": {"mean": 9.6}, "kwh_a_month": {"mean": 1749}, "discomfort_kh_a_month": {"mean": 8.84},
      "scheduled_discomfort_kh_a_month": {"mean": 1.25}, "peak_kw": {"mean": 13.7},
      "trusted_share": {"mean": 0.034, "low": 0.03, "high": 0.04},
      "forecast_mae_k": {"mean": 0.9, "low": 0.8, "high": 1.0},
      "lead_minutes": {"count": 12, "p5": 30, "median": 41, "p95": 45}}},
    "against": {},
    "trace": {"minute": [14400, 14401], "t_in": [21, 21.1], "t_out": [1, 1], "forecast": [21.5, 21.6],
              "low": [20.5, 20.5], "high": [24.5, 24.5], "demand": [0, 1], "occupancy": [1, 1], "hvac": [0, 1]}}}})";

class ControlSection : public testing::Test {
 protected:
  ControlSection() {
    write_file(folder_.path() / kControlFile, kControl);
    fs::create_directories(folder_.path() / "data/a");
    write_file(folder_.path() / "data/a/data.json", R"({"features": {"horizon_s": 3600}})");
    plan_.views["a"] = "data/a";
    recipe_.controls = true;
  }
  report::Section section() const { return control_section({recipe_, folder_.path(), plan_, {}, {"a", {}}, {}}); }
  TemporaryDirectory folder_;
  CandidatePlan plan_;
  Recipe recipe_;
};

TEST_F(ControlSection, SaysHowFarTheForecastWasTrusted) {
  const report::Section found = section();
  EXPECT_EQ(found.tables[1].title, "The forecasts in the loop");
  EXPECT_EQ(found.tables[1].table.rows[0],
            (std::vector<std::string>{"heating", "3.4 %", "0.900 (0.800 to 1.000)", "12", "30", "41", "45"}));
  EXPECT_EQ(found.tables[0].table.rows[0][5], "1.25");  // discomfort in open hours
}

TEST_F(ControlSection, DrawsAForecastWhereItWasAbout) {
  const report::Section found = section();
  const auto& series = found.charts[0].spec["series"];
  EXPECT_EQ(series[2]["x"], (nlohmann::ordered_json{0, 1}));
  EXPECT_EQ(series[3]["name"], "forecast 60 minutes before");
  EXPECT_EQ(series[3]["x"], (nlohmann::ordered_json{60, 61}));
}

TEST_F(ControlSection, TheHeatPumpIsAStateByName) {
  const report::Section found = section();
  const auto& spec = found.charts[0].spec;
  EXPECT_EQ(spec["y2"]["states"], (nlohmann::ordered_json{"off", "heat", "cool"}));
  EXPECT_EQ(spec["series"][4]["name"], "heat pump");
  EXPECT_EQ(spec["series"][4]["y"], (nlohmann::ordered_json{0, 1}));
}

TEST_F(ControlSection, IsNotThereWhenTheRecipeDoesNotAsk) {
  recipe_.controls = false;  // the file is of an older recipe
  EXPECT_TRUE(section().tables.empty());
}

// Two candidates on a device with 200 bytes of flash to spare; one does not fit.
TEST(SizesSection, SetsEveryCandidateAgainstTheBudget) {
  Recipe recipe;
  recipe.targets.push_back({"flash", "flash_bytes", "", "", 200, std::nullopt, 100, false});
  const CandidatePlan plan;
  const auto candidate = [](const std::string& name, int64_t flash, std::optional<double> latency) {
    DeviceFigures device{"d", "Device", true, latency, {}, {}, true, 10, flash, {{"flash", 200.0}, {"latency", 2.0}}};
    return CandidateFigures{name, "mae", "K", {}, {}, {}, {}, 0, {}, {}, {}, {device}};
  };
  const TemporaryDirectory folder;
  const report::Section found =
      sizes_section({recipe, folder.path(), plan, {candidate("a", 50, 0.002), candidate("b", 400, {})}, {"a", {}}, {}});
  ASSERT_EQ(found.charts.size(), 2u);  // RAM has no budget
  const auto& flash = found.charts[0].spec;
  EXPECT_EQ(flash["series"][0]["texts"], (nlohmann::ordered_json{"50 B, 25 %", "400 B, 200 %"}));
  EXPECT_EQ(flash["lines"][0]["name"], "budget 200 B");
  EXPECT_EQ(flash["lines"][1]["at"], 50);
  EXPECT_EQ(flash["y"]["min"], 10);
  EXPECT_EQ(flash["y"]["max"], 1000);
  EXPECT_EQ(found.charts[1].spec["x"]["labels"], nlohmann::ordered_json::array({"a (winner)"}));
  const auto& rows = found.tables[0].table.rows;
  EXPECT_EQ(rows[0], (std::vector<std::string>{"a (winner)", "50 B", "25 %", "2.00 ms", "0.1 %"}));
  EXPECT_EQ(rows[1], (std::vector<std::string>{"b", "400 B", "200 %", "", ""}));
}

}  // namespace
}  // namespace whit::recipe
