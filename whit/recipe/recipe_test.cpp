#include "whit/recipe/recipe.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/recipe/plan.hpp"

namespace whit::recipe {
namespace {

constexpr const char* kData = "[data]\nkind = \"table\"\npath = \"t.csv\"\ntarget = \"y\"\n";
constexpr const char* kModel = "[model]\narchitecture = \"dense\"\n[train]\nepochs = 2\n";

class RecipeTest : public testing::Test {
 protected:
  std::string file(const std::string& text, const std::string& name = "recipe.toml") {
    write_file(directory_.path() / name, text);
    return (directory_.path() / name).string();
  }
  // "recipe.toml: line 3: what: hint"
  std::string error_of(const std::string& text) {
    try {
      read_recipe(file(text));
      return "";
    } catch (const Error& error) {
      return error.where().substr(directory_.path().string().size() + 1) + ": " + error.what() + ": " + error.hint();
    }
  }
  TemporaryDirectory directory_;
};

std::vector<std::string> names_of(const std::vector<Step>& steps) {
  std::vector<std::string> names;
  for (const Step& step : steps) names.push_back(step.name);
  return names;
}

TEST_F(RecipeTest, ARecipeOfATrainingIsEnough) {
  const Recipe recipe = read_recipe(file(std::string(kData) + kModel));
  ASSERT_EQ(recipe.candidates.size(), 2u);
  EXPECT_EQ(recipe.candidates[1].from, "model");
  EXPECT_EQ(recipe.candidates[1].precision, "int8");
  EXPECT_TRUE(recipe.is_regression);
}

TEST_F(RecipeTest, StepsFollowEachOther) {
  const Recipe recipe = read_recipe(file(std::string(kData) + kModel + "[device]\nname = \"esp32-c3\"\n"));
  const CandidatePlan plan = plan_candidates(recipe, directory_.path() / "run");
  EXPECT_EQ(names_of(plan.steps),
            (std::vector<std::string>{"data model", "train model", "evaluate model validation", "evaluate model test",
                                      "bench model", "fit model esp32-c3", "quantize model_int8",
                                      "evaluate model_int8 validation", "evaluate model_int8 test", "bench model_int8",
                                      "fit model_int8 esp32-c3"}));
  EXPECT_EQ(plan.steps[1].inputs, (std::vector<std::string>{"../t.csv", "candidates/model/recipe.toml"}));
  EXPECT_EQ(plan.views.at("model_int8"), "data/model");
}

TEST_F(RecipeTest, CandidatesLayTheirTablesOverThoseOfAll) {
  const std::string path = file(std::string(kData) + kModel +
                                "[[candidate]]\nname = \"a\"\n[[candidate]]\nname = \"b\"\n"
                                "[candidate.model]\nkind = \"linear\"\n[candidate.data.window]\nstride = 3\n");
  const Recipe recipe = read_recipe(path);
  const std::string folder = (directory_.path() / "run/candidates/b").string();
  const TomlTable a = TomlTable::parse(candidate_recipe(path, "a", folder, ""), "a");
  EXPECT_EQ(a.table("model").text("architecture"), "dense");
  EXPECT_EQ(a.table("data").text("path"), "../../../t.csv");
  const TomlTable b = TomlTable::parse(candidate_recipe(path, "b", folder, "", 900), "b");
  EXPECT_EQ(b.table("model").keys(), std::vector<std::string>{"kind"});
  EXPECT_FALSE(b.has("train"));
  EXPECT_EQ(b.table("data").table("window").integer("stride"), 3);
  EXPECT_EQ(b.table("data").table("window").integer("horizon_s"), 900);
  const CandidatePlan plan = plan_candidates(recipe, directory_.path() / "run");
  EXPECT_NE(plan.views.at("a"), plan.views.at("b"));
}

TEST_F(RecipeTest, ABadRecipeGivesOneMessageWithFileLineAndKey) {
  const std::string good = std::string(kData) + kModel;
  EXPECT_EQ(error_of(good + "[device]\nnmae = \"x\"\n"),
            "recipe.toml: line 9: device.name is missing: did you mean it by nmae on line 10?");
  EXPECT_NE(error_of(good + "[devise]\nname = \"x\"\n")
                .find("recipe.toml: line 9: there is no table [devise]: did you mean [device]? There are: project,"),
            std::string::npos);
  EXPECT_NE(error_of(good + "[choose]\nby = \"flush\"\n").find("line 10: choose.by is \"flush\": did you mean flash?"),
            std::string::npos);
  EXPECT_NE(error_of(good + "[[candidate]]\nname = \"q\"\nfrom = \"x\"\n").find("line 11: candidate.from is \"x\""),
            std::string::npos);
  EXPECT_NE(error_of(good + "[[candidate]]\nname = \"a b\"\n").find("line 10: candidate.name is \"a b\""),
            std::string::npos);
  EXPECT_NE(error_of(good + "[[target]]\ntitle = \"t\"\nfigure = \"mae\"\n").find("line 11: target.figure has neither"),
            std::string::npos);
  EXPECT_EQ(error_of(good + "[[candidate]]\nname = \"a\"\nbaseline = \"persistence\"\n"
                            "[[candidate]]\nname = \"b\"\nmay_win = false\n"),
            "recipe.toml: no [[candidate]] may win: one that is no baseline and has no may_win = false");
  EXPECT_NE(error_of(good + "[simulate]\nbuilding = \"none.toml\"\n").find("line 10: simulate.building"),
            std::string::npos);
  EXPECT_NE(error_of("[data\n").find("recipe.toml: line 1"), std::string::npos);
}

TEST_F(RecipeTest, WhatTrainingWouldRefuseIsRefusedBeforeAnythingRuns) {
  const std::string good = std::string(kData) + kModel;
  const auto expect = [&](const std::string& text, const std::string& message) {
    const std::string error = error_of(text);
    EXPECT_EQ(error.substr(0, message.size()), message);
  };
  expect(std::string(kData) + "[model]\narchitecture = \"dens\"\n[train]\nepochs = 2\n",
         "recipe.toml: line 6: model.architecture is \"dens\": did you mean dense?");
  expect(std::string(kData) + "[trian]\nepochs = 2\n[model]\narchitecture = \"dense\"\n",
         "recipe.toml: line 5: there is no table [trian]: did you mean [train]?");
  expect(good + "epohcs = 3\n[[candidate]]\nname = \"a\"\n",
         "recipe.toml: line 9, candidate a: there is no key train.epohcs: did you mean epochs?");
  const std::string own = good + "[[candidate]]\nname = \"a\"\n";
  expect(own + "model = { architecture = \"gruu\" }\n",
         "recipe.toml: line 11, candidate a: model.architecture is \"gruu\": did you mean gru?");
  expect(own + "model = { kind = \"forest\" }\n",
         "recipe.toml: line 11, candidate a: model.kind is \"forest\": did you mean");
  expect(own + "model = { kind = \"linear\", trees = 3 }\n",
         "recipe.toml: line 11, candidate a: there is no key model.trees");
  expect(own + "train = { epochs = 0 }\n",
         "recipe.toml: line 11, candidate a: train.epochs is 0; it must be from 1 to 1000000");
  expect(own + "train = { learning_rat = 0.1 }\n",
         "recipe.toml: line 11, candidate a: there is no key train.learning_rat: did you mean learning_rate?");
  expect(own + "[candidate.prune]\nmacs = 0.5\n",
         "recipe.toml: line 12, candidate a: prune.macs ranks channels by trained weights, and [model] has none");
  expect(own + "model = { file = \"none.onnx\" }\n",
         "recipe.toml: line 11, candidate a: model.file is \"none.onnx\", which does not exist: paths begin at");
  expect(good + "[device]\nname = \"esp32-c33\"\n",
         "recipe.toml: line 10: device.name cannot be used: there is no device \"esp32-c33\": did you mean esp32-c3?");
  expect(good + "[device]\nname = \"esp32-c3\"\ntarget = \"qemu-cortex-m44\"\n",
         "recipe.toml: line 11: device.target cannot be used: ");
  expect(good + "[budget]\nram = \"8 kilo\"\n", "recipe.toml: line 10: budget.ram cannot be used: ");
}

TEST_F(RecipeTest, ATargetIsSetAgainstWhatItsFigureHas) {
  const auto target = [&](const std::string& figure, const std::string& of) {
    const std::string text =
        fmt::format("[[target]]\ntitle = \"t\"\nfigure = \"{}\"\nof = \"{}\"\nat_most = 1\n", figure, of);
    return error_of(std::string(kData) + kModel + text);
  };
  EXPECT_EQ(target("mae", "parent"), "");
  EXPECT_EQ(target("mae", "model"), "");
  EXPECT_EQ(target("energy_change", "without_forecast"), "");
  EXPECT_NE(target("mae", "deadband").find("line 12: target.of is \"deadband\""), std::string::npos);
  EXPECT_NE(target("energy_change", "model").find("line 12: target.of is \"model\""), std::string::npos);
  EXPECT_NE(target("trusted_share", "deadband").find("line 12: target.of says nothing about trusted_share"),
            std::string::npos);
}

}  // namespace
}  // namespace whit::recipe
