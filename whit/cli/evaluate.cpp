// whit evaluate MODEL --data DATA [--labels LABELS] [--split SPLIT] [--metric NAME] [--importance] [--json]
// whit compare A B --data DATA [--split SPLIT] [--json]
#include "whit/compress/evaluate.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "whit/base/file.hpp"
#include "whit/base/prediction_error.hpp"
#include "whit/base/progress.hpp"
#include "whit/cli/data_flags.hpp"
#include "whit/cli/graph.hpp"
#include "whit/cli/verbs.hpp"
#include "whit/compress/importance.hpp"
#include "whit/report/table.hpp"

namespace whit::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string model, other;
  DataFlags data;
  std::string split;
  std::string metric = "auto";
  bool importance = false, json = false;
};

// By value of the last dimension: what importance.hpp says, with the names that `whit data` wrote beside the samples.
Json importance_of(const Arguments& arguments, const ir::Graph& graph, const data::Samples& samples,
                   const compress::Evaluation& base) {
  constexpr int kRepeats = 3;
  ProgressBar bar("mixing values");
  const std::vector<double> worse = compress::permutation_importance(
      graph, samples, base, kRepeats, 1, [&](int64_t done, int64_t total) { bar.show(done, total); });
  Json names;
  const std::string file = arguments.data.paths[0] + "/data.json";
  if (std::filesystem::exists(file)) {
    const std::vector<uint8_t> bytes = read_file(file);
    const Json described = Json::parse(bytes.begin(), bytes.end(), nullptr, false);
    if (described.is_object()) names = described.value("values", Json());
  }
  Json list = Json::array();
  for (size_t i = 0; i < worse.size(); ++i) {
    const bool named = names.is_array() && names.size() == worse.size();
    list.push_back({{"value", named ? names[i] : Json(std::to_string(i))}, {"worse", worse[i]}});
  }
  return list;
}

void print_importance(const Json& list, const char* metric) {
  report::Table table{{{"value"}, {fmt::format("{} is worse by", metric), true}}, {}};
  for (const Json& entry : list) {
    table.rows.push_back({entry["value"].get<std::string>(), fmt::format("{:.4g}", entry["worse"].get<double>())});
  }
  fmt::print("\nwhen mixed up among the samples, mean of 3:\n{}", report::to_text(table));
}

void evaluate(const Arguments& arguments) {
  const ir::Graph graph = load_graph(arguments.model);
  const data::Samples samples = load_samples(arguments.data, arguments.split, graph);
  ProgressBar bar("evaluating " + graph.name);
  const compress::Evaluation result =
      compress::evaluate(graph, samples, arguments.metric, [&](int64_t done, int64_t total) { bar.show(done, total); });
  bar.hide();
  const bool accuracy = result.metric == compress::Metric::accuracy;
  const bool is_error = result.metric == compress::Metric::mae || result.metric == compress::Metric::rmse;
  const size_t width = result.outputs.size() / static_cast<size_t>(result.samples);
  const PredictionError error = is_error ? prediction_error(result.outputs, samples.labels, width) : PredictionError{};
  const Json importance = arguments.importance ? importance_of(arguments, graph, samples, result) : Json();
  if (arguments.json) {
    Json json{{"model", graph.name},
              {"samples", result.samples},
              {"metric", compress::name_of(result.metric)},
              {"value", result.value}};
    if (is_error) json["mae"] = error.mae, json["rmse"] = error.rmse, json["p95"] = error.p95;
    if (accuracy) json["macro_f1"] = result.macro_f1;
    if (accuracy) json["expected_calibration_error"] = result.calibration_error;
    if (arguments.importance) json["importance"] = importance;
    return fmt::print("{}\n", json.dump(2));
  }
  fmt::print("{}: {} {} on {} samples\n", graph.name, compress::name_of(result.metric), compress::text_of(result),
             result.samples);
  if (is_error)
    fmt::print("mae {:.6g}, rmse {:.6g}, 95 % of the errors are at most {:.6g}\n", error.mae, error.rmse, error.p95);
  if (accuracy)
    fmt::print("macro F1 {:.4f}, expected calibration error {:.4f}\n", result.macro_f1, result.calibration_error);
  if (arguments.importance) print_importance(importance, compress::name_of(result.metric));
}

void compare(const Arguments& arguments) {
  const ir::Graph a = load_graph(arguments.model), b = load_graph(arguments.other);
  const data::Samples samples = load_samples(arguments.data, arguments.split, a);
  const compress::Comparison result = compress::compare(a, b, samples);
  Json json{{"a", a.name}, {"b", b.name}, {"samples", samples.count()}, {"outputs", Json::array()}};
  for (size_t i = 0; i < result.outputs.size(); ++i) {
    const compress::Difference& d = result.outputs[i];
    json["outputs"].push_back({{"name", a.tensor(a.outputs[i]).name},
                               {"sqnr_db", d.sqnr_db},
                               {"cosine", d.cosine},
                               {"max_abs_difference", d.max_abs},
                               {"mean_abs_difference", d.mean_abs}});
  }
  json["same_largest_output"] = result.same_largest_output;
  if (arguments.json) return fmt::print("{}\n", json.dump(2));
  fmt::print("{:<32} {:>9} {:>9} {:>12} {:>12}\n", "output", "SQNR dB", "cosine", "max |a-b|", "mean |a-b|");
  for (size_t i = 0; i < result.outputs.size(); ++i) {
    const compress::Difference& d = result.outputs[i];
    fmt::print("{:<32} {:>9.2f} {:>9.6f} {:>12.6g} {:>12.6g}\n", a.tensor(a.outputs[i]).name, d.sqnr_db, d.cosine,
               d.max_abs, d.mean_abs);
  }
  fmt::print("the same largest output in {:.2f} % of {} samples\n", 100.0 * result.same_largest_output,
             samples.count());
}

void add_common(CLI::App& verb, Arguments& arguments) {
  add_data_flags(verb, arguments.data);
  verb.add_option("--split", arguments.split, "which samples: a split's name, or rows FIRST:END; all if not given");
  verb.add_flag("--json", arguments.json, "machine-readable");
}

}  // namespace

void add_evaluate(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("evaluate", "accuracy or error of a model on labelled data");
  verb->add_option("model", arguments->model, "the model")->required();
  verb->add_option("--metric", arguments->metric, "auto, accuracy, mae, rmse or reconstruction")->capture_default_str();
  verb->add_flag("--importance", arguments->importance,
                 "how much worse it is with each value mixed up among the samples");
  add_common(*verb, *arguments);
  verb->callback([arguments] { evaluate(*arguments); });
}

void add_compare(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("compare", "how far the outputs of two models are apart on data");
  verb->add_option("a", arguments->model, "the model that is right, such as the float one")->required();
  verb->add_option("b", arguments->other, "the other one")->required();
  add_common(*verb, *arguments);
  verb->callback([arguments] { compare(*arguments); });
}

}  // namespace whit::cli
