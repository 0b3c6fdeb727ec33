#include "whit_runtime/kernels/reduce.hpp"

#include <algorithm>
#include <bit>

#include "whit/compile/lower/lower_ops.hpp"
#include "whit/compile/lower/overlap.hpp"
#include "whit/compile/lower/quantized.hpp"
#include "whit_runtime/kernels/arg_extreme.hpp"

namespace whit::compile {
namespace {

// Neighbouring dimensions that are all kept or all reduced, as one; outermost first, with strides in elements.
struct Group {
  bool reduced;
  int64_t dim, stride;
};

std::vector<Group> group_dimensions(const ir::Shape& shape, const std::vector<int32_t>& axes) {
  std::vector<Group> groups;  // innermost first
  int64_t stride = 1;
  for (size_t d = shape.size(); d-- > 0;) {
    const bool reduced = std::find(axes.begin(), axes.end(), static_cast<int32_t>(d)) != axes.end();
    if (shape[d] != 1) {
      if (!groups.empty() && groups.back().reduced == reduced) {
        groups.back().dim *= shape[d];
      } else {
        groups.push_back({reduced, shape[d], stride});
      }
    }
    stride *= shape[d];
  }
  std::reverse(groups.begin(), groups.end());
  return groups;
}

// Fills the walk of any reduction record; the number of elements of one result.
template <typename Params>
int64_t set_walk(Params& p, Lowering& lowering, const ir::Node& node) {
  const ir::Shape& shape = lowering.tensor_of(node.inputs[0]).shape;
  p.kept[0] = p.kept[1] = p.reduced[0] = p.reduced[1] = 1;
  size_t next[2] = {2, 2};  // filled from the inside: kept, reduced
  const std::vector<Group> groups = group_dimensions(shape, ir::attributes<ir::ReduceAttributes>(node).axes);
  for (size_t g = groups.size(); g-- > 0;) {
    size_t& slot = next[groups[g].reduced ? 1 : 0];
    if (slot == 0) lowering.refuse("axes that alternate more than twice with those kept");
    --slot;
    (groups[g].reduced ? p.reduced : p.kept)[slot] = static_cast<int32_t>(groups[g].dim);
    (groups[g].reduced ? p.reduced_stride : p.kept_stride)[slot] = static_cast<int32_t>(groups[g].stride);
  }
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  return int64_t{p.reduced[0]} * p.reduced[1];
}

template <typename Params>
void allow_overlap(Lowering& lowering, const ir::Node& node, const Params& p, int64_t element_bytes) {
  OverlapSimulation simulation;
  for (int64_t i = 0; i < int64_t{p.kept[0]} * p.kept[1]; ++i) {
    simulation.read((i / p.kept[1] * p.kept_stride[0] + i % p.kept[1] * p.kept_stride[1]) * element_bytes);
    simulation.write((i + 1) * element_bytes);
  }
  const int64_t input_bytes = ir::bytes_of(lowering.tensor_of(node.inputs[0]));
  lowering.may_overlap(node.outputs[0], node.inputs[0], simulation.lead(input_bytes));
}

// Source: TFLite reference_ops QuantizedMeanOrSum: 1 / count goes into the multiplier, as far as its bits allow.
template <typename T>
void lower_sum(Lowering& lowering, const ir::Node& node, rt::KernelId kernel) {
  const ir::Quantization& in = lowering.tensor_of(node.inputs[0]).quantization;
  const ir::Quantization& out = lowering.tensor_of(node.outputs[0]).quantization;
  rt::ReduceSum<T> p{};
  const int64_t count = set_walk(p, lowering, node);
  QuantizedMultiplier scale = quantize_multiplier(static_cast<double>(in.scale[0]) / static_cast<double>(out.scale[0]));
  if (node.op == ir::Op::mean) {
    int32_t shift = 63 - std::countl_zero(static_cast<uint64_t>(count));
    shift = std::min({shift, 32, 31 + scale.shift});
    scale.multiplier = static_cast<int32_t>((static_cast<int64_t>(scale.multiplier) << shift) / count);
    scale.shift -= shift;
  }
  p.bias = static_cast<int32_t>(-in.zero_point[0] * count);
  p.multiplier = scale.multiplier;
  p.shift = scale.shift;
  p.output_zero_point = out.zero_point[0];
  allow_overlap(lowering, node, p, sizeof(T));
  lowering.emit(kernel, p);
}

void lower_reduce_s8(Lowering& lowering, const ir::Node& node) {
  const ir::Quantization& in = lowering.tensor_of(node.inputs[0]).quantization;
  const ir::Quantization& out = lowering.tensor_of(node.outputs[0]).quantization;
  if (in.empty() || out.empty()) lowering.refuse("int8 that is not quantized");
  if (node.op == ir::Op::mean || node.op == ir::Op::sum) {
    return lower_sum<int8_t>(lowering, node, rt::KernelId::reduce_sum_s8);
  }
  if (in.scale != out.scale || in.zero_point != out.zero_point) {
    lowering.refuse("input and output that are not quantized alike");
  }
  rt::ReduceExtremeS8 p{};
  set_walk(p, lowering, node);
  p.flip = node.op == ir::Op::reduce_min ? -1 : 0;
  allow_overlap(lowering, node, p, 1);
  lowering.emit(rt::KernelId::reduce_extreme_s8, p);
}

void lower_reduce_f32(Lowering& lowering, const ir::Node& node) {
  if (node.op == ir::Op::mean || node.op == ir::Op::sum) {
    rt::ReduceSumF32 p{};
    const int64_t count = set_walk(p, lowering, node);
    p.divisor_bits = std::bit_cast<int32_t>(node.op == ir::Op::mean ? static_cast<float>(count) : 1.0f);
    allow_overlap(lowering, node, p, 4);
    lowering.emit(rt::KernelId::reduce_sum_f32, p);
  } else {
    rt::ReduceExtremeF32 p{};
    set_walk(p, lowering, node);
    p.smallest = node.op == ir::Op::reduce_min ? 1 : 0;
    allow_overlap(lowering, node, p, 4);
    lowering.emit(rt::KernelId::reduce_extreme_f32, p);
  }
}

template <typename Params>
void lower_arg_extreme(Lowering& lowering, const ir::Node& node, rt::KernelId kernel) {
  const ir::Shape& shape = lowering.tensor_of(node.inputs[0]).shape;
  const auto axis = static_cast<size_t>(ir::attributes<ir::ReduceAttributes>(node).axes.at(0));
  Params p{};
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.outer = p.inner = 1;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (d != axis) (d < axis ? p.outer : p.inner) *= shape[d];
  }
  p.axis_size = shape[axis];
  p.smallest = node.op == ir::Op::arg_min ? 1 : 0;
  lowering.emit(kernel, p);
}

}  // namespace

void lower_reduce(Lowering& lowering, const ir::Node& node) {
  const ir::Tensor& input = lowering.tensor_of(node.inputs[0]);
  const ir::Tensor& output = lowering.tensor_of(node.outputs[0]);
  const bool is_arg = node.op == ir::Op::arg_max || node.op == ir::Op::arg_min;
  if (is_arg && output.type != ir::DType::i32) lowering.refuse("an output that is not int32");
  if (!is_arg && output.type != input.type) lowering.refuse("input and output of different types");
  if (input.type == ir::DType::i8) {
    if (is_arg) return lower_arg_extreme<rt::ArgExtremeS8>(lowering, node, rt::KernelId::arg_extreme_s8);
    return lower_reduce_s8(lowering, node);
  }
  if (input.type == ir::DType::i16 && node.op == ir::Op::mean) {
    if (input.quantization.empty() || output.quantization.empty()) lowering.refuse("int16 that is not quantized");
    return lower_sum<int16_t>(lowering, node, rt::KernelId::reduce_sum_s16);
  }
  if (input.type == ir::DType::f32) {
    if (is_arg) return lower_arg_extreme<rt::ArgExtremeF32>(lowering, node, rt::KernelId::arg_extreme_f32);
    return lower_reduce_f32(lowering, node);
  }
  lowering.refuse("reduction of this type", "int8 and float32 are supported, and means of int16");
}

}  // namespace whit::compile
