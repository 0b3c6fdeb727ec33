// What layers with weights have in common: their operands, all float32 or all int8. Private to this folder.
#pragma once

#include "whit/formats/onnx/import.hpp"

namespace whit::onnx {

// Operands of a layer, all of one kind: float32, or int8 with the scales of the output.
struct Layer {
  Value x, weights;
  std::optional<Value> bias;
  std::optional<Target> target;  // int8
};

// int8 when input, weights and what follows are quantized; else float32. Error unsupported for weights that are
// computed at run time or quantized asymmetrically.
Layer layer_of(NodeImport& op);  // x, weights and an optional bias

// QLinearConv and QLinearMatMul: x, its scale and zero point, w likewise, the output's, and a bias. `weights_axis` is
// the dimension of the scales of the weights.
Layer qlinear_layer_of(NodeImport& op, int32_t weights_axis);

// int32 of scale input * weights. The bias is a constant, quantized or not.
Value quantized_bias(NodeImport& op, const Layer& layer, const Value& bias, int32_t channels);

NodeImport::Result result_of(const Layer& layer);

}  // namespace whit::onnx
