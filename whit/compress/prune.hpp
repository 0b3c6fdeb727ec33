// Pruning by magnitude: the smallest weights of a layer become zero. Weights are quantized symmetrically, so zero
// stays exactly zero, and lowering may store and run the layer sparse. Does not train: what it costs, the gate shows.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "whit/ir/graph.hpp"

namespace whit::compress {

struct Sparsity {
  double share = 0;   // of a layer's blocks that become zero, [0, 1); used when group is 0
  int32_t block = 1;  // weights of a row that become zero together, beginning at multiples of block: 1 or 4
  int32_t keep = 0;   // of each `group` consecutive weights of a row; a row's last group may be shorter
  int32_t group = 0;  // 0: a share
};

// "0.7", "1x4:0.7" (blocks of four) or "4:16" (at most 4 of 16 are kept). Error usage for anything else.
Sparsity sparsity_from_text(const std::string& text);

// Zeroes weights of one layer, whose rows (the weights of one output channel) have `row` each. Blocks are weighed by
// their sum of squares, and the last of a row may be shorter. Of equal magnitudes the first ones stay.
void prune_weights(std::span<float> weights, size_t row, const Sparsity& sparsity);

// The constant that a node is pruned in: the f32 or i8 weights of a conv2d or fully_connected, at least
// kSmallestPruned of them. kNoTensor for other nodes.
inline constexpr int64_t kSmallestPruned = 1024;
ir::TensorId prunable_weights(const ir::Graph& graph, const ir::Node& node);

// Prunes each layer that has prunable weights, each by itself. The graph has been through prepare(), or has int8
// weights: then N:M alone has a meaning where scales differ by channel. Returns the number of layers pruned.
int prune(ir::Graph& graph, const Sparsity& sparsity);

}  // namespace whit::compress
