#include <algorithm>
#include <optional>

#include "whit/compile/passes/passes.hpp"
#include "whit/compile/passes/rewrite.hpp"

namespace whit::compile {
namespace {

bool is_layer(const ir::Graph& graph, const ir::Node& node) {
  const bool layer =
      node.op == ir::Op::conv2d || node.op == ir::Op::depthwise_conv2d || node.op == ir::Op::fully_connected;
  return layer && graph.tensor(node.outputs[0]).type == ir::DType::f32 && graph.tensor(node.inputs[1]).is_constant;
}

ir::Activation& activation_of(ir::Node& node) {
  if (auto* conv = std::get_if<ir::ConvAttributes>(&node.attributes)) return conv->activation;
  return ir::attributes<ir::ActivationAttributes>(node).activation;
}

// The constant operand as one value for each channel; none when it varies along anything else.
std::optional<std::vector<float>> by_channel(const ir::Tensor& tensor, int32_t channels, size_t rank) {
  if (!tensor.is_constant || tensor.shape.size() > rank) return std::nullopt;
  const std::vector<float> values = values_of<float>(tensor);
  if (values.size() == 1) return std::vector<float>(static_cast<size_t>(channels), values[0]);
  if (static_cast<int32_t>(values.size()) != channels || tensor.shape.back() != channels) return std::nullopt;
  return values;
}

// y * factor + term for each channel, put into weights and bias.
void scale_layer(ir::Graph& graph, ir::Node& layer, const std::vector<float>& factor, const std::vector<float>& term) {
  const ir::Tensor weights = graph.tensor(layer.inputs[1]);
  std::vector<float> w = values_of<float>(weights);
  const size_t channels = factor.size();
  const bool channel_last = layer.op == ir::Op::depthwise_conv2d;
  const size_t depth = w.size() / channels;
  for (size_t i = 0; i < w.size(); ++i) w[i] *= factor[channel_last ? i % channels : i / depth];
  layer.inputs[1] = add_constant(graph, weights, ir::DType::f32, weights.shape, bytes_of_values(w));

  ir::Tensor like = weights;
  std::vector<float> bias(channels, 0.0f);
  layer.inputs.resize(3, ir::kNoTensor);
  if (layer.inputs[2] != ir::kNoTensor) {
    like = graph.tensor(layer.inputs[2]);
    bias = values_of<float>(like);
  }
  for (size_t c = 0; c < channels; ++c) bias[c] = bias[c] * factor[c] + term[c];
  layer.inputs[2] = add_constant(graph, like, ir::DType::f32, {static_cast<int32_t>(channels)}, bytes_of_values(bias));
}

}  // namespace

// mul, add and sub by constants of a channel, behind a float layer without activation, go into its weights and bias.
// Rounding moves by some units in the last place; quantized layers are left as they are.
void fold_batch_norm(ir::Graph& graph) {
  std::vector<bool> dead(graph.nodes.size(), false);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    ir::Node& node = graph.nodes[n];
    if (node.op != ir::Op::mul && node.op != ir::Op::add && node.op != ir::Op::sub) continue;
    const Uses uses(graph);
    const bool swapped = graph.tensor(node.inputs[0]).is_constant && node.op != ir::Op::sub;
    const ir::TensorId data = node.inputs[swapped ? 1 : 0];
    const ir::Tensor& operand = graph.tensor(node.inputs[swapped ? 0 : 1]);
    const int32_t producer = uses.producer[static_cast<size_t>(data)];
    if (producer == kNoNode || uses.only_consumer(data) == kNoNode) continue;
    ir::Node& layer = graph.nodes[static_cast<size_t>(producer)];
    const ir::Shape& shape = graph.tensor(data).shape;
    if (!is_layer(graph, layer) || activation_of(layer) != ir::Activation::none || shape.empty()) continue;
    if (graph.tensor(node.outputs[0]).shape != shape) continue;
    const auto values = by_channel(operand, shape.back(), shape.size());
    if (!values) continue;
    std::vector<float> factor(values->size(), 1.0f);
    std::vector<float> term(values->size(), 0.0f);
    for (size_t c = 0; c < values->size(); ++c) {
      if (node.op == ir::Op::mul) factor[c] = (*values)[c];
      if (node.op == ir::Op::add) term[c] = (*values)[c];
      if (node.op == ir::Op::sub) term[c] = -(*values)[c];
    }
    activation_of(layer) = ir::attributes<ir::ActivationAttributes>(node).activation;
    scale_layer(graph, layer, factor, term);
    layer.outputs[0] = node.outputs[0];
    node.inputs.clear();
    node.outputs.clear();
    dead[n] = true;
  }
  erase_nodes(graph, dead);
}

}  // namespace whit::compile
