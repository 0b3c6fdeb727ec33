#include "whit/decide/decision.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "whit/decide/test_scenario.hpp"

namespace whit::decide {
namespace {

const PerOption<double>& scores(const Decision& decision, Factor factor) {
  return decision.factors[static_cast<size_t>(factor)].scores;
}

void expect_scores(const Scenario& scenario, Factor factor, double edge, double cloud, double hybrid) {
  const Decision decision = decide(scenario);
  EXPECT_NEAR(of(scores(decision, factor), Option::edge), edge, 1e-5);
  EXPECT_NEAR(of(scores(decision, factor), Option::cloud), cloud, 1e-5);
  EXPECT_NEAR(of(scores(decision, factor), Option::hybrid), hybrid, 1e-5);
}

TEST(KeepsWithin, IsAHalfAtTheLimit) {
  EXPECT_EQ(keeps_within(0, 3), 1);
  EXPECT_EQ(keeps_within(3, 3), 0.5);
  EXPECT_NEAR(keeps_within(6, 3), 0.2, 1e-12);
  EXPECT_NEAR(keeps_within(30, 3), 1 / 101., 1e-12);
}

TEST(Decision, EachFactorByHand) {
  Scenario scenario = test_scenario();
  expect_scores(scenario, Factor::latency, 1 / 1.0025, 1 / 1.0484, 0.9 / 1.0025 + 0.1 / 1.1369);
  expect_scores(scenario, Factor::privacy, 1, 1, 1);
  expect_scores(scenario, Factor::bandwidth, 1, 1 / (1 + 0.0023148 * 0.0023148), 1);
  expect_scores(scenario, Factor::connectivity, 1, 0.50500, 0.990293);
  expect_scores(scenario, Factor::model_fit, 0.8, 1 / 1.0625, 1 / 1.16);
  expect_scores(scenario, Factor::energy, 1, 1, 1);
  expect_scores(scenario, Factor::learning, 1, 1, 1);
  expect_scores(scenario, Factor::cost, 1, 7001.0526 / 11630.6526,
                7001.0526 / (9200 + 100 * (10 + 14.604 + 0.0065554) + 73));

  scenario.data.sensitivity = Sensitivity::personal;
  expect_scores(scenario, Factor::privacy, 1, 0.4, 1 - 0.6 * 0.2);  // a fifth of the bytes leaves
  scenario.fleet.learning = Learning{100, 0.5};
  expect_scores(scenario, Factor::learning, 1 / 10001., 0.5, 1 / (1 + 1 / 0.81));
  scenario.power.battery = Battery{1, 100, 0};
  const double cloud_days = 3.6e6 / 89'400;
  EXPECT_NEAR(of(scores(decide(scenario), Factor::energy), Option::cloud),
              1 / (1 + 100 * 100 / cloud_days / cloud_days), 1e-6);
}

TEST(Decision, ADeeperAnswerCountsAsMuchAsTheFirst) {
  Scenario scenario = test_scenario();
  scenario.hybrid->deeper = Deeper{"why", 2350, 2000, 4};
  expect_scores(scenario, Factor::latency, (1 / 1.0025 + keeps_within(50, 2350)) / 2,
                (1 / 1.0484 + keeps_within(2220, 2350)) / 2, (1 / 1.0025 + 0.5) / 2);
}

TEST(Decision, IsTheHighestWeightedMean) {
  Scenario scenario = test_scenario();
  Decision decision = decide(scenario);
  EXPECT_EQ(decision.verdict, Option::edge);
  double sum = 0;
  for (const FactorScores& factor : decision.factors) sum += of(factor.scores, Option::cloud);
  EXPECT_NEAR(of(decision.totals, Option::cloud), sum / 8, 1e-12);
  scenario.weights[static_cast<size_t>(Factor::model_fit)] = 100;
  decision = decide(scenario);
  EXPECT_EQ(decision.verdict, Option::cloud);
  EXPECT_NEAR(of(decision.totals, Option::cloud), (sum + 99 / 1.0625) / 107, 1e-9);
}

TEST(Decision, OfEqualOptionsTheSimplerOneIsTaken) {
  Scenario scenario = test_scenario();
  scenario.weights = {};
  scenario.weights[static_cast<size_t>(Factor::privacy)] = 1;  // none differs in it
  EXPECT_EQ(decide(scenario).verdict, Option::edge);
}

TEST(Decision, AFactorIsForAllThatComeNearToItsBest) {
  FactorScores factor{Factor::cost, 1, {0.95, 1, 0.85}};
  EXPECT_EQ(best_of(factor, true), (std::vector{Option::edge, Option::cloud}));
  factor.scores = {1, 0.5, 0};
  EXPECT_EQ(best_of(factor, false), std::vector{Option::edge});
}

TEST(Decision, ASlowerLinkNeverMakesTheCloudTheVerdict) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> share(0, 1), decades(-2, 2);
  for (int i = 0; i < 300; ++i) {
    Scenario scenario = test_scenario();
    scenario.criticality = static_cast<Criticality>(i % 3);
    scenario.data.sensitivity = static_cast<Sensitivity>(i % 4);
    if (i % 2 == 0) scenario.hybrid->deeper = Deeper{"why", 2000, 100, 1};
    for (const Input& input : inputs()) {
      double* value = input.find(scenario);
      if (value == nullptr || input.name() == "task.accuracy_min") continue;
      const double moved = input.is_share() ? share(random) : *value * std::pow(10, decades(random));
      *value = std::clamp(moved, input.range.lowest, input.range.highest);
    }
    std::optional<Option> before = Option::cloud;
    for (int step = 0; step < 60; ++step) {
      scenario.link.rtt_p99_ms *= 1.3;
      const std::optional<Option> verdict = decide(scenario).verdict;
      EXPECT_FALSE(before != Option::cloud && verdict == Option::cloud) << "scenario " << i;
      before = verdict;
    }
  }
}

TEST(Decision, WithoutAHybridTwoOptionsAreLeft) {
  Scenario scenario = test_scenario();
  scenario.hybrid.reset();
  const Decision decision = decide(scenario);
  EXPECT_FALSE(decision.is_possible(Option::hybrid));
  EXPECT_EQ(decision.verdict, Option::edge);
}

// The options that a constraint rules out, "edge hybrid ".
std::string out(const Scenario& scenario) {
  const Decision decision = decide(scenario);
  std::string names;
  for (const Option option : kOptions) {
    if (!decision.is_possible(option)) names += std::string(name_of(option)) + " ";
  }
  return names;
}

TEST(Constraints, OfflineAndDataThatMayNotLeave) {
  Scenario scenario = test_scenario();
  EXPECT_EQ(out(scenario), "");
  scenario.must_work_offline = true;
  EXPECT_EQ(out(scenario), "cloud ") << "the hybrid's device is accurate enough alone";
  scenario.accuracy_min = 0.91;
  EXPECT_EQ(out(scenario), "edge cloud hybrid ");
  scenario.hybrid->deeper = Deeper{"why", 5000, 2000, 4};
  EXPECT_EQ(out(scenario), "edge cloud ") << "the first answer is the device's anyway";

  scenario = test_scenario();
  scenario.data_may_leave = false;
  EXPECT_EQ(out(scenario), "cloud hybrid ");
  scenario.hybrid->escalated = 0;
  scenario.hybrid->summary_bytes_per_day = 100;
  EXPECT_EQ(out(scenario), "cloud ") << "a summary is not the data";
}

TEST(Constraints, SafetyNeedsTheDeadlineAndTheLink) {
  Scenario scenario = test_scenario();
  scenario.criticality = Criticality::safety;
  EXPECT_EQ(out(scenario), "cloud hybrid ") << "1 % of outages";
  scenario.link.availability = 1;
  EXPECT_EQ(out(scenario), "");
  scenario.deadline_ms = 300;
  EXPECT_EQ(out(scenario), "hybrid ") << "370 ms when unsure";
  scenario.deadline_ms = 200;
  EXPECT_EQ(out(scenario), "cloud hybrid ") << "220 ms";
  scenario.hybrid->deeper = Deeper{"why", 5000, 2000, 4};
  EXPECT_EQ(out(scenario), "cloud ") << "the first answer keeps the deadline";
  scenario.deadline_ms = 40;
  EXPECT_EQ(out(scenario), "edge cloud hybrid ");
  scenario.criticality = Criticality::mission;
  EXPECT_EQ(out(scenario), "") << "weighed, not ruled out";
}

TEST(Constraints, SafetyHoldsTheHighEndOfAnEstimateToTheDeadline) {
  Scenario scenario = test_scenario();
  scenario.criticality = Criticality::safety;
  scenario.link.availability = 1;
  scenario.deadline_ms = 380;
  scenario.edge.model.latency_high = 1.2;  // 50 ms, or 60
  EXPECT_EQ(out(scenario), "") << "a hybrid after 380 ms";
  scenario.edge.model.latency_high = 1.3;
  EXPECT_EQ(out(scenario), "hybrid ") << "a hybrid after 385 ms";
  scenario.edge.model.latency_high = 8;
  EXPECT_EQ(out(scenario), "edge hybrid ") << "the cloud does not run that model";
  EXPECT_EQ(constraints_against(scenario, Option::edge, effect_of(scenario, Option::edge)),
            std::vector<std::string>{
                "a safety deadline of 380 ms, and the answer takes up to 400 ms (task.deadline_ms, line 5)"});
  scenario.criticality = Criticality::mission;
  EXPECT_EQ(out(scenario), "");
}

TEST(Constraints, Physics) {
  const auto out_with = [](auto change) {
    Scenario scenario = test_scenario();
    change(scenario);
    return out(scenario);
  };
  EXPECT_EQ(out_with([](Scenario& s) { s.device.flash_bytes = 19'999; }), "edge hybrid ");
  EXPECT_EQ(out_with([](Scenario& s) { s.device.ram_bytes = 9'999; }), "edge hybrid ");
  EXPECT_EQ(out_with([](Scenario& s) { s.edge.model.latency_ms = 86'401; }), "edge hybrid ");
  EXPECT_EQ(out_with([](Scenario& s) { s.link.throughput_kbps = 0.09; }), "cloud ");
  EXPECT_EQ(out_with([](Scenario& s) { s.link.throughput_kbps = 0.01; }), "cloud hybrid ");
  EXPECT_EQ(out_with([](Scenario& s) { s.accuracy_min = 0.93; }), "edge hybrid ");
}

}  // namespace
}  // namespace whit::decide
