// What the TFLite quantization specification asks of each op: which of its tensors share one scale, which outputs have
// a scale that is given, and in which types it exists. Used by quantize.cpp.
// Source: "LiteRT 8-bit quantization specification" and the 16x8 notes of the same pages.
#pragma once

#include "whit/ir/graph.hpp"

namespace whit::compress {

enum class Scales {
  layer,       // weights with scales of their own, bias from input and weights
  recurrent,   // as layer, with states of their own: lstm, gru
  same,        // quantized inputs and the output share one scale
  own,         // each tensor has the scale of its range
  given,       // the output's scale is fixed_output()
  trees,       // features and leaves with scales of their own: tree_ensemble
  input_only,  // takes integers, gives none: arg_max, comparisons
  none,        // the op stays float
};

// For activations of `type` (i8 or i16).
Scales scales_of(ir::Op op, ir::DType type);

// For Scales::given.
ir::Quantization fixed_output(ir::Op op, ir::DType type);

// True when input `index` of a node holds numbers to quantize, rather than indices, a condition, weights or a bias.
bool is_activation(const ir::Node& node, size_t index);

}  // namespace whit::compress
