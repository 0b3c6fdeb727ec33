#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>

#include "whit/base/error.hpp"
#include "whit/compile/lower/copy_plan.hpp"
#include "whit/compile/lower/lower_ops.hpp"
#include "whit/compile/lower/resize.hpp"
#include "whit_runtime/kernels/fill.hpp"
#include "whit_runtime/kernels/gather.hpp"
#include "whit_runtime/kernels/one_hot.hpp"
#include "whit_runtime/kernels/pad.hpp"

namespace whit::compile {
namespace {

struct Operands {
  ir::TensorId in, out;
  const ir::Tensor &input, &output;
  int64_t element_bytes;
};

Operands operands_of(Lowering& lowering, const ir::Node& node) {
  const ir::TensorId in = node.inputs[0];
  const ir::TensorId out = node.outputs[0];
  const Operands o{in, out, lowering.tensor_of(in), lowering.tensor_of(out),
                   ir::bytes_of(lowering.tensor_of(out).type)};
  if (o.input.type != o.output.type) lowering.refuse("input and output of different types");
  return o;
}

void lower_reshape(Lowering& lowering, const ir::Node& node) {
  const Operands o = operands_of(lowering, node);
  if (lowering.alias(o.out, o.in, 0) || lowering.alias(o.in, o.out, 0)) return;
  CopyPlan plan;
  plan.run_bytes = ir::bytes_of(o.output);
  emit_copy(lowering, o.in, o.out, plan, true);
}

void lower_transpose(Lowering& lowering, const ir::Node& node) {
  const Operands o = operands_of(lowering, node);
  const auto& permutation = ir::attributes<ir::TransposeAttributes>(node).permutation;
  const std::vector<int64_t> in = dense_strides(o.input.shape, o.element_bytes);
  const std::vector<int64_t> out = dense_strides(o.output.shape, o.element_bytes);
  CopyPlan plan;
  plan.run_bytes = o.element_bytes;
  for (size_t d = 0; d < out.size(); ++d) {
    plan.axes.push_back({o.output.shape[d], in[static_cast<size_t>(permutation[d])], out[d]});
  }
  plan.collapse();
  if (plan.is_contiguous() && lowering.alias(o.out, o.in, 0)) return;
  emit_copy(lowering, o.in, o.out, plan, true);
}

// Slices of one tensor that together are at least half of it keep it alive at no great cost.
bool worth_aliasing(const Lowering& lowering, ir::TensorId input) {
  int64_t sliced = 0;
  for (const ir::Node& node : lowering.graph().nodes) {
    if (node.op == ir::Op::slice && node.inputs[0] == input) {
      sliced += ir::bytes_of(lowering.tensor_of(node.outputs[0]));
    }
  }
  return 2 * sliced >= ir::bytes_of(lowering.tensor_of(input));
}

void lower_slice(Lowering& lowering, const ir::Node& node) {
  const Operands o = operands_of(lowering, node);
  const auto& a = ir::attributes<ir::SliceAttributes>(node);
  const std::vector<int64_t> in = dense_strides(o.input.shape, o.element_bytes);
  CopyPlan plan;
  plan.run_bytes = o.element_bytes;
  // The output may have lost dimensions of one: it is dense, so its strides follow from how much is taken.
  int64_t left = ir::elements(o.output.shape);
  size_t out_dim = 0;
  int64_t stride = ir::bytes_of(o.output);
  for (size_t d = 0; d < in.size(); ++d) {
    plan.input_offset += a.begin[d] * in[d];
    const bool same_rank = o.output.shape.size() == in.size();
    const int64_t dim =
        same_rank ? o.output.shape[d] : (out_dim < o.output.shape.size() ? o.output.shape[out_dim++] : 1);
    left /= dim;
    stride /= dim;
    plan.axes.push_back({dim, in[d] * a.stride[d], stride});
  }
  if (left != 1) lowering.refuse("an output of another rank than the input");
  plan.collapse();
  if (plan.is_contiguous() && worth_aliasing(lowering, o.in) && lowering.alias(o.out, o.in, plan.input_offset)) return;
  emit_copy(lowering, o.in, o.out, plan, true);
}

void lower_concat(Lowering& lowering, const ir::Node& node) {
  const Operands o = operands_of(lowering, node);
  const auto axis = static_cast<size_t>(ir::attributes<ir::AxisAttributes>(node).axis);
  const ir::Shape& shape = o.output.shape;
  int64_t outer = 1;
  for (size_t d = 0; d < axis; ++d) outer *= shape[d];
  const int64_t output_row = ir::bytes_of(o.output) / outer;
  int64_t offset = 0;
  for (const ir::TensorId part : node.inputs) {
    const ir::Tensor& tensor = lowering.tensor_of(part);
    const int64_t row = ir::bytes_of(tensor) / outer;
    if (tensor.type != o.output.type) lowering.refuse("inputs of different types");
    if (tensor.type == ir::DType::i8 && (tensor.quantization.scale != o.output.quantization.scale ||
                                         tensor.quantization.zero_point != o.output.quantization.zero_point)) {
      lowering.refuse("int8 inputs that are not quantized as the output is", "quantize them alike, as TFLite demands");
    }
    if (row > 0 && (outer != 1 || !lowering.alias(part, o.out, offset))) {
      CopyPlan plan;
      plan.run_bytes = row;
      plan.axes.push_back({outer, row, output_row});
      plan.output_offset = offset;
      emit_copy(lowering, part, o.out, plan, false);
    }
    offset += row;
  }
}

// The four bytes that fill.hpp repeats.
uint32_t pattern_of(Lowering& lowering, ir::DType type, float value) {
  const auto integer = static_cast<int64_t>(value);
  switch (ir::bytes_of(type)) {
    case 1:
      return static_cast<uint8_t>(integer) * 0x01010101u;
    case 2:
      if (type == ir::DType::f16 && value != 0.0f) lowering.refuse("a float16 padding value that is not 0");
      return static_cast<uint16_t>(integer) * 0x00010001u;
    case 4:
      return type == ir::DType::f32 ? std::bit_cast<uint32_t>(value) : static_cast<uint32_t>(integer);
    default:
      if (integer != 0 && integer != -1) lowering.refuse("an int64 padding value that is not 0 or -1");
      return static_cast<uint32_t>(integer);
  }
}

// The copy of the input into the middle of a padded output.
CopyPlan interior(const Operands& o, const std::vector<int32_t>& before) {
  const std::vector<int64_t> in = dense_strides(o.input.shape, o.element_bytes);
  const std::vector<int64_t> out = dense_strides(o.output.shape, o.element_bytes);
  CopyPlan plan;
  plan.run_bytes = o.element_bytes;
  for (size_t d = 0; d < in.size(); ++d) {
    plan.axes.push_back({o.input.shape[d], in[d], out[d]});
    plan.output_offset += before[d] * out[d];
  }
  return plan;
}

// One pass of runs and gaps when at most three dimensions are padded and nothing stands outside the third.
bool try_pad(Lowering& lowering, const Operands& o, const ir::PadAttributes& a, uint32_t pattern) {
  rt::Pad p{};
  int64_t run = o.element_bytes, rows = 1, planes = 1;
  int64_t first = 0, row_gap = 0, plane_gap = 0, last = 0;
  int64_t padded_bytes = o.element_bytes;  // of the output inside dimension d
  int level = 0;                           // padded dimensions seen from the inside
  for (size_t d = o.input.shape.size(); d-- > 0;) {
    const int64_t dim = o.input.shape[d];
    const int64_t before = a.before[d] * padded_bytes;
    const int64_t after = a.after[d] * padded_bytes;
    if (before + after > 0) ++level;
    if (level == 0 || (level == 1 && before + after > 0)) {
      run *= dim;
    } else if (level == 1 || (level == 2 && before + after > 0)) {
      rows *= dim;
    } else {
      planes *= dim;
    }
    if (level > 3) return false;
    if (level == 3 && before + after == 0 && dim > 1) return false;
    first += before;
    last += after;
    if (level == 1) row_gap += before + after;
    if (level <= 2) plane_gap += before + after;
    padded_bytes *= o.output.shape[d];
  }
  p.planes = static_cast<int32_t>(planes);
  p.rows = static_cast<int32_t>(rows);
  p.run_bytes = static_cast<int32_t>(run);
  p.first_gap = static_cast<int32_t>(first);
  p.row_gap = static_cast<int32_t>(row_gap);
  p.plane_gap = static_cast<int32_t>(plane_gap);
  p.last_gap = static_cast<int32_t>(last);
  p.pattern = static_cast<int32_t>(pattern);
  p.input = lowering.tensor(o.in);
  p.output = lowering.tensor(o.out);
  // Before run (i, j) is read, everything in front of it is written; the distance only grows.
  const int64_t lead = first + planes * (rows - 1) * row_gap + (planes - 1) * plane_gap;
  lowering.may_overlap(o.out, o.in, lead);
  lowering.emit(rt::KernelId::pad, p);
  return true;
}

void lower_pad(Lowering& lowering, const ir::Node& node) {
  const Operands o = operands_of(lowering, node);
  const auto& a = ir::attributes<ir::PadAttributes>(node);
  const auto negative = [](int32_t v) { return v < 0; };
  if (std::any_of(a.before.begin(), a.before.end(), negative) ||
      std::any_of(a.after.begin(), a.after.end(), negative)) {
    lowering.refuse("negative padding");
  }
  const uint32_t pattern = pattern_of(lowering, o.output.type, a.value);
  if (try_pad(lowering, o, a, pattern)) return;
  rt::Fill fill{};
  fill.output = lowering.tensor(o.out);
  fill.bytes = static_cast<int32_t>(ir::bytes_of(o.output));
  fill.pattern = static_cast<int32_t>(pattern);
  lowering.emit(rt::KernelId::fill, fill);
  emit_copy(lowering, o.in, o.out, interior(o, a.before), false);
}

// The middle first; then, from the inside, each padded dimension mirrors what is already there.
void lower_mirror_pad(Lowering& lowering, const ir::Node& node) {
  const Operands o = operands_of(lowering, node);
  const auto& a = ir::attributes<ir::PadAttributes>(node);
  const std::vector<int64_t> out = dense_strides(o.output.shape, o.element_bytes);
  emit_copy(lowering, o.in, o.out, interior(o, a.before), false);
  const int64_t skip = a.symmetric ? 0 : 1;
  for (size_t d = out.size(); d-- > 0;) {
    const int64_t size = o.input.shape[d];
    if (a.before[d] + skip > size || a.after[d] + skip > size) lowering.refuse("more mirrored padding than input");
    for (const bool front : {true, false}) {
      const int64_t count = front ? a.before[d] : a.after[d];
      if (count == 0) continue;
      CopyPlan plan;
      plan.run_bytes = o.element_bytes;
      for (size_t k = 0; k < out.size(); ++k) {
        if (k == d) {
          plan.axes.push_back({count, front ? out[k] : -out[k], front ? -out[k] : out[k]});
          const int64_t edge = front ? a.before[k] : a.before[k] + size - 1;
          plan.input_offset += (front ? edge + skip : edge - skip) * out[k];
          plan.output_offset += (front ? edge - 1 : edge + 1) * out[k];
        } else {
          plan.axes.push_back({k < d ? o.input.shape[k] : o.output.shape[k], out[k], out[k]});
          const int64_t offset = k < d ? a.before[k] * out[k] : 0;
          plan.input_offset += offset;
          plan.output_offset += offset;
        }
      }
      emit_copy(lowering, o.out, o.out, plan, false);
    }
  }
}

void lower_tile(Lowering& lowering, const ir::Node& node) {
  const Operands o = operands_of(lowering, node);
  const std::vector<int64_t> in = dense_strides(o.input.shape, o.element_bytes);
  const std::vector<int64_t> out = dense_strides(o.output.shape, o.element_bytes);
  CopyPlan plan;
  plan.run_bytes = o.element_bytes;
  for (size_t d = 0; d < in.size(); ++d) {
    plan.axes.push_back({o.output.shape[d] / o.input.shape[d], 0, out[d] * o.input.shape[d]});
    plan.axes.push_back({o.input.shape[d], in[d], out[d]});
  }
  emit_copy(lowering, o.in, o.out, plan, false);
}

// Indices as int32, from a constant of int32 or int64 (checked against `limit`) or from the arena.
rt::Ref indices_of(Lowering& lowering, ir::TensorId id, int64_t limit) {
  const ir::Tensor& indices = lowering.tensor_of(id);
  if (!indices.is_constant) {
    if (indices.type != ir::DType::i32) lowering.refuse("indices that are not int32");
    return lowering.tensor(id);
  }
  std::vector<int32_t> values(static_cast<size_t>(ir::elements(indices.shape)));
  for (size_t i = 0; i < values.size(); ++i) {
    const int64_t value =
        indices.type == ir::DType::i64 ? ir::data<int64_t>(indices)[i] : ir::data<int32_t>(indices)[i];
    if (value < 0 || value >= limit) lowering.refuse("an index outside the input");
    values[i] = static_cast<int32_t>(value);
  }
  return lowering.constant(values, ConstantKind::other);
}

void lower_gather(Lowering& lowering, const ir::Node& node) {
  const Operands o = operands_of(lowering, node);
  const auto& a = ir::attributes<ir::AxisAttributes>(node);
  const ir::DType index_type = lowering.tensor_of(node.inputs[1]).type;
  if (index_type != ir::DType::i32 && index_type != ir::DType::i64) lowering.refuse("indices that are not int32");
  rt::Gather p{};
  p.batches = p.outer = 1;
  for (int32_t d = 0; d < a.axis; ++d)
    (d < a.batch_dims ? p.batches : p.outer) *= o.input.shape[static_cast<size_t>(d)];
  p.axis_size = o.input.shape[static_cast<size_t>(a.axis)];
  p.count = static_cast<int32_t>(ir::elements(lowering.tensor_of(node.inputs[1]).shape) / p.batches);
  p.inner_bytes = static_cast<int32_t>(ir::bytes_of(o.output) / p.batches / p.outer / p.count);
  p.input = lowering.tensor(o.in);
  p.indices = indices_of(lowering, node.inputs[1], p.axis_size);
  p.output = lowering.tensor(o.out);
  lowering.emit(rt::KernelId::gather, p);
}

// Inputs: indices, (depth,) on value, off value.
void lower_one_hot(Lowering& lowering, const ir::Node& node) {
  const ir::Tensor& indices = lowering.tensor_of(node.inputs[0]);
  const ir::Tensor& output = lowering.tensor_of(node.outputs[0]);
  const auto axis = static_cast<size_t>(ir::attributes<ir::AxisAttributes>(node).axis);
  const ir::TensorId on = node.inputs[node.inputs.size() - 2];
  const ir::TensorId off = node.inputs[node.inputs.size() - 1];
  if (indices.type != ir::DType::i32) lowering.refuse("indices that are not int32");
  if (lowering.tensor_of(on).type != output.type || lowering.tensor_of(off).type != output.type) {
    lowering.refuse("on and off values of another type than the output");
  }
  rt::OneHot p{};
  p.indices = lowering.tensor(node.inputs[0]);
  p.on = lowering.tensor(on);
  p.off = lowering.tensor(off);
  p.output = lowering.tensor(node.outputs[0]);
  p.outer = 1;
  for (size_t d = 0; d < axis; ++d) p.outer *= output.shape[d];
  p.depth = output.shape[axis];
  p.inner = static_cast<int32_t>(ir::elements(output.shape) / p.outer / p.depth);
  p.element_bytes = static_cast<int32_t>(ir::bytes_of(output.type));
  lowering.emit(rt::KernelId::one_hot, p);
}

// Space to depth moves a block's rows and columns into the channels; depth to space the other way round.
void lower_block(Lowering& lowering, const ir::Node& node) {
  const Operands o = operands_of(lowering, node);
  const int64_t block = ir::attributes<ir::BlockAttributes>(node).block;
  const bool to_depth = node.op == ir::Op::space_to_depth;
  const ir::Shape& space = to_depth ? o.input.shape : o.output.shape;
  const ir::Shape& depth = to_depth ? o.output.shape : o.input.shape;
  const std::vector<int64_t> s = dense_strides(space, o.element_bytes);
  const std::vector<int64_t> d = dense_strides(depth, o.element_bytes);
  const int64_t c = space[3];
  struct {
    int64_t dim, space_stride, depth_stride;
  } const batch = {space[0], s[0], d[0]}, y = {depth[1], block * s[1], d[1]}, block_y = {block, s[1], block * c * d[3]},
          x = {depth[2], block * s[2], d[2]}, block_x = {block, s[2], c * d[3]}, channel = {c, s[3], d[3]};
  CopyPlan plan;
  plan.run_bytes = o.element_bytes;
  const auto axes = to_depth ? std::array{batch, y, x, block_y, block_x, channel}
                             : std::array{batch, y, block_y, x, block_x, channel};
  for (const auto& axis : axes) {
    plan.axes.push_back(
        {axis.dim, to_depth ? axis.space_stride : axis.depth_stride, to_depth ? axis.depth_stride : axis.space_stride});
  }
  emit_copy(lowering, o.in, o.out, plan, true);
}

}  // namespace

void lower_data_movement(Lowering& lowering, const ir::Node& node) {
  using ir::Op;
  switch (node.op) {
    case Op::reshape:
      return lower_reshape(lowering, node);
    case Op::transpose:
      return lower_transpose(lowering, node);
    case Op::slice:
      return lower_slice(lowering, node);
    case Op::concat:
      return lower_concat(lowering, node);
    case Op::pad:
      return lower_pad(lowering, node);
    case Op::mirror_pad:
      return lower_mirror_pad(lowering, node);
    case Op::tile:
      return lower_tile(lowering, node);
    case Op::gather:
      return lower_gather(lowering, node);
    case Op::one_hot:
      return lower_one_hot(lowering, node);
    case Op::space_to_depth:
    case Op::depth_to_space:
      return lower_block(lowering, node);
    default:
      return lower_resize(lowering, node);
  }
}

}  // namespace whit::compile
