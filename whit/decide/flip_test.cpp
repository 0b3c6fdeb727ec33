#include "whit/decide/flip.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "whit/decide/test_scenario.hpp"

namespace whit::decide {
namespace {

const Input& input_of(const std::string& name) {
  return *std::find_if(inputs().begin(), inputs().end(), [&](const Input& input) { return input.name() == name; });
}

// Only the cost decides: edge 6000 + 10.0105 N, cloud 3200 + 84.3065 N.
Scenario scenario_of_cost() {
  Scenario scenario = test_scenario();
  scenario.hybrid.reset();
  scenario.weights = {};
  scenario.weights[static_cast<size_t>(Factor::cost)] = 1;
  return scenario;
}

TEST(Flip, IsWhereTheVerdictChangesByHand) {
  const InputFlips flips = find_flips(scenario_of_cost(), input_of("fleet.devices"));
  EXPECT_EQ(flips.value, 100);
  EXPECT_FALSE(flips.up);
  ASSERT_TRUE(flips.down);
  EXPECT_EQ(flips.down->verdict, Option::cloud);
  EXPECT_NEAR(flips.down->value, 2800 / 74.296, 1e-3);  // the break-even
  EXPECT_NEAR(flips.down->distance, std::log(100 / flips.down->value), 1e-6);
  EXPECT_EQ(flips.nearest(), flips.down->distance);
}

TEST(Flip, OfAShareIsMeasuredInOdds) {
  Scenario scenario = test_scenario();
  scenario.accuracy_min = 0.85;
  const InputFlips flips = find_flips(scenario, input_of("edge.accuracy"));
  ASSERT_TRUE(flips.down);
  EXPECT_NE(flips.down->verdict, Option::edge);
  const double odds = flips.down->value / (1 - flips.down->value);
  EXPECT_NEAR(flips.down->distance, std::log(9 / odds), 1e-6);
  EXPECT_EQ(flips.lowest, 0);
  EXPECT_EQ(flips.highest, 1);
}

TEST(Flip, ToNoOptionIsSaid) {
  Scenario scenario = test_scenario();
  scenario.must_work_offline = true;
  scenario.hybrid.reset();
  const InputFlips flips = find_flips(scenario, input_of("device.flash_bytes"));
  ASSERT_TRUE(flips.down);
  EXPECT_FALSE(flips.down->verdict);
  EXPECT_NEAR(flips.down->value, 20'000, 1e-3);
}

TEST(Flip, AQuantityOfZeroIsSearchedFromItsSmallestAmount) {
  Scenario scenario = scenario_of_cost();
  scenario.fleet.updates_per_year = 0;  // the edge needs no link
  scenario.link.usd_per_mb = 0;
  scenario.cloud.usd_per_1000 = 1e-6;
  // Edge 5000 + 1000.65, cloud 3000 + 400.65 + 73,000 x price: equal at 2600 / 73,000.
  ASSERT_EQ(decide(scenario).verdict, Option::cloud);
  const InputFlips flips = find_flips(scenario, input_of("link.usd_per_mb"));
  EXPECT_FALSE(flips.down);
  ASSERT_TRUE(flips.up);
  EXPECT_EQ(flips.up->verdict, Option::edge);
  EXPECT_NEAR(flips.up->value, 2600. / 73'000, 1e-5);
}

TEST(Flip, AnInputWithoutInfluenceNeverFlips) {
  const InputFlips flips = find_flips(scenario_of_cost(), input_of("link.rtt_p99_ms"));
  EXPECT_FALSE(flips.flips());
  EXPECT_NEAR(flips.lowest, 0.1, 1e-9);
  EXPECT_NEAR(flips.highest, 100e3, 1e-6);
  EXPECT_TRUE(std::isinf(flips.nearest()));
}

TEST(Flip, TheNearestComesFirstAndAllInputsAreThere) {
  const std::vector<InputFlips> all = find_flips(test_scenario());
  EXPECT_TRUE(
      std::is_sorted(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.nearest() < b.nearest(); }));
  Scenario scenario = test_scenario();
  const auto given = std::count_if(inputs().begin(), inputs().end(),
                                   [&](const Input& input) { return input.find(scenario) != nullptr; });
  EXPECT_EQ(static_cast<long>(all.size()), given);
}

TEST(Switches, AreTheSettingsThatChangeTheVerdict) {
  Scenario scenario = scenario_of_cost();
  scenario.fleet.devices = 10;
  ASSERT_EQ(decide(scenario).verdict, Option::cloud);
  std::string found;
  for (const Switch& other : find_switches(scenario)) {
    EXPECT_EQ(other.verdict, Option::edge);
    found += other.input + "=" + other.value + " ";
  }
  EXPECT_EQ(found, "task.criticality=safety constraints.must_work_offline=true constraints.data_may_leave=false ");
}

}  // namespace
}  // namespace whit::decide
