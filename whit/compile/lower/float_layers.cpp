#include <bit>

#include "whit/compile/lower/lower_ops.hpp"
#include "whit/compile/lower/overlap.hpp"
#include "whit/compile/lower/quantized.hpp"
#include "whit_runtime/kernels/conv2d_f32.hpp"

namespace whit::compile {
namespace {

// Input, output, weights, bias and activation, which all float layers have.
template <typename Params>
void set_layer(Params& p, Lowering& lowering, const ir::Node& node, ir::Activation activation) {
  const bool has_bias = node.inputs.size() > 2 && node.inputs[2] != ir::kNoTensor;
  for (const ir::TensorId id : {node.inputs[0], node.inputs[1], node.outputs[0], node.inputs[has_bias ? 2 : 0]}) {
    if (lowering.tensor_of(id).type != ir::DType::f32) {
      lowering.refuse("input, weights, bias and output must all be quantized int8, or all float32",
                      "convert the model with full-integer quantization, or without any");
    }
  }
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.weights = lowering.float_weights<typename Params::Weight>(node.inputs[1]);
  p.bias = has_bias ? lowering.tensor(node.inputs[2]) : rt::kNoRef;
  const FloatRange range = activation_range_f32(activation);
  p.output_min_bits = std::bit_cast<int32_t>(range.min);
  p.output_max_bits = std::bit_cast<int32_t>(range.max);
}

// `by_channel`: channel c of the output reads only channel c of the input, which must have as many.
void allow_overlap(Lowering& lowering, const ir::Node& node, const rt::ConvGeometry& g, bool by_channel) {
  const int64_t out_bytes = 4 * int64_t{g.output_channels};
  OverlapSimulation simulation;
  for (int64_t i = 0; i < int64_t{g.batches} * g.output_height * g.output_width; ++i) {
    const int64_t batch = i / (int64_t{g.output_height} * g.output_width);
    const int64_t y = std::max<int64_t>(0, i / g.output_width % g.output_height * g.stride_height - g.pad_top);
    const int64_t x = std::max<int64_t>(0, i % g.output_width * g.stride_width - g.pad_left);
    simulation.write((by_channel ? i : i + 1) * out_bytes);
    simulation.read(((batch * g.input_height + y) * g.input_width + x) * g.input_channels * 4);
    simulation.write((i + 1) * out_bytes);
  }
  const int64_t input_bytes = ir::bytes_of(lowering.tensor_of(node.inputs[0]));
  lowering.may_overlap(node.outputs[0], node.inputs[0], simulation.lead(input_bytes));
}

template <typename Params>
void emit_conv2d(Lowering& lowering, const ir::Node& node, rt::KernelId kernel) {
  Params p{};
  set_layer(p, lowering, node, ir::attributes<ir::ConvAttributes>(node).activation);
  p.geometry = conv_geometry(lowering.graph(), node);
  if (lowering.tensor_of(node.inputs[1]).shape[3] != p.geometry.input_channels) {
    lowering.refuse("grouped convolution", "only depthwise groups are supported");
  }
  allow_overlap(lowering, node, p.geometry, false);
  lowering.emit(kernel, p);
}

template <typename Params>
void emit_depthwise_conv2d(Lowering& lowering, const ir::Node& node, rt::KernelId kernel) {
  Params p{};
  set_layer(p, lowering, node, ir::attributes<ir::ConvAttributes>(node).activation);
  p.geometry = conv_geometry(lowering.graph(), node);
  allow_overlap(lowering, node, p.geometry, p.geometry.input_channels == p.geometry.output_channels);
  lowering.emit(kernel, p);
}

template <typename Params>
void emit_fully_connected(Lowering& lowering, const ir::Node& node, rt::KernelId kernel) {
  const ir::Shape& weights = lowering.tensor_of(node.inputs[1]).shape;
  Params p{};
  set_layer(p, lowering, node, ir::attributes<ir::ActivationAttributes>(node).activation);
  p.batches = static_cast<int32_t>(ir::elements(lowering.tensor_of(node.outputs[0]).shape) / weights[0]);
  p.input_depth = weights[1];
  p.output_depth = weights[0];
  lowering.emit(kernel, p);
}

}  // namespace

void lower_conv2d_f32(Lowering& lowering, const ir::Node& node) {
  if (!lowering.wants_halves(node.inputs[1])) {
    return emit_conv2d<rt::Conv2dF32>(lowering, node, rt::KernelId::conv2d_f32);
  }
  emit_conv2d<rt::Conv2dF32W16>(lowering, node, rt::KernelId::conv2d_f32_w16);
}

void lower_depthwise_conv2d_f32(Lowering& lowering, const ir::Node& node) {
  if (!lowering.wants_halves(node.inputs[1])) {
    return emit_depthwise_conv2d<rt::DepthwiseConv2dF32>(lowering, node, rt::KernelId::depthwise_conv2d_f32);
  }
  emit_depthwise_conv2d<rt::DepthwiseConv2dF32W16>(lowering, node, rt::KernelId::depthwise_conv2d_f32_w16);
}

void lower_fully_connected_f32(Lowering& lowering, const ir::Node& node) {
  if (!lowering.wants_halves(node.inputs[1])) {
    return emit_fully_connected<rt::FullyConnectedF32>(lowering, node, rt::KernelId::fully_connected_f32);
  }
  emit_fully_connected<rt::FullyConnectedF32W16>(lowering, node, rt::KernelId::fully_connected_f32_w16);
}

}  // namespace whit::compile
