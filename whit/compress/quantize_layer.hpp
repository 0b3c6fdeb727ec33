// The numbers of quantization: parameters from a range, integers from real constants, weights and bias of a layer.
// Used by quantize.cpp.
#pragma once

#include <vector>

#include "whit/compress/calibrate.hpp"
#include "whit/compress/quantize.hpp"
#include "whit/ir/graph.hpp"

namespace whit::compress {

// i8: zero is a stored value, and the 256 values span the range: scale = (high - low) / 255,
// zero_point = round(-128 - low / scale). i16: symmetric, scale = max(-low, high) / 32767.
ir::Quantization activation_quantization(Range range, ir::DType type);

// The f32 constant `source` in the type and scale of `target`; rounds half away from zero, saturates.
std::vector<uint8_t> quantize_values(const ir::Tensor& source, const ir::Tensor& target);

// The values of f32 weights rounded to the nearest halves, as f32. Error bad_input, naming `model`, for one that is
// more than a half can be.
std::vector<uint8_t> rounded_to_halves(const ir::Tensor& weights, const std::string& model);

// Adds weights and bias of layer `source` of graph `from`, quantized as `recipe` says, to graph `to` and puts them into
// node.inputs; node.inputs[0] is in `to` already, quantized. Weights are symmetric; the bias has
// input_scale * weight_scale.
void quantize_layer(ir::Graph& to, ir::Node& node, const ir::Graph& from, const ir::Node& source, const Recipe& recipe,
                    const PatchMoments& moments);

// The smallest weight scale of each channel with which int32 holds its bias.
std::vector<float> least_weight_scales(const std::vector<double>& bias, float input_scale);

// Whether Precision::int8_w4 gives a layer int4 weights: those of other layers are few.
bool can_have_int4_weights(ir::Op op);

// What quantizing the weights of layer `node` as `recipe` says adds to its output: expected squared error over expected
// square, before the bias. 0 without moments.
double weight_noise(const ir::Graph& graph, const ir::Node& node, const Recipe& recipe, const PatchMoments& moments);

}  // namespace whit::compress
