// whit evaluate MODEL --data DATA [--labels LABELS] [--split SPLIT] [--metric NAME] [--json]
// whit compare A B --data DATA [--split SPLIT] [--json]
#include "whit/compress/evaluate.hpp"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "whit/base/progress.hpp"
#include "whit/cli/data_flags.hpp"
#include "whit/cli/graph.hpp"
#include "whit/cli/verbs.hpp"

namespace whit::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string model, other;
  DataFlags data;
  std::string split;
  std::string metric = "auto";
  bool json = false;
};

void evaluate(const Arguments& arguments) {
  const ir::Graph graph = load_graph(arguments.model);
  const data::Samples samples = load_samples(arguments.data, arguments.split, graph);
  ProgressBar bar("evaluating " + graph.name);
  const compress::Evaluation result =
      compress::evaluate(graph, samples, arguments.metric, [&](int64_t done, int64_t total) { bar.show(done, total); });
  const bool accuracy = result.metric == compress::Metric::accuracy,
             regression = result.metric == compress::Metric::mae;
  const double rmse = regression ? compress::metric_value(compress::Metric::rmse, samples, result.outputs) : 0;
  if (arguments.json) {
    Json json{{"model", graph.name},
              {"samples", result.samples},
              {"metric", compress::name_of(result.metric)},
              {"value", result.value}};
    if (regression) json["rmse"] = rmse;
    if (accuracy) json["macro_f1"] = result.macro_f1;
    if (accuracy) json["expected_calibration_error"] = result.calibration_error;
    return fmt::print("{}\n", json.dump(2));
  }
  fmt::print("{}: {} {} on {} samples\n", graph.name, compress::name_of(result.metric), compress::text_of(result),
             result.samples);
  if (regression) fmt::print("rmse {:.6g}\n", rmse);
  if (accuracy)
    fmt::print("macro F1 {:.4f}, expected calibration error {:.4f}\n", result.macro_f1, result.calibration_error);
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
