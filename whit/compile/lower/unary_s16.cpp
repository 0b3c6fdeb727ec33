// One int16 operand: the relu family, leaky relu, logistic, tanh, softmax. Source of the tables: TFLite common.h.
#include "whit_runtime/kernels/unary_s16.hpp"

#include <algorithm>
#include <cmath>

#include "whit/compile/lower/elementwise.hpp"
#include "whit/compile/lower/lower_ops.hpp"

namespace whit::compile {
namespace {

constexpr float kOutputScale = 1.0f / 32768;

template <typename Params>
void set_operands(Params& p, Lowering& lowering, const ir::Node& node) {
  lowering.may_overlap(node.outputs[0], node.inputs[0], 0);
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
}

void lower_rescale(Lowering& lowering, const ir::Node& node, double slope, ir::Activation activation) {
  const TensorScale in = tensor_scale(lowering, node.inputs[0]), out = tensor_scale(lowering, node.outputs[0]);
  rt::RescaleS16 p{};
  set_operands(p, lowering, node);
  p.count = count_of(lowering, node.outputs[0]);
  p.input_zero_point = in.zero_point;
  p.output_zero_point = out.zero_point;
  p.positive = to_scale(quantize_multiplier(static_cast<double>(in.scale) / static_cast<double>(out.scale)));
  p.negative =
      to_scale(quantize_multiplier(static_cast<double>(in.scale) * std::abs(slope) / static_cast<double>(out.scale)));
  p.negative_sign = slope < 0 ? -1 : 1;
  const ActivationRange range = activation_range(activation, lowering.tensor_of(node.outputs[0]));
  p.output_min = range.min;
  p.output_max = range.max;
  lowering.emit(rt::KernelId::rescale_s16, p);
}

void require_symmetric(const Lowering& lowering, const ir::Node& node) {
  const TensorScale in = tensor_scale(lowering, node.inputs[0]), out = tensor_scale(lowering, node.outputs[0]);
  if (in.zero_point != 0 || out.zero_point != 0) lowering.refuse("int16 activations with a zero point");
  if (out.scale != kOutputScale) lowering.refuse("an int16 output whose scale is not 2^-15");
}

// The input's scale over 1 / (3 * 4096), as TFLite's SigmoidPrepare and TanhPrepare find it.
void lower_sigmoid(Lowering& lowering, const ir::Node& node, rt::KernelId kernel) {
  require_symmetric(lowering, node);
  const float scale = tensor_scale(lowering, node.inputs[0]).scale;
  rt::SigmoidS16 p{};
  set_operands(p, lowering, node);
  p.count = count_of(lowering, node.outputs[0]);
  const bool twice = node.op == ir::Op::tanh && scale == 1.0f / 2048;
  if (scale == 1.0f / 4096 || twice) {
    p.multiplier = twice ? 6 : 3;
  } else {
    double multiplier = static_cast<double>(scale) * 4096.0 * 3.0;
    if (!(multiplier <= 32767.0)) lowering.refuse("an input scale above 2.6");
    for (; multiplier <= 32767.0 / 2.0 && p.shift <= 29; ++p.shift) multiplier *= 2.0;
    p.multiplier = static_cast<int32_t>(multiplier);
  }
  std::vector<uint16_t> table;
  for (int32_t i = 0; i < 256; ++i) {
    table.push_back(static_cast<uint16_t>(std::min(65535.0, std::round(65536.0 / (1.0 + std::exp(-i / 24.0))))));
  }
  p.table = lowering.constant(table, ConstantKind::other);
  lowering.emit(kernel, p);
}

// `f` at every 128th int16 value over [low, high] in Q0.15, corrected so that what lies between is off least.
template <typename F>
std::vector<int16_t> table_s16(double input_scale, int32_t input_zero_point, F f) {
  const double low = input_scale * (-32768 - input_zero_point), high = input_scale * (32767 - input_zero_point);
  const double step = (high - low) / 512;
  const double output_scale = 2.0 / 65535.0;
  const double inverse = 65536.0 / (output_scale * 32767 - output_scale * -32768);
  const auto saturated = [](double v) { return static_cast<int16_t>(std::clamp(v, -32768.0, 32767.0)); };
  std::vector<int16_t> table;
  for (int32_t i = 0; i < 512; ++i) {
    const double value = std::round(f(low + i * step) * inverse);
    const double between = std::round((f(low + (i + 1) * step) * inverse + value) / 2);
    const double error = between - std::round(f(low + i * step + step / 2) * inverse);
    table.push_back(saturated(value - std::round(error / 2)));
  }
  table.push_back(saturated(std::round(f(high) * inverse)));
  return table;
}

}  // namespace

void lower_unary_s16(Lowering& lowering, const ir::Node& node) {
  using ir::Op;
  switch (node.op) {
    case Op::relu:
      return lower_rescale(lowering, node, 1, ir::Activation::relu);
    case Op::relu6:
      return lower_rescale(lowering, node, 1, ir::Activation::relu6);
    case Op::relu_n1_to_1:
      return lower_rescale(lowering, node, 1, ir::Activation::relu_n1_to_1);
    case Op::leaky_relu:
      return lower_rescale(lowering, node, static_cast<double>(ir::attributes<ir::LeakyReluAttributes>(node).alpha),
                           ir::Activation::none);
    case Op::logistic:
      return lower_sigmoid(lowering, node, rt::KernelId::logistic_s16);
    case Op::tanh:
      return lower_sigmoid(lowering, node, rt::KernelId::tanh_s16);
    default:
      lowering.refuse("there is no int16 kernel for it", "supported: the relu family, leaky_relu, logistic, tanh");
  }
}

void lower_softmax_s16(Lowering& lowering, const ir::Node& node) {
  require_symmetric(lowering, node);
  const double beta = static_cast<double>(ir::attributes<ir::SoftmaxAttributes>(node).beta);
  const QuantizedMultiplier scale = quantize_multiplier(
      static_cast<double>(tensor_scale(lowering, node.inputs[0]).scale * static_cast<float>(beta)) / (10.0 / 65535.0));
  rt::SoftmaxS16 p{};
  set_operands(p, lowering, node);
  p.depth = lowering.tensor_of(node.inputs[0]).shape.back();
  if (p.depth > 65535) lowering.refuse("a softmax over more than 65535 values");
  p.rows = count_of(lowering, node.inputs[0]) / p.depth;
  p.multiplier = scale.multiplier;
  p.shift = scale.shift;
  const auto exp_table = table_s16(10.0 / 65535.0, 32767, [](double x) { return std::exp(x); });
  const auto reciprocal_table = table_s16(1.0 / 65535.0, -32768, [](double x) { return 1.0 / (1.0 + x); });
  p.exp_table = lowering.constant(exp_table, ConstantKind::other);
  p.reciprocal_table = lowering.constant(reciprocal_table, ConstantKind::other);
  lowering.emit(rt::KernelId::softmax_s16, p);
}

}  // namespace whit::compile
