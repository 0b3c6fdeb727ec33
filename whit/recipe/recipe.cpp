#include "whit/recipe/recipe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "whit/base/error.hpp"
#include "whit/base/toml_draft.hpp"
#include "whit/recipe/figures.hpp"

namespace whit::recipe {
namespace {

namespace fs = std::filesystem;

// What a candidate may say in a way of its own, and what a training recipe consists of.
const std::vector<std::string> kTrainingTables = {"data", "model", "train", "prune", "distill", "quantize"};

// What the predictive controller is set against: keys of "against" in control.json.
const std::vector<std::string> kControllers = {"deadband", "scheduled", "without_forecast"};

void check_name(const TomlTable& table, const std::string& name) {
  const auto is_fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (!name.empty() && std::all_of(name.begin(), name.end(), is_fine)) return;
  throw table.error("name", fmt::format("is \"{}\"", name), "letters, digits, _ and -: a folder is named by it");
}

Candidate read_candidate(const TomlTable& table, const TomlTable& root, const std::vector<Candidate>& before) {
  Candidate candidate;
  candidate.name = table.text("name");
  check_name(table, candidate.name);
  const auto is_named = [](const std::string& name) { return [name](const Candidate& c) { return c.name == name; }; };
  if (std::any_of(before.begin(), before.end(), is_named(candidate.name))) {
    throw table.error("name", fmt::format("\"{}\" is there twice", candidate.name), "another name");
  }
  if (table.has("baseline")) {
    table.choice("baseline", {"persistence"});
    candidate.is_persistence = true;
    candidate.may_win = false;
    return candidate;
  }
  candidate.may_win = table.boolean("may_win", true);
  if (table.has("from")) {
    candidate.from = table.text("from");
    const auto found = std::find_if(before.begin(), before.end(), is_named(candidate.from));
    if (found == before.end() || found->is_persistence || !found->from.empty() || found->trains_integers) {
      throw table.error("from", fmt::format("is \"{}\", which is no float candidate above this one", candidate.from),
                        "the name of a [[candidate]] that is trained, not quantized");
    }
    candidate.precision = table.choice("precision", {"int8", "int8_w4", "int16x8", "float16"}, "int8");
    return candidate;
  }
  for (const std::string& key : kTrainingTables) {
    if (const auto own = table.find_table(key)) own->source();
  }
  if (!root.has("model") && !table.has("model")) {
    throw table.error("model", "is missing", "[candidate.model], or [model] for all candidates");
  }
  candidate.trains_integers = root.has("quantize") || table.has("quantize");
  return candidate;
}

// A recipe of `whit train` alone: its model, and the same in int8.
std::vector<Candidate> default_candidates(const TomlTable& root) {
  Candidate model{"model", false, "", "", root.has("quantize"), true};
  if (model.trains_integers) return {model};
  return {model, {"model_int8", false, "model", "int8", false, true}};
}

Target read_target(const TomlTable& table, const std::vector<Candidate>& candidates) {
  Target target;
  target.title = table.text("title");
  target.figure = table.choice("figure", figure_names());
  if (table.has("of")) {
    const FigureKind kind = kind_of(target.figure);
    if (kind == FigureKind::whole)
      throw table.error("of", fmt::format("says nothing about {}", target.figure), "leave it out");
    std::vector<std::string> names = kControllers;
    if (kind == FigureKind::model) {
      names = {"parent"};
      for (const Candidate& candidate : candidates) names.push_back(candidate.name);
    }
    target.of = table.choice("of", names);
  }
  const auto number = [&](const char* key) { return table.has(key) ? std::optional(table.number(key)) : std::nullopt; };
  target.at_most = number("at_most"), target.at_least = number("at_least"), target.aim = number("aim");
  if (target.at_most.has_value() == target.at_least.has_value()) {
    throw table.error("figure", "has neither or both of at_most and at_least", "one of the two, in the figure's unit");
  }
  target.season = table.text("season", "");
  target.is_gate = table.boolean("gate", false);
  return target;
}

void read_budget(const TomlTable& table, Recipe& recipe) {
  for (const char* key : {"ram", "flash", "latency", "energy", "period", "battery"}) {
    if (!table.has(key)) continue;
    recipe.budget.push_back(fmt::format("--{}", key));
    recipe.budget.push_back(table.text(key));
  }
}

void read_control(const TomlTable& table, Recipe& recipe) {
  recipe.controls = true;
  recipe.control_seeds = table.integer("seeds", {2, 1000}, 10);
  recipe.control_days = table.integer("days", {1, 366}, 28);
  recipe.control_targets = table.texts("targets");
  if (recipe.building.empty()) {
    throw table.error("seeds", "there is no building to control", "a table [simulate] with a building");
  }
}

}  // namespace

const Candidate& Recipe::find(const std::string& candidate) const {
  return *std::find_if(candidates.begin(), candidates.end(), [&](const auto& c) { return c.name == candidate; });
}

std::string Recipe::model_of(const Candidate& candidate) {
  return fmt::format("candidates/{0}/{0}.tflite", candidate.name);
}

Recipe read_recipe(const std::string& file) {
  const TomlTable root = TomlTable::read(file);
  Recipe recipe;
  recipe.file = file;
  recipe.name = recipe.title = fs::absolute(file).lexically_normal().parent_path().filename().string();
  if (const auto project = root.find_table("project")) {
    recipe.name = project->text("name", recipe.name);
    recipe.title = project->text("title", recipe.name);
    check_name(*project, recipe.name);
  }
  const TomlTable data = root.table("data");
  recipe.is_regression = data.has("target");
  if (const auto simulate = root.find_table("simulate")) {
    recipe.building = (fs::path(file).parent_path() / simulate->text("building")).lexically_normal().string();
    if (!fs::exists(recipe.building)) throw simulate->error("building", "is a file that does not exist");
    recipe.days = simulate->integer("days", {1, 3660}, 30);
    recipe.seed = simulate->integer("seed", kNotNegative, 1);
    if (data.has("path")) throw data.error("path", "is given, but [simulate] makes the table", "one of the two");
  }
  data.source();
  for (const TomlTable& table : root.tables("candidate")) {
    recipe.candidates.push_back(read_candidate(table, root, recipe.candidates));
  }
  for (const std::string& key : kTrainingTables) {
    if (const auto table = root.find_table(key)) table->source();
  }
  if (recipe.candidates.empty()) {
    root.table("model");
    recipe.candidates = default_candidates(root);
  }
  const auto may_win = [](const Candidate& candidate) { return candidate.may_win; };
  if (std::none_of(recipe.candidates.begin(), recipe.candidates.end(), may_win)) {
    throw Error(ErrorCode::bad_input, "no [[candidate]] may win", file,
                "one that is no baseline and has no may_win = false");
  }
  const auto device = root.find_table("device");
  recipe.target = device ? device->text("target", "qemu-cortex-m4") : "qemu-cortex-m4";
  if (device) {
    recipe.devices = device->texts("also");
    recipe.devices.insert(recipe.devices.begin(), device->text("name"));
  }
  if (const auto budget = root.find_table("budget")) read_budget(*budget, recipe);
  if (const auto choose = root.find_table("choose")) {
    const std::vector<std::string> names = {"error", "flash", "ram", "latency"};
    const std::string by = choose->choice("by", names, "error");
    recipe.choose_by = static_cast<ChooseBy>(std::find(names.begin(), names.end(), by) - names.begin());
    recipe.within = choose->number("within", {0, 10}, 0);
    if (recipe.choose_by == ChooseBy::latency && recipe.devices.empty()) {
      throw choose->error("by", "is \"latency\", but there is no device", "a table [device] with a name");
    }
  }
  if (const auto report = root.find_table("report")) {
    recipe.horizons_s = report->integers("horizons_s", {1, 1e9});
    recipe.importance = report->boolean("importance", false);
    recipe.unit = report->text("unit", "");
  }
  if (const auto control = root.find_table("control")) read_control(*control, recipe);
  for (const TomlTable& table : root.tables("target")) recipe.targets.push_back(read_target(table, recipe.candidates));
  root.refuse_unknown_keys();
  return recipe;
}

std::string candidate_recipe(const std::string& recipe_file, const std::string& candidate, const std::string& folder,
                             const std::string& data_path, int64_t horizon_s) {
  const TomlTable root = TomlTable::read(recipe_file);
  TomlDraft draft;
  const auto lay = [&](const TomlTable& from) {
    for (const std::string& key : kTrainingTables) {
      const auto table = from.find_table(key);
      if (!table) continue;
      if (key == "model") draft.remove(key);  // another model is another model whole
      draft.merge(key, *table);
    }
  };
  lay(root);
  for (const TomlTable& table : root.tables("candidate")) {
    if (table.text("name") == candidate) lay(table);
  }
  const fs::path from = fs::absolute(recipe_file).parent_path(), to = fs::absolute(folder);
  const auto moved = [&](const std::string& path) {
    return (from / path).lexically_normal().lexically_relative(to.lexically_normal()).string();
  };
  if (draft.value("data.kind") == "files" && !draft.has("data.folder")) draft.set("data.folder", std::string("."));
  for (const char* key : {"data.path", "data.paths", "data.folder", "data.labels", "model.file", "distill.teacher"}) {
    draft.change(key, moved);
  }
  if (!data_path.empty()) draft.set("data.path", data_path);
  // A classical model has no [train], which the recipe may hold for the networks.
  if (draft.has("model.kind")) {
    for (const char* key : {"train", "prune", "distill", "quantize"}) draft.remove(key);
  }
  if (horizon_s > 0) {
    draft.remove("data.window.horizon");
    draft.set("data.window.horizon_s", horizon_s);
  }
  return "# Made by `whit make` from " + fs::path(recipe_file).filename().string() + ".\n" + draft.text() + "\n";
}

}  // namespace whit::recipe
