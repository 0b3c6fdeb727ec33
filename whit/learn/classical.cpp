#include "whit/learn/classical.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "whit/base/error.hpp"
#include "whit/learn/train.hpp"

namespace whit::learn {
ir::Graph train_classical(ClassicalRecipe recipe, const data::DataSet& set) {
  const auto classes = static_cast<int64_t>(set.class_names.size());
  check_labels(set.train(), classes);
  if (recipe.balance_classes && classes == 0) {
    throw Error(ErrorCode::bad_input, "balance_classes, but the data has no classes", recipe.data.file(),
                "leave it out for a regression");
  }
  if (recipe.balance_classes) {
    const std::vector<double> weights = balanced_class_weights(set.train(), classes);
    std::visit([&](auto& model) { model.class_weights = weights; }, recipe.model);
  }
  if (const auto* forest = std::get_if<ForestOptions>(&recipe.model))
    return train_forest(set.train(), classes, *forest);
  return train_linear(set.train(), classes, std::get<LinearOptions>(recipe.model));
}

void check_labels(const data::Samples& samples, int64_t classes) {
  const auto bad = [](const std::string& what, const std::string& hint) {
    throw Error(ErrorCode::bad_input, what, "training data", hint);
  };
  if (samples.count() == 0) bad("there are no samples", "check the files and the split");
  if (static_cast<int64_t>(samples.labels.size()) != samples.count()) {
    bad("the samples have no labels", "[data] label names their column");
  }
  if (classes == 0) return;
  const auto [least, most] = std::minmax_element(samples.labels.begin(), samples.labels.end());
  if (classes < 2 || *least == *most) bad("all samples are of one class", "there is nothing to tell apart");
  for (const float label : samples.labels) {
    if (!(label >= 0) || label >= static_cast<float>(classes) ||
        label != static_cast<float>(static_cast<int64_t>(label))) {
      bad(fmt::format("the label {} is none of {} classes", label, classes), "classes count from 0");
    }
  }
}

ir::Graph flat_input(const data::Samples& samples, const std::string& name) {
  ir::Graph graph;
  graph.name = name;
  ir::Tensor input;
  input.name = "input";
  input.shape = {1};
  for (const int64_t dim : samples.shape) input.shape.push_back(static_cast<int32_t>(dim));
  graph.inputs = graph.outputs = {graph.add_tensor(input)};
  if (samples.shape.size() == 1) return graph;
  ir::Node node;
  node.op = ir::Op::reshape;
  ir::Tensor flat;
  flat.name = "flat";
  flat.shape = {1, static_cast<int32_t>(samples.elements())};
  node.inputs = graph.inputs;
  graph.outputs = node.outputs = {graph.add_tensor(std::move(flat))};
  graph.nodes.push_back(std::move(node));
  return graph;
}

void add_probabilities(ir::Graph& graph) {
  ir::Node node;
  node.inputs = graph.outputs;
  ir::Tensor output = graph.tensor(graph.outputs[0]);
  output.name = "probabilities";
  node.op = output.shape.back() > 1 ? ir::Op::softmax : ir::Op::logistic;
  if (node.op == ir::Op::softmax) node.attributes = ir::SoftmaxAttributes{};
  graph.outputs = node.outputs = {graph.add_tensor(std::move(output))};
  graph.nodes.push_back(std::move(node));
}

}  // namespace whit::learn
