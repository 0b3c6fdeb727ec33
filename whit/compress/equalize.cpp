#include "whit/compress/equalize.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <vector>

#include "whit/compile/passes/rewrite.hpp"

namespace whit::compress {
namespace {

bool is_layer(const ir::Graph& graph, const ir::Node& node) {
  if (node.op == ir::Op::depthwise_conv2d) {
    return graph.tensor(node.inputs[0]).shape[3] == graph.tensor(node.outputs[0]).shape[3];
  }
  return node.op == ir::Op::conv2d || node.op == ir::Op::fully_connected;
}

ir::Activation activation_of(const ir::Node& node) {
  const auto* conv = std::get_if<ir::ConvAttributes>(&node.attributes);
  return conv != nullptr ? conv->activation : ir::attributes<ir::ActivationAttributes>(node).activation;
}

// The constant as this node's own, so that a change does not reach other nodes.
float* own_values(ir::Graph& graph, ir::Node& node, size_t input) {
  const ir::Tensor copy = graph.tensor(node.inputs[input]);
  node.inputs[input] = graph.add_tensor(copy);
  return reinterpret_cast<float*>(graph.tensor(node.inputs[input]).data.data());
}

// The weight at [output channel, input channel, tap]; of depthwise weights both channels are the same.
struct Weights {
  Weights(const ir::Graph& graph, const ir::Node& node) : depthwise(node.op == ir::Op::depthwise_conv2d) {
    const ir::Shape& shape = graph.tensor(node.inputs[1]).shape;
    const auto total = static_cast<size_t>(ir::elements(shape));
    inputs = static_cast<size_t>(shape.back());
    outputs = depthwise ? inputs : static_cast<size_t>(shape.front());
    taps = total / inputs / (depthwise ? 1 : outputs);
  }
  size_t at(size_t o, size_t i, size_t tap) const {
    return depthwise ? tap * inputs + i : (o * taps + tap) * inputs + i;
  }
  // Calls f(index) for every weight of output channel o, or of input channel i.
  void each_of_output(size_t o, const std::function<void(size_t)>& f) const {
    for (size_t tap = 0; tap < taps; ++tap) {
      for (size_t i = 0; i < (depthwise ? 1 : inputs); ++i) f(depthwise ? at(o, o, tap) : at(o, i, tap));
    }
  }
  void each_of_input(size_t i, const std::function<void(size_t)>& f) const {
    for (size_t tap = 0; tap < taps; ++tap) {
      for (size_t o = 0; o < (depthwise ? 1 : outputs); ++o) f(depthwise ? at(i, i, tap) : at(o, i, tap));
    }
  }
  bool depthwise;
  size_t inputs, outputs, taps;
};

// One pair; returns the largest factor by which a channel was moved.
double equalize_pair(ir::Graph& graph, ir::Node& first, ir::Node& second) {
  const Weights a(graph, first), b(graph, second);
  float* wa = own_values(graph, first, 1);
  float* wb = own_values(graph, second, 1);
  float* bias = first.inputs.size() > 2 && first.inputs[2] != ir::kNoTensor ? own_values(graph, first, 2) : nullptr;
  wa = reinterpret_cast<float*>(graph.tensor(first.inputs[1]).data.data());
  double moved = 1.0;
  for (size_t channel = 0; channel < a.outputs; ++channel) {
    float range_a = 0, range_b = 0;
    a.each_of_output(channel, [&](size_t i) { range_a = std::max(range_a, std::abs(wa[i])); });
    b.each_of_input(channel, [&](size_t i) { range_b = std::max(range_b, std::abs(wb[i])); });
    if (!(range_a > 0) || !(range_b > 0)) continue;  // a dead channel
    const float factor = std::sqrt(range_b / range_a);
    a.each_of_output(channel, [&](size_t i) { wa[i] *= factor; });
    b.each_of_input(channel, [&](size_t i) { wb[i] /= factor; });
    if (bias != nullptr) bias[channel] *= factor;
    moved = std::max(moved, static_cast<double>(std::max(factor, 1 / factor)));
  }
  return moved;
}

}  // namespace

int equalize(ir::Graph& graph) {
  const compile::Uses uses(graph);
  std::vector<std::pair<size_t, size_t>> pairs;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const ir::Node& node = graph.nodes[n];
    if (!is_layer(graph, node)) continue;
    const int32_t next = uses.only_consumer(node.outputs[0]);
    const ir::Activation activation = activation_of(node);
    if (next == compile::kNoNode || (activation != ir::Activation::none && activation != ir::Activation::relu))
      continue;
    const ir::Node& consumer = graph.nodes[static_cast<size_t>(next)];
    const auto channels = static_cast<size_t>(graph.tensor(node.outputs[0]).shape.back());
    if (is_layer(graph, consumer) && Weights(graph, consumer).inputs == channels) {
      pairs.emplace_back(n, static_cast<size_t>(next));
    }
  }
  // A layer may be in two pairs, so one round is not the end of it.
  for (int round = 0; round < 20; ++round) {
    double moved = 1.0;
    for (const auto& [first, second] : pairs)
      moved = std::max(moved, equalize_pair(graph, graph.nodes[first], graph.nodes[second]));
    if (moved < 1.01) break;
  }
  return static_cast<int>(pairs.size());
}

}  // namespace whit::compress
