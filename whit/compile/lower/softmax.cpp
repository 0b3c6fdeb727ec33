#include <algorithm>
#include <cmath>
#include <limits>

#include "whit/compile/lower/elementwise.hpp"
#include "whit/compile/lower/lower_ops.hpp"
#include "whit_runtime/kernels/softmax_f32.hpp"
#include "whit_runtime/kernels/softmax_s8.hpp"

namespace whit::compile {
namespace {

// Rows and depth of a tensor that is normalized over its last dimension.
template <typename Params>
void set_rows(const Lowering& lowering, const ir::Node& node, Params* p) {
  const ir::Shape& shape = lowering.tensor_of(node.inputs[0]).shape;
  p->depth = shape.empty() ? 1 : shape.back();
  p->rows = count_of(lowering, node.inputs[0]) / std::max(p->depth, 1);
}

// From a difference of stored values to Q5.26, and the differences beyond which exp is 0 in it.
// Source: TFLite quantization_util.cc PreprocessSoftmaxScaling, CalculateInputRadius.
struct ExpScale {
  QuantizedMultiplier multiplier;
  int32_t diff_min;
};

ExpScale exp_scale(const Lowering& lowering, double beta, double input_scale) {
  constexpr int32_t kIntegerBits = 5;
  const double real = std::min(beta * input_scale * static_cast<double>(1 << (31 - kIntegerBits)),
                               static_cast<double>(int64_t{1} << 31) - 1.0);
  ExpScale scale;
  scale.multiplier = quantize_multiplier(real);
  // The reference asserts a factor above 1: a scale of 2^-26 is not a model's.
  if (!(real > 1.0)) lowering.refuse("the input's scale is too small for a softmax");
  const double radius = static_cast<double>((1 << kIntegerBits) - 1) *
                        static_cast<double>(int64_t{1} << (31 - kIntegerBits)) /
                        static_cast<double>(int64_t{1} << scale.multiplier.shift);
  scale.diff_min = -static_cast<int32_t>(std::floor(std::min(radius, 1e9)));
  return scale;
}

void require_output(const Lowering& lowering, const ir::Node& node, float scale, int32_t zero_point) {
  const TensorScale out = tensor_scale(lowering, node.outputs[0]);
  if (std::abs(out.scale - scale) > 0.001f * scale || out.zero_point != zero_point) {
    lowering.refuse("an output scale other than the one that int8 models have for this op");
  }
}

template <typename T>
void lower_softmax_integer(Lowering& lowering, const ir::Node& node, rt::KernelId kernel) {
  require_output(lowering, node, 1.0f / (sizeof(T) == 1 ? 256.0f : 65536.0f), rt::kLowest<T>);
  const double beta = ir::attributes<ir::SoftmaxAttributes>(node).beta;
  const ExpScale scale = exp_scale(lowering, beta, tensor_scale(lowering, node.inputs[0]).scale);
  if (sizeof(T) == 1) lowering.may_overlap(node.outputs[0], node.inputs[0], 0);
  rt::Softmax<T> p{};
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  set_rows(lowering, node, &p);
  if (p.depth > rt::kMaxSoftmaxDepth) lowering.refuse("a softmax over more than 4095 values");
  p.multiplier = scale.multiplier.multiplier;
  p.shift = scale.multiplier.shift;
  p.diff_min = scale.diff_min;
  lowering.emit(kernel, p);
}

// Source: TFLite PreprocessLogSoftmaxScalingExp.
void lower_log_softmax_s8(Lowering& lowering, const ir::Node& node) {
  require_output(lowering, node, 16.0f / 256.0f, 127);
  const ExpScale scale = exp_scale(lowering, 1.0, tensor_scale(lowering, node.inputs[0]).scale);
  const double reverse = static_cast<double>(int64_t{1} << (31 - scale.multiplier.shift)) /
                         static_cast<double>(scale.multiplier.multiplier);
  const QuantizedMultiplier back = quantize_multiplier(reverse);
  lowering.may_overlap(node.outputs[0], node.inputs[0], 0);
  rt::LogSoftmaxS8 p{};
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  set_rows(lowering, node, &p);
  if (p.depth > rt::kMaxSoftmaxDepth) lowering.refuse("a softmax over more than 4095 values");
  p.multiplier = scale.multiplier.multiplier;
  p.shift = scale.multiplier.shift;
  p.diff_min = scale.diff_min;
  p.reverse_multiplier = back.multiplier;
  p.reverse_shift = std::min(back.shift, 0);
  lowering.emit(rt::KernelId::log_softmax_s8, p);
}

void lower_l2_normalization_s8(Lowering& lowering, const ir::Node& node) {
  require_output(lowering, node, 1.0f / 128.0f, 0);
  lowering.may_overlap(node.outputs[0], node.inputs[0], 0);
  rt::L2NormalizationS8 p{};
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  set_rows(lowering, node, &p);
  if (p.depth > rt::kMaxL2NormalizationDepth) lowering.refuse("a normalization over more than 32767 values");
  p.zero_point = tensor_scale(lowering, node.inputs[0]).zero_point;
  lowering.emit(rt::KernelId::l2_normalization_s8, p);
}

void lower_real(Lowering& lowering, const ir::Node& node) {
  lowering.may_overlap(node.outputs[0], node.inputs[0], 0);
  rt::NormalizeF32 p{};
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  set_rows(lowering, node, &p);
  p.beta_bits = bits_of(1.0f);
  switch (node.op) {
    case ir::Op::softmax:
      p.beta_bits = bits_of(ir::attributes<ir::SoftmaxAttributes>(node).beta);
      return lowering.emit(rt::KernelId::softmax_f32, p);
    case ir::Op::log_softmax:
      return lowering.emit(rt::KernelId::log_softmax_f32, p);
    default:
      return lowering.emit(rt::KernelId::l2_normalization_f32, p);
  }
}

}  // namespace

void lower_softmax(Lowering& lowering, const ir::Node& node) {
  const ir::DType type = lowering.tensor_of(node.inputs[0]).type;
  const ir::DType output = lowering.tensor_of(node.outputs[0]).type;
  if (node.op == ir::Op::softmax && type == ir::DType::i8 && output == ir::DType::i16) {
    return lower_softmax_integer<int16_t>(lowering, node, rt::KernelId::softmax_s8_s16);
  }
  if (output != type) lowering.refuse("the output is of another type");
  if (type == ir::DType::f32) return lower_real(lowering, node);
  if (type == ir::DType::i16 && node.op == ir::Op::softmax) return lower_softmax_s16(lowering, node);
  if (type != ir::DType::i8) lowering.refuse("there is no kernel for this type", "int8 and float32 are supported");
  switch (node.op) {
    case ir::Op::softmax:
      return lower_softmax_integer<int8_t>(lowering, node, rt::KernelId::softmax_s8);
    case ir::Op::log_softmax:
      return lower_log_softmax_s8(lowering, node);
    default:
      return lower_l2_normalization_s8(lowering, node);
  }
}

}  // namespace whit::compile
