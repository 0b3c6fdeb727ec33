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

// The weights of a layer as a portable kernel with records of type Params reads them; `run`: input channels.
template <typename Params>
rt::Ref weights_constant(Lowering& lowering, const QuantizedLayer& layer, int32_t run) {
  if constexpr (requires { requires Params::kWeightBits == 4; }) {
    return lowering.constant(pack_int4_runs(layer, run), ConstantKind::weights);
  }
  return lowering.constant(layer.weights, ConstantKind::weights);
}

// Emits `kernel`, whose record is Params, for a convolution node and its layer.
template <typename Params>
void emit_portable_conv(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer, rt::KernelId kernel) {
  Params p{};
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.geometry = conv_geometry(lowering.graph(), node);
  p.weights = weights_constant<Params>(lowering, layer, p.geometry.input_channels);
  p.requant = requant_constant<typename Params::Sum>(lowering, layer);
  p.input_zero_point = layer.input_zero_point;
  p.output_zero_point = layer.output_zero_point;
  p.output_min = layer.range.min;
  p.output_max = layer.range.max;
  lowering.emit(kernel, p);
}

}  // namespace whit::compile
