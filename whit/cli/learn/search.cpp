// whit search RECIPE -o FOLDER [--resume] [--seed N] [--json]; mpirun -n N whit search ...
#include "whit/learn/search/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "whit/base/file.hpp"
#include "whit/base/progress.hpp"
#include "whit/base/units.hpp"
#include "whit/cli/graph.hpp"
#include "whit/cli/learn/verbs.hpp"
#include "whit/cli/number.hpp"
#include "whit/learn/teacher.hpp"
#include "whit/report/table.hpp"

namespace whit::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string recipe, folder;
  int64_t seed = -1;  // as in the recipe
  bool resume = false, json = false;
};

std::string text_of(double value, bool is_share) {
  return is_share ? fmt::format("{:.2f} %", 100 * value) : fmt::format("{:.5g}", value);
}

std::string front_text(const learn::SearchResult& result) {
  report::Table table;
  table.columns = {
      {"model"},     {"validation " + result.metric, true}, {"test " + result.metric, true}, {"flash", true},
      {"RAM", true}, {"latency, estimated", true}};
  for (const size_t i : result.front) {
    const learn::SearchedCandidate& each = result.candidates[i];
    const learn::SearchedCandidate::Final& final = *each.final;
    const bool is_share = result.more_is_better;
    table.rows.push_back({each.candidate.name, text_of(final.validation, is_share),
                          final.test ? text_of(*final.test, is_share) : "", text_of_bytes(final.footprint.flash_bytes),
                          text_of_bytes(final.footprint.ram_bytes),
                          final.footprint.latency_s ? text_of_seconds(*final.footprint.latency_s) : "unknown"});
  }
  return report::to_text(table);
}

Json json_of(const learn::Footprint& footprint) {
  Json json{{"flash_bytes", footprint.flash_bytes}, {"ram_bytes", footprint.ram_bytes}, {"latency_s", nullptr}};
  if (footprint.latency_s) json["latency_s"] = *footprint.latency_s;
  return json;
}

Json json_of(const learn::SearchedCandidate::Final& final, const std::string& metric) {
  Json json{{"validation_" + metric, final.validation}};
  if (final.test) json["test_" + metric] = *final.test;
  json.update(json_of(final.footprint));
  return json;
}

Json json_of(const learn::SearchResult& result, const learn::SearchRecipe& recipe) {
  Json json{{"device", recipe.device.name}, {"metric", result.metric}, {"front", Json::array()}};
  for (const size_t i : result.front) {
    const learn::SearchedCandidate& each = result.candidates[i];
    Json entry{{"model", each.candidate.name + ".tflite"}};
    entry.update(json_of(*each.final, result.metric));
    json["front"].push_back(entry);
  }
  for (const learn::SearchedCandidate& each : result.candidates) {
    Json entry{{"name", each.candidate.name}, {"fits", each.untrained.fits}};
    if (!each.untrained.fits) entry["needs"] = each.untrained.violations;
    entry["untrained"] = json_of(each.untrained);
    entry["rungs"] = each.scores;  // null: the loss was no number any more
    if (each.final) entry["trained"] = json_of(*each.final, result.metric);
    if (each.final && !each.final->footprint.fits) entry["trained"]["needs"] = each.final->footprint.violations;
    entry["on_front"] = each.on_front;
    json["candidates"].push_back(entry);
  }
  return json;
}

learn::SearchResult run(const Arguments& arguments, const learn::SearchRecipe& recipe, const data::DataSet& set,
                        const learn::SearchPlan& plan, learn::Team& team) {
  std::unique_ptr<ProgressBar> bar;
  learn::SearchHooks hooks;
  hooks.save = [](const ir::Graph& graph, const std::string& file) { save_graph(graph, file + ".tflite"); };
  hooks.on_stage = [&](const std::string& what, int64_t jobs) {
    bar = std::make_unique<ProgressBar>(what + ", percent");
    if (!arguments.json) fmt::print("{}: {} to do\n", what, jobs);
    std::fflush(stdout);
  };
  hooks.on_progress = [&](double share) { bar->show(static_cast<int64_t>(100 * share), 100); };
  return learn::search(recipe, set, plan, team, hooks);
}

void write(const learn::SearchResult& result, const Json& json, const learn::SearchPlan& plan) {
  const std::filesystem::path folder = plan.folder;
  for (const size_t i : result.front) {
    const std::string name = result.candidates[i].candidate.name;
    write_file(folder / (name + ".tflite"), read_file(learn::work_file(plan, name) + ".tflite"));
  }
  write_file(folder / "search.json", json.dump(2) + "\n");
}

void search(const Arguments& arguments) {
  learn::Team team;
  std::optional<learn::SearchRecipe> recipe;
  data::DataSet set;
  team.together([&] {
    recipe = learn::read_search(arguments.recipe);
    learn::Recipe& base = recipe->base;
    if (arguments.seed >= 0) base.options.seed = static_cast<uint64_t>(arguments.seed);
    std::error_code failure;
    std::filesystem::create_directories(arguments.folder, failure);
    if (failure) throw Error(ErrorCode::bad_input, failure.message(), arguments.folder, "a folder that can be written");
    set = data::read_data_set(base.data);
    learn::fit_to_data(base, set);
    if (base.options.distillation) {
      base.options.distillation->teacher =
          learn::teacher_outputs(load_graph(base.teacher_file), set.train(), base.options.loss, Cache());
    }
  });
  const learn::SearchPlan plan{arguments.folder, arguments.resume};
  const learn::SearchResult result = run(arguments, *recipe, set, plan, team);
  const Json json = json_of(result, *recipe);
  team.together([&] {
    if (team.rank() == 0) write(result, json, plan);
  });
  if (arguments.json) {
    fmt::print("{}\n", json.dump());
  } else {
    const auto fitting = std::count_if(result.candidates.begin(), result.candidates.end(),
                                       [](const learn::SearchedCandidate& each) { return each.untrained.fits; });
    fmt::print("\n{} of {} candidates fit {}; of those no other is better than:\n\n{}\nwrote them to {}\n", fitting,
               result.candidates.size(), recipe->device.name, front_text(result), arguments.folder);
  }
  std::fflush(stdout);
}

}  // namespace

void add_search(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  Arguments& a = *arguments;
  CLI::App* verb = app.add_subcommand("search", "which nets of a space are best on a device: the Pareto front");
  verb->add_option("recipe", a.recipe, "a .toml file with the tables [data], [model], [train] and [search]")
      ->required();
  verb->add_option("-o,--output", a.folder, "the folder for the models, search.json, and work/ with all that is found")
      ->required();
  verb->add_flag("--resume", a.resume, "go on with the search that the folder holds, if there is one");
  add_number(*verb, "--seed", a.seed, kNotNegative, "instead of the recipe's");
  verb->add_flag("--json", a.json, "the result as JSON, as search.json has it");
  verb->footer("mpirun -n N whit search ... shares the work among N processes; the result is the same.");
  verb->callback([arguments] { search(*arguments); });
}

}  // namespace whit::cli
