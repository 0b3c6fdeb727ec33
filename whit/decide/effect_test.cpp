#include "whit/decide/effect.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "whit/decide/test_scenario.hpp"

namespace whit::decide {
namespace {

TEST(Effect, OfTheEdge) {
  const Effect effect = effect_of(test_scenario(), Option::edge);
  EXPECT_EQ(effect.first_answer_ms, 50);
  EXPECT_EQ(effect.last_answer_ms, 50);
  EXPECT_EQ(effect.missed_share, 0);
  EXPECT_EQ(effect.bytes_up, 0);
  EXPECT_NEAR(effect.bytes_down, 20'000. / 365, 1e-9);  // one update a year
  EXPECT_NEAR(effect.energy_mj, 86'400 + 1000 * 3 + 20'000. / 365 / 1e6 * 1000, 1e-9);
  EXPECT_NEAR(effect.flash_share, 0.2, 1e-12);
  EXPECT_NEAR(effect.ram_share, 0.2, 1e-12);
  EXPECT_NEAR(effect.busy_share, 50e3 / 86.4e6, 1e-12);
  EXPECT_EQ(effect.accuracy, 0.9);
}

TEST(Effect, OfTheCloud) {
  const Effect effect = effect_of(test_scenario(), Option::cloud);
  EXPECT_NEAR(effect.first_answer_ms, 100 + 1000 * 8 / 80. + 20, 1e-9);
  EXPECT_NEAR(effect.missed_share, 0.01 * std::exp(-1. / 100), 1e-12);  // of outages of 100 s the last second answers
  EXPECT_EQ(effect.bytes_up, 1e6);
  EXPECT_EQ(effect.exposed_bytes, 1e6);
  EXPECT_EQ(effect.messages, 1000);
  EXPECT_NEAR(effect.cloud_usd, 0.01, 1e-12);
  EXPECT_NEAR(effect.energy_mj, 86'400 + 1000 + 2 * 1000, 1e-9);
  EXPECT_NEAR(effect.link_share, 1e6 * 8 / 80e3 / 86'400, 1e-12);
  EXPECT_EQ(effect.flash_share, 0);
  EXPECT_EQ(effect.accuracy, 0.95);
}

TEST(Effect, OfAHybridThatAsksTheCloudWhenUnsure) {
  Scenario scenario = test_scenario();
  scenario.hybrid->summary_bytes_per_day = 500;
  const Effect effect = effect_of(scenario, Option::hybrid);
  EXPECT_EQ(effect.first_answer_ms, 50);
  EXPECT_NEAR(effect.last_answer_ms, 50 + 100 + 2000 * 8 / 80. + 20, 1e-9);
  EXPECT_NEAR(effect.missed_share, 0.1 * 0.01 * std::exp(-0.01), 1e-12);
  EXPECT_NEAR(effect.exposed_bytes, 100 * 2000, 1e-9);
  EXPECT_NEAR(effect.bytes_up, 100 * 2000 + 500, 1e-9);
  EXPECT_NEAR(effect.messages, 101, 1e-9);
  EXPECT_NEAR(effect.cloud_usd, 0.001, 1e-12);
  EXPECT_EQ(effect.accuracy, 0.92);
}

TEST(Effect, ADeeperAnswerIsTheCloudsWorkInBoth) {
  Scenario scenario = test_scenario();
  scenario.hybrid->deeper = Deeper{"why", 50'000, 2000, 4};
  const Effect hybrid = effect_of(scenario, Option::hybrid);
  EXPECT_NEAR(hybrid.last_answer_ms, 50 + 100 + 200 + 2000, 1e-9);
  EXPECT_NEAR(hybrid.missed_share, 0.1 * 0.01 * std::exp(-0.5), 1e-12);  // its own deadline: 50 s of 100
  EXPECT_NEAR(hybrid.cloud_usd, 100 * 0.004, 1e-12);
  const Effect cloud = effect_of(scenario, Option::cloud);
  EXPECT_NEAR(cloud.first_answer_ms, 220, 1e-9);
  EXPECT_NEAR(cloud.last_answer_ms, 220 + 2000, 1e-9);
  EXPECT_NEAR(cloud.cloud_usd, 0.01 + 100 * 0.004, 1e-12);
}

TEST(Effect, ACloudMachineIsPaidByTheHourAndHalfUsed) {
  Scenario scenario = test_scenario();
  scenario.cloud.usd_per_1000 = 0;
  scenario.cloud.usd_per_hour = 0.9;
  // 1000 inferences of 20 ms are 20 s: 1/180 hour, twice as much paid.
  EXPECT_NEAR(effect_of(scenario, Option::cloud).cloud_usd, 2 * 0.9 / 180, 1e-12);
}

TEST(Effect, BatteryDays) {
  Scenario scenario = test_scenario();
  EXPECT_EQ(effect_of(scenario, Option::cloud).battery_days, 0);
  scenario.power.battery = Battery{1, 30, 0};
  EXPECT_NEAR(effect_of(scenario, Option::cloud).battery_days, 3.6e6 / 89'400, 1e-9);
}

TEST(Effect, TheCloudLearnsFromAllDevicesAndAHybridsFromWhatTheyRecognise) {
  Scenario scenario = test_scenario();
  EXPECT_EQ(effect_of(scenario, Option::edge).learning_years, 0);
  scenario.fleet.learning = Learning{100, 0.5};
  EXPECT_NEAR(effect_of(scenario, Option::edge).learning_years, 200, 1e-9);
  EXPECT_NEAR(effect_of(scenario, Option::cloud).learning_years, 2, 1e-9);
  EXPECT_NEAR(effect_of(scenario, Option::hybrid).learning_years, 2 / 0.9, 1e-9);
}

}  // namespace
}  // namespace whit::decide
