#include "whit/compress/narrow.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "whit/base/error.hpp"
#include "whit/compile/passes/channel_intervals.hpp"
#include "whit/compile/passes/rewrite.hpp"
#include "whit/ir/verify.hpp"

namespace whit::compress {
namespace {

using Indices = std::vector<int32_t>;

constexpr int32_t kGranule = 4;  // packed kernels work on four channels at a time

bool has_weights_by_output(ir::Op op) {
  return op == ir::Op::conv2d || op == ir::Op::transpose_conv2d || op == ir::Op::fully_connected;
}

int32_t channels_of(const ir::Graph& graph, ir::TensorId id) {
  const ir::Shape& shape = graph.tensor(id).shape;
  return shape.empty() ? 1 : shape.back();
}

// Channel c of the output depends on channel c of each input that is no constant.
bool is_channelwise(const ir::Graph& graph, const ir::Node& node) {
  switch (node.op) {
    case ir::Op::average_pool2d:
    case ir::Op::max_pool2d:
    case ir::Op::relu:
    case ir::Op::relu6:
    case ir::Op::relu_n1_to_1:
    case ir::Op::relu_0_to_1:
    case ir::Op::leaky_relu:
    case ir::Op::elu:
    case ir::Op::logistic:
    case ir::Op::tanh:
    case ir::Op::hard_swish:
    case ir::Op::quantize:
    case ir::Op::dequantize:
    case ir::Op::resize_nearest:
    case ir::Op::resize_bilinear:
      return true;
    case ir::Op::pad:
      return compile::keeps_channels(ir::attributes<ir::PadAttributes>(node));
    case ir::Op::mean: {
      const auto last = static_cast<int32_t>(graph.tensor(node.inputs[0]).shape.size()) - 1;
      const auto& axes = ir::attributes<ir::ReduceAttributes>(node).axes;
      return std::find(axes.begin(), axes.end(), last) == axes.end();
    }
    case ir::Op::add:
    case ir::Op::sub:
    case ir::Op::mul:
    case ir::Op::maximum:
    case ir::Op::minimum:
      return std::all_of(node.inputs.begin(), node.inputs.end(), [&](ir::TensorId id) {
        return channels_of(graph, id) == channels_of(graph, node.outputs[0]);
      });
    case ir::Op::reshape:  // channel i % C of the input becomes i of the output
      return channels_of(graph, node.outputs[0]) % channels_of(graph, node.inputs[0]) == 0;
    case ir::Op::depthwise_conv2d:
      return true;
    default:
      return false;
  }
}

class Narrower {
 public:
  Narrower(ir::Graph graph, double share)
      : graph_(std::move(graph)), share_(share), whole_(graph_.tensors.size()), kept_(graph_.tensors.size()) {}

  ir::Graph run() {
    find_whole();
    int narrowed = 0;
    for (ir::Node& node : graph_.nodes) narrowed += cut(node) ? 1 : 0;
    if (narrowed == 0) {
      throw Error(ErrorCode::unsupported, "no layer can be narrower", graph_.name,
                  "all channels are tied to inputs, outputs or ops that mix them");
    }
    for (size_t i = 0; i < kept_.size(); ++i) {
      ir::Tensor& tensor = graph_.tensors[i];
      if (kept_[i].empty() || tensor.shape.empty()) continue;
      tensor.shape.back() = static_cast<int32_t>(kept_[i].size());
      tensor.source_index = -1;  // no longer the tensor of the file
    }
    ir::verify(graph_);
    return std::move(graph_);
  }

 private:
  bool is_constant(ir::TensorId id) const { return graph_.tensor(id).is_constant; }
  bool whole(ir::TensorId id) const { return whole_[static_cast<size_t>(id)]; }

  // Its channels must stay; true when that is news.
  bool hold(ir::TensorId id) {
    if (id == ir::kNoTensor || is_constant(id) || whole(id)) return false;
    whole_[static_cast<size_t>(id)] = true;
    return true;
  }

  // Marks the tensors whose channels must all stay.
  void find_whole() {
    for (const ir::TensorId id : graph_.inputs) hold(id);
    for (const ir::TensorId id : graph_.outputs) hold(id);
    for (bool changed = true; changed;) {
      changed = false;
      for (const ir::Node& node : graph_.nodes) changed = spread(node) || changed;
    }
  }

  bool spread(const ir::Node& node) {
    if (has_weights_by_output(node.op) && is_plain_layer(node)) return false;
    bool any = !is_channelwise(graph_, node);
    for (const ir::TensorId id : node.inputs) any = any || (id != ir::kNoTensor && !is_constant(id) && whole(id));
    for (const ir::TensorId id : node.outputs) any = any || whole(id);
    if (!any) return false;
    bool news = false;
    for (const ir::TensorId id : node.inputs) news = hold(id) || news;
    for (const ir::TensorId id : node.outputs) news = hold(id) || news;
    return news;
  }

  bool is_plain_layer(const ir::Node& node) const {
    if (!is_constant(node.inputs[1])) return false;
    const ir::Shape& weights = graph_.tensor(node.inputs[1]).shape;
    return weights.back() % channels_of(graph_, node.inputs[0]) == 0;
  }

  const Indices& kept(ir::TensorId id) {
    Indices& indices = kept_[static_cast<size_t>(id)];
    if (indices.empty()) {
      indices.resize(static_cast<size_t>(channels_of(graph_, id)));
      std::iota(indices.begin(), indices.end(), 0);
    }
    return indices;
  }

  void keep_first(ir::TensorId id) {
    const int32_t channels = channels_of(graph_, id);
    const auto wanted = static_cast<int32_t>(std::ceil(share_ * channels / kGranule)) * kGranule;
    Indices& indices = kept_[static_cast<size_t>(id)];
    indices.resize(static_cast<size_t>(std::min(wanted, channels)));
    std::iota(indices.begin(), indices.end(), 0);
  }

  void replace(ir::TensorId& operand, size_t axis, const Indices& kept) {
    operand = graph_.add_tensor(compile::keep_indices(graph_.tensor(operand), axis, kept));
  }

  // True for a layer that lost channels of its output.
  bool cut(ir::Node& node) {
    if (has_weights_by_output(node.op) && is_plain_layer(node)) return cut_layer(node);
    if (!is_channelwise(graph_, node) || whole(node.outputs[0])) return false;
    ir::TensorId source = node.inputs[0];
    for (const ir::TensorId id : node.inputs) {
      if (id != ir::kNoTensor && !is_constant(id)) source = id;
    }
    const int32_t channels = channels_of(graph_, source), outputs = channels_of(graph_, node.outputs[0]);
    if (node.op == ir::Op::depthwise_conv2d) {
      const int32_t multiplier = outputs / channels;
      Indices all;
      for (const int32_t k : kept(source)) {
        for (int32_t m = 0; m < multiplier; ++m) all.push_back(k * multiplier + m);
      }
      kept_[static_cast<size_t>(node.outputs[0])] = all;
    } else {
      kept_[static_cast<size_t>(node.outputs[0])] = compile::repeated(kept(source), channels, outputs);
    }
    const Indices& result = kept_[static_cast<size_t>(node.outputs[0])];
    for (ir::TensorId& id : node.inputs) {
      if (id == ir::kNoTensor || !is_constant(id) || graph_.tensor(id).shape.empty()) continue;
      if (channels_of(graph_, id) == outputs) replace(id, graph_.tensor(id).shape.size() - 1, result);
    }
    return false;
  }

  bool cut_layer(ir::Node& node) {
    const ir::TensorId output = node.outputs[0];
    if (!whole(output)) keep_first(output);
    const ir::Tensor& weights = graph_.tensor(node.inputs[1]);
    const bool narrower = static_cast<int32_t>(kept(output).size()) < channels_of(graph_, output);
    const Indices inputs =
        compile::repeated(kept(node.inputs[0]), channels_of(graph_, node.inputs[0]), weights.shape.back());
    replace(node.inputs[1], weights.shape.size() - 1, inputs);
    replace(node.inputs[1], 0, kept(output));
    if (node.inputs.size() > 2 && node.inputs[2] != ir::kNoTensor) replace(node.inputs[2], 0, kept(output));
    return narrower;
  }

  ir::Graph graph_;
  double share_;
  std::vector<bool> whole_;
  std::vector<Indices> kept_;  // by tensor of the graph as it came; empty: all
};

}  // namespace

ir::Graph narrower(const ir::Graph& graph, double share) { return Narrower(graph, share).run(); }

}  // namespace whit::compress
