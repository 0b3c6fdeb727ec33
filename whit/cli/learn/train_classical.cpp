// whit train of a recipe with [model] kind: forests, boosted trees and linear models.
#include "whit/cli/learn/train_classical.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "whit/base/error.hpp"
#include "whit/cli/graph.hpp"
#include "whit/compress/evaluate.hpp"
#include "whit/ir/trees.hpp"

namespace whit::cli {
namespace {

using Json = nlohmann::ordered_json;

// "tree_ensemble": its trees and nodes; a linear model: its numbers.
Json size_of(const ir::Graph& graph) {
  for (const ir::Node& node : graph.nodes) {
    if (node.op == ir::Op::tree_ensemble) {
      const ir::Trees trees = ir::trees_of(graph, node);
      return {{"trees", trees.tree_count()}, {"nodes", trees.node_count()}};
    }
    if (node.op == ir::Op::fully_connected) {
      return {{"parameters",
               ir::elements(graph.tensor(node.inputs[1]).shape) + ir::elements(graph.tensor(node.inputs[2]).shape)}};
    }
  }
  return Json::object();
}

void evaluate(const ir::Graph& graph, const data::Samples& samples, const char* part, bool json, Json& result) {
  if (samples.count() == 0) return;
  const compress::Evaluation evaluation = compress::evaluate(graph, samples, "auto");
  const char* metric = compress::name_of(evaluation.metric);
  result[part] = {{"samples", samples.count()}, {metric, evaluation.value}};
  if (!json) fmt::print("{:<10}  {} {:.5g} on {} samples\n", part, metric, evaluation.value, samples.count());
}

}  // namespace

void train_classical(learn::ClassicalRecipe recipe, const std::string& output, int64_t seed, bool json) {
  auto* forest = std::get_if<learn::ForestOptions>(&recipe.model);
  if (seed >= 0 && forest != nullptr) forest->seed = static_cast<uint64_t>(seed);
  const data::DataSet set = data::read_data_set(recipe.data);
  const ir::Graph graph = learn::train_classical(recipe, set);
  Json result{{"model", output}};
  const Json size = size_of(graph);
  for (const auto& [key, value] : size.items()) {
    result[key] = value;
    if (!json) fmt::print("{:<10}  {}\n", key, value.dump());
  }
  evaluate(graph, set.train(), "train", json, result);
  evaluate(graph, set.validation(), "validation", json, result);
  save_graph(graph, output);
  if (json) fmt::print("{}\n", result.dump());
  if (!json) fmt::print("wrote {}\n", output);
}

}  // namespace whit::cli
