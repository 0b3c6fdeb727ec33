#include <algorithm>
#include <array>
#include <limits>

#include "whit/compile/lower/affine_add.hpp"
#include "whit/compile/lower/elementwise.hpp"
#include "whit/compile/lower/lower_ops.hpp"
#include "whit_runtime/kernels/add_affine_s8.hpp"
#include "whit_runtime/kernels/binary_32.hpp"
#include "whit_runtime/kernels/broadcast.hpp"
#include "whit_runtime/kernels/compare.hpp"
#include "whit_runtime/kernels/select.hpp"

namespace whit::compile {
namespace {

using ir::Op;
using rt::KernelId;

rt::Broadcast broadcast_of(const Lowering& lowering, const ir::Node& node) {
  const MergedShapes merged =
      merge_shapes(lowering, lowering.tensor_of(node.outputs[0]).shape,
                   {lowering.tensor_of(node.inputs[0]).shape, lowering.tensor_of(node.inputs[1]).shape});
  rt::Broadcast b{};
  std::copy(std::begin(merged.dims), std::end(merged.dims), std::begin(b.dims));
  b.repeat1 = merged.repeats[0];
  b.repeat2 = merged.repeats[1];
  return b;
}

// The output may take the place of an operand that is not repeated.
void allow_overlaps(Lowering& lowering, const ir::Node& node, const rt::Broadcast& b) {
  if (b.repeat1 == 0) lowering.may_overlap(node.outputs[0], node.inputs[0], 0);
  if (b.repeat2 == 0) lowering.may_overlap(node.outputs[0], node.inputs[1], 0);
}

template <typename Params>
void emit_binary(Lowering& lowering, const ir::Node& node, KernelId kernel, Params p) {
  p.broadcast = broadcast_of(lowering, node);
  allow_overlaps(lowering, node, p.broadcast);
  p.input1 = lowering.tensor(node.inputs[0]);
  p.input2 = lowering.tensor(node.inputs[1]);
  p.output = lowering.tensor(node.outputs[0]);
  lowering.emit(kernel, p);
}

ir::Activation activation_of(const ir::Node& node) {
  const auto* attributes = std::get_if<ir::ActivationAttributes>(&node.attributes);
  return attributes != nullptr ? attributes->activation : ir::Activation::none;
}

// The kernel `run` with a constant scalar operand as a table of the other one.
template <typename Params>
std::vector<uint8_t> table_of(Params p, bool constant_first, uint8_t constant,
                              void (*run)(const Params&, const rt::Memory&)) {
  std::array<uint8_t, 257> operands{};
  for (size_t i = 0; i < 256; ++i) operands[i] = static_cast<uint8_t>(i);
  operands[256] = constant;
  std::vector<uint8_t> table(256);
  p.broadcast = {{1, 1, 1, 256}, constant_first ? 8 : 0, constant_first ? 0 : 8};
  p.input1 = (constant_first ? 256u : 0u) | rt::kConstantBit;
  p.input2 = (constant_first ? 0u : 256u) | rt::kConstantBit;
  p.output = 0;
  run(p, {table.data(), operands.data()});
  return table;
}

bool is_scalar_constant(const Lowering& lowering, ir::TensorId id) {
  return lowering.tensor_of(id).is_constant && ir::elements(lowering.tensor_of(id).shape) == 1;
}

// An int8 op: a table where one operand is a constant scalar, else the kernel.
template <typename Params>
void emit_s8(Lowering& lowering, const ir::Node& node, KernelId kernel, const Params& p,
             void (*run)(const Params&, const rt::Memory&)) {
  for (const size_t constant : {size_t{1}, size_t{0}}) {
    const ir::TensorId other = node.inputs[1 - constant];
    if (!is_scalar_constant(lowering, node.inputs[constant])) continue;
    if (lowering.tensor_of(other).is_constant ||
        ir::elements(lowering.tensor_of(other).shape) != ir::elements(lowering.tensor_of(node.outputs[0]).shape)) {
      continue;
    }
    const uint8_t value = lowering.tensor_of(node.inputs[constant]).data.at(0);
    return emit_lookup(lowering, other, node.outputs[0], table_of(p, constant == 0, value, run));
  }
  emit_binary(lowering, node, kernel, p);
}

// Bring both operands to twice the larger scale, combine, bring to the output's scale; `left_shift` bits of precision.
// Source: TFLite add.cc, sub.cc, squared_difference.cc.
template <typename T>
rt::Add<T> add_record(const Lowering& lowering, const ir::Node& node, int32_t left_shift, bool squared) {
  const TensorScale in1 = tensor_scale(lowering, node.inputs[0]), in2 = tensor_scale(lowering, node.inputs[1]);
  const TensorScale out = tensor_scale(lowering, node.outputs[0]);
  const double twice_max = 2 * std::max(in1.scale, in2.scale);
  const ActivationRange range = activation_range(activation_of(node), lowering.tensor_of(node.outputs[0]));
  rt::Add<T> p{};
  p.zero_point1 = in1.zero_point;
  p.zero_point2 = in2.zero_point;
  p.scale1 = to_scale(quantize_multiplier(in1.scale / twice_max));
  p.scale2 = to_scale(quantize_multiplier(in2.scale / twice_max));
  p.sign2 = node.op == Op::sub ? -1 : 1;
  p.output_scale = to_scale(
      squared ? quantize_multiplier((twice_max * twice_max) / (static_cast<float>(1 << (2 * left_shift)) * out.scale))
              : quantize_multiplier(twice_max / (static_cast<float>(1 << left_shift) * out.scale)));
  p.output_zero_point = out.zero_point;
  p.output_min = range.min;
  p.output_max = range.max;
  return p;
}

void lower_add_s8(Lowering& lowering, const ir::Node& node) {
  const rt::AddS8 literal = add_record<int8_t>(lowering, node, 20, false);
  const rt::Broadcast b = broadcast_of(lowering, node);
  if (b.repeat1 == 0 && b.repeat2 == 0 && count_of(lowering, node.outputs[0]) > 1) {
    if (const auto affine = find_affine_add(literal, rt::kAddAffineShift)) {
      allow_overlaps(lowering, node, b);
      rt::AddAffineS8 p{};
      p.input1 = lowering.tensor(node.inputs[0]);
      p.input2 = lowering.tensor(node.inputs[1]);
      p.output = lowering.tensor(node.outputs[0]);
      p.count = count_of(lowering, node.outputs[0]);
      p.a = affine->a;
      p.b = affine->b;
      p.c = affine->c;
      return lowering.emit(KernelId::add_affine_s8, p);
    }
  }
  emit_s8(lowering, node, KernelId::add_s8, literal, rt::add_s8);
}

// Source: TFLite mul.cc; the scales are multiplied as floats.
template <typename T>
rt::Mul<T> mul_record(const Lowering& lowering, const ir::Node& node) {
  const TensorScale in1 = tensor_scale(lowering, node.inputs[0]), in2 = tensor_scale(lowering, node.inputs[1]);
  const TensorScale out = tensor_scale(lowering, node.outputs[0]);
  const ActivationRange range = activation_range(activation_of(node), lowering.tensor_of(node.outputs[0]));
  rt::Mul<T> p{};
  p.zero_point1 = in1.zero_point;
  p.zero_point2 = in2.zero_point;
  p.output_scale = to_scale(quantize_multiplier(in1.scale * in2.scale / out.scale));
  p.output_zero_point = out.zero_point;
  p.output_min = range.min;
  p.output_max = range.max;
  return p;
}

// Source: TFLite activations.cc PreluPrepare.
void lower_prelu_s8(Lowering& lowering, const ir::Node& node) {
  const TensorScale in = tensor_scale(lowering, node.inputs[0]), alpha = tensor_scale(lowering, node.inputs[1]);
  const TensorScale out = tensor_scale(lowering, node.outputs[0]);
  rt::PreluS8 p{};
  p.zero_point1 = in.zero_point;
  p.zero_point2 = alpha.zero_point;
  p.positive_scale = to_scale(quantize_multiplier(in.scale / out.scale));
  p.negative_scale = to_scale(quantize_multiplier(in.scale * alpha.scale / out.scale));
  p.output_zero_point = out.zero_point;
  emit_s8(lowering, node, KernelId::prelu_s8, p, rt::prelu_s8);
}

int32_t outcomes_of(Op op) {
  switch (op) {
    case Op::equal:
      return rt::kEqual;
    case Op::not_equal:
      return rt::kLess | rt::kGreater | rt::kUnordered;
    case Op::less:
      return rt::kLess;
    case Op::less_equal:
      return rt::kLess | rt::kEqual;
    case Op::greater:
      return rt::kGreater;
    default:
      return rt::kGreater | rt::kEqual;
  }
}

bool is_comparison(Op op) {
  return op == Op::equal || op == Op::not_equal || op == Op::less || op == Op::less_equal || op == Op::greater ||
         op == Op::greater_equal;
}

void lower_compare(Lowering& lowering, const ir::Node& node) {
  const ir::DType type = lowering.tensor_of(node.inputs[0]).type;
  if (type == ir::DType::i8) {
    const TensorScale in1 = tensor_scale(lowering, node.inputs[0]), in2 = tensor_scale(lowering, node.inputs[1]);
    rt::CompareS8 p{};
    p.outcomes = outcomes_of(node.op);
    p.zero_point1 = in1.zero_point;
    p.zero_point2 = in2.zero_point;
    p.scale1 = to_scale(quantize_multiplier(in1.scale));
    p.scale2 = to_scale(quantize_multiplier(in2.scale));
    return emit_s8(lowering, node, KernelId::compare_s8, p, rt::compare_s8);
  }
  rt::Compare32 p{};
  p.outcomes = outcomes_of(node.op);
  if (type == ir::DType::f32) return emit_binary(lowering, node, KernelId::compare_f32, p);
  if (type == ir::DType::i32) return emit_binary(lowering, node, KernelId::compare_i32, p);
  lowering.refuse("there is no kernel for this type", "int8, int32 and float32 are supported");
}

void lower_select(Lowering& lowering, const ir::Node& node) {
  const ir::Tensor& output = lowering.tensor_of(node.outputs[0]);
  for (const ir::TensorId id : {node.inputs[1], node.inputs[2]}) {
    const ir::Tensor& value = lowering.tensor_of(id);
    if (value.type != output.type || !(value.quantization == output.quantization)) {
      lowering.refuse("the operands' types or scales differ from the output's");
    }
  }
  ir::Shape condition = lowering.tensor_of(node.inputs[0]).shape;
  // A vector of conditions selects whole rows.
  const bool by_row = condition.size() == 1 && output.shape.size() > 1 && condition[0] == output.shape[0] &&
                      condition[0] != output.shape.back();
  if (by_row) condition.resize(output.shape.size(), 1);
  const MergedShapes merged =
      merge_shapes(lowering, output.shape,
                   {condition, lowering.tensor_of(node.inputs[1]).shape, lowering.tensor_of(node.inputs[2]).shape});
  rt::Select p{};
  std::copy(std::begin(merged.dims), std::end(merged.dims), std::begin(p.broadcast.dims));
  p.repeat_condition = merged.repeats[0];
  p.broadcast.repeat1 = merged.repeats[1];
  p.broadcast.repeat2 = merged.repeats[2];
  p.element_bytes = static_cast<int32_t>(ir::bytes_of(output.type));
  if (merged.repeats[1] == 0) lowering.may_overlap(node.outputs[0], node.inputs[1], 0);
  if (merged.repeats[2] == 0) lowering.may_overlap(node.outputs[0], node.inputs[2], 0);
  p.condition = lowering.tensor(node.inputs[0]);
  p.input1 = lowering.tensor(node.inputs[1]);
  p.input2 = lowering.tensor(node.inputs[2]);
  p.output = lowering.tensor(node.outputs[0]);
  lowering.emit(KernelId::select, p);
}

void lower_real(Lowering& lowering, const ir::Node& node) {
  const FloatRange range = activation_range_f32(activation_of(node));
  rt::BinaryF32 p{};
  p.output_min_bits = bits_of(range.min);
  p.output_max_bits = bits_of(range.max);
  switch (node.op) {
    case Op::add:
      return emit_binary(lowering, node, KernelId::add_f32, p);
    case Op::sub:
      return emit_binary(lowering, node, KernelId::sub_f32, p);
    case Op::mul:
      return emit_binary(lowering, node, KernelId::mul_f32, p);
    case Op::div:
      return emit_binary(lowering, node, KernelId::div_f32, p);
    case Op::maximum:
      return emit_binary(lowering, node, KernelId::maximum_f32, p);
    case Op::minimum:
      return emit_binary(lowering, node, KernelId::minimum_f32, p);
    case Op::squared_difference:
      return emit_binary(lowering, node, KernelId::squared_difference_f32, p);
    case Op::prelu:
      return emit_binary(lowering, node, KernelId::prelu_f32, p);
    case Op::pow:
      return emit_binary(lowering, node, KernelId::pow_f32, p);
    default:
      lowering.refuse("there is no float32 kernel for it");
  }
}

void lower_i32(Lowering& lowering, const ir::Node& node) {
  if (activation_of(node) != ir::Activation::none) lowering.refuse("a fused activation on int32");
  const rt::BinaryI32 p{};
  switch (node.op) {
    case Op::add:
      return emit_binary(lowering, node, KernelId::add_i32, p);
    case Op::sub:
      return emit_binary(lowering, node, KernelId::sub_i32, p);
    case Op::mul:
      return emit_binary(lowering, node, KernelId::mul_i32, p);
    case Op::maximum:
      return emit_binary(lowering, node, KernelId::maximum_i32, p);
    case Op::minimum:
      return emit_binary(lowering, node, KernelId::minimum_i32, p);
    default:
      lowering.refuse("there is no int32 kernel for it");
  }
}

void lower_s8(Lowering& lowering, const ir::Node& node) {
  switch (node.op) {
    case Op::add:
    case Op::sub:
      return lower_add_s8(lowering, node);
    case Op::mul:
      return emit_s8(lowering, node, KernelId::mul_s8, mul_record<int8_t>(lowering, node), rt::mul_s8);
    case Op::prelu:
      return lower_prelu_s8(lowering, node);
    case Op::squared_difference:
      return emit_s8(lowering, node, KernelId::squared_difference_s8, add_record<int8_t>(lowering, node, 7, true),
                     rt::squared_difference_s8);
    case Op::maximum:
      return emit_s8(lowering, node, KernelId::maximum_s8, rt::ExtremumS8{}, rt::maximum_s8);
    case Op::minimum:
      return emit_s8(lowering, node, KernelId::minimum_s8, rt::ExtremumS8{}, rt::minimum_s8);
    default:
      lowering.refuse("there is no int8 kernel for it", "keep it in float32");
  }
}

// Adds without int16's rounding of scales to powers of two, which the importer refuses.
void lower_s16(Lowering& lowering, const ir::Node& node) {
  switch (node.op) {
    case Op::add:
    case Op::sub:
      return emit_binary(lowering, node, KernelId::add_s16, add_record<int16_t>(lowering, node, 15, false));
    case Op::mul:
      return emit_binary(lowering, node, KernelId::mul_s16, mul_record<int16_t>(lowering, node));
    default:
      lowering.refuse("there is no int16 kernel for it", "supported: add, sub, mul");
  }
}

}  // namespace

void lower_binary(Lowering& lowering, const ir::Node& node) {
  if (node.op == Op::select) return lower_select(lowering, node);
  const ir::DType type = lowering.tensor_of(node.inputs[0]).type;
  if (lowering.tensor_of(node.inputs[1]).type != type) lowering.refuse("the operands are of different types");
  if (is_comparison(node.op)) return lower_compare(lowering, node);
  if (lowering.tensor_of(node.outputs[0]).type != type) lowering.refuse("the output is of another type");
  switch (type) {
    case ir::DType::f32:
      return lower_real(lowering, node);
    case ir::DType::i32:
      return lower_i32(lowering, node);
    case ir::DType::i8:
      return lower_s8(lowering, node);
    case ir::DType::i16:
      return lower_s16(lowering, node);
    default:
      lowering.refuse("there is no kernel for this type", "int8, int32 and float32 are supported");
  }
}

}  // namespace whit::compile
