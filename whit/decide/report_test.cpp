#include "whit/decide/report.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "whit/decide/test_scenario.hpp"
#include "whit/decide/words.hpp"

namespace whit::decide {
namespace {

void expect_has(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text << "lacks: " << part;
}

TEST(Words, NumbersReadWell) {
  EXPECT_EQ(number(0.012345), "0.0123");
  EXPECT_EQ(number(86'400), "86,400");
  EXPECT_EQ(number(-1'234'567), "-1,234,567");
  EXPECT_EQ(number(-123'456), "-123,456");
  EXPECT_EQ(number(999.6), "1,000");
  EXPECT_EQ(bytes(12), "12 B");
  EXPECT_EQ(bytes(9460), "9.46 kB");
  EXPECT_EQ(bytes(999'999), "1 MB");
  EXPECT_EQ(duration(18), "18 ms");
  EXPECT_EQ(duration(4762), "4.76 s");
  EXPECT_EQ(duration(60'000), "1 min");
  EXPECT_EQ(duration(3 * 86'400e3), "3 d");
  EXPECT_EQ(usd(0.25), "$0.25");
  EXPECT_EQ(usd(99.999), "$100");
  EXPECT_EQ(usd(12'300.4), "$12,300");
}

TEST(Report, TextSaysVerdictReasonsCostAndFlips) {
  const std::string text = to_text(make_report(test_scenario(), "test.toml"));
  EXPECT_EQ(text.rfind("test: EDGE\n", 0), 0u) << text;
  expect_has(text, "on the device (board): every input (1,000 a day)");
  expect_has(text, "deadline 1 s: edge 50 ms, cloud 220 ms, hybrid 50 ms, 370 ms for 10 % of inputs");
  expect_has(text, "100 devices for 2 years: edge $7,001, cloud $11,631");
  expect_has(text, "edge and cloud: cloud is cheaper below 37.7 devices, edge above 37.7");
  expect_has(text, "never, from 1/1000 to 1000 times its value");
}

TEST(Report, AHybridSaysWhatRunsWhereAndWhatCrossesTheLink) {
  Scenario scenario = test_scenario();
  scenario.fleet.updates_per_year = 0;
  scenario.hybrid->summary_bytes_per_day = 500;
  scenario.hybrid->deeper = Deeper{"finding the cause", 50'000, 2000, 4};
  scenario.edge.model.accuracy = 0.5;  // too little alone
  scenario.cloud.accuracy = 0.5;
  const std::string text = to_text(make_report(scenario, "test.toml"));
  EXPECT_EQ(text.rfind("test: HYBRID\n", 0), 0u) << text;
  expect_has(text,
             "on the device (board): every input (1,000 a day); in the cloud: 10 % of them (100 a day and device), "
             "2 kB each, for finding the cause, and a summary of 500 B a day; across the link a day: 200 kB a "
             "device, 20.1 MB the fleet");
  expect_has(text, "cloud is out: its accuracy of 0.5 is below the 0.8 needed");
}

TEST(Report, MarkdownHasHeadingsAndTables) {
  const std::string text = to_markdown(make_report(test_scenario(), "test.toml"));
  EXPECT_EQ(text.rfind("# test: EDGE\n", 0), 0u) << text;
  expect_has(text, "\n## Break-even fleet size\n\n- edge and cloud");
  expect_has(text, "\n| factor | weight | edge | cloud | hybrid | for | why |\n|---|---:|---:|");
}

TEST(Report, JsonHasTheSameNumbers) {
  const Report report = make_report(test_scenario(), "test.toml");
  const auto json = nlohmann::json::parse(to_json(report));
  EXPECT_EQ(json["verdict"], "edge");
  EXPECT_EQ(json["factors"].size(), kFactors.size());
  EXPECT_EQ(json["options"]["cloud"]["link_bytes_per_day_device"], 1e6);
  EXPECT_NEAR(json["options"]["edge"]["cost_usd"]["total"].get<double>(), 7001.05, 0.01);
  EXPECT_TRUE(json["options"]["edge"]["battery_days"].is_null());
  EXPECT_NEAR(json["break_even"][0]["crossings"][0]["devices"].get<double>(), 37.687, 1e-3);
  EXPECT_EQ(json["flips"].size(), report.flips.size());
}

TEST(Report, ConstraintsThatLeaveNothingAreAnErrorThatNamesThemAll) {
  Scenario scenario = test_scenario();
  scenario.must_work_offline = true;
  scenario.device.ram_bytes = 9'000;
  scenario.edge.model.ram_bytes = 50'000;
  try {
    make_report(scenario, "test.toml");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::bad_input);
    EXPECT_EQ(error.where(), "test.toml");
    expect_has(error.what(),
               "edge is out because the model takes 48.8 KB of RAM and board has 9000 B free for it (device.ram_bytes, "
               "line 33); ");
    expect_has(error.what(), "cloud is out because it must work offline (constraints.must_work_offline, line 8)");
    expect_has(error.what(), "hybrid is out because the model takes 48.8 KB of RAM");
  }
}

}  // namespace
}  // namespace whit::decide
