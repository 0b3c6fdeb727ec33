// Which channels of a graph can only go together: what removing channels needs to know, of integers
// (fold_constant_channels) and of floats (compress/prune_channels). Decides nothing about which go.
#pragma once

#include <cstdint>
#include <vector>

#include "whit/ir/graph.hpp"

namespace whit::compile {

// A slot is one channel, an index in the last dimension, of one activation. Slots that can only go together form a
// group: an element-wise op links the channels of its input and output, a depthwise convolution too. A group goes when
// nobody holds one of its slots.
class ChannelSlots {
 public:
  // By tensor id: how many channels it has; 0 for tensors that are left as they are.
  explicit ChannelSlots(const std::vector<int32_t>& counts);

  int32_t count(ir::TensorId id) const { return count_[static_cast<size_t>(id)]; }
  void link(ir::TensorId a, int32_t channel_a, ir::TensorId b, int32_t channel_b);
  void hold(ir::TensorId id, int32_t channel) { held_[static_cast<size_t>(group(id, channel))] = true; }
  void hold(ir::TensorId id);
  bool held(ir::TensorId id, int32_t channel) { return held_[static_cast<size_t>(group(id, channel))]; }
  int32_t group(ir::TensorId id, int32_t channel);  // stable as long as nothing is linked

 private:
  std::vector<int32_t> first_, count_, parent_;
  std::vector<bool> held_;
};

// Links the channels of a node each of whose outputs' channels depends on one channel of each input alone: element-wise
// ops of equal shapes, pools, means over space, resizes, reshapes that flatten, concats of channels. All its operands
// have slots. False for other nodes: nothing is linked.
bool link_channelwise(const ir::Graph& graph, const ir::Node& node, ChannelSlots& slots);

// The same for a depthwise_conv2d.
void link_depthwise(const ir::Node& node, ChannelSlots& slots);

}  // namespace whit::compile
