#include "whit/recipe/recipe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "whit/base/error.hpp"
#include "whit/base/toml_draft.hpp"
#include "whit/base/units.hpp"
#include "whit/control/options.hpp"
#include "whit/device/profile.hpp"
#include "whit/learn/classical.hpp"
#include "whit/learn/recipe.hpp"
#include "whit/recipe/figures.hpp"
#include "whit/recipe/plan.hpp"
#include "whit/target/target.hpp"

namespace whit::recipe {
namespace {

namespace fs = std::filesystem;

// What a candidate may say in a way of its own, and what a training recipe consists of.
const std::vector<std::string> kTrainingTables = {"data", "model", "train", "prune", "distill", "quantize"};
const std::vector<std::string> kTables = {"project", "simulate", "data",     "model",     "train",
                                          "prune",   "distill",  "quantize", "candidate", "device",
                                          "budget",  "choose",   "report",   "control",   "target"};

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
  candidate.line = table.line_of("name");
  check_name(table, candidate.name);
  const auto is_named = [](const std::string& name) { return [name](const Candidate& c) { return c.name == name; }; };
  if (std::any_of(before.begin(), before.end(), is_named(candidate.name))) {
    throw table.error("name", fmt::format("is \"{}\" a second time", candidate.name), "another name");
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

// The tables of one candidate, as training takes them: those of [[candidate]] laid over those of the recipe.
TomlTable training_tables(const TomlTable& root, const std::string& name) {
  TomlTable tables = root.only(kTrainingTables);
  for (const TomlTable& candidate : root.tables("candidate")) {
    if (candidate.text("name") != name) continue;
    std::vector<std::string> inherited = kTrainingTables;
    if (candidate.has("model")) std::erase(inherited, "model");  // another model is another model whole
    tables = candidate.only(kTrainingTables).over(root.only(inherited));
  }
  // A classical model has no [train], which the recipe may hold for the networks.
  const auto model = tables.find_table("model");
  return model && model->has("kind") ? tables.only({"data", "model"}) : tables;
}

// What `use` says against what stands at `key`, with the place of the key.
template <typename Use>
void place_at(const TomlTable& table, const std::string& key, const Use& use) {
  try {
    use();
  } catch (const Error& error) {
    throw table.error(key, fmt::format("cannot be used: {}", error.what()), error.hint());
  }
}

void check_exists(const TomlTable& table, const std::string& key) {
  if (!table.has(key) || fs::exists(fs::path(table.file()).parent_path() / table.text(key))) return;
  throw table.error(key, fmt::format("is \"{}\", which does not exist", table.text(key)), "paths begin at the recipe");
}

// All that `whit train` would say of the recipe alone.
void check_training(const TomlTable& root, const Candidate& candidate) {
  const TomlTable tables = training_tables(root, candidate.name);
  try {
    if (!learn::read_classical(tables)) learn::read_recipe(tables);
    check_exists(tables.table("model"), "file");
    if (const auto distill = tables.find_table("distill")) check_exists(*distill, "teacher");
  } catch (const Error& error) {
    throw candidate.line == 0 ? error : error.at(fmt::format("{}, candidate {}", error.where(), candidate.name));
  }
}

Target read_target(const TomlTable& table, const std::vector<Candidate>& candidates,
                   const std::vector<std::string>& seasons) {
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
  if (table.has("season")) target.season = seasons.empty() ? table.text("season") : table.choice("season", seasons);
  target.is_gate = table.boolean("gate", false);
  return target;
}

void read_budget(const TomlTable& table, Recipe& recipe) {
  const std::pair<const char*, Dimension> keys[] = {
      {"ram", Dimension::bytes},     {"flash", Dimension::bytes},    {"latency", Dimension::seconds},
      {"energy", Dimension::joules}, {"period", Dimension::seconds}, {"battery", Dimension::milliamp_h}};
  for (const auto& [key, dimension] : keys) {
    if (!table.has(key)) continue;
    const std::string text = table.text(key);
    place_at(table, key, [&, of = dimension] { parse_quantity(text, of, ""); });
    recipe.budget.push_back(fmt::format("--{}", key));
    recipe.budget.push_back(text);
  }
}

void read_device(const TomlTable& table, Recipe& recipe) {
  const auto find = [](const std::string& name) {
    if (!name.ends_with(".toml")) device::find_profile(name);
  };
  recipe.devices = {table.text("name")};
  place_at(table, "name", [&] { find(recipe.devices[0]); });
  for (const std::string& device : table.texts("also")) {
    place_at(table, "also", [&] { find(device); });
    recipe.devices.push_back(device);
  }
  if (!table.has("target")) return;
  recipe.target = table.text("target");
  place_at(table, "target", [&] { target::find_emulated_target(recipe.target); });
}

// The seasons of the building that is controlled; empty where they are not known yet.
std::vector<std::string> read_control(const TomlTable& table, int64_t horizon_s, Recipe& recipe) {
  recipe.controls = true;
  recipe.control_seeds = table.integer("seeds", {2, 1000}, 10);
  recipe.control_days = table.integer("days", {1, 366}, 28);
  recipe.control_targets = table.texts("targets");
  for (const std::string& machine : recipe.control_targets) {
    place_at(table, "targets", [&] { target::find_emulated_target(machine); });
  }
  if (recipe.building.empty()) {
    throw table.error("seeds", "has no building to control", "a table [simulate] with a building");
  }
  std::vector<std::string> seasons;
  if (horizon_s == 0) return seasons;
  const TomlTable building = TomlTable::read(recipe.building);
  const auto horizon = static_cast<double>(horizon_s);
  for (const control::Season& season :
       control::read_options(building, simulate::read_simulation(building), horizon).seasons) {
    seasons.push_back(season.name);
  }
  return seasons;
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
  root.allow_only(kTables);
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
    recipe.starts = simulate->texts("starts");
    if (data.has("path")) throw data.error("path", "is given, but [simulate] makes the table", "one of the two");
  }
  for (const TomlTable& table : root.tables("candidate")) {
    recipe.candidates.push_back(read_candidate(table, root, recipe.candidates));
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
  if (const auto device = root.find_table("device")) read_device(*device, recipe);
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
  std::vector<std::string> seasons;
  if (const auto control = root.find_table("control")) seasons = read_control(*control, horizon_of(file), recipe);
  for (const TomlTable& table : root.tables("target")) {
    recipe.targets.push_back(read_target(table, recipe.candidates, seasons));
  }
  root.only(kTrainingTables);  // counts as known: judged candidate by candidate
  for (const TomlTable& table : root.tables("candidate")) table.only(kTrainingTables);
  root.refuse_unknown_keys();
  for (const Candidate& candidate : recipe.candidates) {
    if (candidate.from.empty() && !candidate.is_persistence) check_training(root, candidate);
  }
  return recipe;
}

std::string candidate_recipe(const std::string& recipe_file, const std::string& candidate, const std::string& folder,
                             const std::string& data_path, int64_t horizon_s) {
  TomlDraft draft(training_tables(TomlTable::read(recipe_file), candidate));
  const fs::path from = fs::absolute(recipe_file).parent_path(), to = fs::absolute(folder);
  const auto moved = [&](const std::string& path) {
    return (from / path).lexically_normal().lexically_relative(to.lexically_normal()).string();
  };
  if (draft.value("data.kind") == "files" && !draft.has("data.folder")) draft.set("data.folder", std::string("."));
  for (const char* key : {"data.path", "data.paths", "data.folder", "data.labels", "model.file", "distill.teacher"}) {
    draft.change(key, moved);
  }
  if (!data_path.empty()) draft.set("data.path", data_path);
  if (horizon_s > 0) {
    draft.remove("data.window.horizon");
    draft.set("data.window.horizon_s", horizon_s);
  }
  return "# Made by `whit make` from " + fs::path(recipe_file).filename().string() + ".\n" + draft.text() + "\n";
}

}  // namespace whit::recipe
