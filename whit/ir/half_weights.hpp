// Weights whose values are exactly halves (IEEE 754 half precision). In a graph they are float32 like any other; files
// and devices store them in half the bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "whit/ir/graph.hpp"

namespace whit::ir {

// The input of a conv2d, depthwise_conv2d, transpose_conv2d, fully_connected or batch_matmul that holds its weights; -1
// for other ops.
int32_t weights_input(Op op);

// True for a float32 constant of halves only.
bool holds_halves(const Tensor& tensor);

// Elements of f32 as f16.
std::vector<uint8_t> halves_of(const std::vector<uint8_t>& floats);

// By TensorId: the constants that files store as float16. They hold halves, are the weights of layers and nothing else,
// and have so many elements that it pays for what converts them back.
std::vector<bool> half_weights(const Graph& graph);

}  // namespace whit::ir
