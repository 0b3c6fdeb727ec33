// What makes a graph sound: every op's operands, types, quantization, attributes and shapes, checked; and shape
// inference. Runs after import and after every pass, so that lowering and kernels may rely on all of it. Changes
// nothing, and does not decide what a kernel can do: a sound graph may still be refused by lowering.
#pragma once

#include <vector>

#include "whit/ir/graph.hpp"

namespace whit::ir {

// Limits that keep every product of a sound graph within 63 bits.
inline constexpr int32_t kMaxRank = 8;
inline constexpr int64_t kMaxTensorBytes = 0x7FFFFFFF;

// The shape of each output of `node` from its inputs and attributes. For ops whose output is not decided by them
// (reshape, slice, fully_connected's leading dimensions, resize, tile, one_hot) the present shape, checked to be
// possible. Checks counts, ids and attributes of the node first. Error bad_input when they do not fit together.
std::vector<Shape> infer_shapes(const Graph& graph, const Node& node);

// Number and presence of operands, ids in range, kind of attributes. Error bad_input.
void verify_operands(const Graph& graph, const Node& node);

// Types, quantization and constness of the operands. Error bad_input, or unsupported for a combination of types that
// the IR gives no meaning.
void verify_types(const Graph& graph, const Node& node);

// Rank, dimensions, size, quantization, and the data of a constant. Error bad_input.
void verify_tensor(const Tensor& tensor);

// All of the above for every tensor and node, shapes equal to the inferred ones, each tensor defined once and before it
// is used, variables complete. Error bad_input naming node and tensor.
void verify(const Graph& graph);

// "conv2d 'name of its output'": a node in an error message.
std::string place_of(const Graph& graph, const Node& node);

}  // namespace whit::ir
