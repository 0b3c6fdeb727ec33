#include "whit/decide/scenario.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/text_file.hpp"
#include "whit/base/file.hpp"
#include "whit/decide/test_scenario.hpp"

namespace whit::decide {
namespace {

// "where: what / hint" of the Error that the text brings.
std::string error_of(const std::string& text) {
  try {
    parse_scenario(text, "s.toml");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::bad_input);
    return error.where() + ": " + error.what() + (error.hint().empty() ? "" : " / " + error.hint());
  }
  return "no error";
}

std::string error_with(const std::string& from, const std::string& to) {
  return error_of(test_scenario_with(from, to));
}

void expect_starts_with(const std::string& text, const std::string& start) {
  EXPECT_EQ(text.substr(0, start.size()), start);
}

TEST(Scenario, ReadsWhatIsGivenAndKnowsWhatIsNot) {
  const Scenario scenario = test_scenario();
  EXPECT_EQ(scenario.name, "test");
  EXPECT_EQ(scenario.criticality, Criticality::comfort);
  EXPECT_EQ(scenario.link.throughput_kbps, 80);
  EXPECT_EQ(scenario.link.usd_per_month, 0);
  EXPECT_EQ(scenario.lines.at("task.deadline_ms"), 5);
  EXPECT_EQ(scenario.lines.at("hybrid.accuracy"), 52);
  EXPECT_EQ(scenario.lines.count("link.usd_per_month"), 0u);
  EXPECT_EQ(scenario.cloud.usd_per_hour, 0);
  EXPECT_EQ(scenario.hybrid->escalated, 0.1);
  EXPECT_EQ(scenario.first_stage().latency_ms, 50);
  EXPECT_FALSE(scenario.power.battery || scenario.fleet.learning || scenario.hybrid->deeper);
  for (const double weight : scenario.weights) EXPECT_EQ(weight, 1);
}

TEST(Scenario, OptionalTables) {
  const std::string text = std::string(kTestScenario) + R"([hybrid.model]
flash_bytes = 1
ram_bytes = 2
latency_ms = 3
energy_mj = 4
accuracy = 0.5
[hybrid.deeper]
what = "why"
deadline_ms = 60_000
inference_ms = 2000
usd_per_1000 = 3
[power.battery]
wh = 1
days = 2
usd_per_change = 3
[fleet.learning]
examples_needed = 10
examples_per_device_year = 0.1
[weights]
cost = 2
)";
  const Scenario scenario = parse_scenario(text, "s.toml");
  EXPECT_EQ(scenario.first_stage().latency_ms, 3);
  EXPECT_EQ(scenario.hybrid->deeper->what, "why");
  EXPECT_EQ(scenario.power.battery->days, 2);
  EXPECT_EQ(scenario.fleet.learning->examples_needed, 10);
  EXPECT_EQ(scenario.weights[static_cast<size_t>(Factor::cost)], 2);
  EXPECT_EQ(scenario.weights[static_cast<size_t>(Factor::latency)], 1);
}

TEST(Scenario, AProfileGivesTheFiguresThatTheScenarioLeavesOut) {
  const std::string figures = "name = \"board\"\nusd = 10\nflash_bytes = 100_000\nram_bytes = 50_000";
  const Scenario scenario = parse_scenario(test_scenario_with(figures, "profile = \"stm32l4r5\"\nusd = 7"), "s.toml");
  EXPECT_EQ(scenario.device.name, "stm32l4r5");
  EXPECT_EQ(scenario.device.usd, 7);
  EXPECT_EQ(scenario.device.flash_bytes, 1966080);
  EXPECT_EQ(scenario.device.ram_bytes, 589824);
  const std::string unknown = error_with(figures, "profile = \"stm32l4r4\"");
  expect_starts_with(unknown, "s.toml: line 30: device.profile is \"stm32l4r4\"");
  EXPECT_NE(unknown.find("did you mean stm32l4r5?"), std::string::npos) << unknown;
  expect_starts_with(error_with(figures, "profile = \"cloud-vm\""),
                     "s.toml: line 30: device.profile is \"cloud-vm\", a cloud machine");
  expect_starts_with(error_with(figures, "profile = \"stm32l4r5\"\nflash_bytes = 3_000_000"),
                     "s.toml: line 31: device.flash_bytes is 3000000, and stm32l4r5 has 2097152 in all");
  expect_starts_with(error_with(figures, "profile = \"stm32l4r5\"\nram_bytes = 655_361"),
                     "s.toml: line 31: device.ram_bytes is 655361, and stm32l4r5 has 655360 in all");
  expect_starts_with(error_with(figures, "usd = 10"), "s.toml: line 29: device.name is missing");
}

TEST(Scenario, WhatIsMeasuredMayBeLeftOut) {
  const std::string text =
      test_scenario_with("flash_bytes = 20_000\nram_bytes = 10_000\nlatency_ms = 50\nenergy_mj = 3\n", "");
  expect_starts_with(error_of(text), "s.toml: line 34: edge.flash_bytes is missing");
  EXPECT_EQ(parse_scenario(text, "s.toml", EdgeCost::measured).edge.model.accuracy, 0.9);
}

TEST(Scenario, AMissingNegativeOrImpossibleFigureIsNamedWithItsLine) {
  expect_starts_with(error_with("rtt_p99_ms = 100\n", ""), "s.toml: line 14: link.rtt_p99_ms is missing");
  expect_starts_with(error_with("rtt_p99_ms = 100", "rtt_p99_ms = -100"),
                     "s.toml: line 15: link.rtt_p99_ms is -100; it must be from");
  expect_starts_with(error_with("availability = 0.99", "availability = 99"),
                     "s.toml: line 17: link.availability is 99; it must be from 0 to 1");
  expect_starts_with(error_with("rtt_p99_ms = 100", "rtt_p99_ms = \"100 ms\""),
                     "s.toml: line 15: link.rtt_p99_ms is a text, not a number");
  expect_starts_with(error_with("[fleet]\ndevices = 100\nlifetime_years = 2\nupdates_per_year = 1\n", ""),
                     "s.toml: line 1: fleet is missing");
  expect_starts_with(error_with("data_may_leave = true", "data_may_leave = 1"),
                     "s.toml: line 9: constraints.data_may_leave is an integer, not true or false");
  expect_starts_with(error_with("\"comfort\"", "\"save\""),
                     "s.toml: line 4: task.criticality is \"save\" / did you mean");
  expect_starts_with(error_with("[link]", "link = 3\n[lnk]"), "s.toml: line 14: ");
}

TEST(Scenario, AnUnknownKeyIsRefusedWithTheNearestBeforeAnythingIsMissing) {
  expect_starts_with(error_with("rtt_p99_ms = 100", "rtt_p9_ms = 100"),
                     "s.toml: line 15: there is no key link.rtt_p9_ms / did you mean rtt_p99_ms?");
  expect_starts_with(error_with("[cloud]", "[clout]"),
                     "s.toml: line 42: there is no table [clout] / did you mean [cloud]?");
  expect_starts_with(error_of(std::string(kTestScenario) + "[hybrid.deep]\n"),
                     "s.toml: line 53: there is no table [hybrid.deep] / did you mean [hybrid.deeper]?");
  expect_starts_with(error_of(std::string(kTestScenario) + "[weights]\nprice = 2\n"),
                     "s.toml: line 54: there is no key weights.price / did you mean");
}

TEST(Scenario, FiguresThatContradictEachOtherAreNamed) {
  const std::string deeper =
      std::string(kTestScenario) + "[hybrid.deeper]\nwhat = \"why\"\ninference_ms = 10\nusd_per_1000 = 1\n";
  expect_starts_with(error_of(deeper + "deadline_ms = 900\n"),
                     "s.toml: line 57: hybrid.deeper.deadline_ms is 900, before the first answer is due "
                     "(task.deadline_ms = 1000)");
  expect_starts_with(error_with("escalated = 0.1\nbytes = 2000", "escalated = 0.1\nbytes = 0"),
                     "s.toml: line 51: hybrid.bytes is 0, but hybrid.escalated says");
  expect_starts_with(error_with("devices = 100", "devices = 100.5"),
                     "s.toml: line 23: fleet.devices is 100.5, not a whole number");
  expect_starts_with(error_with("usd_per_1000 = 0.01\n", ""),
                     "s.toml: line 42: cloud.usd_per_1000 and usd_per_hour are both missing or 0");
  expect_starts_with(
      error_of(std::string(kTestScenario) + "[hybrid.deeper]\nwhat = \"why\"\ninference_ms = 10\ndeadline_ms = 5000\n"),
      "s.toml: line 53: hybrid.deeper.usd_per_1000 is missing or 0, and so is cloud.usd_per_hour");
  std::string weights = std::string(kTestScenario) + "[weights]\n";
  for (const Factor factor : kFactors) weights += std::string(name_of(factor)) + " = 0\n";
  expect_starts_with(error_of(weights), "s.toml: line 53: weights are all 0");
}

TEST(Scenario, EachInputIsADifferentNumberInsideItsRange) {
  Scenario scenario = test_scenario();
  scenario.power.battery.emplace();
  scenario.fleet.learning.emplace();
  scenario.hybrid->model.emplace();
  scenario.hybrid->deeper.emplace();
  std::set<double*> places;
  std::set<std::string> names;
  for (const Input& input : inputs()) {
    places.insert(input.find(scenario));
    names.insert(input.name());
    if (input.fallback) {
      EXPECT_GE(*input.fallback, input.range.lowest) << input.name();
    }
  }
  EXPECT_EQ(places.size(), inputs().size());
  EXPECT_EQ(names.size(), inputs().size());
  EXPECT_EQ(places.count(nullptr), 0u);
}

TEST(Scenario, ThePageOfTheFormatDescribesEachInput) {
  const std::string page = read_text(WHIT_SOURCE_DIR "/docs/formats/scenario.md");
  for (const Input& input : inputs()) {
    EXPECT_NE(page.find("[" + std::string(input.table) + "]"), std::string::npos) << input.name();
    EXPECT_NE(page.find("`" + std::string(input.key) + "`"), std::string::npos) << input.name();
  }
}

}  // namespace
}  // namespace whit::decide
