#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include "whit/compile/passes/passes.hpp"
#include "whit/compile/passes/rewrite.hpp"

namespace whit::compile {
namespace {

// What a node makes of feature x with its constant c: as its kernel computes it, and never falling as x grows.
float applied(ir::Op op, float x, float c) {
  switch (op) {
    case ir::Op::add:
      return x + c;
    case ir::Op::sub:
      return x - c;
    case ir::Op::mul:
      return x * c;
    default:
      return x / c;
  }
}

bool never_falls(ir::Op op, float c) {
  if (op == ir::Op::add || op == ir::Op::sub) return std::isfinite(c);
  return (op == ir::Op::mul || op == ir::Op::div) && c > 0 && std::isfinite(c);
}

// Floats in their order as integers, and back.
int64_t rank_of(float x) {
  const auto bits = std::bit_cast<int32_t>(x);
  return bits < 0 ? int64_t{std::numeric_limits<int32_t>::min()} - bits : bits;
}
float of_rank(int64_t rank) {
  return std::bit_cast<float>(static_cast<int32_t>(rank < 0 ? std::numeric_limits<int32_t>::min() - rank : rank));
}

// The largest x for which applied() is at most `threshold`: both then take the same branch for every x. Nothing where
// all x or none are.
std::optional<float> moved(ir::Op op, float c, float threshold) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  const auto at_most = [&](int64_t rank) { return applied(op, of_rank(rank), c) <= threshold; };
  int64_t low = rank_of(-kLargest), high = rank_of(kLargest);
  if (!at_most(low) || at_most(high)) return std::nullopt;
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    (at_most(middle) ? low : high) = middle;
  }
  return of_rank(low);
}

// The constant of each of `features`, when `node` moves or scales each feature by one of its own or by one for all.
std::optional<std::vector<float>> constants_of(const ir::Graph& graph, const ir::Node& node, int32_t features) {
  const bool fits =
      node.op == ir::Op::add || node.op == ir::Op::sub || node.op == ir::Op::mul || node.op == ir::Op::div;
  if (!fits || ir::attributes<ir::ActivationAttributes>(node).activation != ir::Activation::none) return std::nullopt;
  const ir::Tensor &x = graph.tensor(node.inputs[0]), &c = graph.tensor(node.inputs[1]);
  if (x.is_constant || !c.is_constant || x.type != ir::DType::f32 || c.type != ir::DType::f32) return std::nullopt;
  if (x.shape != graph.tensor(node.outputs[0]).shape) return std::nullopt;
  std::vector<float> values = values_of<float>(c);
  const bool one_each = !c.shape.empty() && c.shape.back() == features;
  if (values.size() != 1 && (!one_each || values.size() != static_cast<size_t>(features))) return std::nullopt;
  values.resize(static_cast<size_t>(features), values[0]);
  if (!std::all_of(values.begin(), values.end(), [&](float v) { return never_falls(node.op, v); })) return std::nullopt;
  return values;
}

// The trees of `node` look at what `before` looks at. False, and nothing done, where that cannot be.
bool fold(ir::Graph& graph, ir::Node& node, const ir::Node& before) {
  const int32_t features = graph.tensor(node.inputs[ir::TreeInput::features]).shape[1];
  const auto constants = constants_of(graph, before, features);
  if (!constants) return false;
  const ir::Tensor& old = graph.tensor(node.inputs[ir::TreeInput::thresholds]);
  const auto split = values_of<int32_t>(graph.tensor(node.inputs[ir::TreeInput::split_features]));
  std::vector<float> thresholds = values_of<float>(old);
  for (size_t n = 0; n < thresholds.size(); ++n) {
    const auto threshold = moved(before.op, (*constants)[static_cast<size_t>(split[n])], thresholds[n]);
    if (!threshold) return false;
    thresholds[n] = *threshold;
  }
  node.inputs[ir::TreeInput::thresholds] =
      add_constant(graph, ir::Tensor(old), ir::DType::f32, ir::Shape(old.shape), bytes_of_values(thresholds));
  node.inputs[ir::TreeInput::features] = before.inputs[0];
  return true;
}

}  // namespace

void fold_scale_into_trees(ir::Graph& graph) {
  const Uses uses(graph);
  for (ir::Node& node : graph.nodes) {
    if (node.op != ir::Op::tree_ensemble) continue;
    for (;;) {
      const ir::TensorId features = node.inputs[ir::TreeInput::features];
      if (graph.tensor(features).type != ir::DType::f32) break;
      const int32_t producer = uses.producer[static_cast<size_t>(features)];
      if (producer == kNoNode || !fold(graph, node, graph.nodes[static_cast<size_t>(producer)])) break;
    }
  }
}

}  // namespace whit::compile
