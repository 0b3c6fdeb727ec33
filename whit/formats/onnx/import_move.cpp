// Ops that pick, join, repeat and pad.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "whit/formats/onnx/import.hpp"

namespace whit::onnx {

void import_concat(NodeImport& op) {
  const int32_t axis = op.axis(op.integer("axis", 1), op.stored(0).rank());
  std::vector<Value> values;
  bool quantized = true;
  for (size_t i = 0; i < op.input_count(); ++i)
    quantized = quantized && op.stored(i).scales && op.stored(i).scales->scale.size() == 1;
  const auto target = quantized ? op.target() : std::nullopt;
  for (size_t i = 0; i < op.input_count(); ++i) {
    values.push_back(target ? op.requantized(op.stored(i), target->scales) : op.input(i));
  }
  op.output(0, op.concat(std::move(values), axis));
}

void import_split(NodeImport& op) {
  const Value& x = op.stored(0);
  const int32_t axis = op.axis(op.integer("axis", 0), x.rank());
  const int32_t size = x.shape[static_cast<size_t>(axis)];
  std::vector<int64_t> parts = op.integers_of("split", 1, 13);
  if (parts.empty()) {
    const auto count = static_cast<int64_t>(op.integer("num_outputs", static_cast<int64_t>(op.output_count())));
    op.require(count == static_cast<int64_t>(op.output_count()), "num_outputs is not the number of outputs");
    const int64_t each = (size + count - 1) / count;
    for (int64_t i = 0; i < count; ++i) parts.push_back(std::clamp<int64_t>(size - i * each, 0, each));
  }
  op.require(parts.size() == op.output_count(), "as many parts as outputs are needed");
  int64_t begin = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    op.require(parts[i] >= 0 && parts[i] <= size - begin, "the parts are longer than the input");
    op.output(i, op.slice_axis(x, axis, static_cast<int32_t>(begin), static_cast<int32_t>(parts[i])));
    begin += parts[i];
  }
  op.require(begin == size, "the parts are shorter than the input");
}

void import_slice(NodeImport& op) {
  const Value& x = op.stored(0);
  const std::vector<int64_t> starts = op.integers_of("starts", 1, 10), ends = op.integers_of("ends", 2, 10);
  std::vector<int64_t> axes = op.integers_of("axes", 3, 10), steps;
  if (op.opset() >= 10 && op.has(4)) steps = op.integers(4, "steps");
  if (steps.empty()) steps.assign(starts.size(), 1);
  if (axes.empty()) axes = counted(starts.size());
  if (axes.size() > starts.size()) axes.resize(starts.size());
  op.require(ends.size() == starts.size() && axes.size() == starts.size() && steps.size() == starts.size(),
             "starts, ends, axes and steps differ in number");
  std::vector<int32_t> begin(x.rank(), 0), stride(x.rank(), 1);
  ir::Shape shape = x.shape;
  for (size_t i = 0; i < starts.size(); ++i) {
    const auto d = static_cast<size_t>(op.axis(axes[i], x.rank()));
    const int64_t size = x.shape[d], step = steps[i];
    op.require(step != 0, "a step of 0");
    const auto absolute = [&](int64_t at) { return at < 0 ? std::max<int64_t>(at, -size - 1) + size : at; };
    const int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
    const int64_t first = std::clamp<int64_t>(absolute(starts[i]), std::max<int64_t>(0, low), high);
    const int64_t last = ends[i] < -size && step < 0 ? -1 : std::clamp<int64_t>(absolute(ends[i]), low, high);
    const int64_t distance = step > 0 ? last - first : first - last;
    const int64_t stepped = step > 0 ? step : -std::max(step, -std::numeric_limits<int64_t>::max());
    const int64_t count = distance <= 0 ? 0 : (distance - 1) / stepped + 1;
    begin[d] = static_cast<int32_t>(first);
    stride[d] = static_cast<int32_t>(std::clamp<int64_t>(step, -0x7FFFFFFF, 0x7FFFFFFF));
    if (count <= 1) stride[d] = 1;
    shape[d] = static_cast<int32_t>(count);
  }
  op.output(0, op.slice(x, begin, stride, shape));
}

namespace {

// One dimension padded with copies of the edge, or with the far side (wrap).
Value padded_with_copies(NodeImport& op, const Value& x, size_t d, int32_t before, int32_t after, bool wrap) {
  const auto axis = static_cast<int32_t>(d);
  const int32_t size = x.shape[d];
  std::vector<Value> parts;
  const auto edge = [&](int32_t at, int32_t count) {
    ir::Shape shape = x.shape;
    shape[d] = count;
    return op.expand(op.slice_axis(x, axis, at, 1), shape);
  };
  if (wrap) op.require(before <= size && after <= size, "more padding than the input has");
  if (before > 0) parts.push_back(wrap ? op.slice_axis(x, axis, size - before, before) : edge(0, before));
  parts.push_back(x);
  if (after > 0) parts.push_back(wrap ? op.slice_axis(x, axis, 0, after) : edge(size - 1, after));
  return op.concat(std::move(parts), axis);
}

Value mirrored(NodeImport& op, const Value& given, const std::vector<int32_t>& before,
               const std::vector<int32_t>& after) {
  Value x = op.with_all_dims(given);
  ir::PadAttributes a;
  a.before.assign(static_cast<size_t>(x.layout.rank), 0);
  a.after = a.before;
  ir::Shape shape = x.shape;
  for (size_t d = 0; d < x.rank(); ++d) {
    op.require(before[d] >= 0 && after[d] >= 0, "a negative padding that mirrors");
    a.before[static_cast<size_t>(x.layout.dims[d])] = before[d];
    a.after[static_cast<size_t>(x.layout.dims[d])] = after[d];
    shape[d] += before[d] + after[d];
  }
  return op.value_of(op.add(ir::Op::mirror_pad, {x.id}, a), shape, x.layout, x);
}

}  // namespace

void import_pad(NodeImport& op) {
  const std::string mode = op.text("mode", "constant");
  std::vector<int64_t> pads = op.integers_of("pads", 1, 11);
  double value = 0;
  if (op.opset() < 11) value = static_cast<double>(op.real("value", 0));
  if (op.opset() >= 11 && op.has(2)) value = op.scalar(2, "the value");
  const bool stays = op.stored(0).scales && op.stored(0).constant == nullptr && op.stored(0).scales->scale.size() == 1;
  const Value x = stays ? op.stored(0) : op.input(0);
  std::vector<int32_t> before(x.rank(), 0), after(x.rank(), 0);
  std::vector<int64_t> axes;
  if (op.opset() >= 18 && op.has(3)) axes = op.integers(3, "axes");
  if (axes.empty()) axes = counted(x.rank());
  op.require(pads.size() == 2 * axes.size(), "two paddings for each axis are needed");
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto d = static_cast<size_t>(op.axis(axes[i], x.rank()));
    for (const int64_t pad : {pads[i], pads[i + axes.size()]})
      op.require(pad > -0xFFFFFF && pad < 0xFFFFFF, "a padding out of range");
    before[d] = static_cast<int32_t>(pads[i]), after[d] = static_cast<int32_t>(pads[i + axes.size()]);
  }
  if (mode == "constant") return op.output(0, op.pad(x, before, after, static_cast<float>(value)));
  if (x.constant != nullptr) op.unsupported("padding of a constant");
  if (mode == "reflect") return op.output(0, mirrored(op, x, before, after));
  if (mode != "edge" && mode != "wrap") op.bad(fmt::format("mode '{}'", mode));
  Value result = x;
  for (size_t d = 0; d < x.rank(); ++d) {
    op.require(before[d] >= 0 && after[d] >= 0, "a negative padding that repeats");
    if (before[d] + after[d] > 0) result = padded_with_copies(op, result, d, before[d], after[d], mode == "wrap");
  }
  op.output(0, result);
}

namespace {

// Indices below 0 count from the end.
Value wrapped(NodeImport& op, const Value& indices, int32_t size) {
  const Value narrow = op.cast(indices, TensorProto::INT32);
  Constant zero = make_constant(TensorProto::INT32, {}, op.where()), end = zero;
  end.set(0, int64_t{size});
  Value zero_value, end_value;
  zero_value.type = end_value.type = TensorProto::INT32;
  zero_value.constant = std::make_shared<Constant>(zero);
  end_value.constant = std::make_shared<Constant>(end);
  const Value below = op.binary(ir::Op::less, narrow, zero_value);
  return op.select(below, op.binary(ir::Op::add, narrow, end_value), narrow);
}

Value gathered_at_run_time(NodeImport& op, const Value& x, const Value& indices, int32_t axis, const ir::Shape& shape) {
  const Value at = wrapped(op, indices, x.shape[static_cast<size_t>(axis)]);
  ir::AxisAttributes attributes;
  attributes.axis = axis;
  const ir::TensorId id = op.add(ir::Op::gather, {op.plain(x), op.plain(at)}, attributes);
  return op.value_of(id, shape, plain_layout(shape.size()), x);
}

// x[indices] along the axis, `indices` a vector of known values.
Value picked(NodeImport& op, const Value& given, const std::vector<int32_t>& indices, int32_t axis) {
  const auto at = static_cast<size_t>(axis);
  bool consecutive = true;
  for (size_t i = 0; i < indices.size(); ++i)
    consecutive = consecutive && indices[i] == indices[0] + static_cast<int32_t>(i);
  if (consecutive && !indices.empty())
    return op.slice_axis(given, axis, indices[0], static_cast<int32_t>(indices.size()));
  const Value x = given.constant == nullptr && given.layout.dims[at] < 0 ? op.plain_value(given) : given;
  ir::Shape shape = x.shape;
  shape[at] = static_cast<int32_t>(indices.size());
  if (x.constant != nullptr) {
    const Value real = op.dequantized(x);
    int64_t inner = 1;
    for (size_t d = at + 1; d < x.rank(); ++d) inner *= x.shape[d];
    Constant result = gathered(*real.constant, shape, op.where(), [&](int64_t i) {
      const int64_t outer = i / (inner * shape[at]), k = i / inner % shape[at];
      return (outer * x.shape[at] + indices[static_cast<size_t>(k)]) * inner + i % inner;
    });
    Value value = real;
    value.shape = shape;
    value.constant = std::make_shared<Constant>(std::move(result));
    return value;
  }
  op.require(!indices.empty(), "the result is empty");
  ir::Tensor list;
  list.type = ir::DType::i32;
  list.shape = {static_cast<int32_t>(indices.size())};
  const auto* bytes = reinterpret_cast<const uint8_t*>(indices.data());
  list.data.assign(bytes, bytes + indices.size() * sizeof(int32_t));
  ir::AxisAttributes attributes;
  attributes.axis = x.layout.dims[at];
  return op.value_of(op.add(ir::Op::gather, {x.id, op.raw_constant(std::move(list))}, attributes), shape, x.layout, x);
}

}  // namespace

Value pick(NodeImport& op, const Value& x, const std::vector<int32_t>& indices, int32_t axis) {
  return picked(op, x, indices, axis);
}

void import_gather(NodeImport& op) {
  const Value& x = op.stored(0);
  const int32_t axis = op.axis(op.integer("axis", 0), x.rank());
  const Value indices = op.input(1);
  const int32_t size = x.shape[static_cast<size_t>(axis)];
  ir::Shape shape = x.shape;
  shape.erase(shape.begin() + axis);
  shape.insert(shape.begin() + axis, indices.shape.begin(), indices.shape.end());
  if (indices.constant == nullptr) return op.output(0, gathered_at_run_time(op, op.input(0), indices, axis, shape));
  std::vector<int32_t> list;
  for (int64_t i = 0; i < indices.constant->count(); ++i) {
    const int64_t index = indices.constant->integer(i);
    op.require(index >= -size && index < size, "an index out of range");
    list.push_back(static_cast<int32_t>(index < 0 ? index + size : index));
  }
  op.output(0, op.reshape(picked(op, x, list, axis), shape));
}

// Known indices only: elements of the flattened input.
void import_gather_elements(NodeImport& op) {
  const Value x = op.input(0);
  const auto axis = static_cast<size_t>(op.axis(op.integer("axis", 0), x.rank()));
  const ConstantPtr indices = op.constant(1, "the indices");
  const ir::Shape& shape = indices->shape;
  op.require(shape.size() == x.rank(), "indices and input differ in rank");
  for (size_t d = 0; d < x.rank(); ++d) op.require(d == axis || shape[d] <= x.shape[d], "more indices than elements");
  std::vector<int32_t> list;
  for (int64_t i = 0; i < indices->count(); ++i) {
    const int64_t index = indices->integer(i), size = x.shape[axis];
    op.require(index >= -size && index < size, "an index out of range");
    int64_t rest = i, from = 0, stride = 1;
    for (size_t d = x.rank(); d-- > 0;) {
      from += (d == axis ? (index < 0 ? index + size : index) : rest % shape[d]) * stride;
      stride *= x.shape[d];
      rest /= shape[d];
    }
    list.push_back(static_cast<int32_t>(from));
  }
  const Value flat = op.reshape(x, {static_cast<int32_t>(ir::elements(x.shape))});
  op.output(0, op.reshape(picked(op, flat, list, 0), shape));
}

void import_expand(NodeImport& op) {
  const Value& x = op.stored(0);
  const std::vector<int64_t> wanted = op.integers(1, op.is("Tile") ? "repeats" : "a shape");
  ir::Shape shape;
  if (op.is("Tile")) {
    op.require(wanted.size() == x.rank(), "a repeat for each dimension is needed");
    std::vector<int64_t> dims;
    for (size_t d = 0; d < x.rank(); ++d) {
      op.require(wanted[d] >= 1 && wanted[d] <= 0x7FFFFFFF, "a repeat out of range");
      dims.push_back(x.shape[d] * wanted[d]);
    }
    shape = checked_shape(dims, 1, op.where());
  } else {
    shape = checked_shape(wanted, 1, op.where());
    if (shape.size() < x.rank()) shape.insert(shape.begin(), x.rank() - shape.size(), 1);
    for (size_t d = 0; d < x.rank(); ++d) {
      int32_t& dim = shape[shape.size() - x.rank() + d];
      op.require(dim == x.shape[d] || dim == 1 || x.shape[d] == 1, "the shapes do not broadcast");
      if (dim == 1) dim = x.shape[d];
    }
  }
  op.output(0, op.expand(x, shape));
}

void import_block(NodeImport& op) {
  Value x = op.stored(0);
  op.require(x.rank() == 4, "the input needs rank 4");
  if (x.constant != nullptr) op.unsupported("an op on a constant");
  const int64_t block = op.integer("blocksize", 0);
  op.require(block >= 1 && block <= 0xFFFF, "the block is out of range");
  const auto b = static_cast<int32_t>(block);
  const bool to_space = op.is("DepthToSpace");
  if (to_space && op.text("mode", "DCR") == "CRD") {
    // The channels of a block lie together; the IR's op wants them apart.
    op.require(x.shape[1] % (block * block) == 0, "the channels are no multiple of the squared block");
    const int32_t channels = static_cast<int32_t>(x.shape[1] / (block * block));
    std::vector<int32_t> order;
    for (int32_t i = 0; i < x.shape[1]; ++i) order.push_back(i % channels * b * b + i / channels);
    x = picked(op, x, order, 1);
  }
  const Layout layout = channels_last(4);
  const ir::TensorId id = op.add(to_space ? ir::Op::depth_to_space : ir::Op::space_to_depth, {op.tensor(x, layout)},
                                 ir::BlockAttributes{b});
  const ir::Shape& out = op.graph().tensor(id).shape;
  op.output(0, op.value_of(id, {out[0], out[3], out[1], out[2]}, layout, x));
}

void import_one_hot(NodeImport& op) {
  const Value indices = op.input(0);
  const double depth = op.scalar(1, "the depth");
  const Value values = op.input(2);
  op.require(depth >= 1 && depth <= 0xFFFFFF, "the depth is out of range");
  op.require(values.rank() == 1 && values.shape[0] == 2, "two values are needed");
  const auto size = static_cast<int32_t>(depth);
  const int32_t axis = op.axis(op.integer("axis", -1), indices.rank() + 1);
  if (values.constant == nullptr) op.unsupported("values computed at run time");
  const Value off = op.slice_axis(values, 0, 0, 1), on = op.slice_axis(values, 0, 1, 1);
  ir::Shape shape = indices.shape;
  shape.insert(shape.begin() + axis, size);
  ir::AxisAttributes attributes;
  attributes.axis = axis;
  const ir::TensorId at = op.plain(wrapped(op, indices, size));
  ir::DType type = op.graph().tensor(op.plain(on)).type;
  const ir::TensorId id = op.add(ir::Op::one_hot, {at, op.plain(on), op.plain(off)}, attributes, {shape, type, {}});
  op.output(0, op.value_of(id, shape, plain_layout(shape.size()), values));
}

}  // namespace whit::onnx
