#include "whit/recipe/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "whit/base/file.hpp"

namespace whit::recipe {
namespace {

namespace fs = std::filesystem;

// In the run folder.
constexpr const char* kTable = "data.csv";

// `path` as seen from the run folder.
std::string from_folder(const fs::path& folder, const std::string& path) {
  return fs::absolute(path).lexically_normal().lexically_relative(fs::absolute(folder).lexically_normal()).string();
}

// The building and its measured weather, where that is there.
std::vector<std::string> building_inputs(const Recipe& recipe, const fs::path& folder) {
  std::vector<std::string> inputs = {from_folder(folder, recipe.building)};
  const auto weather = TomlTable::read(recipe.building).find_table("weather");
  if (!weather || !weather->has("epw")) return inputs;
  const fs::path epw = fs::path(recipe.building).parent_path() / weather->text("epw");
  if (fs::exists(epw)) inputs.push_back(from_folder(folder, epw.string()));
  return inputs;
}

std::vector<std::string> texts_of(const TomlTable& table, const std::string& key) {
  return table.has(key) ? std::vector{table.text(key)} : std::vector<std::string>{};
}

// The files that a training recipe reads, as seen from the run folder.
std::vector<std::string> sources_of(const fs::path& folder, const std::string& recipe_file) {
  const TomlTable root = TomlTable::read((folder / recipe_file).string());
  const TomlTable data = root.table("data");
  std::vector<std::string> found = data.has("paths") ? data.texts("paths") : texts_of(data, "path");
  const auto add = [&](const std::vector<std::string>& more) { found.insert(found.end(), more.begin(), more.end()); };
  add(texts_of(data, "folder"));
  if (data.has("labels")) {
    const std::string labels = data.text("labels");
    add({labels.substr(0, labels.find(':'))});
  }
  if (const auto model = root.find_table("model")) add(texts_of(*model, "file"));
  if (const auto distill = root.find_table("distill")) add(texts_of(*distill, "teacher"));
  for (std::string& path : found) {
    path = (fs::path(recipe_file).parent_path() / path).lexically_normal().string();
  }
  return found;
}

// Writes a training recipe into the run folder; its text of [data].
std::string write_recipe(const Recipe& recipe, const fs::path& folder, const std::string& candidate,
                         const std::string& file, int64_t horizon_s = 0) {
  const fs::path to = (folder / file).parent_path();
  fs::create_directories(to);
  const std::string data = recipe.building.empty() ? "" : (fs::path("../..") / kTable).string();
  const std::string text = candidate_recipe(recipe.file, candidate, to.string(), data, horizon_s);
  write_file(folder / file, text);
  return TomlTable::parse(text, file).table("data").source();
}

Step data_step(const fs::path& folder, const std::string& recipe_file, const std::string& view) {
  Step step{"data", fmt::format("data {}", fs::path(view).filename().string()), {"data", recipe_file, "-o", view}};
  step.inputs = sources_of(folder, recipe_file);
  step.inputs.push_back(recipe_file);
  step.outputs = {view};
  return step;
}

Step train_step(const fs::path& folder, const std::string& name, const std::string& recipe_file,
                const std::string& model) {
  Step step{"train", fmt::format("train {}", name), {"train", recipe_file, "-o", model}};
  if (!TomlTable::read((folder / recipe_file).string()).table("model").has("kind")) step.command.push_back("--resume");
  step.inputs = sources_of(folder, recipe_file);
  step.inputs.push_back(recipe_file);
  step.outputs = {model};
  return step;
}

// The gate of `whit quantize` is not the one of a recipe, which judges what is left of all candidates: --force.
Step quantize_step(const std::string& name, const std::string& from, const std::string& to, const std::string& view,
                   const std::string& precision) {
  const std::string json = fs::path(to).replace_extension(".quantize.json").string();
  Step step{"quantize", fmt::format("quantize {}", name)};
  step.command = {"quantize", from,   "-o",          to,        "--data",  view,    "--calibrate", "validation",
                  "--test",   "test", "--precision", precision, "--force", "--json"};
  step.inputs = {from, view};
  step.outputs = {to, json};
  step.json = json;
  step.may_miss_gate = true;
  return step;
}

Step evaluate_step(const Recipe& recipe, const std::string& name, const std::string& model, const std::string& view,
                   const std::string& part, const std::string& json) {
  Step step{"evaluate", fmt::format("evaluate {} {}", name, part)};
  step.command = {"evaluate", model, "--data", view, "--split", part, "--json"};
  if (recipe.is_regression) step.command.insert(step.command.end(), {"--metric", "mae"});
  step.inputs = {model, view};
  step.outputs = {json};
  step.json = json;
  return step;
}

Step bench_step(const Recipe& recipe, const std::string& name, const std::string& model) {
  Step step{"bench", fmt::format("bench {}", name), {"bench", model, "--target", recipe.target, "--json"}};
  step.inputs = {model};
  step.uses_toolchain = true;
  step.outputs = {bench_of(name)};
  step.json = bench_of(name);
  return step;
}

Step fit_step(const Recipe& recipe, const std::string& name, const std::string& model, const std::string& device) {
  Step step{"fit", fmt::format("fit {} {}", name, device), {"fit", model, "--device", device, "--json"}};
  step.command.insert(step.command.end(), recipe.budget.begin(), recipe.budget.end());
  step.inputs = {model};
  step.uses_toolchain = true;
  step.outputs = {fit_of(name, device)};
  step.json = fit_of(name, device);
  step.may_miss_gate = true;
  return step;
}

// Whole days of the firmware; that it decides otherwise than the host is a result.
Step target_step(const Recipe& recipe, const fs::path& folder, const std::string& model, const std::string& view,
                 const std::string& machine) {
  Step step{"target", fmt::format("target {}", machine)};
  step.inputs = building_inputs(recipe, folder);
  step.command = {"simulate", "target", step.inputs[0], "--model",         model, "--data", view,
                  "--target", machine,  "-o",           target_of(machine)};
  step.inputs.insert(step.inputs.end(), {model, view});
  step.uses_toolchain = true;
  step.outputs = {target_of(machine)};
  step.may_miss_gate = true;
  return step;
}

// One horizon of the winner: the data, the training and, where the winner is quantized, the quantization again.
std::vector<Step> horizon_steps(const Recipe& recipe, const fs::path& folder, const Candidate& winner,
                                int64_t horizon_s) {
  const std::string name = fmt::format("{}_{}s", winner.name, horizon_s);
  const std::string trained = winner.from.empty() ? winner.name : winner.from;
  const std::string file = fmt::format("horizons/{}/recipe.toml", horizon_s),
                    view = fmt::format("horizons/{}/data", horizon_s);
  write_recipe(recipe, folder, trained, file, horizon_s);
  std::vector<Step> steps = {data_step(folder, file, view)};
  steps.back().name = fmt::format("data {}s", horizon_s);
  std::string model = fmt::format("horizons/{0}/{1}.tflite", horizon_s, trained);
  steps.push_back(train_step(folder, name, file, model));
  if (!winner.from.empty()) {
    const std::string to = fmt::format("horizons/{0}/{1}.tflite", horizon_s, winner.name);
    steps.push_back(quantize_step(name, model, to, view, winner.precision));
    model = to;
  }
  steps.push_back(evaluate_step(recipe, name, model, view, "test", fmt::format("horizons/{}/test.json", horizon_s)));
  for (Step& step : steps) step.stage = "horizons";
  return steps;
}

// The closed loop: [control] of the building says how.
Step control_step(const Recipe& recipe, const fs::path& folder, const std::string& model, const std::string& view) {
  Step step{"control", "control"};
  step.inputs = building_inputs(recipe, folder);
  step.command = {"simulate",
                  "control",
                  step.inputs[0],
                  "--model",
                  model,
                  "--data",
                  view,
                  "--seeds",
                  std::to_string(recipe.control_seeds),
                  "--days",
                  std::to_string(recipe.control_days),
                  "-o",
                  kControlFile};
  step.inputs.insert(step.inputs.end(), {model, view});
  step.outputs = {kControlFile};
  return step;
}

}  // namespace

int64_t horizon_of(const std::string& recipe_file) {
  const auto window = TomlTable::read(recipe_file).table("data").find_table("window");
  return window && window->has("horizon_s") ? static_cast<int64_t>(window->number("horizon_s")) : 0;
}

const std::vector<std::string>& stages() {
  static const std::vector<std::string> kStages = {"simulate", "data",  "train",      "quantize", "evaluate", "bench",
                                                   "fit",      "build", "importance", "horizons", "control",  "target"};
  return kStages;
}

std::string evaluation_of(const std::string& candidate, const std::string& part) {
  return fmt::format("candidates/{}/{}.json", candidate, part);
}
std::string bench_of(const std::string& candidate) { return fmt::format("candidates/{}/bench.json", candidate); }
std::string target_of(const std::string& machine) { return fmt::format("target-{}.json", machine); }
std::string fit_of(const std::string& candidate, const std::string& device) {
  return fmt::format("candidates/{}/fit-{}.json", candidate, fs::path(device).stem().string());
}

CandidatePlan plan_candidates(const Recipe& recipe, const fs::path& folder) {
  CandidatePlan plan;
  std::map<std::string, std::string> view_by_data;
  if (!recipe.building.empty()) {
    Step step{"simulate", "simulate data"};
    step.inputs = building_inputs(recipe, folder);
    step.command = {"simulate",
                    "data",
                    step.inputs[0],
                    "-o",
                    kTable,
                    "--days",
                    std::to_string(recipe.days),
                    "--seed",
                    std::to_string(recipe.seed)};
    for (const std::string& start : recipe.starts) step.command.insert(step.command.end(), {"--start", start});
    step.outputs = {kTable};
    plan.steps.push_back(step);
  }
  for (const Candidate& candidate : recipe.candidates) {
    const std::string& name = candidate.name;
    const std::string model = Recipe::model_of(candidate);
    const auto at = [&](Step step) {
      if (candidate.line > 0) step.origin = fmt::format("{}: line {}", recipe.file, candidate.line);
      return step;
    };
    if (candidate.from.empty()) {
      const std::string file = fmt::format("candidates/{}/recipe.toml", name);
      const std::string data = write_recipe(recipe, folder, name, file);
      const auto [view, is_new] = view_by_data.try_emplace(data, fmt::format("data/{}", name));
      plan.views[name] = view->second;
      if (is_new) plan.steps.push_back(at(data_step(folder, file, view->second)));
      if (candidate.is_persistence) continue;
      plan.steps.push_back(at(train_step(folder, name, file, model)));
    } else {
      const std::string& view = plan.views[name] = plan.views.at(candidate.from);
      plan.steps.push_back(
          at(quantize_step(name, Recipe::model_of(recipe.find(candidate.from)), model, view, candidate.precision)));
    }
    for (const char* part : {"validation", "test"}) {
      plan.steps.push_back(at(evaluate_step(recipe, name, model, plan.views[name], part, evaluation_of(name, part))));
    }
    plan.steps.push_back(at(bench_step(recipe, name, model)));
    for (const std::string& device : recipe.devices) plan.steps.push_back(at(fit_step(recipe, name, model, device)));
  }
  return plan;
}

std::vector<Step> plan_winner(const Recipe& recipe, const fs::path& folder, const CandidatePlan& plan,
                              const std::string& winner) {
  const Candidate& candidate = recipe.find(winner);
  const std::string model = Recipe::model_of(candidate), view = plan.views.at(winner);
  std::vector<Step> steps;
  Step build{"build", "build firmware"};
  build.command = {"build", model, "--target", recipe.target.substr(recipe.target.find('-') + 1), "-o", "firmware"};
  build.inputs = {model};
  // The code that makes the model's input from readings, where there is one for the device.
  const std::string trained = candidate.from.empty() ? winner : candidate.from;
  const std::string recipe_file = (folder / fmt::format("candidates/{}/recipe.toml", trained)).string();
  const auto features = TomlTable::read(recipe_file).table("data").find_table("features");
  const std::string kind = features ? features->text("kind", "") : "";
  if (kind == "lags" || kind == "motion" || kind == "statistics") {
    build.command.insert(build.command.end(), {"--features", view + "/data.json"});
    build.inputs.push_back(view);
  }
  build.uses_toolchain = true;
  build.outputs = {"firmware"};
  steps.push_back(build);
  if (recipe.importance) {
    steps.push_back(evaluate_step(recipe, "importance", model, view, "test", "importance.json"));
    steps.back().stage = steps.back().name = "importance";
    steps.back().command.push_back("--importance");
  }
  if (recipe.controls) steps.push_back(control_step(recipe, folder, model, view));
  for (const std::string& machine : recipe.control_targets) {
    steps.push_back(target_step(recipe, folder, model, view, machine));
  }
  for (const int64_t horizon : recipe.horizons_s) {
    if (horizon == horizon_of(recipe_file)) continue;  // the winner itself
    for (Step& step : horizon_steps(recipe, folder, candidate, horizon)) steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace whit::recipe
