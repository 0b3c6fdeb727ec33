#include "whit/compile/lower/quantized.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "whit/base/error.hpp"

namespace whit::compile {
namespace {

// Stored values that stand for the real bounds of an activation.
int32_t quantize_bound(double real, const ir::Quantization& q) {
  // A bound far outside the stored values is as good as any other; a scale near 0 would take it out of int32.
  constexpr float kFar = 1 << 20;
  return q.zero_point[0] +
         static_cast<int32_t>(std::clamp(std::round(static_cast<float>(real) / q.scale[0]), -kFar, kFar));
}

// Real value of one accumulator step divided by one output step, for a channel. TFLite multiplies the two scales as
// floats where a fully connected layer has one weight scale, and as doubles everywhere else.
double effective_scale(const ir::Graph& graph, const ir::Node& node, size_t channel) {
  const float input = graph.tensor(node.inputs[0]).quantization.scale[0];
  const std::vector<float>& weights = graph.tensor(node.inputs[1]).quantization.scale;
  const double output = graph.tensor(node.outputs[0]).quantization.scale[0];
  if (node.op == ir::Op::fully_connected && weights.size() == 1) {
    return static_cast<double>(input * weights[0]) / output;
  }
  const float weight = weights.size() == 1 ? weights[0] : weights[channel];
  return static_cast<double>(input) * static_cast<double>(weight) / output;
}

ir::Activation activation_of(const ir::Node& node) {
  if (const auto* conv = std::get_if<ir::ConvAttributes>(&node.attributes)) return conv->activation;
  return ir::attributes<ir::ActivationAttributes>(node).activation;
}

}  // namespace

QuantizedMultiplier quantize_multiplier(double real) {
  if (real == 0.0) return {};
  if (!std::isfinite(real)) throw Error(ErrorCode::bad_input, "scales so far apart that their ratio is not finite");
  QuantizedMultiplier result;
  const double fraction = std::frexp(real, &result.shift);
  int64_t fixed = static_cast<int64_t>(std::round(fraction * static_cast<double>(int64_t{1} << 31)));
  if (fixed == int64_t{1} << 31) {
    fixed /= 2;
    ++result.shift;
  }
  if (result.shift < -31) return {};
  if (result.shift > 30) {
    result.shift = 30;
    fixed = std::numeric_limits<int32_t>::max();
  }
  result.multiplier = static_cast<int32_t>(fixed);
  return result;
}

ActivationRange activation_range(ir::Activation activation, const ir::Tensor& output) {
  ActivationRange range;
  if (output.type == ir::DType::i16) range = {-32768, 32767};
  const ir::Quantization& q = output.quantization;
  switch (activation) {
    case ir::Activation::relu:
      range.min = std::max(range.min, quantize_bound(0.0, q));
      break;
    case ir::Activation::relu6:
      range.min = std::max(range.min, quantize_bound(0.0, q));
      range.max = std::min(range.max, quantize_bound(6.0, q));
      break;
    case ir::Activation::relu_n1_to_1:
      range.min = std::max(range.min, quantize_bound(-1.0, q));
      range.max = std::min(range.max, quantize_bound(1.0, q));
      break;
    case ir::Activation::none:
    case ir::Activation::tanh:
      break;
  }
  return range;
}

FloatRange activation_range_f32(ir::Activation activation) {
  const float infinity = std::numeric_limits<float>::infinity();
  switch (activation) {
    case ir::Activation::relu:
      return {0.0f, infinity};
    case ir::Activation::relu6:
      return {0.0f, 6.0f};
    case ir::Activation::relu_n1_to_1:
      return {-1.0f, 1.0f};
    default:
      return {-infinity, infinity};
  }
}

AccumulatorRange accumulator_range(const QuantizedLayer& layer, int32_t channel) {
  const int64_t bias = layer.requant[static_cast<size_t>(channel)].bias;
  AccumulatorRange range{bias, bias};
  const int8_t* weights = layer.weights.data() + static_cast<size_t>(channel) * static_cast<size_t>(layer.depth);
  for (int32_t i = 0; i < layer.depth; ++i) {
    const int32_t w = weights[i];
    range.low += std::min(w * -128, w * 127);
    range.high += std::max(w * -128, w * 127);
  }
  return range;
}

int32_t reference_output(const QuantizedLayer& layer, int32_t channel, int32_t acc) {
  const rt::Requant& requant = layer.requant[static_cast<size_t>(channel)];
  const int32_t scaled = rt::multiply_by_quantized_multiplier(acc, requant.multiplier, requant.shift);
  return rt::clamp(scaled + layer.output_zero_point, layer.range.min, layer.range.max);
}

namespace {

// Every input gives the same output; the multiplier is not negative, so the output is monotone in the accumulator.
bool is_constant(const QuantizedLayer& layer, int32_t channel) {
  const AccumulatorRange range = accumulator_range(layer, channel);
  if (range.low < INT32_MIN || range.high > INT32_MAX) return false;
  if (layer.requant[static_cast<size_t>(channel)].shift > 0) return false;  // a left shift may wrap
  return reference_output(layer, channel, static_cast<int32_t>(range.low)) ==
         reference_output(layer, channel, static_cast<int32_t>(range.high));
}

// Zero weights; 4 * d through multiplier 1/2 and e = 1 is exactly d.
void make_constant(QuantizedLayer& layer, int32_t channel) {
  const size_t c = static_cast<size_t>(channel);
  const int32_t output = reference_output(layer, channel, layer.requant[c].bias);
  const size_t depth = static_cast<size_t>(layer.depth);
  std::fill_n(layer.weights.begin() + static_cast<ptrdiff_t>(c * depth), depth, int8_t{0});
  layer.requant[c] = {4 * (output - layer.output_zero_point), 1 << 30, -1};
}

}  // namespace

void simplify_constant_channels(QuantizedLayer& layer) {
  for (int32_t c = 0; c < layer.channels; ++c) {
    if (is_constant(layer, c)) make_constant(layer, c);
  }
}

QuantizedLayer quantized_layer(const ir::Graph& graph, const ir::Node& node) {
  const ir::Tensor& input = graph.tensor(node.inputs[0]);
  const ir::Tensor& weights = graph.tensor(node.inputs[1]);
  const ir::Tensor& output = graph.tensor(node.outputs[0]);
  const bool depthwise = node.op == ir::Op::depthwise_conv2d;

  QuantizedLayer layer;
  layer.channels = depthwise ? weights.shape[3] : weights.shape[0];
  layer.depth = static_cast<int32_t>(ir::elements(weights.shape) / layer.channels);
  layer.input_zero_point = input.quantization.zero_point[0];
  layer.output_zero_point = output.quantization.zero_point[0];
  layer.range = activation_range(activation_of(node), output);
  layer.int4 = weights.type == ir::DType::i4;
  layer.weights.resize(weights.data.size());
  const int8_t* source = ir::data<int8_t>(weights);
  for (int32_t c = 0; c < layer.channels; ++c) {
    for (int32_t i = 0; i < layer.depth; ++i) {
      layer.weights[static_cast<size_t>(c) * layer.depth + i] =
          depthwise ? source[static_cast<size_t>(i) * layer.channels + c]
                    : source[static_cast<size_t>(c) * layer.depth + i];
    }
  }

  const bool has_bias = node.inputs.size() > 2 && node.inputs[2] != ir::kNoTensor;
  const ir::Tensor* bias = has_bias ? &graph.tensor(node.inputs[2]) : nullptr;
  layer.wide = bias == nullptr || bias->type == ir::DType::i64;
  // Of a transposed convolution not every tap counts everywhere: no sum of weights is the same for all outputs.
  const bool sums_all_taps = node.op != ir::Op::transpose_conv2d;
  for (int32_t c = 0; c < layer.channels; ++c) {
    int32_t weight_sum = 0;
    for (int32_t i = 0; i < layer.depth; ++i) weight_sum += layer.weights[static_cast<size_t>(c) * layer.depth + i];
    const QuantizedMultiplier scale = quantize_multiplier(effective_scale(graph, node, static_cast<size_t>(c)));
    const int32_t folded = sums_all_taps ? layer.input_zero_point * weight_sum : 0;
    int64_t value = 0;
    if (bias != nullptr) value = layer.wide ? ir::data<int64_t>(*bias)[c] : ir::data<int32_t>(*bias)[c];
    layer.bias.push_back(value);
    layer.requant.push_back({static_cast<int32_t>(value - folded), scale.multiplier, scale.shift});
  }
  if (sums_all_taps && input.type == ir::DType::i8) simplify_constant_channels(layer);
  return layer;
}

int64_t weight_bytes(const QuantizedLayer& layer) {
  const int64_t weights = int64_t{layer.channels} * layer.depth;
  return (layer.int4 ? (weights + 1) / 2 : weights) + 4 * int64_t{layer.channels};
}

std::vector<uint8_t> pack_int4_runs(const QuantizedLayer& layer, int32_t run) {
  std::vector<uint8_t> packed;
  for (auto first = layer.weights.begin(); first != layer.weights.end(); first += run) {
    const std::vector<uint8_t> bytes = ir::pack_i4({first, first + run});
    packed.insert(packed.end(), bytes.begin(), bytes.end());
  }
  return packed;
}

bool is_int16_layer(const Lowering& lowering, const ir::Node& node) {
  const ir::Tensor &input = lowering.tensor_of(node.inputs[0]), &output = lowering.tensor_of(node.outputs[0]);
  if (input.type != ir::DType::i16) return false;
  const ir::Tensor& weights = lowering.tensor_of(node.inputs[1]);
  if (!weights.is_constant) lowering.refuse("the weights are not constant", "freeze the model before conversion");
  if (weights.type != ir::DType::i8 || output.type != ir::DType::i16 || input.quantization.empty() ||
      weights.quantization.empty() || output.quantization.empty()) {
    lowering.refuse("int16 activations need int8 weights and an int16 output, all quantized");
  }
  if (input.quantization.zero_point[0] != 0 || output.quantization.zero_point[0] != 0) {
    lowering.refuse("int16 activations with a zero point", "quantize 16-bit activations symmetrically");
  }
  return true;
}

void require_int8_layer(const Lowering& lowering, const ir::Node& node) {
  const ir::Tensor& weights = lowering.tensor_of(node.inputs[1]);
  if (!weights.is_constant) lowering.refuse("the weights are not constant", "freeze the model before conversion");
  for (const ir::TensorId id : {node.inputs[0], node.inputs[1], node.outputs[0]}) {
    const ir::Tensor& tensor = lowering.tensor_of(id);
    const bool fits = tensor.type == ir::DType::i8 || (tensor.type == ir::DType::i4 && id == node.inputs[1]);
    if (!fits || tensor.quantization.empty()) {
      lowering.refuse("input, weights and output must all be quantized int8 (weights also int4), or all float32",
                      "convert the model with full-integer quantization");
    }
  }
  const bool has_bias = node.inputs.size() > 2 && node.inputs[2] != ir::kNoTensor;
  if (has_bias &&
      (lowering.tensor_of(node.inputs[2]).type != ir::DType::i32 || !lowering.tensor_of(node.inputs[2]).is_constant)) {
    lowering.refuse("the bias of an int8 layer must be a constant of int32");
  }
}

rt::ConvGeometry conv_geometry(const ir::Graph& graph, const ir::Node& node) {
  const ir::Shape& input = graph.tensor(node.inputs[0]).shape;
  const ir::Shape& weights = graph.tensor(node.inputs[1]).shape;
  const ir::Shape& output = graph.tensor(node.outputs[0]).shape;
  const auto& a = ir::attributes<ir::ConvAttributes>(node);
  rt::ConvGeometry g{};
  g.batches = input[0];
  g.input_height = input[1], g.input_width = input[2], g.input_channels = input[3];
  g.output_height = output[1], g.output_width = output[2], g.output_channels = output[3];
  g.kernel_height = weights[1], g.kernel_width = weights[2];
  g.stride_height = a.stride_h, g.stride_width = a.stride_w;
  g.dilation_height = a.dilation_h, g.dilation_width = a.dilation_w;
  g.pad_top = a.pad_top, g.pad_left = a.pad_left;
  return g;
}

}  // namespace whit::compile
