// Host arithmetic of quantization shared by the lower_*() functions: multipliers, activation ranges, folded biases.
// The formulas are those of the TFLite int8 specification; nothing here runs on a device.
#pragma once

#include <cstdint>
#include <vector>

#include "whit/compile/lower/lowering.hpp"
#include "whit/ir/graph.hpp"
#include "whit_runtime/kernels/conv_geometry.hpp"

namespace whit::compile {

// real = multiplier * 2^(shift - 31), multiplier in [2^30, 2^31) or 0.
struct QuantizedMultiplier {
  int32_t multiplier = 0;
  int32_t shift = 0;
};

// real >= 0; Error bad_input when it is not finite, as scales of a hostile file can make it. As TFLite's
// QuantizeMultiplier: rounds to 31 bits, shifts below -31 become zero.
QuantizedMultiplier quantize_multiplier(double real);

struct ActivationRange {
  int32_t min = -128;
  int32_t max = 127;
};
// Range of the stored int8 or int16 values after a fused activation, as TFLite's CalculateActivationRangeQuantized.
ActivationRange activation_range(ir::Activation activation, const ir::Tensor& output);
struct FloatRange {
  float min, max;
};
FloatRange activation_range_f32(ir::Activation activation);

// The weights of one int8 layer with everything that requantization needs, before packing.
// Weights are [channels, depth] where depth = KH*KW*I (for depthwise [channels, KH*KW], transposed from the file).
struct QuantizedLayer {
  int32_t channels = 0;
  int32_t depth = 0;
  std::vector<int8_t> weights;
  bool int4 = false;  // all weights are in [-8, 7]: kernels for packed int4 weights may be chosen
  // The bias has -input_zero_point * sum(weights of the channel) folded in, but for transpose_conv2d.
  std::vector<rt::Requant> requant;
  // The bias as the model has it, and whether it is int64 or absent: then int16 layers sum in 64 bits.
  std::vector<int64_t> bias;
  bool wide = false;
  int32_t input_zero_point = 0;
  int32_t output_zero_point = 0;
  ActivationRange range;
};

// All values that the accumulator of a channel can take, bias included, for int8 inputs in [-128, 127].
struct AccumulatorRange {
  int64_t low = 0;
  int64_t high = 0;
};
AccumulatorRange accumulator_range(const QuantizedLayer& layer, int32_t channel);

// The reference's output of a channel for an accumulator; requant.bias is not added. `acc` must fit 32 bits.
int32_t reference_output(const QuantizedLayer& layer, int32_t channel, int32_t acc);

// A channel whose output is the same for every input (a dead channel, often with an absurd scale) gets zero weights and
// a bias, multiplier and shift that every kernel takes and that give the same output.
void simplify_constant_channels(QuantizedLayer& layer);

// Bytes of the weights and biases of a layer in a stream that interleaves them with other words.
int64_t weight_bytes(const QuantizedLayer& layer);

// Rows of int4 weights, two a byte as whit_runtime/kernels/weights.hpp reads them; `run`: weights of one input run.
std::vector<uint8_t> pack_int4_runs(const QuantizedLayer& layer, int32_t run);

// For conv2d, depthwise_conv2d, transpose_conv2d and fully_connected with int8 or int4 weights, input and output both
// int8 or both int16. Constant channels of int8 layers are simplified.
QuantizedLayer quantized_layer(const ir::Graph& graph, const ir::Node& node);

// True for a layer of int16 activations; refuses one whose weights, bias and zero points are not those of 16x8.
bool is_int16_layer(const Lowering& lowering, const ir::Node& node);

// Refuses a layer with weights whose input, weights, output and constant weights are not all int8 and quantized.
void require_int8_layer(const Lowering& lowering, const ir::Node& node);

// The geometry of a conv2d or depthwise_conv2d node, as its kernels want it.
rt::ConvGeometry conv_geometry(const ir::Graph& graph, const ir::Node& node);

}  // namespace whit::compile
