// Structured pruning of a float graph: whole channels are removed for good, from the layers that make them and from all
// that read them. What is left is an ordinary, smaller graph. Does not train: what it costs is regained by training.
//
// Channels that only exist together go together: of all layers that meet in a residual add, of a depthwise convolution
// and its input, through pools, element-wise ops, flattening reshapes and concats. Inputs and outputs of the graph, and
// what an op without channels of its own reads (softmax, transpose, slice, recurrent layers), keep all of theirs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "whit/ir/graph.hpp"

namespace whit::compress {

// By what channels are ranked: the l1 or l2 norm of the filters that make them (Li et al. 2017), each layer's divided
// by its mean, added up where several layers make a channel together. Of a batch norm, gamma is part of the filter.
enum class ChannelNorm { l1, l2 };
inline const std::vector<std::string> kChannelNormNames = {"l1", "l2"};

// One of the two is above 0.
struct ChannelPruning {
  double share = 0;  // of the channels of each layer that go, [0, 1); what stays is rounded up to a multiple of 4
  double macs = 0;   // the largest share of multiply-accumulates that may stay, (0, 1): the same share of each layer
  ChannelNorm norm = ChannelNorm::l2;
};

struct ChannelsPruned {
  int64_t channels_before = 0, channels_after = 0;  // those that belong together count once
  int64_t macs_before = 0, macs_after = 0;
};

// The graph has been through prepare() or run_passes(), so that batch norms are folded. Verified afterwards; ids of
// tensors and nodes stay. Error unsupported when no channel can go, gate_failed when `macs` cannot be reached.
ChannelsPruned prune_channels(ir::Graph& graph, const ChannelPruning& pruning);

}  // namespace whit::compress
