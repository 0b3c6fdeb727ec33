#include "whit/compress/prune_channels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "whit/base/error.hpp"
#include "whit/compile/passes/channel_slots.hpp"
#include "whit/compile/passes/rewrite.hpp"
#include "whit/ir/verify.hpp"

namespace whit::compress {
namespace {

using ir::Op;

bool is_layer(const ir::Node& node) {
  return node.op == Op::conv2d || node.op == Op::fully_connected || node.op == Op::depthwise_conv2d;
}

bool is_elementwise(Op op) {
  static constexpr Op kOps[] = {Op::add,         Op::sub,      Op::mul,
                                Op::div,         Op::maximum,  Op::minimum,
                                Op::prelu,       Op::elu,      Op::relu,
                                Op::tanh,        Op::abs,      Op::neg,
                                Op::exp,         Op::erf,      Op::log,
                                Op::sqrt,        Op::rsqrt,    Op::square,
                                Op::relu_0_to_1, Op::logistic, Op::sin,
                                Op::cos,         Op::floor,    Op::ceil,
                                Op::round,       Op::pow,      Op::squared_difference};
  return std::find(std::begin(kOps), std::end(kOps), op) != std::end(kOps);
}

std::vector<int32_t> channel_counts(const ir::Graph& graph) {
  std::vector<int32_t> counts;
  for (const ir::Tensor& tensor : graph.tensors) {
    const bool activation = !tensor.is_constant && tensor.type == ir::DType::f32 && tensor.shape.size() > 1;
    counts.push_back(activation ? tensor.shape.back() : 0);
  }
  return counts;
}

int64_t total_macs(const ir::Graph& graph) {
  int64_t macs = 0;
  for (const ir::Node& node : graph.nodes) macs += ir::macs(graph, node);
  return macs;
}

// How many of `count` channels stay when `share` goes: packed kernels work on four at a time.
size_t left_of(size_t count, double share) {
  constexpr size_t kGranule = 4;
  const size_t gone = std::min(count - 1, static_cast<size_t>(share * static_cast<double>(count)));
  const size_t left = count - gone;
  return count <= kGranule ? left : std::min(count, (left + kGranule - 1) / kGranule * kGranule);
}

class Channels {
 public:
  explicit Channels(const ir::Graph& graph)
      : graph_(graph), slots_(channel_counts(graph)), readers_(graph.tensors.size()) {
    for (const ir::Node& node : graph.nodes) {
      for (const ir::TensorId id : node.inputs) {
        if (id != ir::kNoTensor) ++readers_[static_cast<size_t>(id)];
      }
    }
    for (const ir::TensorId id : graph.inputs) slots_.hold(id);
    for (const ir::TensorId id : graph.outputs) slots_.hold(id);
    for (const ir::Node& node : graph.nodes) relate(node);
  }

  // Groups of channels in their order of going, one list for each set of layers that share channels.
  std::vector<std::vector<int32_t>> ranked(ChannelNorm norm) {
    std::map<int32_t, double> scores;   // by group
    std::map<int32_t, int32_t> set_of;  // by group
    int32_t sets = 0;
    for (const ir::Node& node : graph_.nodes) {
      if (node.op == Op::depthwise_conv2d || !is_prunable(node)) continue;
      const std::vector<double> norms = filter_norms(graph_.tensor(node.inputs[1]), norm);
      const double mean = std::accumulate(norms.begin(), norms.end(), 0.0) / static_cast<double>(norms.size());
      const int32_t set = sets++;
      for (int32_t c = 0; c < slots_.count(node.outputs[0]); ++c) {
        if (slots_.held(node.outputs[0], c)) continue;
        const int32_t group = slots_.group(node.outputs[0], c);
        scores[group] += mean > 0 ? norms[static_cast<size_t>(c)] / mean : 0;
        const auto [known, fresh] = set_of.emplace(group, set);
        if (fresh || known->second == set) continue;
        const int32_t other = known->second;  // this layer shares channels with those before
        for (auto& [any, its_set] : set_of) its_set = its_set == other ? set : its_set;
      }
    }
    std::map<int32_t, std::vector<int32_t>> by_set;
    for (const auto& [group, set] : set_of) by_set[set].push_back(group);
    std::vector<std::vector<int32_t>> lists;
    for (auto& [set, groups] : by_set) {
      std::stable_sort(groups.begin(), groups.end(), [&](int32_t a, int32_t b) { return scores[a] < scores[b]; });
      lists.push_back(std::move(groups));
    }
    return lists;
  }

  // Takes `share` of each list from `graph`, which has the same ids as the one that this was made for.
  void remove(ir::Graph& graph, const std::vector<std::vector<int32_t>>& lists, double share) {
    std::vector<int32_t> gone;
    for (const std::vector<int32_t>& groups : lists) {
      const auto count = static_cast<std::ptrdiff_t>(groups.size() - left_of(groups.size(), share));
      gone.insert(gone.end(), groups.begin(), groups.begin() + count);
    }
    std::sort(gone.begin(), gone.end());
    std::vector<std::vector<int32_t>> kept(graph.tensors.size());
    for (size_t i = 0; i < kept.size(); ++i) {
      const auto id = static_cast<ir::TensorId>(i);
      for (int32_t c = 0; c < slots_.count(id); ++c) {
        if (!std::binary_search(gone.begin(), gone.end(), slots_.group(id, c))) kept[i].push_back(c);
      }
    }
    for (const ir::Node& node : graph.nodes) shrink(graph, node, kept);
    for (size_t i = 0; i < kept.size(); ++i) {
      if (slots_.count(static_cast<ir::TensorId>(i)) == 0) continue;
      graph.tensors[i].shape.back() = static_cast<int32_t>(kept[i].size());
    }
  }

 private:
  bool tracked(ir::TensorId id) const { return id != ir::kNoTensor && slots_.count(id) > 0; }
  // A constant that a change for this node changes for no other.
  bool is_own(ir::TensorId id) const {
    const ir::Tensor& tensor = graph_.tensor(id);
    return tensor.is_constant && tensor.type == ir::DType::f32 && readers_[static_cast<size_t>(id)] == 1;
  }

  // Ties together the channels of the node's operands, or holds what it cannot do without.
  void relate(const ir::Node& node) {
    if (is_prunable(node)) {
      if (node.op == Op::depthwise_conv2d) compile::link_depthwise(node, slots_);
      return;
    }
    const bool simple = !is_layer(node) && node.outputs.size() == 1 && !node.inputs.empty() && tracked(node.outputs[0]);
    const bool all_tracked =
        simple && std::all_of(node.inputs.begin(), node.inputs.end(), [&](ir::TensorId id) { return tracked(id); });
    if (all_tracked && compile::link_channelwise(graph_, node, slots_)) return;
    if (simple && link_broadcast(node)) return;
    for (const auto* ids : {&node.inputs, &node.outputs}) {
      for (const ir::TensorId id : *ids) {
        if (tracked(id)) slots_.hold(id);
      }
    }
  }

  bool is_prunable(const ir::Node& node) const {
    if (!is_layer(node) || !tracked(node.inputs[0]) || !tracked(node.outputs[0]) || !is_own(node.inputs[1])) {
      return false;
    }
    if (node.inputs.size() > 2 && node.inputs[2] != ir::kNoTensor && !is_own(node.inputs[2])) return false;
    const ir::Shape& weights = graph_.tensor(node.inputs[1]).shape;
    return node.op == Op::depthwise_conv2d || weights.back() % slots_.count(node.inputs[0]) == 0;
  }

  // Element-wise ops whose operands are constants or of other shapes, but with as many channels or one for all.
  bool link_broadcast(const ir::Node& node) {
    if (!is_elementwise(node.op)) return false;
    const int32_t channels = slots_.count(node.outputs[0]);
    for (const ir::TensorId id : node.inputs) {
      if (tracked(id) ? slots_.count(id) != channels : !(per_channel(id, channels) ? is_own(id) : one_for_all(id))) {
        return false;
      }
    }
    for (const ir::TensorId id : node.inputs) {
      for (int32_t c = 0; c < slots_.count(id); ++c) slots_.link(id, c, node.outputs[0], c);
    }
    return true;
  }

  bool one_for_all(ir::TensorId id) const {
    const ir::Tensor& tensor = graph_.tensor(id);
    return tensor.is_constant && (tensor.shape.empty() || tensor.shape.back() == 1);
  }
  bool per_channel(ir::TensorId id, int32_t channels) const {
    const ir::Tensor& tensor = graph_.tensor(id);
    return tensor.is_constant && !tensor.shape.empty() && tensor.shape.back() == channels && channels > 1;
  }

  static std::vector<double> filter_norms(const ir::Tensor& weights, ChannelNorm norm) {
    const auto filters = static_cast<size_t>(weights.shape[0]);
    const size_t depth = weights.data.size() / sizeof(float) / filters;
    std::vector<double> norms(filters);
    for (size_t i = 0; i < filters * depth; ++i) {
      const double weight = ir::data<float>(weights)[i];
      norms[i / depth] += norm == ChannelNorm::l1 ? std::abs(weight) : weight * weight;
    }
    if (norm == ChannelNorm::l2) {
      for (double& value : norms) value = std::sqrt(value);
    }
    return norms;
  }

  void shrink(ir::Graph& graph, const ir::Node& node, const std::vector<std::vector<int32_t>>& kept) const {
    const auto& outputs = kept[static_cast<size_t>(node.outputs[0])];
    const auto keep = [&](ir::TensorId id, size_t axis, const std::vector<int32_t>& indices) {
      graph.tensor(id) = compile::keep_indices(graph.tensor(id), axis, indices);
    };
    if (is_prunable(node)) {
      const ir::Shape weights = graph.tensor(node.inputs[1]).shape;
      const size_t last = weights.size() - 1;
      if (node.op == Op::depthwise_conv2d) {
        keep(node.inputs[1], last, outputs);
      } else {
        keep(node.inputs[1], 0, outputs);
        const auto& inputs = kept[static_cast<size_t>(node.inputs[0])];
        keep(node.inputs[1], last, compile::repeated(inputs, slots_.count(node.inputs[0]), weights[last]));
      }
      if (node.inputs.size() > 2 && node.inputs[2] != ir::kNoTensor) keep(node.inputs[2], 0, outputs);
    } else if (is_elementwise(node.op)) {
      const int32_t channels = slots_.count(node.outputs[0]);
      if (static_cast<int32_t>(outputs.size()) == channels) return;
      for (const ir::TensorId id : node.inputs) {
        if (per_channel(id, channels)) keep(id, graph.tensor(id).shape.size() - 1, outputs);
      }
    }
  }

  const ir::Graph& graph_;
  compile::ChannelSlots slots_;
  std::vector<int32_t> readers_;  // by tensor: how many operands of nodes it is
};

}  // namespace

ChannelsPruned prune_channels(ir::Graph& graph, const ChannelPruning& pruning) {
  const ir::Graph before = graph;
  Channels channels(before);
  const std::vector<std::vector<int32_t>> lists = channels.ranked(pruning.norm);
  ChannelsPruned result;
  for (const std::vector<int32_t>& groups : lists) result.channels_before += static_cast<int64_t>(groups.size());
  if (result.channels_before == static_cast<int64_t>(lists.size())) {
    throw Error(ErrorCode::unsupported, "there is no channel that could be removed", graph.name,
                "its float convolutions and fully connected layers need channels that no other op needs in full");
  }
  ir::Graph shapes = before;
  for (ir::Tensor& tensor : shapes.tensors) tensor.data.clear();
  const auto macs_at = [&](double share) {
    ir::Graph smaller = shapes;
    channels.remove(smaller, lists, share);
    return total_macs(smaller);
  };
  result.macs_before = total_macs(before);
  double share = pruning.share;
  if (pruning.macs > 0) {
    const double limit = pruning.macs * static_cast<double>(result.macs_before);
    double low = 0;
    share = 1;
    if (static_cast<double>(macs_at(share)) > limit) {
      throw Error(
          ErrorCode::gate_failed,
          fmt::format("with as few channels in each layer as can be {:.1f} % of the MACs stay, more than {:.1f} %",
                      100.0 * static_cast<double>(macs_at(share)) / static_cast<double>(result.macs_before),
                      100.0 * pruning.macs),
          graph.name, "a larger share of the MACs");
    }
    constexpr int kSteps = 24;  // finer than a channel of 65536
    for (int step = 0; step < kSteps; ++step) {
      const double middle = (low + share) / 2;
      (static_cast<double>(macs_at(middle)) > limit ? low : share) = middle;
    }
  }
  channels.remove(graph, lists, share);
  ir::verify(graph);
  for (const std::vector<int32_t>& groups : lists) {
    result.channels_after += static_cast<int64_t>(left_of(groups.size(), share));
  }
  result.macs_after = total_macs(graph);
  return result;
}

}  // namespace whit::compress
