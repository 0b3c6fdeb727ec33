#include "whit/decide/cost.hpp"

#include <gtest/gtest.h>

#include "whit/decide/test_scenario.hpp"

namespace whit::decide {
namespace {

Cost cost_in(const Scenario& scenario, Option option) { return cost_of(scenario, option, effect_of(scenario, option)); }

TEST(Cost, ByHand) {
  const Scenario scenario = test_scenario();
  const Cost edge = cost_in(scenario, Option::edge);
  EXPECT_EQ(edge.once(), 5000 + 2 * 500);
  EXPECT_EQ(edge.device, 10);
  EXPECT_NEAR(edge.link, 0.004, 1e-9);  // two updates of 20 kB at 0.1 USD a MB
  EXPECT_NEAR(edge.energy, 89'400.0548e-3 * 730 / 3.6e6 * 0.36, 1e-9);
  EXPECT_EQ(edge.cloud_of(100), 0);
  EXPECT_NEAR(edge.total(100), 6000 + 100 * (10 + 0.004 + 0.0065262), 1e-3);

  const Cost cloud = cost_in(scenario, Option::cloud);
  EXPECT_EQ(cloud.once(), 3000 + 2 * 100);
  EXPECT_EQ(cloud.device, 4);
  EXPECT_NEAR(cloud.link, 730 * 0.1, 1e-9);
  EXPECT_NEAR(cloud.cloud_of(100), 730, 1e-9);
  EXPECT_NEAR(cloud.total(100), 3200 + 100 * (4 + 73 + 0.0065262 + 7.3), 1e-3);

  const Cost hybrid = cost_in(scenario, Option::hybrid);
  EXPECT_EQ(hybrid.once(), 8000 + 2 * 600);
  EXPECT_EQ(hybrid.device, 10);
  EXPECT_NEAR(hybrid.link, 730 * 0.2 * 0.1 + 0.004, 1e-9);
}

TEST(Cost, OnlyWhoUsesALinkPaysForIt) {
  Scenario scenario = test_scenario();
  scenario.link.module_usd = 5;
  scenario.link.usd_per_month = 1;
  EXPECT_NEAR(cost_in(scenario, Option::edge).link, 5 + 24 + 0.004, 1e-9);  // it takes updates
  EXPECT_NEAR(cost_in(scenario, Option::cloud).link, 5 + 24 + 73, 1e-9);
  scenario.fleet.updates_per_year = 0;
  EXPECT_EQ(cost_in(scenario, Option::edge).link, 0);
}

TEST(Cost, ACloudHasAFloorAndABatteryIsChanged) {
  Scenario scenario = test_scenario();
  scenario.cloud.floor_usd_per_month = 10;
  const Cost cloud = cost_in(scenario, Option::cloud);
  EXPECT_NEAR(cloud.cloud_of(10), 240, 1e-9);
  EXPECT_NEAR(cloud.cloud_of(100), 730, 1e-9);
  scenario.power.battery = Battery{1, 30, 3};
  EXPECT_NEAR(cost_in(scenario, Option::cloud).energy - cloud.energy, 3 * 730 * 89'400 / 3.6e6, 1e-9);
}

TEST(BreakEven, OfTheScenarioByHand) {
  const Scenario scenario = test_scenario();
  const auto crossings = break_even(cost_in(scenario, Option::edge), cost_in(scenario, Option::cloud));
  ASSERT_EQ(crossings.size(), 1u);
  EXPECT_NEAR(crossings[0].devices, 2800 / (84.3065262 - 10.0105262), 1e-3);
  EXPECT_TRUE(crossings[0].first_is_cheaper);
}

Cost line(double once, double per_device, double floor = 0, double cloud = 0) {
  Cost cost;
  cost.development = once;
  cost.device = per_device;
  cost.cloud_floor = floor;
  cost.cloud = cloud;
  return cost;
}

TEST(BreakEven, LinesThatDoNotCrossHaveNone) {
  EXPECT_TRUE(break_even(line(10, 1), line(20, 1)).empty());
  EXPECT_TRUE(break_even(line(10, 1), line(20, 2)).empty());
  EXPECT_TRUE(break_even(line(10, 1), line(10, 1)).empty());
}

TEST(BreakEven, AFloorCanBeCrossedTwice) {
  // 90 + 10 N against max(110, 30 N): the second is cheaper from 2 to 4.5.
  const auto crossings = break_even(line(90, 10), line(0, 0, 110, 30));
  ASSERT_EQ(crossings.size(), 2u);
  EXPECT_NEAR(crossings[0].devices, 2, 1e-9);
  EXPECT_FALSE(crossings[0].first_is_cheaper);
  EXPECT_NEAR(crossings[1].devices, 4.5, 1e-9);
  EXPECT_TRUE(crossings[1].first_is_cheaper);
}

}  // namespace
}  // namespace whit::decide
