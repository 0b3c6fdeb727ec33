// 256-byte tables that stand for unary ops between 8-bit quantized tensors: entry [bits of the input] is the bits of
// the output. Asked by lower_unary. Each entry equals what TFLite's reference kernel gives for that input, whether it
// computes in fixed point (relu, leaky relu, hard swish, abs, quantize, rsqrt) or in float (logistic, tanh, elu, ...).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "whit/ir/graph.hpp"

namespace whit::compile {

// `node` has one input and one output of type int8 or uint8, quantized with one scale. 256 entries; nothing for an op
// that has no table.
std::optional<std::vector<uint8_t>> byte_table(const ir::Graph& graph, const ir::Node& node);

}  // namespace whit::compile
