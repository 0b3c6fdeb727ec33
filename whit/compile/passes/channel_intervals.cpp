#include "whit/compile/passes/channel_intervals.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "whit/compile/lower/quantized.hpp"

namespace whit::compile {
namespace {

using Channels = std::vector<Interval>;

bool is_int8(const ir::Tensor& tensor) { return tensor.type == ir::DType::i8 && tensor.quantization.scale.size() == 1; }

Interval hull(const Interval& a, const Interval& b) { return {std::min(a.low, b.low), std::max(a.high, b.high)}; }

Interval clamped(const Interval& a, const ActivationRange& range) {
  return {rt::clamp(a.low, range.min, range.max), rt::clamp(a.high, range.min, range.max)};
}

// x * multiplier * 2^(shift-31) is monotone in x as long as the shift to the left does not wrap.
bool requantizes_monotonously(int64_t low, int64_t high, int32_t shift) {
  const int64_t limit = std::numeric_limits<int32_t>::max() >> std::max(0, shift);
  return -limit <= low && high <= limit;
}

Channels layer_intervals(const ir::Graph& graph, const ir::Node& node, const Channels& input) {
  const QuantizedLayer layer = quantized_layer(graph, node);
  const auto* conv = std::get_if<ir::ConvAttributes>(&node.attributes);
  const bool padded = conv != nullptr && is_padded(*conv);
  const bool depthwise = node.op == ir::Op::depthwise_conv2d;
  const auto in_channels = static_cast<int32_t>(input.size());
  const bool aligned = depthwise || layer.depth % in_channels == 0;
  Channels result;
  for (int32_t c = 0; c < layer.channels; ++c) {
    const rt::Requant& requant = layer.requant[static_cast<size_t>(c)];
    int64_t low = requant.bias;
    int64_t high = requant.bias;
    for (int32_t i = 0; i < layer.depth; ++i) {
      const int32_t channel = depthwise ? c / (layer.channels / in_channels) : i % in_channels;
      Interval x = aligned ? input[static_cast<size_t>(channel)] : Interval{};
      if (padded) x = hull(x, {layer.input_zero_point, layer.input_zero_point});
      const int64_t w = layer.weights[static_cast<size_t>(c) * layer.depth + i];
      low += w * (w > 0 ? x.low : x.high);
      high += w * (w > 0 ? x.high : x.low);
    }
    Interval all{layer.range.min, layer.range.max};
    if (requantizes_monotonously(low, high, requant.shift)) {
      const auto store = [&](int64_t sum) {
        return layer.output_zero_point +
               rt::multiply_by_quantized_multiplier(static_cast<int32_t>(sum), requant.multiplier, requant.shift);
      };
      all = clamped({store(low), store(high)}, layer.range);
    }
    result.push_back(all);
  }
  return result;
}

// TFLite's int8 add, monotone in both inputs.
class Add {
 public:
  Add(const ir::Tensor& a, const ir::Tensor& b, const ir::Tensor& output, ir::Activation activation)
      : zero_a_(a.quantization.zero_point[0]),
        zero_b_(b.quantization.zero_point[0]),
        zero_output_(output.quantization.zero_point[0]),
        range_(activation_range(activation, output)) {
    const double scale_a = a.quantization.scale[0];
    const double scale_b = b.quantization.scale[0];
    const double twice = 2.0 * std::max(scale_a, scale_b);
    a_ = quantize_multiplier(scale_a / twice);
    b_ = quantize_multiplier(scale_b / twice);
    output_ = quantize_multiplier(twice / ((1 << 20) * static_cast<double>(output.quantization.scale[0])));
  }

  Interval operator()(const Interval& a, const Interval& b) const {
    if (output_.shift > 0) return {range_.min, range_.max};  // may wrap
    return {value(a.low, b.low), value(a.high, b.high)};
  }

 private:
  int32_t value(int32_t a, int32_t b) const {
    const int32_t scaled_a = rt::multiply_by_quantized_multiplier((a - zero_a_) * (1 << 20), a_.multiplier, a_.shift);
    const int32_t scaled_b = rt::multiply_by_quantized_multiplier((b - zero_b_) * (1 << 20), b_.multiplier, b_.shift);
    const int32_t sum = rt::multiply_by_quantized_multiplier(scaled_a + scaled_b, output_.multiplier, output_.shift);
    return rt::clamp(sum + zero_output_, range_.min, range_.max);
  }

  int32_t zero_a_, zero_b_, zero_output_;
  ActivationRange range_;
  QuantizedMultiplier a_, b_, output_;
};

Channels add_intervals(const ir::Graph& graph, const ir::Node& node, const Channels& a, const Channels& b) {
  const Add add(graph.tensor(node.inputs[0]), graph.tensor(node.inputs[1]), graph.tensor(node.outputs[0]),
                ir::attributes<ir::ActivationAttributes>(node).activation);
  Channels result;
  for (size_t c = 0; c < a.size(); ++c) result.push_back(add(a[c], b[c]));
  return result;
}

// Element i of the flat tensor belongs to channel i % channels, before and after.
Channels reshape_intervals(const Channels& input, size_t channels) {
  Channels result(channels);
  std::vector<bool> touched(channels, false);
  const size_t count = std::max(channels, input.size());
  if (count % channels != 0 || count % input.size() != 0) return result;
  for (size_t i = 0; i < count; ++i) {
    const Interval& from = input[i % input.size()];
    Interval& to = result[i % channels];
    to = touched[i % channels] ? hull(to, from) : from;
    touched[i % channels] = true;
  }
  return result;
}

Channels pad_intervals(const ir::PadAttributes& pad, const Channels& input) {
  Channels result = input;
  const auto value = static_cast<int32_t>(pad.value);
  for (Interval& interval : result) interval = hull(interval, {value, value});
  return result;
}

class Propagation {
 public:
  explicit Propagation(const ir::Graph& graph) : graph_(graph), intervals_(graph.tensors.size()) {}

  ChannelIntervals run() {
    for (size_t i = 0; i < intervals_.size(); ++i) {
      const ir::Tensor& tensor = graph_.tensors[i];
      if (!tensor.is_constant && is_int8(tensor) && !tensor.shape.empty()) {
        intervals_[i].resize(static_cast<size_t>(tensor.shape.back()));
      }
    }
    for (const ir::Node& node : graph_.nodes) {
      if (node.outputs.size() != 1 || node.inputs.empty() || of(node.outputs[0]).empty()) continue;
      if (known(node, 0)) visit(node);
    }
    return std::move(intervals_);
  }

 private:
  Channels& of(ir::TensorId id) { return intervals_[static_cast<size_t>(id)]; }
  bool known(const ir::Node& node, size_t input) {
    return node.inputs[input] != ir::kNoTensor && !of(node.inputs[input]).empty();
  }
  bool moves_values(const ir::Node& node) const {
    const ir::Tensor& output = graph_.tensor(node.outputs[0]);
    return std::all_of(node.inputs.begin(), node.inputs.end(),
                       [&](ir::TensorId id) { return graph_.tensor(id).quantization == output.quantization; });
  }
  void clamp_to(const ir::Node& node, ir::Activation activation) {
    const ActivationRange range = activation_range(activation, graph_.tensor(node.outputs[0]));
    Channels result = of(node.inputs[0]);
    for (Interval& interval : result) interval = clamped(interval, range);
    of(node.outputs[0]) = std::move(result);
  }

  void visit(const ir::Node& node) {
    const ir::TensorId output = node.outputs[0];
    const Channels& input = of(node.inputs[0]);
    switch (node.op) {
      case ir::Op::conv2d:
      case ir::Op::depthwise_conv2d:
      case ir::Op::fully_connected:
        if (is_int8_layer(graph_, node)) of(output) = layer_intervals(graph_, node, input);
        break;
      case ir::Op::add:
        if (known(node, 1) && graph_.tensor(node.inputs[0]).shape == graph_.tensor(node.inputs[1]).shape) {
          of(output) = add_intervals(graph_, node, input, of(node.inputs[1]));
        }
        break;
      case ir::Op::average_pool2d:
      case ir::Op::max_pool2d:
        if (moves_values(node)) clamp_to(node, ir::attributes<ir::PoolAttributes>(node).activation);
        break;
      case ir::Op::relu:
        if (moves_values(node)) clamp_to(node, ir::Activation::relu);
        break;
      case ir::Op::relu6:
        if (moves_values(node)) clamp_to(node, ir::Activation::relu6);
        break;
      case ir::Op::reshape:
        if (moves_values(node)) of(output) = reshape_intervals(input, of(output).size());
        break;
      case ir::Op::pad:
        if (moves_values(node) && keeps_channels(ir::attributes<ir::PadAttributes>(node))) {
          of(output) = pad_intervals(ir::attributes<ir::PadAttributes>(node), input);
        }
        break;
      case ir::Op::concat:
        concat(node);
        break;
      default:
        break;
    }
  }

  void concat(const ir::Node& node) {
    const auto axis = static_cast<size_t>(ir::attributes<ir::AxisAttributes>(node).axis);
    Channels result;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (!known(node, i)) return;
      const Channels& part = of(node.inputs[i]);
      result.insert(result.end(), part.begin(), part.end());
    }
    const bool by_channel = axis + 1 == graph_.tensor(node.outputs[0]).shape.size();
    if (by_channel && moves_values(node)) of(node.outputs[0]) = std::move(result);
  }

  const ir::Graph& graph_;
  ChannelIntervals intervals_;
};

}  // namespace

ChannelIntervals channel_intervals(const ir::Graph& graph) { return Propagation(graph).run(); }

bool is_padded(const ir::ConvAttributes& conv) {
  return conv.pad_top > 0 || conv.pad_bottom > 0 || conv.pad_left > 0 || conv.pad_right > 0;
}

bool keeps_channels(const ir::PadAttributes& pad) {
  return !pad.before.empty() && pad.before.back() == 0 && pad.after.back() == 0;
}

bool is_int8_layer(const ir::Graph& graph, const ir::Node& node) {
  if (node.op != ir::Op::conv2d && node.op != ir::Op::depthwise_conv2d && node.op != ir::Op::fully_connected) {
    return false;
  }
  const ir::Tensor& weights = graph.tensor(node.inputs[1]);
  const auto& zero_points = weights.quantization.zero_point;
  const bool has_bias = node.inputs.size() > 2 && node.inputs[2] != ir::kNoTensor;
  const bool bias_fits =
      !has_bias || (graph.tensor(node.inputs[2]).type == ir::DType::i32 && graph.tensor(node.inputs[2]).is_constant);
  return is_int8(graph.tensor(node.inputs[0])) && is_int8(graph.tensor(node.outputs[0])) && bias_fits &&
         weights.is_constant && (weights.type == ir::DType::i8 || weights.type == ir::DType::i4) &&
         !weights.quantization.empty() &&
         std::all_of(zero_points.begin(), zero_points.end(), [](int32_t zero_point) { return zero_point == 0; });
}

}  // namespace whit::compile
