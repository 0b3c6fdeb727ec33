#include "whit/recipe/figures.hpp"

#include <gtest/gtest.h>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"

namespace whit::recipe {
namespace {

CandidateFigures candidate(const std::string& name, double error, int64_t flash, bool fits = true) {
  CandidateFigures figures;
  figures.name = name;
  figures.metric = "mae";
  figures.validation = error;
  figures.test = 2 * error;
  figures.samples = 10;
  figures.flash_bytes = flash;
  figures.devices = {{"esp32-c3", "ESP32-C3", true, 0.01, 0.01, 0.02, fits, 0, 0}};
  return figures;
}

Recipe recipe_of(const std::vector<std::string>& names) {
  Recipe recipe;
  recipe.devices = {"esp32-c3"};
  for (const std::string& name : names) recipe.candidates.push_back({name, false, "", "", false, true});
  return recipe;
}

TEST(Choose, TheLowestErrorOfThoseThatFitAndMayWin) {
  Recipe recipe = recipe_of({"large", "good", "float"});
  recipe.candidates[2].may_win = false;
  const Choice choice =
      choose(recipe, {candidate("large", 0.1, 900, false), candidate("good", 0.2, 100), candidate("float", 0.05, 10)});
  EXPECT_EQ(choice.winner, "good");
  EXPECT_EQ(choice.reasons[0], "large does not fit esp32-c3");
}

TEST(Choose, OrTheLeastFlashOfThoseThatAreCloseToIt) {
  Recipe recipe = recipe_of({"a", "b", "c"});
  recipe.choose_by = ChooseBy::flash;
  recipe.within = 0.1;
  const std::vector<CandidateFigures> all = {candidate("a", 1.0, 900), candidate("b", 1.09, 100),
                                             candidate("c", 1.2, 10)};
  EXPECT_EQ(choose(recipe, all).winner, "b");
  recipe.within = 0.2;
  EXPECT_EQ(choose(recipe, all).winner, "c");
}

TEST(Choose, WhatIsNotKnownToFitIsNotSaidNotTo) {
  CandidateFigures unknown = candidate("a", 0.1, 1);
  unknown.devices[0].fits.reset();
  EXPECT_EQ(choose(recipe_of({"a", "b"}), {unknown, candidate("b", 1, 1)}).reasons[0],
            "whether a fits esp32-c3 is unknown");
}

TEST(Choose, NoneThatFitsIsAMissedGate) {
  try {
    choose(recipe_of({"a"}), {candidate("a", 1, 1, false)});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::gate_failed);
    EXPECT_STREQ(error.what(), "no candidate that may win fits: a does not fit esp32-c3");
  }
}

// A forest has no MACs, by which alone a device with Linux is estimated.
TEST(FiguresOf, ALatencyOfNothingIsUnknown) {
  const TemporaryDirectory folder;
  Recipe recipe = recipe_of({"forest"});
  recipe.devices = {"raspberry-pi-4"};
  recipe.unit = "K";
  std::filesystem::create_directories(folder.path() / "candidates/forest");
  for (const char* part : {"validation", "test"}) {
    write_file(folder.path() / evaluation_of("forest", part), R"({"metric": "mae", "value": 0.3, "samples": 7})");
  }
  write_file(folder.path() / bench_of("forest"), R"({"code_bytes": 10, "weights_bytes": 5})");
  write_file(folder.path() / fit_of("forest", "raspberry-pi-4"),
             R"({"device": "raspberry-pi-4", "fits": true, "latency_s": {"estimated": 0, "low": 0, "high": 0}})");
  const CandidateFigures figures = figures_of(recipe, folder.path(), {}, recipe.candidates[0]);
  EXPECT_EQ(figures.unit, "K");
  EXPECT_EQ(figures.flash_bytes, 15);
  EXPECT_TRUE(figures.fits_first());
  EXPECT_FALSE(figures.devices[0].latency_s.has_value());
}

class Judge : public testing::Test {
 protected:
  Outcome judge_one(const Target& target) {
    recipe_.targets = {target};
    return judge(recipe_, folder_.path(), {candidate("float", 1, 400), candidate("int8", 1.1, 100)}, "int8").at(0);
  }
  Judge() { recipe_.candidates[1].from = "float"; }
  Recipe recipe_ = recipe_of({"float", "int8"});
  TemporaryDirectory folder_;
};

TEST_F(Judge, AFigureOrItsShareOfAnothersIsMetOrMissed) {
  EXPECT_TRUE(judge_one({"t", "mae", "", "", 2.3, {}, 2.0, false}).is_met);
  EXPECT_FALSE(judge_one({"t", "mae", "", "", 2.3, {}, 2.0, false}).is_aim_met);
  EXPECT_FALSE(judge_one({"t", "mae", "", "", 2.1, {}, {}, false}).is_met);
  const Outcome ratio = judge_one({"t", "mae", "parent", "", 1.02, {}, {}, false});
  EXPECT_NEAR(ratio.figure->value, 1.1, 1e-12);
  EXPECT_FALSE(ratio.is_met);
  EXPECT_TRUE(judge_one({"t", "flash_bytes", "float", "", 0.25, {}, {}, false}).is_met);
}

TEST_F(Judge, WhatWasNotMeasuredIsNotMet) {
  const Outcome outcome = judge_one({"t", "energy_change", "deadband", "", -0.15, {}, {}, false});
  EXPECT_FALSE(outcome.figure.has_value());
  EXPECT_FALSE(outcome.is_met);
}

TEST_F(Judge, OfTheControlLoopTheWorstSeasonCounts) {
  recipe_.controls = true;
  write_file(folder_.path() / "control.json", R"({"seeds": [1, 2], "seasons": {
    "heating": {"against": {"deadband": {"comfort": "worse",
      "kwh_a_month": {"saving_percent": {"mean": 20, "low": 18, "high": 22}}}}},
    "cooling": {"against": {"deadband": {"comfort": "equal or better",
      "kwh_a_month": {"saving_percent": {"mean": 10, "low": 8, "high": 12}}}}}}})");
  const Outcome worst = judge_one({"t", "energy_change", "deadband", "", -0.15, {}, {}, false});
  EXPECT_NEAR(worst.figure->value, -0.1, 1e-12);
  EXPECT_FALSE(worst.is_met);
  EXPECT_NE(worst.figure->how.find("-12.0 to -8.0 %"), std::string::npos) << worst.figure->how;
  EXPECT_TRUE(judge_one({"t", "energy_change", "deadband", "heating", -0.15, {}, {}, false}).is_met);
  recipe_.controls = false;  // the file is of another recipe
  EXPECT_FALSE(judge_one({"t", "energy_change", "deadband", "", -0.15, {}, {}, false}).figure.has_value());
}

TEST_F(Judge, HowMuchTheForecastIsTrustedIsTheLeastOfTheSeasons) {
  recipe_.controls = true;
  write_file(folder_.path() / "control.json", R"({"seeds": [1, 2], "seasons": {
    "heating": {"controllers": {"predictive": {"trusted_share": {"mean": 0.97},
      "lead_minutes": {"count": 5, "p5": 30, "median": 40, "p95": 45}}}},
    "cooling": {"controllers": {"predictive": {"trusted_share": {"mean": 0.4}, "lead_minutes": {"count": 0}}}}}})");
  const Outcome share = judge_one({"t", "trusted_share", "", "", {}, 0.9, {}, false});
  EXPECT_EQ(share.figure->value, 0.4);
  EXPECT_FALSE(share.is_met);
  EXPECT_EQ(share.figure->how.rfind("cooling", 0), 0u) << share.figure->how;
  EXPECT_EQ(judge_one({"t", "lead_p95_minutes", "", "", 45, {}, {}, false}).figure->value, 45);
}

}  // namespace
}  // namespace whit::recipe
