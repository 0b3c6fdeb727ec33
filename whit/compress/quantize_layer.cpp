#include "whit/compress/quantize_layer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "whit/base/error.hpp"
#include "whit/base/half.hpp"
#include "whit/compile/passes/rewrite.hpp"
#include "whit/compress/model_runner.hpp"
#include "whit/compress/round_weights.hpp"

namespace whit::compress {
namespace {

// The weights of a layer as rows, one for each output channel. Depthwise weights [1,KH,KW,C] have their channel last.
class Rows {
 public:
  Rows(const ir::Tensor& weights, bool depthwise)
      : channels_(static_cast<size_t>(depthwise ? weights.shape.back() : weights.shape.front())),
        k_(static_cast<size_t>(ir::elements(weights.shape)) / channels_),
        depthwise_(depthwise) {}
  size_t channels() const { return channels_; }
  size_t k() const { return k_; }
  size_t index(size_t channel, size_t i) const { return depthwise_ ? i * channels_ + channel : channel * k_ + i; }

 private:
  size_t channels_, k_;
  bool depthwise_;
};

struct Quantized {
  std::vector<int8_t> weights;       // in the order of the tensor
  std::vector<float> scales;         // by channel
  std::vector<double> output_shift;  // by channel: expected (quantized - real) output before the bias
  double error = 0.0;                // expected squared error of the outputs, all channels
  double power = 0.0;                // expected square of the outputs
};

bool has_int4_weights(const ir::Node& node, const Recipe& recipe) {
  return recipe.precision == Precision::int8_w4 && can_have_int4_weights(node.op);
}

bool has_scale_per_channel(const ir::Node& node, const Recipe& recipe) {
  return recipe.weight_scales == WeightScales::per_channel ||
         (recipe.weight_scales == WeightScales::convolutions && node.op != ir::Op::fully_connected);
}

// `least_scales`: by channel, see least_weight_scales().
Quantized quantize_weights(const ir::Node& node, const ir::Tensor& weights, const Rows& rows, const Recipe& recipe,
                           const PatchMoments& moments, const std::vector<float>& least_scales) {
  const auto* real = ir::data<float>(weights);
  const int32_t limit = has_int4_weights(node, recipe) ? 7 : 127;
  std::vector<std::vector<float>> channel(rows.channels(), std::vector<float>(rows.k()));
  for (size_t c = 0; c < rows.channels(); ++c) {
    for (size_t i = 0; i < rows.k(); ++i) channel[c][i] = real[rows.index(c, i)];
  }
  const bool known = moments.count > 0;
  const auto group = [&](size_t c) { return moments.groups == rows.channels() ? c : size_t{0}; };
  const auto gram = [&](size_t c) {
    return known ? std::span(moments.gram).subspan(group(c) * rows.k() * rows.k(), rows.k() * rows.k())
                 : std::span<const float>();
  };
  Quantized result;
  result.weights.resize(rows.channels() * rows.k());
  result.output_shift.resize(rows.channels());
  for (size_t c = 0; c < rows.channels(); ++c) {
    const Grid grid = recipe.weight_range == WeightRange::max ? max_grid(channel[c], limit)
                                                              : least_error_grid(channel[c], gram(c), limit);
    result.scales.push_back(std::max(grid.scale, least_scales[c]));
  }
  if (!has_scale_per_channel(node, recipe)) {
    result.scales.assign(rows.channels(), *std::max_element(result.scales.begin(), result.scales.end()));
  }
  for (float& scale : result.scales) scale = scale > 0 ? scale : 1.0f;  // a channel of zeros
  for (size_t c = 0; c < rows.channels(); ++c) {
    const Grid grid{result.scales[c], limit};
    const std::vector<int8_t> rounded = recipe.rounding == Rounding::adaround && known
                                            ? round_adaptive(channel[c], gram(c), grid)
                                            : round_nearest(channel[c], grid);
    if (known) {
      result.error += output_error(channel[c], rounded, grid, gram(c));
      result.power += output_error(channel[c], std::vector<int8_t>(rows.k()), grid, gram(c));
    }
    for (size_t i = 0; i < rows.k(); ++i) {
      result.weights[rows.index(c, i)] = rounded[i];
      if (known) {
        const double error = static_cast<double>(grid.scale) * rounded[i] - static_cast<double>(channel[c][i]);
        result.output_shift[c] += error * moments.mean[group(c) * rows.k() + i];
      }
    }
  }
  return result;
}

template <typename T>
std::vector<uint8_t> quantize_bias(const std::vector<double>& bias, const std::vector<float>& scales, float input) {
  std::vector<T> stored(bias.size());
  for (size_t c = 0; c < bias.size(); ++c) {
    stored[c] = static_cast<T>(std::llround(bias[c] / (static_cast<double>(input) * static_cast<double>(scales[c]))));
  }
  return compile::bytes_of_values(stored);
}

}  // namespace

std::vector<float> least_weight_scales(const std::vector<double>& bias, float input_scale) {
  constexpr double kLargest = 1 << 30;
  std::vector<float> scales;
  for (const double b : bias) {
    scales.push_back(static_cast<float>(std::abs(b) / (static_cast<double>(input_scale) * kLargest)));
  }
  return scales;
}

bool can_have_int4_weights(ir::Op op) { return op == ir::Op::conv2d || op == ir::Op::fully_connected; }

ir::Quantization activation_quantization(Range range, ir::DType type) {
  const double low = std::min(range.low, 0.0f), high = std::max(range.high, 0.0f);
  // A tensor that is always 0 may have any scale.
  if (!(high - low > 1e-30)) return {{1.0f}, {0}};
  if (type == ir::DType::i16) return {{static_cast<float>(std::max(-low, high) / 32767.0)}, {0}};
  const double scale = (high - low) / 255.0;
  const auto zero_point = static_cast<int32_t>(std::lround(std::clamp(-128.0 - low / scale, -128.0, 127.0)));
  return {{static_cast<float>(scale)}, {zero_point}};
}

std::vector<uint8_t> quantize_values(const ir::Tensor& source, const ir::Tensor& target) {
  const std::span<const float> values(ir::data<float>(source), static_cast<size_t>(ir::elements(source.shape)));
  return store(values, target);
}

std::vector<uint8_t> rounded_to_halves(const ir::Tensor& weights, const std::string& model) {
  std::vector<float> values(ir::data<float>(weights), ir::data<float>(weights) + ir::elements(weights.shape));
  for (float& value : values) {
    const float rounded = half_to_float(half_from_float(value));
    if (!std::isfinite(rounded)) {
      throw Error(ErrorCode::bad_input, fmt::format("a weight of {} is more than float16 holds, 65504", value),
                  fmt::format("{}: tensor '{}'", model, weights.name),
                  "keep the layer that reads it in float32 with --layer LAYER=float32");
    }
    value = rounded;
  }
  std::vector<uint8_t> bytes(weights.data.size());
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

void quantize_layer(ir::Graph& to, ir::Node& node, const ir::Graph& from, const ir::Node& source, const Recipe& recipe,
                    const PatchMoments& moments) {
  const ir::Tensor& weights = from.tensor(source.inputs[1]);
  const bool depthwise = source.op == ir::Op::depthwise_conv2d;
  const Rows rows(weights, depthwise);
  const float input_scale = to.tensor(node.inputs[0]).quantization.scale[0];
  const bool has_bias = source.inputs.size() > 2 && source.inputs[2] != ir::kNoTensor;
  std::vector<double> bias(rows.channels(), 0.0);
  if (has_bias) {
    const auto* real = ir::data<float>(from.tensor(source.inputs[2]));
    std::copy_n(real, bias.size(), bias.begin());
  }
  const Quantized quantized =
      quantize_weights(source, weights, rows, recipe, moments, least_weight_scales(bias, input_scale));
  if (recipe.bias_correction) {
    for (size_t c = 0; c < bias.size(); ++c) bias[c] -= quantized.output_shift[c];
  }

  ir::Tensor stored;
  stored.name = weights.name;
  stored.type = has_int4_weights(source, recipe) ? ir::DType::i4 : ir::DType::i8;
  stored.shape = weights.shape;
  stored.quantization.axis = depthwise ? 3 : 0;
  stored.quantization.scale = quantized.scales;
  const bool per_channel = has_scale_per_channel(source, recipe);
  if (!per_channel) stored.quantization.scale.resize(1);
  stored.quantization.zero_point.assign(stored.quantization.scale.size(), 0);
  stored.is_constant = true;
  stored.data = compile::bytes_of_values(quantized.weights);
  node.inputs = {node.inputs[0], to.add_tensor(std::move(stored))};

  // There is always a bias: it costs nothing where zero points are folded into it anyway.
  const bool wide = recipe.precision == Precision::int16x8;
  ir::Tensor added;
  added.name = has_bias ? from.tensor(source.inputs[2]).name : weights.name + "_bias";
  added.type = wide ? ir::DType::i64 : ir::DType::i32;
  added.shape = {static_cast<int32_t>(rows.channels())};
  added.is_constant = true;
  for (size_t c = 0; c < (per_channel ? rows.channels() : 1); ++c) {
    added.quantization.scale.push_back(input_scale * quantized.scales[c]);
    added.quantization.zero_point.push_back(0);
  }
  added.data = wide ? quantize_bias<int64_t>(bias, quantized.scales, input_scale)
                    : quantize_bias<int32_t>(bias, quantized.scales, input_scale);
  node.inputs.push_back(to.add_tensor(std::move(added)));
}

double weight_noise(const ir::Graph& graph, const ir::Node& node, const Recipe& recipe, const PatchMoments& moments) {
  const ir::Tensor& weights = graph.tensor(node.inputs[1]);
  const Rows rows(weights, node.op == ir::Op::depthwise_conv2d);
  const std::vector<float> no_limit(rows.channels(), 0.0f);
  const Quantized quantized = quantize_weights(node, weights, rows, recipe, moments, no_limit);
  return quantized.power > 0 ? quantized.error / quantized.power : 0.0;
}

}  // namespace whit::compress
