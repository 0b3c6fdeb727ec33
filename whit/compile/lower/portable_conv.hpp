// The record of a portable convolution: conv2d, depthwise_conv2d and transpose_conv2d of int8 and of int16 activations
// have the same fields. Called by their lower_*() functions when no faster kernel takes the layer. Packs nothing.
#pragma once

#include "whit/compile/lower/quantized.hpp"
#include "whit_runtime/kernels/activations.hpp"

namespace whit::compile {

// The requantization of a layer as kernels with sums of type Sum read it.
template <typename Sum>
rt::Ref requant_constant(Lowering& lowering, const QuantizedLayer& layer) {
  lowering.count_as_weights(static_cast<int64_t>(sizeof(Sum)) * layer.channels);
  if constexpr (sizeof(Sum) == 4) return lowering.constant(layer.requant, ConstantKind::other);
  std::vector<rt::RequantWide> wide;
  for (size_t c = 0; c < layer.bias.size(); ++c) {
    if (layer.requant[c].shift > 7)
      lowering.refuse("scales so far apart that a sum would be shifted left by more than 7");
    wide.push_back({layer.bias[c], layer.requant[c].multiplier, layer.requant[c].shift});
  }
  return lowering.constant(wide, ConstantKind::other, alignof(int64_t));
}

// Emits `kernel`, whose record is Params, for a convolution node and its layer.
template <typename Params>
void emit_portable_conv(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer, rt::KernelId kernel) {
  Params p{};
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.weights = lowering.constant(layer.weights, ConstantKind::weights);
  p.requant = requant_constant<typename Params::Sum>(lowering, layer);
  p.geometry = conv_geometry(lowering.graph(), node);
  p.input_zero_point = layer.input_zero_point;
  p.output_zero_point = layer.output_zero_point;
  p.output_min = layer.range.min;
  p.output_max = layer.range.max;
  lowering.emit(kernel, p);
}

}  // namespace whit::compile
