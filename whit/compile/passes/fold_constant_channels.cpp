#include <algorithm>
#include <limits>
#include <numeric>

#include "whit/compile/passes/channel_intervals.hpp"
#include "whit/compile/passes/channel_slots.hpp"
#include "whit/compile/passes/passes.hpp"
#include "whit/compile/passes/rewrite.hpp"

namespace whit::compile {
namespace {

class ConstantChannels {
 public:
  explicit ConstantChannels(ir::Graph& graph)
      : graph_(graph), intervals_(channel_intervals(graph)), slots_(counts(intervals_)), kept_(graph.tensors.size()) {}

  // One round; true when it removed something.
  bool run() {
    for (const ir::TensorId id : graph_.inputs) slots_.hold(id);
    for (const ir::TensorId id : graph_.outputs) slots_.hold(id);
    for (const ir::Node& node : graph_.nodes) relate(node);
    keep_one_of_each();
    if (!choose()) return false;
    for (size_t n = 0; n < graph_.nodes.size(); ++n) shrink(graph_.nodes[n]);
    for (size_t i = 0; i < kept_.size(); ++i) {
      if (!changed(static_cast<ir::TensorId>(i))) continue;
      graph_.tensors[i].shape.back() = static_cast<int32_t>(kept_[i].size());
      graph_.tensors[i].source_index = -1;  // no longer the tensor of the file
    }
    return true;
  }

 private:
  static std::vector<int32_t> counts(const ChannelIntervals& intervals) {
    std::vector<int32_t> counts;
    for (const auto& channels : intervals) counts.push_back(static_cast<int32_t>(channels.size()));
    return counts;
  }

  int32_t channels(ir::TensorId id) const { return slots_.count(id); }
  bool tracked(ir::TensorId id) const { return id != ir::kNoTensor && channels(id) > 0; }
  bool changed(ir::TensorId id) const {
    return tracked(id) && static_cast<int32_t>(kept_[static_cast<size_t>(id)].size()) != channels(id);
  }
  const std::vector<int32_t>& kept(ir::TensorId id) const { return kept_[static_cast<size_t>(id)]; }

  // Says what ties the channels of the node's operands together, and which of them it cannot do without.
  void relate(const ir::Node& node) {
    const bool simple = node.outputs.size() == 1 && !node.inputs.empty() && tracked(node.outputs[0]);
    if (simple && is_int8_layer(graph_, node) && tracked(node.inputs[0]) && relate_layer(node)) return;
    const bool all_tracked =
        simple && std::all_of(node.inputs.begin(), node.inputs.end(), [&](ir::TensorId id) { return tracked(id); });
    if (all_tracked && link_channelwise(graph_, node, slots_)) return;
    for (const auto* ids : {&node.inputs, &node.outputs}) {
      for (const ir::TensorId id : *ids) {
        if (tracked(id)) slots_.hold(id);
      }
    }
  }

  bool relate_layer(const ir::Node& node) {
    const ir::TensorId input = node.inputs[0];
    const int32_t in_channels = channels(input);
    if (node.op == ir::Op::depthwise_conv2d) {
      link_depthwise(node, slots_);
      return true;
    }
    const ir::Tensor& weights = graph_.tensor(node.inputs[1]);
    const auto depth = static_cast<int32_t>(ir::elements(weights.shape) / weights.shape[0]);
    if (depth % in_channels != 0 || !bias_has_room(node)) return false;
    for (int32_t c = 0; c < in_channels; ++c) {
      if (!can_fold(node, c)) slots_.hold(input, c);
    }
    return true;
  }

  // Whatever is folded in, a bias stays within int32.
  bool bias_has_room(const ir::Node& node) const {
    const ir::Tensor& weights = graph_.tensor(node.inputs[1]);
    const int64_t limit = std::numeric_limits<int32_t>::max();
    const int64_t folded = ir::elements(weights.shape) / weights.shape[0] * 128 * 255;
    if (folded > limit) return false;
    if (!has_bias(node)) return true;
    const std::vector<int32_t> bias = values_of<int32_t>(graph_.tensor(node.inputs[2]));
    return std::all_of(bias.begin(), bias.end(), [&](int64_t b) { return std::abs(b) + folded <= limit; });
  }

  // Can the contribution of channel `c` of the input go into the bias? Yes when it is zero everywhere, or the same
  // everywhere: in the padding it is zero.
  bool can_fold(const ir::Node& node, int32_t c) const {
    const ir::Tensor& input = graph_.tensor(node.inputs[0]);
    const Interval& interval = intervals_[static_cast<size_t>(node.inputs[0])][static_cast<size_t>(c)];
    if (interval.constant()) {
      const auto* conv = std::get_if<ir::ConvAttributes>(&node.attributes);
      if (interval.low == input.quantization.zero_point[0] || conv == nullptr || !is_padded(*conv)) return true;
    }
    const ir::Tensor& weights = graph_.tensor(node.inputs[1]);
    for (size_t i = static_cast<size_t>(c); i < weights.data.size();
         i += static_cast<size_t>(channels(node.inputs[0]))) {
      if (weights.data[i] != 0) return false;
    }
    return true;
  }

  // A tensor keeps one channel at least.
  void keep_one_of_each() {
    for (bool again = true; again;) {
      again = false;
      for (size_t i = 0; i < kept_.size(); ++i) {
        const auto id = static_cast<ir::TensorId>(i);
        bool any = !tracked(id);
        for (int32_t c = 0; c < channels(id) && !any; ++c) any = slots_.held(id, c);
        if (any) continue;
        slots_.hold(id, 0);
        again = true;
      }
    }
  }

  bool choose() {
    bool any = false;
    for (size_t i = 0; i < kept_.size(); ++i) {
      const auto id = static_cast<ir::TensorId>(i);
      for (int32_t c = 0; c < channels(id); ++c) {
        if (slots_.held(id, c)) kept_[i].push_back(c);
      }
      any = any || changed(id);
    }
    return any;
  }

  static bool has_bias(const ir::Node& node) { return node.inputs.size() > 2 && node.inputs[2] != ir::kNoTensor; }

  void shrink(ir::Node& node) {
    if (!is_int8_layer(graph_, node)) return;
    const bool input_changed = changed(node.inputs[0]);
    if (!input_changed && !changed(node.outputs[0])) return;
    const bool depthwise = node.op == ir::Op::depthwise_conv2d;
    if (input_changed && !depthwise) fold_into_bias(node);
    const std::vector<int32_t>& outputs = kept(node.outputs[0]);
    ir::Tensor weights = graph_.tensor(node.inputs[1]);
    const size_t last = weights.shape.size() - 1;
    weights = keep_indices(weights, depthwise ? last : 0, outputs);
    if (!depthwise) {
      const int32_t all = channels(node.inputs[0]);
      weights = keep_indices(weights, last, repeated(kept(node.inputs[0]), all, weights.shape[last]));
    }
    node.inputs[1] = graph_.add_tensor(std::move(weights));  // a new one: other nodes may read the old
    if (has_bias(node)) node.inputs[2] = graph_.add_tensor(keep_indices(graph_.tensor(node.inputs[2]), 0, outputs));
  }

  // Adds w * (value - zero point) of the channels that go, for every output channel.
  void fold_into_bias(ir::Node& node) {
    const ir::TensorId input = node.inputs[0];
    const int32_t zero_point = graph_.tensor(input).quantization.zero_point[0];
    const ir::Tensor weights = graph_.tensor(node.inputs[1]);
    const size_t outputs = static_cast<size_t>(weights.shape[0]);
    const size_t depth = weights.data.size() / outputs;
    std::vector<int32_t> bias(outputs, 0);
    ir::Tensor like;
    like.name = weights.name + "_bias";
    node.inputs.resize(3, ir::kNoTensor);
    if (has_bias(node)) {
      like = graph_.tensor(node.inputs[2]);
      bias = values_of<int32_t>(like);
    }
    std::vector<bool> goes(static_cast<size_t>(channels(input)), true);
    for (const int32_t c : kept(input)) goes[static_cast<size_t>(c)] = false;
    for (size_t i = 0; i < weights.data.size(); ++i) {
      const size_t c = i % goes.size();
      if (!goes[c]) continue;
      const int32_t value = intervals_[static_cast<size_t>(input)][c].low;  // any, where all weights are zero
      bias[i / depth] += ir::data<int8_t>(weights)[i] * (value - zero_point);
    }
    node.inputs[2] = add_constant(graph_, like, ir::DType::i32, {static_cast<int32_t>(outputs)}, bytes_of_values(bias));
  }

  ir::Graph& graph_;
  const ChannelIntervals intervals_;
  ChannelSlots slots_;
  std::vector<std::vector<int32_t>> kept_;  // by tensor: the channels that stay
};

}  // namespace

// Removes channels that are constant for every input (channel_intervals proves it), or that nothing reads, from the
// layers that make them; their contribution goes into the biases of the layers that read them. docs/adr says why each
// step keeps every bit. Repeats until nothing is left to remove.
void fold_constant_channels(ir::Graph& graph) {
  while (ConstantChannels(graph).run()) {
  }
}

}  // namespace whit::compile
