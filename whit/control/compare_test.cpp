#include "whit/control/compare.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/text_file.hpp"
#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/compile/compile.hpp"
#include "whit/control/tables.hpp"
#include "whit/ir/text.hpp"

namespace whit::control {
namespace {

TEST(Estimate, IsStudentsInterval) {
  const std::vector<double> values = {1, 2, 3, 4, 5};
  const Estimate e = estimate(values);
  EXPECT_DOUBLE_EQ(e.mean, 3);
  EXPECT_NEAR(e.high - e.mean, 2.776 * std::sqrt(2.5 / 5), 1e-3);
  EXPECT_NEAR(student_t(1), 12.706, 1e-3);
  EXPECT_NEAR(student_t(21), 2.0796, 2e-3);
  EXPECT_NEAR(student_t(1000), 1.9623, 1e-3);
  EXPECT_DOUBLE_EQ(estimate(std::vector<double>{7}).low, 7);
}

constexpr const char* kControl = R"(
[control]
comfort = { low_celsius = 20.5, high_celsius = 24.5 }
setback = { low_celsius = 17.0, high_celsius = 29.0 }
swing_k = 1.8
margin_k = 0.1
open = "07:00"
close = "19:00"
days = ["monday", "friday"]
arrive_minutes = 180
vacant_minutes = 30
lead_min_minutes = 30
lead_max_minutes = 45
forecast_every_minutes = 5
stale_minutes = 15
drift_limit_k = 1.5
start_rate_k_h = 6.0
price_kwh = 0.12
device_cost = 150.0
seasons = { heating = "2024-01-15", cooling = "2024-07-15" }
)";

Options read(const std::string& from = "", const std::string& to = "") {
  std::string text = kControl;
  if (!from.empty()) text.replace(text.find(from), from.size(), to);
  return read_options(TomlTable::parse(text, "b.toml"), {}, 3600);
}

std::string message(const std::string& from, const std::string& to) {
  try {
    read(from, to);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ControlOptions, AreReadStrictly) {
  const Options options = read();
  EXPECT_EQ(options.device.schedule.open_minute, 420);
  EXPECT_EQ(options.device.schedule.days, 0b10001);
  EXPECT_EQ(options.device.horizon_minutes, 60);
  EXPECT_FLOAT_EQ(options.device.start_rate, 0.1f);
  ASSERT_EQ(options.seasons.size(), 2u);
  EXPECT_EQ(options.seasons[1].name, "cooling");
  EXPECT_NE(message("\"07:00\"", "\"7:00\""), "");
  EXPECT_NE(message("\"07:00\"", "\"07:60\""), "");
  EXPECT_NE(message("\"07:00\"", "\"20:00\""), "");
  EXPECT_NE(message("swing_k = 1.8", "swing_k = 2.0"), "");
  EXPECT_NE(message("\"friday\"", "\"freitag\""), "");
  EXPECT_NE(message("every_minutes = 5", "every_minutes = 7"), "");
  EXPECT_NE(message("lead_min_minutes = 30", "lead_min_minutes = 46"), "");
  EXPECT_NE(message("margin_k", "margins_k"), "");
}

// A model that says that nothing changes.
TEST(Compare, SetsTheSameBuildingsSideBySide) {
  const std::string building = WHIT_SOURCE_DIR "/examples/hvac/building.toml";
  std::string text = read_text(building);
  text.replace(text.find("../../../shared"), 15, "none");  // the weather is generated
  const TomlTable root = TomlTable::parse(text, building);
  const simulate::SimulationOptions simulation = simulate::read_simulation(root);

  constexpr const char* kPersistence = R"(graph "same"
input %0 "x": f32 [1,1]
const %1 "zero": f32 [1] = {0}
%2 "y": f32 [1,1] = add(%0, %1)
output %2
)";
  Forecaster forecaster{compile::compile(ir::parse_text(kPersistence), {}, Sha256{}).program, {}, {}, {0, 1, 2, 3}};
  forecaster.table.channels = 4;
  forecaster.table.rows = 1;
  forecaster.table.kind = rt::FeatureKind::lags;
  const rt::LagFeature now{rt::LagKind::value, 0, 0};
  forecaster.table.lags = &now;
  forecaster.table.lag_count = forecaster.table.steps = forecaster.table.every = 1;
  forecaster.table.change_of = -1;

  const Options options = read_options(root, simulation, 3600);
  Plan plan{{1, 2}, 7, options.seasons, 8};
  int64_t loops = 0;
  const auto results = compare(plan, simulation, options, forecaster, [&](int64_t, int64_t total) {
    ++loops;
    EXPECT_EQ(total, 16);
  });
  EXPECT_EQ(loops, 16);
  const nlohmann::ordered_json json = to_json(results, plan, options);
  for (const char* season : {"heating", "cooling"}) {
    const auto& result = json["seasons"][season];
    const auto& deadband = result["against"]["deadband"];
    EXPECT_GT(deadband["kwh_a_month"]["saving_percent"]["mean"], 0) << season;
    EXPECT_GT(deadband["cycles_a_day"]["saving_percent"]["mean"], 0) << season;
    EXPECT_LT(result["against"]["scheduled"]["discomfort_kh_a_month"]["difference"]["mean"], 5) << season;
    EXPECT_EQ(result["trace"]["minute"].size(), 1440u);
    // The last day is a Sunday: another one, on which people work, is shown.
    EXPECT_TRUE(rt::is_open_day(options.device.schedule, result["trace"]["minute"][0])) << season;
    EXPECT_TRUE(std::any_of(result["trace"]["occupancy"].begin(), result["trace"]["occupancy"].end(),
                            [](const auto& x) { return x.is_number() && x > 0; }))
        << season;
    const auto& kwh = result["controllers"]["predictive"]["kwh_a_month"];
    EXPECT_NEAR(kwh["mean"], (kwh["by_seed"][0].get<double>() + kwh["by_seed"][1].get<double>()) / 2, 1e-9);
  }
  EXPECT_EQ(figures_table(json).rows.size(), 8u);
  EXPECT_EQ(savings_table(json).rows.size(), 6u);
  // Money: a year is the mean of both seasons; ten floors have ten gateways, or one.
  double saved_kwh = 0;
  for (const auto& season : json["seasons"]) {
    saved_kwh -= season["against"]["deadband"]["kwh_a_month"]["difference"]["mean"].get<double>() / 2;
  }
  const auto& money = json["seasons"]["cooling"]["against"]["deadband"]["money"];
  EXPECT_EQ(money, json["seasons"]["heating"]["against"]["deadband"]["money"]);
  ASSERT_EQ(money.size(), 3u);
  EXPECT_NEAR(money[0]["saved_a_year"], saved_kwh * 12 * options.price_kwh, 1e-6);
  EXPECT_NEAR(money[0]["payback_months"], options.device_cost / (saved_kwh * options.price_kwh), 1e-6);
  EXPECT_EQ(money[1]["devices_cost"], 10 * options.device_cost);
  EXPECT_NEAR(money[1]["payback_months"], money[0]["payback_months"], 1e-6);
  EXPECT_EQ(money[2]["devices_cost"], options.device_cost);
  EXPECT_NEAR(money[2]["saved_a_year"], money[1]["saved_a_year"], 1e-6);
  EXPECT_NEAR(money[2]["payback_months"], money[0]["payback_months"].get<double>() / 10, 1e-6);
  EXPECT_EQ(money_table(json).rows.size(), 9u);
  EXPECT_TRUE(few_seeds(json).starts_with("from 2 seeds: ")) << few_seeds(json);
  // The same again.
  EXPECT_EQ(to_json(compare(plan, simulation, options, forecaster, [](int64_t, int64_t) {}), plan, options), json);
}

}  // namespace
}  // namespace whit::control
