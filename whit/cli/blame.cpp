// whit blame FLOAT QUANTIZED --data DATA [--labels LABELS] [--split SPLIT] [--metric NAME] [--json]
#include "whit/compress/blame.hpp"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "whit/base/progress.hpp"
#include "whit/cli/data_flags.hpp"
#include "whit/cli/graph.hpp"
#include "whit/cli/verbs.hpp"
#include "whit/compress/quantize.hpp"

namespace whit::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string float_model, quantized_model;
  DataFlags data;
  std::string split;
  std::string metric = "auto";
  bool json = false;
};

Json json_of(const compress::Evaluation& evaluation) {
  return {
      {"metric", compress::name_of(evaluation.metric)}, {"value", evaluation.value}, {"samples", evaluation.samples}};
}

void blame(const Arguments& arguments) {
  ir::Graph graph = load_graph(arguments.float_model);
  compress::prepare(graph);
  const ir::Graph quantized = load_graph(arguments.quantized_model);
  const data::Samples samples = load_samples(arguments.data, arguments.split, graph);
  compress::Blame result;
  {
    ProgressBar bar("layers");
    result = compress::blame(graph, quantized, samples, arguments.metric,
                             [&](int64_t done, int64_t total) { bar.show(done, total); });
  }
  if (arguments.json) {
    Json json{{"float", json_of(result.float_model)}, {"quantized", json_of(result.quantized_model)}};
    json["drop"] = compress::drop(result.float_model, result.quantized_model);
    for (const compress::LayerBlame& layer : result.layers) {
      json["layers"].push_back({{"name", layer.name},
                                {"op", layer.op},
                                {"sqnr_db", layer.output.sqnr_db},
                                {"weights_sqnr_db", layer.weights_sqnr_db},
                                {"rounding_sqnr_db", layer.rounding_sqnr_db},
                                {"cosine", layer.output.cosine},
                                {"clipped", layer.clipped},
                                {"metric", layer.metric},
                                {"drop", layer.drop},
                                {"fix", layer.fix}});
    }
    return fmt::print("{}\n", json.dump(2));
  }
  fmt::print("{}: {}   {}: {}\n\n", graph.name, compress::text_of(result.float_model), quantized.name,
             compress::text_of(result.quantized_model));
  fmt::print("each layer alone quantized, worst first\n");
  fmt::print("{:>7} {:>8} {:>8} {:>8} {:>8} {:<18} {}\n", "drop", "SQNR dB", "weights", "rounding", "clipped", "op",
             "layer");
  for (const compress::LayerBlame& layer : result.layers) {
    fmt::print("{:>7.2f} {:>8.1f} {:>8.1f} {:>8.1f} {:>7.2f}% {:<18} {}\n", layer.drop, layer.output.sqnr_db,
               layer.weights_sqnr_db, layer.rounding_sqnr_db, 100 * layer.clipped, layer.op, layer.name);
    if (layer.drop > 0 && !layer.fix.empty()) fmt::print("{:>8}try: {}\n", "", layer.fix);
  }
}

}  // namespace

void add_blame(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("blame", "which layers of a quantized model cost its accuracy, and what to try");
  verb->add_option("float", arguments->float_model, "the float model")->required();
  verb->add_option("quantized", arguments->quantized_model, "the quantized model made from it")->required();
  add_data_flags(*verb, arguments->data);
  verb->add_option("--split", arguments->split, "which samples: a split's name, or rows FIRST:END; all if not given");
  verb->add_option("--metric", arguments->metric, "auto, accuracy, mae, rmse or reconstruction")->capture_default_str();
  verb->add_flag("--json", arguments->json, "machine-readable");
  verb->callback([arguments] { blame(*arguments); });
}

}  // namespace whit::cli
