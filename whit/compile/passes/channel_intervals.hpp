// Which stored values each channel of an int8 tensor can take, whatever the input of the model: an interval a channel.
// For fold_constant_channels: an interval of one value is a proof that the channel is constant. Exact arithmetic of the
// kernels throughout; what is not understood gets the full range.
#pragma once

#include <cstdint>
#include <vector>

#include "whit/ir/graph.hpp"

namespace whit::compile {

struct Interval {
  int32_t low = -128;
  int32_t high = 127;
  bool constant() const { return low == high; }
  bool operator==(const Interval&) const = default;
};

// By tensor id, then by index in the last dimension. Empty for tensors that are no int8 activations.
using ChannelIntervals = std::vector<std::vector<Interval>>;

ChannelIntervals channel_intervals(const ir::Graph& graph);

// A conv2d, depthwise_conv2d or fully_connected as the TFLite int8 specification has it: quantized_layer() applies.
bool is_int8_layer(const ir::Graph& graph, const ir::Node& node);

// True when some window of the convolution reaches into the padding.
bool is_padded(const ir::ConvAttributes& conv);

// A pad of height and width only.
bool keeps_channels(const ir::PadAttributes& pad);

}  // namespace whit::compile
