// Ops that take parts of a tensor. All become slices with a begin and a stride for each dimension.
#include <fmt/format.h>

#include <algorithm>

#include "whit/formats/tflite/import.hpp"

namespace whit::tflite {
namespace {

ir::SliceAttributes whole(const ir::Shape& shape) {
  return {std::vector<int32_t>(shape.size(), 0), std::vector<int32_t>(shape.size(), 1)};
}

// `part` elements from `begin` on along `axis`.
void add_part(OpImport& op, size_t input, int32_t axis, int64_t begin, int64_t part, size_t output) {
  ir::Shape shape = op.input_shape(input);
  const auto d = static_cast<size_t>(axis);
  op.require(begin >= 0 && part >= 1 && begin + part <= shape[d], "a part lies outside the input");
  ir::SliceAttributes a = whole(shape);
  a.begin[d] = static_cast<int32_t>(begin);
  shape[d] = static_cast<int32_t>(part);
  op.add(ir::Op::slice, {op.input(input)}, op.output(output, shape), a);
}

// One dimension of a strided slice: first element, step and how many.
struct Range {
  int64_t begin, stride, count;
};

struct Masks {
  int32_t begin, end, ellipsis, new_axis, shrink;
  bool offset;
};

Range range(const OpImport& op, int64_t size, int64_t begin, int64_t end, int64_t stride, size_t i,
            const Masks& masks) {
  const int32_t bit = 1 << i;
  op.require(stride != 0 && stride >= -0x7FFFFFFF && stride <= 0x7FFFFFFF, "a stride out of range");
  const int64_t low = stride > 0 ? 0 : -1, high = stride > 0 ? size : size - 1;
  begin = std::clamp(begin < 0 ? begin + size : begin, low, high);
  if ((masks.begin & bit) != 0) begin = stride > 0 ? 0 : size - 1;
  if ((masks.shrink & bit) != 0) {
    op.require(begin >= 0 && begin < size, "an index lies outside the input");
    return {begin, 1, 1};
  }
  end = masks.offset ? end + begin : (end < 0 ? end + size : end);
  end = std::clamp(end, low, high);
  if ((masks.end & bit) != 0) end = stride > 0 ? size : -1;
  const int64_t span = stride > 0 ? end - begin : begin - end, step = stride > 0 ? stride : -stride;
  return {begin, stride, span <= 0 ? 0 : (span + step - 1) / step};
}

}  // namespace

SlicePlan plan_strided_slice(OpImport& op, const ir::Shape& shape) {
  const auto& o = op.options<StridedSliceOptions>();
  const Masks masks{o.begin_mask(),    o.end_mask(),         o.ellipsis_mask(),
                    o.new_axis_mask(), o.shrink_axis_mask(), o.offset()};
  const Integers begin = op.integers(1, "begins"), end = op.integers(2, "ends"), stride = op.integers(3, "strides");
  const size_t count = begin.values.size();
  op.require(count <= 16 && end.values.size() == count && stride.values.size() == count,
             "begin, end and stride differ");
  for (const auto* values : {&begin.values, &end.values}) {
    for (const int64_t v : *values) op.require(v >= INT32_MIN && v <= INT32_MAX, "a begin or end out of range");
  }
  size_t used = 0;  // entries that stand for a dimension of the input
  for (size_t i = 0; i < count; ++i) used += ((masks.ellipsis | masks.new_axis) >> i & 1) == 0 ? 1 : 0;
  op.require(used <= shape.size(), "more entries than dimensions");
  SlicePlan plan;
  const auto take = [&](const Range& r, bool keep) {
    if (r.count < 1) op.unsupported("an empty result", "supported: slices of one element or more");
    plan.begin.push_back(static_cast<int32_t>(r.begin));
    plan.stride.push_back(static_cast<int32_t>(r.stride));
    plan.taken.push_back(static_cast<int32_t>(r.count));
    if (keep) plan.result.push_back(static_cast<int32_t>(r.count));
  };
  const auto take_whole = [&] { take({0, 1, shape[plan.taken.size()]}, true); };
  bool ellipsis = false;
  for (size_t i = 0; i < count; ++i) {
    if ((masks.ellipsis >> i & 1) != 0) {
      op.require(!ellipsis, "more than one ellipsis");
      ellipsis = true;
      for (size_t d = used; d < shape.size(); ++d) take_whole();
    } else if ((masks.new_axis >> i & 1) != 0) {
      plan.result.push_back(1);
    } else {
      const int64_t size = shape[plan.taken.size()];
      take(range(op, size, begin.values[i], end.values[i], stride.values[i], i, masks), (masks.shrink >> i & 1) == 0);
    }
  }
  while (plan.taken.size() < shape.size()) take_whole();
  return plan;
}

void import_strided_slice(OpImport& op) {
  const ir::TensorId input = op.input(0);
  const ir::Shape shape = op.input_shape(0);
  const SlicePlan plan = plan_strided_slice(op, shape);
  const ir::SliceAttributes a{plan.begin, plan.stride};
  if (plan.taken == shape && a.stride == whole(shape).stride) {
    return op.add(ir::Op::reshape, {input}, op.output(0, plan.result));
  }
  if (plan.result == plan.taken) return op.add(ir::Op::slice, {input}, op.output(0, plan.result), a);
  const ir::TensorId part = op.intermediate(input, plan.taken, "/part");
  op.add(ir::Op::slice, {input}, part, a);
  op.add(ir::Op::reshape, {part}, op.output(0, plan.result));
}

void import_slice(OpImport& op) {
  const ir::TensorId input = op.input(0);
  ir::Shape shape = op.input_shape(0);
  const Integers begin = op.integers(1, "begins"), size = op.integers(2, "sizes");
  op.require(begin.values.size() == shape.size() && size.values.size() == shape.size(),
             "begin and size need every dimension");
  ir::SliceAttributes a = whole(shape);
  for (size_t d = 0; d < shape.size(); ++d) {
    op.require(begin.values[d] >= 0 && begin.values[d] < shape[d], "a begin lies outside the input");
    const int64_t rest = shape[d] - begin.values[d];
    const int64_t count = size.values[d] == -1 ? rest : size.values[d];
    op.require(count >= 1 && count <= rest, "a size reaches outside the input");
    a.begin[d] = static_cast<int32_t>(begin.values[d]);
    shape[d] = static_cast<int32_t>(count);
  }
  op.add(ir::Op::slice, {input}, op.output(0, shape), a);
}

void import_split(OpImport& op) {
  const bool sized = op.code() == BuiltinOperator::SPLIT_V;
  const size_t input = sized ? 0 : 1;
  const ir::Shape shape = op.input_shape(input);
  const int32_t axis = op.axis(op.integer(sized ? 2 : 0, "the axis"), shape.size());
  const int64_t size = shape[static_cast<size_t>(axis)];
  const auto parts = static_cast<int64_t>(op.output_count());
  std::vector<int64_t> sizes(op.output_count(), size / parts);
  if (sized) {
    sizes = op.integers(1, "sizes").values;
    op.require(sizes.size() == op.output_count(), "there need to be as many sizes as outputs");
    int64_t known = 0, open = 0;
    for (const int64_t s : sizes) {
      op.require(s >= -1 && s <= size, "a size out of range");
      known += s < 0 ? 0 : s;
      open += s < 0 ? 1 : 0;
    }
    op.require(open <= 1, "more than one size is open");
    for (int64_t& s : sizes) s = s < 0 ? size - known : s;
  } else {
    op.require(size % parts == 0, "the dimension cannot be split evenly");
  }
  int64_t begin = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    add_part(op, input, axis, begin, sizes[i], i);
    begin += sizes[i];
  }
  op.require(begin == size, "the sizes do not add up");
}

// Each output is a slice of one along the axis, without that dimension.
void import_unpack(OpImport& op) {
  const auto& o = op.options<UnpackOptions>();
  const ir::TensorId input = op.input(0);
  const ir::Shape shape = op.input_shape(0);
  const int32_t axis = op.axis(o.axis(), shape.size());
  const auto d = static_cast<size_t>(axis);
  op.require(static_cast<size_t>(shape[d]) == op.output_count(), "there need to be as many outputs as elements");
  ir::Shape one = shape, result = shape;
  one[d] = 1;
  result.erase(result.begin() + axis);
  for (int32_t i = 0; i < shape[d]; ++i) {
    const auto k = static_cast<size_t>(i);
    if (shape[d] == 1) return op.add(ir::Op::reshape, {input}, op.output(k, result));
    ir::SliceAttributes a = whole(shape);
    a.begin[d] = i;
    const ir::TensorId part = op.intermediate(input, one, "/part");
    op.add(ir::Op::slice, {input}, part, a);
    op.add(ir::Op::reshape, {part}, op.output(k, result));
  }
}

}  // namespace whit::tflite
