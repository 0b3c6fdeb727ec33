// The record of a portable int8 convolution: conv2d_s8, depthwise_conv2d_s8 and transpose_conv2d_s8 have the same
// fields. Called by their lower_*() functions when no faster kernel takes the layer. Packs nothing.
#pragma once

#include "whit/compile/lower/quantized.hpp"

namespace whit::compile {

// Emits `kernel`, whose record is Params, for a convolution node and its layer.
template <typename Params>
void emit_portable_conv(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer, rt::KernelId kernel) {
  Params p{};
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.weights = lowering.constant(layer.weights, ConstantKind::weights);
  p.requant = lowering.constant(layer.requant, ConstantKind::other);
  lowering.count_as_weights(4 * layer.channels);
  p.geometry = conv_geometry(lowering.graph(), node);
  p.input_zero_point = layer.input_zero_point;
  p.output_zero_point = layer.output_zero_point;
  p.output_min = layer.range.min;
  p.output_max = layer.range.max;
  lowering.emit(kernel, p);
}

}  // namespace whit::compile
