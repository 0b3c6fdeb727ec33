// For the tests of passes: cases in text form, and an evaluator of small int8 graphs that shares no code with kernels,
// lowering or the passes but the multipliers.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "whit/compile/lower/quantized.hpp"
#include "whit/compile/passes/passes.hpp"
#include "whit/ir/text.hpp"

namespace whit::compile {

// The graph of `text` after one pass, without what it left unused.
inline std::string after(void (*pass)(ir::Graph&), const std::string& text) {
  ir::Graph graph = ir::parse_text(text);
  pass(graph);
  return ir::print_text(graph);
}

using Values = std::vector<int32_t>;

class Evaluator {
 public:
  explicit Evaluator(const ir::Graph& graph) : graph_(graph) {}

  // The outputs, one after the other, for the values of the one input.
  Values run(const Values& input) {
    values_[graph_.inputs.at(0)] = input;
    for (const ir::Node& node : graph_.nodes) values_[node.outputs.at(0)] = evaluate(node);
    Values outputs;
    for (const ir::TensorId id : graph_.outputs) {
      EXPECT_EQ(static_cast<int64_t>(values_.at(id).size()), ir::elements(graph_.tensor(id).shape));
      outputs.insert(outputs.end(), values_.at(id).begin(), values_.at(id).end());
    }
    return outputs;
  }
  const Values& values(ir::TensorId id) const { return values_.at(id); }

 private:
  const ir::Tensor& in(const ir::Node& node, size_t i) const { return graph_.tensor(node.inputs.at(i)); }
  const ir::Tensor& out(const ir::Node& node) const { return graph_.tensor(node.outputs.at(0)); }
  static int32_t zero(const ir::Tensor& tensor) { return tensor.quantization.zero_point.at(0); }
  static double scale(const ir::Tensor& tensor, size_t c = 0) {
    const auto& scales = tensor.quantization.scale;
    return scales[scales.size() == 1 ? 0 : c];
  }
  static int32_t bounded(int32_t value, ir::Activation activation, const ir::Tensor& tensor) {
    const ActivationRange range = activation_range(activation, tensor);
    return std::clamp(value, range.min, range.max);
  }

  int32_t requantize(const ir::Node& node, int32_t sum, size_t c, ir::Activation activation) const {
    const bool one_scale = in(node, 1).quantization.scale.size() == 1 && node.op == ir::Op::fully_connected;
    const float product = in(node, 0).quantization.scale[0] * static_cast<float>(scale(in(node, 1)));
    const double real =
        one_scale ? product / scale(out(node)) : scale(in(node, 0)) * scale(in(node, 1), c) / scale(out(node));
    const QuantizedMultiplier m = quantize_multiplier(real);
    return bounded(zero(out(node)) + rt::multiply_by_quantized_multiplier(sum, m.multiplier, m.shift), activation,
                   out(node));
  }

  int32_t bias(const ir::Node& node, size_t c) const {
    return node.inputs.size() > 2 && node.inputs[2] >= 0 ? ir::data<int32_t>(in(node, 2))[c] : 0;
  }

  Values convolve(const ir::Node& node) const {
    const auto& a = ir::attributes<ir::ConvAttributes>(node);
    const bool depthwise = node.op == ir::Op::depthwise_conv2d;
    const ir::Shape &x = in(node, 0).shape, &w = in(node, 1).shape, &y = out(node).shape;
    const Values& input = values_.at(node.inputs[0]);
    const int8_t* weights = ir::data<int8_t>(in(node, 1));
    Values result;
    for (int32_t oy = 0; oy < y[1]; ++oy) {
      for (int32_t ox = 0; ox < y[2]; ++ox) {
        for (int32_t o = 0; o < y[3]; ++o) {
          int32_t sum = bias(node, static_cast<size_t>(o));
          for (int32_t ky = 0; ky < w[1]; ++ky) {
            for (int32_t kx = 0; kx < w[2]; ++kx) {
              const int32_t iy = oy * a.stride_h + ky * a.dilation_h - a.pad_top;
              const int32_t ix = ox * a.stride_w + kx * a.dilation_w - a.pad_left;
              if (iy < 0 || iy >= x[1] || ix < 0 || ix >= x[2]) continue;
              const int32_t first = depthwise ? o / (w[3] / x[3]) : 0;
              for (int32_t i = first; i < (depthwise ? first + 1 : x[3]); ++i) {
                const int32_t at = depthwise ? (ky * w[2] + kx) * w[3] + o : ((o * w[1] + ky) * w[2] + kx) * w[3] + i;
                sum += weights[at] * (input[static_cast<size_t>((iy * x[2] + ix) * x[3] + i)] - zero(in(node, 0)));
              }
            }
          }
          result.push_back(requantize(node, sum, static_cast<size_t>(o), a.activation));
        }
      }
    }
    return result;
  }

  Values connect(const ir::Node& node) const {
    const Values& input = values_.at(node.inputs[0]);
    const ir::Shape& w = in(node, 1).shape;
    const int8_t* weights = ir::data<int8_t>(in(node, 1));
    Values result;
    for (size_t row = 0; row < input.size(); row += static_cast<size_t>(w[1])) {
      for (int32_t o = 0; o < w[0]; ++o) {
        int32_t sum = bias(node, static_cast<size_t>(o));
        for (int32_t i = 0; i < w[1]; ++i) {
          sum += weights[o * w[1] + i] * (input[row + static_cast<size_t>(i)] - zero(in(node, 0)));
        }
        result.push_back(
            requantize(node, sum, static_cast<size_t>(o), ir::attributes<ir::ActivationAttributes>(node).activation));
      }
    }
    return result;
  }

  Values pool(const ir::Node& node) const {
    const auto& a = ir::attributes<ir::PoolAttributes>(node);
    const ir::Shape &x = in(node, 0).shape, &y = out(node).shape;
    const Values& input = values_.at(node.inputs[0]);
    Values result;
    for (int32_t i = 0; i < y[1] * y[2] * y[3]; ++i) {
      int32_t sum = 0, count = 0, most = -128;
      for (int32_t k = 0; k < a.kernel_h * a.kernel_w; ++k) {
        const int32_t iy = i / y[3] / y[2] * a.stride_h + k / a.kernel_w - a.pad_top;
        const int32_t ix = i / y[3] % y[2] * a.stride_w + k % a.kernel_w - a.pad_left;
        if (iy < 0 || iy >= x[1] || ix < 0 || ix >= x[2]) continue;
        const int32_t value = input[static_cast<size_t>((iy * x[2] + ix) * x[3] + i % y[3])];
        sum += value, count += 1, most = std::max(most, value);
      }
      const int32_t mean = sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
      result.push_back(bounded(node.op == ir::Op::max_pool2d ? most : mean, a.activation, out(node)));
    }
    return result;
  }

  Values add(const ir::Node& node) const {
    const double twice = 2 * std::max(scale(in(node, 0)), scale(in(node, 1)));
    const auto scaled = [&](size_t operand, size_t i) {
      const QuantizedMultiplier m = quantize_multiplier(scale(in(node, operand)) / twice);
      const int32_t x = (values_.at(node.inputs[operand])[i] - zero(in(node, operand))) << 20;
      return rt::multiply_by_quantized_multiplier(x, m.multiplier, m.shift);
    };
    const QuantizedMultiplier m = quantize_multiplier(twice / (scale(out(node)) * (1 << 20)));
    Values result;
    for (size_t i = 0; i < values_.at(node.inputs[0]).size(); ++i) {
      const int32_t sum = rt::multiply_by_quantized_multiplier(scaled(0, i) + scaled(1, i), m.multiplier, m.shift);
      result.push_back(
          bounded(zero(out(node)) + sum, ir::attributes<ir::ActivationAttributes>(node).activation, out(node)));
    }
    return result;
  }

  Values concat(const ir::Node& node) const {  // along the last dimension
    Values result;
    const auto rows = ir::elements(out(node).shape) / out(node).shape.back();
    for (int64_t row = 0; row < rows; ++row) {
      for (const ir::TensorId id : node.inputs) {
        const int32_t channels = graph_.tensor(id).shape.back();
        const auto begin = values_.at(id).begin() + row * channels;
        result.insert(result.end(), begin, begin + channels);
      }
    }
    return result;
  }

  Values pad(const ir::Node& node) const {
    const auto& a = ir::attributes<ir::PadAttributes>(node);
    const ir::Shape &x = in(node, 0).shape, &y = out(node).shape;
    Values result;
    for (int32_t i = 0; i < y[1] * y[2] * y[3]; ++i) {
      const int32_t iy = i / y[3] / y[2] - a.before[1], ix = i / y[3] % y[2] - a.before[2];
      const bool inside = iy >= 0 && iy < x[1] && ix >= 0 && ix < x[2];
      result.push_back(inside ? values_.at(node.inputs[0])[static_cast<size_t>((iy * x[2] + ix) * x[3] + i % y[3])]
                              : static_cast<int32_t>(a.value));
    }
    return result;
  }

  Values evaluate(const ir::Node& node) const {
    switch (node.op) {
      case ir::Op::conv2d:
      case ir::Op::depthwise_conv2d:
        return convolve(node);
      case ir::Op::fully_connected:
        return connect(node);
      case ir::Op::average_pool2d:
      case ir::Op::max_pool2d:
        return pool(node);
      case ir::Op::add:
        return add(node);
      case ir::Op::concat:
        return concat(node);
      case ir::Op::pad:
        return pad(node);
      case ir::Op::reshape:
        return values_.at(node.inputs[0]);
      case ir::Op::relu: {  // of equal quantization
        Values result = values_.at(node.inputs[0]);
        for (int32_t& value : result) value = std::max(value, zero(out(node)));
        return result;
      }
      default:
        ADD_FAILURE() << "the test's evaluator does not know " << ir::name_of(node.op);
        return {};
    }
  }

  const ir::Graph& graph_;
  std::map<ir::TensorId, Values> values_;
};

}  // namespace whit::compile
