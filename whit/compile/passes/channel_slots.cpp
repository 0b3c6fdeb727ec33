#include "whit/compile/passes/channel_slots.hpp"

#include <algorithm>
#include <numeric>

#include "whit/compile/passes/channel_intervals.hpp"

namespace whit::compile {
namespace {

// Element-wise in the channels: channel c of the output depends on channel c of the inputs alone.
bool is_channelwise(const ir::Graph& graph, const ir::Node& node) {
  switch (node.op) {
    case ir::Op::average_pool2d:
    case ir::Op::max_pool2d:
    case ir::Op::relu:
    case ir::Op::relu6:
    case ir::Op::relu_n1_to_1:
    case ir::Op::leaky_relu:
    case ir::Op::logistic:
    case ir::Op::tanh:
    case ir::Op::hard_swish:
    case ir::Op::quantize:
    case ir::Op::resize_nearest:
    case ir::Op::resize_bilinear:
      return true;
    case ir::Op::pad:
      return keeps_channels(ir::attributes<ir::PadAttributes>(node));
    case ir::Op::mean: {
      const auto rank = static_cast<int32_t>(graph.tensor(node.inputs[0]).shape.size());
      const auto& axes = ir::attributes<ir::ReduceAttributes>(node).axes;
      return std::count(axes.begin(), axes.end(), rank - 1) == 0;
    }
    case ir::Op::add:
    case ir::Op::sub:
    case ir::Op::mul:
    case ir::Op::maximum:
    case ir::Op::minimum:
      return graph.tensor(node.inputs[0]).shape == graph.tensor(node.inputs[1]).shape;
    default:
      return false;
  }
}

}  // namespace

ChannelSlots::ChannelSlots(const std::vector<int32_t>& counts) : count_(counts) {
  int32_t next = 0;
  for (const int32_t count : counts) {
    first_.push_back(next);
    next += count;
  }
  parent_.resize(static_cast<size_t>(next));
  std::iota(parent_.begin(), parent_.end(), 0);
  held_.assign(static_cast<size_t>(next), false);
}

void ChannelSlots::link(ir::TensorId a, int32_t channel_a, ir::TensorId b, int32_t channel_b) {
  const int32_t group_a = group(a, channel_a);
  const int32_t group_b = group(b, channel_b);
  parent_[static_cast<size_t>(group_b)] = group_a;
  if (held_[static_cast<size_t>(group_b)]) held_[static_cast<size_t>(group_a)] = true;
}

void ChannelSlots::hold(ir::TensorId id) {
  for (int32_t c = 0; c < count(id); ++c) hold(id, c);
}

int32_t ChannelSlots::group(ir::TensorId id, int32_t channel) {
  int32_t slot = first_[static_cast<size_t>(id)] + channel;
  while (parent_[static_cast<size_t>(slot)] != slot) {
    int32_t& parent = parent_[static_cast<size_t>(slot)];
    parent = parent_[static_cast<size_t>(parent)];
    slot = parent;
  }
  return slot;
}

bool link_channelwise(const ir::Graph& graph, const ir::Node& node, ChannelSlots& slots) {
  const ir::TensorId output = node.outputs[0];
  if (is_channelwise(graph, node)) {
    for (const ir::TensorId id : node.inputs) {
      for (int32_t c = 0; c < slots.count(output); ++c) slots.link(id, c, output, c);
    }
    return true;
  }
  const int32_t in_channels = slots.count(node.inputs[0]);
  if (node.op == ir::Op::reshape && slots.count(output) % in_channels == 0) {
    for (int32_t c = 0; c < slots.count(output); ++c) slots.link(node.inputs[0], c % in_channels, output, c);
    return true;
  }
  if (node.op == ir::Op::concat &&
      ir::attributes<ir::AxisAttributes>(node).axis + 1 == static_cast<int32_t>(graph.tensor(output).shape.size())) {
    int32_t first = 0;
    for (const ir::TensorId id : node.inputs) {
      for (int32_t c = 0; c < slots.count(id); ++c) slots.link(id, c, output, first + c);
      first += slots.count(id);
    }
    return true;
  }
  return false;
}

void link_depthwise(const ir::Node& node, ChannelSlots& slots) {
  const int32_t outputs = slots.count(node.outputs[0]);
  const int32_t multiplier = outputs / slots.count(node.inputs[0]);
  for (int32_t c = 0; c < outputs; ++c) slots.link(node.inputs[0], c / multiplier, node.outputs[0], c);
}

}  // namespace whit::compile
