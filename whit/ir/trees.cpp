#include "whit/ir/trees.hpp"

#include <cstring>

namespace whit::ir {
namespace {

template <typename T>
Tensor constant(DType type, Shape shape, const std::vector<T>& values) {
  Tensor tensor;
  tensor.type = type;
  tensor.shape = std::move(shape);
  tensor.is_constant = true;
  tensor.data.resize(values.size() * sizeof(T));
  std::memcpy(tensor.data.data(), values.data(), tensor.data.size());
  return tensor;
}

template <typename T>
std::vector<T> values_of(const Graph& graph, const Node& node, size_t input) {
  const Tensor& tensor = graph.tensor(node.inputs[input]);
  return {data<T>(tensor), data<T>(tensor) + elements(tensor.shape)};
}

int32_t size_of(const auto& values, int32_t width = 1) { return static_cast<int32_t>(values.size()) / width; }

}  // namespace

bool add_tree(Trees& trees, std::span<const TreeStep> steps, int32_t root, int32_t first_output) {
  const auto exists = [&](int32_t i) { return i >= 0 && static_cast<size_t>(i) < steps.size(); };
  if (!exists(root)) return false;
  trees.trees.push_back(trees.node_count());
  trees.trees.push_back(first_output);
  const auto append = [&](int32_t feature, float threshold) {
    trees.split_features.push_back(feature);
    trees.thresholds.push_back(threshold);
    trees.children.resize(trees.children.size() + 2);
  };
  if (steps[static_cast<size_t>(root)].feature < 0) {  // one leaf alone: both ways lead to it
    append(0, 0.0f);
    trees.children.end()[-1] = trees.children.end()[-2] = ~steps[static_cast<size_t>(root)].at_most;
    return true;
  }
  struct Open {
    int32_t step;
    size_t child;  // where its index is to be written
  };
  constexpr size_t kNowhere = SIZE_MAX;
  std::vector<bool> seen(steps.size());
  std::vector<Open> open = {{root, kNowhere}};
  while (!open.empty()) {
    const Open next = open.back();
    open.pop_back();
    const TreeStep& step = steps[static_cast<size_t>(next.step)];
    if (seen[static_cast<size_t>(next.step)]) return false;
    seen[static_cast<size_t>(next.step)] = true;
    if (step.feature < 0) {
      trees.children[next.child] = ~step.at_most;
      continue;
    }
    if (!exists(step.at_most) || !exists(step.more)) return false;
    const int32_t n = trees.node_count();
    if (next.child != kNowhere) trees.children[next.child] = n;
    append(step.feature, step.threshold);
    open.push_back({step.more, 2 * static_cast<size_t>(n) + 1});
    open.push_back({step.at_most, 2 * static_cast<size_t>(n)});
  }
  return true;
}

std::vector<Tensor> constants_of(const Trees& t) {
  const int32_t nodes = t.node_count();
  return {constant(DType::i32, {t.tree_count(), 2}, t.trees),
          constant(DType::i32, {nodes}, t.split_features),
          constant(DType::f32, {nodes}, t.thresholds),
          constant(DType::i32, {nodes, 2}, t.children),
          constant(DType::f32, {size_of(t.leaves, t.width), t.width}, t.leaves),
          constant(DType::f32, {size_of(t.base)}, t.base)};
}

TensorId add_tree_ensemble(Graph& graph, TensorId features, const Trees& trees, const std::string& name) {
  static constexpr const char* kNames[] = {"/trees", "/split_features", "/thresholds", "/children", "/leaves", "/base"};
  Node node;
  node.op = Op::tree_ensemble;
  node.inputs = {features};
  for (Tensor& tensor : constants_of(trees)) {
    tensor.name = name + kNames[node.inputs.size() - 1];
    node.inputs.push_back(graph.add_tensor(std::move(tensor)));
  }
  Tensor output;
  output.name = name;
  output.shape = {graph.tensor(features).shape[0], size_of(trees.base)};
  node.outputs = {graph.add_tensor(std::move(output))};
  graph.nodes.push_back(node);
  return node.outputs[0];
}

Trees trees_of(const Graph& graph, const Node& node) {
  Trees t;
  t.trees = values_of<int32_t>(graph, node, TreeInput::trees);
  t.split_features = values_of<int32_t>(graph, node, TreeInput::split_features);
  t.children = values_of<int32_t>(graph, node, TreeInput::children);
  t.thresholds = values_of<float>(graph, node, TreeInput::thresholds);
  t.leaves = values_of<float>(graph, node, TreeInput::leaves);
  t.base = values_of<float>(graph, node, TreeInput::base);
  t.width = graph.tensor(node.inputs[TreeInput::leaves]).shape[1];
  return t;
}

}  // namespace whit::ir
