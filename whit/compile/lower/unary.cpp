#include <algorithm>
#include <cmath>
#include <limits>

#include "whit/compile/lower/byte_tables.hpp"
#include "whit/compile/lower/elementwise.hpp"
#include "whit/compile/lower/lower_ops.hpp"
#include "whit_runtime/kernels/cast.hpp"
#include "whit_runtime/kernels/quantize.hpp"
#include "whit_runtime/kernels/unary_f32.hpp"

namespace whit::compile {
namespace {

bool is_byte(ir::DType type) { return type == ir::DType::i8 || type == ir::DType::u8; }

// Types that quantize, dequantize and cast exchange with a Program; ElementType is numbered for the blob, DType is not.
uint32_t element_type(const Lowering& lowering, ir::DType type) {
  switch (type) {
    case ir::DType::f32:
      return static_cast<uint32_t>(rt::ElementType::f32);
    case ir::DType::i8:
      return static_cast<uint32_t>(rt::ElementType::i8);
    case ir::DType::u8:
      return static_cast<uint32_t>(rt::ElementType::u8);
    case ir::DType::i16:
      return static_cast<uint32_t>(rt::ElementType::i16);
    case ir::DType::i32:
      return static_cast<uint32_t>(rt::ElementType::i32);
    case ir::DType::i64:
      return static_cast<uint32_t>(rt::ElementType::i64);
    case ir::DType::boolean:
      return static_cast<uint32_t>(rt::ElementType::boolean);
    case ir::DType::f16:
    case ir::DType::i4:
      break;
  }
  lowering.refuse("float16 or int4 at run time", "they are supported for constants only");
}

// In place wherever the output's elements are no wider; else the output must run ahead of the input's.
void allow_overlap(Lowering& lowering, ir::TensorId output, ir::TensorId input) {
  const int64_t wider = ir::bytes_of(lowering.tensor_of(output).type) - ir::bytes_of(lowering.tensor_of(input).type);
  const int64_t count = ir::elements(lowering.tensor_of(output).shape);
  lowering.may_overlap(output, input, std::max<int64_t>(0, wider * (count - 1)));
}

struct RealUnary {
  rt::UnaryFunction function;
  float a = 0.0f, b = 0.0f;
};

RealUnary real_unary(const Lowering& lowering, const ir::Node& node) {
  using ir::Op;
  using F = rt::UnaryFunction;
  const float infinity = std::numeric_limits<float>::infinity();
  switch (node.op) {
    case Op::relu:
      return {F::clamp, 0.0f, infinity};
    case Op::relu6:
      return {F::clamp, 0.0f, 6.0f};
    case Op::relu_n1_to_1:
      return {F::clamp, -1.0f, 1.0f};
    case Op::relu_0_to_1:
      return {F::clamp, 0.0f, 1.0f};
    case Op::leaky_relu:
      return {F::leaky_relu, ir::attributes<ir::LeakyReluAttributes>(node).alpha};
    case Op::elu:
      return {F::elu};
    case Op::hard_swish:
      return {F::hard_swish};
    case Op::logistic:
      return {F::logistic};
    case Op::tanh:
      return {F::tanh};
    case Op::abs:
      return {F::abs};
    case Op::neg:
      return {F::neg};
    case Op::exp:
      return {F::exp};
    case Op::erf:
      return {F::erf};
    case Op::log:
      return {F::log};
    case Op::sqrt:
      return {F::sqrt};
    case Op::rsqrt:
      return {F::rsqrt};
    case Op::square:
      return {F::square};
    case Op::sin:
      return {F::sin};
    case Op::cos:
      return {F::cos};
    case Op::floor:
      return {F::floor};
    case Op::ceil:
      return {F::ceil};
    case Op::round:
      return {F::round};
    default:
      lowering.refuse("there is no float32 kernel for it");
  }
}

void lower_real_unary(Lowering& lowering, const ir::Node& node) {
  const RealUnary unary = real_unary(lowering, node);
  lowering.may_overlap(node.outputs[0], node.inputs[0], 0);
  rt::UnaryF32 p{};
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.count = count_of(lowering, node.outputs[0]);
  p.function = static_cast<int32_t>(unary.function);
  p.a_bits = bits_of(unary.a);
  p.b_bits = bits_of(unary.b);
  lowering.emit(rt::KernelId::unary_f32, p);
}

void lower_quantize_channels(Lowering& lowering, const ir::Node& node) {
  const ir::TensorId input = node.inputs[0], output = node.outputs[0];
  const ir::Quantization& q = lowering.tensor_of(output).quantization;
  std::vector<rt::ChannelScale> scales;
  for (size_t c = 0; c < q.scale.size(); ++c) {
    int exponent = 0;
    if (std::frexp(q.scale[c], &exponent) != 0.5f || exponent < -125) {
      lowering.refuse("a scale for each channel that is no power of two", "supported for the features of forests");
    }
    scales.push_back({exponent - 1, q.zero_point[c]});
  }
  allow_overlap(lowering, output, input);
  rt::QuantizeChannelsF32 p{};
  p.input = lowering.tensor(input);
  p.output = lowering.tensor(output);
  p.scales = lowering.constant(scales, ConstantKind::other);
  p.channels = static_cast<int32_t>(scales.size());
  p.rows = count_of(lowering, output) / p.channels;
  p.output_type = element_type(lowering, lowering.tensor_of(output).type);
  if (rt::quantized_bytes(p.output_type) == 0) lowering.refuse("quantization to a type other than int8, uint8, int16");
  lowering.emit(rt::KernelId::quantize_channels_f32, p);
}

void lower_quantize(Lowering& lowering, const ir::Node& node) {
  const ir::TensorId input = node.inputs[0], output = node.outputs[0];
  if (lowering.tensor_of(output).quantization.per_channel()) return lower_quantize_channels(lowering, node);
  const ir::DType from = lowering.tensor_of(input).type, to = lowering.tensor_of(output).type;
  const TensorScale out = tensor_scale(lowering, output);
  allow_overlap(lowering, output, input);
  if (from == ir::DType::f32) {
    rt::QuantizeF32 p{};
    p.input = lowering.tensor(input);
    p.output = lowering.tensor(output);
    p.count = count_of(lowering, output);
    p.output_type = element_type(lowering, to);
    if (rt::quantized_bytes(p.output_type) == 0)
      lowering.refuse("quantization to a type other than int8, uint8, int16");
    p.scale_bits = bits_of(out.scale);
    p.zero_point = out.zero_point;
    return lowering.emit(rt::KernelId::quantize_f32, p);
  }
  const TensorScale in = tensor_scale(lowering, input);
  const QuantizedMultiplier scale = quantize_multiplier(static_cast<double>(in.scale) / static_cast<double>(out.scale));
  rt::Requantize p{};
  p.input = lowering.tensor(input);
  p.output = lowering.tensor(output);
  p.count = count_of(lowering, output);
  p.input_type = element_type(lowering, from);
  p.output_type = element_type(lowering, to);
  if (rt::quantized_bytes(p.input_type) == 0 || rt::quantized_bytes(p.output_type) == 0) {
    lowering.refuse("requantization of these types", "int8, uint8, int16 and int32 are supported");
  }
  p.multiplier = scale.multiplier;
  p.shift = scale.shift;
  p.input_zero_point = in.zero_point;
  p.output_zero_point = out.zero_point;
  lowering.emit(rt::KernelId::requantize, p);
}

void lower_dequantize(Lowering& lowering, const ir::Node& node) {
  const ir::TensorId input = node.inputs[0], output = node.outputs[0];
  if (lowering.tensor_of(output).type != ir::DType::f32) lowering.refuse("dequantization to another type than float32");
  const TensorScale in = tensor_scale(lowering, input);
  allow_overlap(lowering, output, input);
  rt::DequantizeF32 p{};
  p.input = lowering.tensor(input);
  p.output = lowering.tensor(output);
  p.count = count_of(lowering, output);
  p.input_type = element_type(lowering, lowering.tensor_of(input).type);
  if (rt::quantized_bytes(p.input_type) == 0) lowering.refuse("dequantization of this type");
  p.scale_bits = bits_of(in.scale);
  p.zero_point = in.zero_point;
  lowering.emit(rt::KernelId::dequantize_f32, p);
}

void lower_cast(Lowering& lowering, const ir::Node& node) {
  const ir::TensorId input = node.inputs[0], output = node.outputs[0];
  allow_overlap(lowering, output, input);
  rt::Cast p{};
  p.input = lowering.tensor(input);
  p.output = lowering.tensor(output);
  p.count = count_of(lowering, output);
  p.input_type = element_type(lowering, lowering.tensor_of(input).type);
  p.output_type = element_type(lowering, lowering.tensor_of(output).type);
  lowering.emit(rt::KernelId::cast, p);
}

}  // namespace

void lower_unary(Lowering& lowering, const ir::Node& node) {
  const ir::DType from = lowering.tensor_of(node.inputs[0]).type;
  const ir::DType to = lowering.tensor_of(node.outputs[0]).type;
  if (node.op == ir::Op::cast) return lower_cast(lowering, node);
  if (node.op == ir::Op::dequantize) return lower_dequantize(lowering, node);
  if (is_byte(from) && is_byte(to)) {
    tensor_scale(lowering, node.inputs[0]);
    tensor_scale(lowering, node.outputs[0]);
    const auto table = byte_table(lowering.graph(), node);
    if (!table) lowering.refuse("there is no int8 form of it with these scales");
    return emit_lookup(lowering, node.inputs[0], node.outputs[0], *table);
  }
  if (node.op == ir::Op::quantize) return lower_quantize(lowering, node);
  if (from == ir::DType::f32 && to == ir::DType::f32) return lower_real_unary(lowering, node);
  if (from == ir::DType::i16 && to == ir::DType::i16) return lower_unary_s16(lowering, node);
  lowering.refuse("there is no kernel for these types", "int8, uint8, int16 and float32 are supported");
}

}  // namespace whit::compile
