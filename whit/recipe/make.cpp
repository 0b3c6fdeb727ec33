#include "whit/recipe/make.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <functional>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/base/interrupt.hpp"
#include "whit/base/nearest.hpp"
#include "whit/recipe/figures.hpp"
#include "whit/recipe/plan.hpp"
#include "whit/recipe/report.hpp"
#include "whit/recipe/run.hpp"

namespace whit::recipe {
namespace {

namespace fs = std::filesystem;

size_t stage_number(const std::string& stage, const std::string& flag) {
  const auto found = std::find(stages().begin(), stages().end(), stage);
  if (found != stages().end()) return static_cast<size_t>(found - stages().begin());
  throw Error(ErrorCode::usage, fmt::format("there is no stage '{}'", stage), flag,
              fmt::format("did you mean {}? They are: {}", nearest(stage, stages()), fmt::join(stages(), ", ")));
}

std::string quoted(const std::string& argument) {
  const auto is_plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || strchr("_-./:=,+%", c); };
  if (!argument.empty() && std::all_of(argument.begin(), argument.end(), is_plain)) return argument;
  std::string text = "'";
  for (const char c : argument) c == '\'' ? text += "'\\''" : text += c;
  return text + "'";
}

// Each step as it can be repeated by hand.
std::string script_of(const fs::path& folder, const std::vector<Step>& steps) {
  std::string text = fmt::format("#!/bin/sh\n# What whit make did, step by step.\ncd {}\n",
                                 quoted(fs::absolute(folder).lexically_normal().string()));
  for (const Step& step : steps) {
    text += fmt::format("\n# {}\nwhit", step.name);
    for (const std::string& argument : step.command) text += " " + quoted(argument);
    if (!step.json.empty()) text += " > " + quoted(step.json);
    text += "\n";
  }
  return text;
}

// On a terminal the end is what stays in sight.
report::Document targets_last(report::Document document) {
  const auto is_other = [](const report::Section& section) { return section.title != kTargetsTitle; };
  std::stable_partition(document.sections.begin(), document.sections.end(), is_other);
  return document;
}

void tell(bool is_quiet, const Step& step, StepState state, double seconds) {
  if (is_quiet) return;
  if (state == StepState::started) return fmt::print("{:<32} ...\n", step.name), (void)std::fflush(stdout);
  fmt::print("{:<32} {}\n", step.name, state == StepState::cached ? "unchanged" : fmt::format("{:.1f} s", seconds));
  std::fflush(stdout);
}

}  // namespace

Made make(const MakeOptions& options) {
  const size_t from = options.from.empty() ? stages().size() : stage_number(options.from, "--from");
  const size_t until = options.until.empty() ? stages().size() : stage_number(options.until, "--until");
  const Recipe recipe = read_recipe(options.recipe);
  Made made;
  made.folder = options.folder.empty() ? fs::path("runs") / recipe.name : options.folder;
  RunOptions run_options{options.program, options.jobs, {}, {}};
  run_options.again = [&](const Step& step) { return stage_number(step.stage, "") >= from; };
  run_options.on_step = [&](const Step& step, StepState state, double seconds) {
    tell(options.is_quiet, step, state, seconds);
  };
  name_as_parent();
  Run run(made.folder, run_options);
  run.manifest()["recipe"] = {{"file", fs::absolute(options.recipe).lexically_normal().string()},
                              {"sha256", digest_of(options.recipe)}};
  const auto wanted = [&](std::vector<Step> steps) {
    std::erase_if(steps, [&](const Step& step) { return stage_number(step.stage, "") > until; });
    return steps;
  };
  const CandidatePlan plan = plan_candidates(recipe, made.folder);
  std::vector<Step> all = plan.steps;
  write_file(made.folder / "commands.sh", script_of(made.folder, all));
  std::vector<Step> others = wanted(plan.steps);
  const auto is_other = [](const Step& step) { return step.stage != "simulate" && step.stage != "data"; };
  std::vector<Step> first = others;  // all data before the first training: what is wrong with them shows at once
  std::erase_if(first, is_other);
  std::erase_if(others, std::not_fn(is_other));
  run.execute(first);
  run.execute(others);
  if (until < stage_number("fit", "")) return made;

  Results results{recipe, made.folder, plan, {}, {}, {}};
  for (const Candidate& candidate : recipe.candidates) {
    results.candidates.push_back(figures_of(recipe, made.folder, plan, candidate));
  }
  results.choice = choose(recipe, results.candidates);
  if (!options.is_quiet) fmt::print("winner: {}\n", results.choice.winner);
  const std::vector<Step> steps = plan_winner(recipe, made.folder, plan, results.choice.winner);
  all.insert(all.end(), steps.begin(), steps.end());
  write_file(made.folder / "commands.sh", script_of(made.folder, all));
  run.forget_others(all);
  run.execute(wanted(steps));
  if (until < stages().size()) return made;

  results.outcomes = judge(recipe, made.folder, results.candidates, results.choice.winner);
  const report::Document document = document_of(results);
  made.text = report::to_text(targets_last(document));
  made.is_whole = true;
  write_file(made.folder / "report.html", report::to_html(document));
  write_file(made.folder / "report.txt", made.text);
  nlohmann::ordered_json json = report::to_json(document);
  json["winner"] = results.choice.winner;
  write_file(made.folder / "report.json", json.dump(2) + "\n");
  run.manifest()["winner"] = results.choice.winner;
  run.write_manifest();
  for (const Outcome& outcome : results.outcomes) {
    if (!outcome.target->is_gate || outcome.is_met) continue;
    made.missed_gate += (made.missed_gate.empty() ? "" : ", ") + outcome.target->title;
  }
  return made;
}

}  // namespace whit::recipe
