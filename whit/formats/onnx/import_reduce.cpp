// Reductions, softmax, and the normalizations that are made of them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "whit/formats/onnx/import.hpp"

namespace whit::onnx {
namespace {

using ir::Op;

std::vector<int32_t> axes_from(size_t first, size_t rank) {
  std::vector<int32_t> axes;
  for (size_t d = first; d < rank; ++d) axes.push_back(static_cast<int32_t>(d));
  return axes;
}

// Of constants: shapes are multiplied, added and compared.
std::optional<Value> folded(NodeImport& op, const Value& x, const std::vector<int32_t>& axes, bool keep) {
  const bool product = op.is("ReduceProd"), sum = op.is("ReduceSum"), mean = op.is("ReduceMean"),
             max = op.is("ReduceMax"), min = op.is("ReduceMin");
  if (x.constant == nullptr || !(product || sum || mean || max || min)) return std::nullopt;
  ir::Shape kept = x.shape, result_shape;
  for (const int32_t axis : axes) kept[static_cast<size_t>(axis)] = 1;
  Constant result = make_constant(x.type, kept, op.where());
  std::vector<double> values(static_cast<size_t>(result.count()), product ? 1 : max ? -INFINITY : min ? INFINITY : 0);
  for (int64_t i = 0; i < x.constant->count(); ++i) {
    int64_t rest = i, to = 0, stride = 1;
    for (size_t d = x.rank(); d-- > 0;) {
      to += kept[d] == 1 ? 0 : rest % x.shape[d] * stride;
      stride *= kept[d];
      rest /= x.shape[d];
    }
    double& value = values[static_cast<size_t>(to)];
    const double element = x.constant->real(i);
    value = product ? value * element
            : max   ? std::max(value, element)
            : min   ? std::min(value, element)
                    : value + element;
  }
  const double count =
      mean ? static_cast<double>(x.constant->count()) / static_cast<double>(std::max<int64_t>(1, result.count())) : 1;
  for (int64_t i = 0; i < result.count(); ++i) result.set(i, values[static_cast<size_t>(i)] / count);
  for (size_t d = 0; d < x.rank(); ++d) {
    if (keep || std::find(axes.begin(), axes.end(), static_cast<int32_t>(d)) == axes.end())
      result_shape.push_back(kept[d]);
  }
  result.shape = result_shape;
  return constant_value(std::move(result));
}

// The slices along the axes, multiplied one by one.
Value product(NodeImport& op, Value x, const std::vector<int32_t>& axes, bool keep) {
  for (const int32_t axis : axes) {
    const int32_t size = x.shape[static_cast<size_t>(axis)];
    if (size > 64) op.unsupported(fmt::format("a product of {} elements", size), "supported: up to 64");
    Value result = op.slice_axis(x, axis, 0, 1);
    for (int32_t i = 1; i < size; ++i) result = op.binary(Op::mul, result, op.slice_axis(x, axis, i, 1));
    x = result;
  }
  if (keep) return x;
  ir::Shape shape;
  for (size_t d = 0; d < x.rank(); ++d) {
    if (std::find(axes.begin(), axes.end(), static_cast<int32_t>(d)) == axes.end()) shape.push_back(x.shape[d]);
  }
  return op.reshape(x, shape);
}

}  // namespace

void import_reduce(NodeImport& op) {
  const bool is_sum = op.is("ReduceSum"), is_mean = op.is("ReduceMean");
  const Value& stored = op.stored(0);
  std::vector<int32_t> axes;
  for (const int64_t axis : op.integers_of("axes", 1, is_sum ? 13 : 18)) axes.push_back(op.axis(axis, stored.rank()));
  const bool keep = op.integer("keepdims", 1) != 0, nothing = op.integer("noop_with_empty_axes", 0) != 0;
  if (axes.empty() && nothing) return op.output(0, op.input(0));
  if (axes.empty()) axes = axes_from(0, stored.rank());
  const auto target = is_mean && stored.scales && stored.constant == nullptr ? op.target() : std::nullopt;
  if (target) {
    NodeImport::Result result;
    result.scales = target->scales;
    return op.output(0, op.reduce(Op::mean, stored, axes, keep, result));
  }
  const Value x = op.input(0);
  if (auto constant = folded(op, x, axes, keep)) return op.output(0, *constant);
  if (x.type != TensorProto::FLOAT)
    op.unsupported(fmt::format("a reduction of {}", name_of_type(x.type)), "supported: float32");
  if (x.rank() == 0 || axes.empty()) op.unsupported("a reduction of a scalar");
  const auto reduced = [&](Op kind, const Value& value) { return op.reduce(kind, value, axes, keep); };
  const auto apply = [&](Op kind, const Value& value) { return op.unary(kind, value); };
  if (is_sum) return op.output(0, reduced(Op::sum, x));
  if (is_mean) return op.output(0, reduced(Op::mean, x));
  if (op.is("ReduceMax")) return op.output(0, reduced(Op::reduce_max, x));
  if (op.is("ReduceMin")) return op.output(0, reduced(Op::reduce_min, x));
  if (op.is("ReduceProd")) return op.output(0, product(op, x, axes, keep));
  if (op.is("ReduceL1")) return op.output(0, reduced(Op::sum, apply(Op::abs, x)));
  if (op.is("ReduceL2")) return op.output(0, apply(Op::sqrt, reduced(Op::sum, apply(Op::square, x))));
  if (op.is("ReduceLogSum")) return op.output(0, apply(Op::log, reduced(Op::sum, x)));
  if (op.is("ReduceSumSquare")) return op.output(0, reduced(Op::sum, apply(Op::square, x)));
  // ReduceLogSumExp: with the largest element taken out, so that no exponential overflows.
  const Value largest = op.reduce(Op::reduce_max, x, axes, true);
  const Value sum = op.reduce(Op::sum, apply(Op::exp, op.binary(Op::sub, x, largest)), axes, keep);
  const Value top = keep ? largest : op.reshape(largest, sum.shape);
  op.output(0, op.binary(Op::add, apply(Op::log, sum), top));
}

namespace {

// Where the largest or smallest element along the axis is, as int32 with that dimension kept. `last`: of equal ones.
Value extreme(NodeImport& op, Op kind, const Value& given, int32_t axis, bool last) {
  Value x = op.with_all_dims(given);
  if (x.constant != nullptr || x.type != TensorProto::FLOAT)
    op.unsupported("an input that is constant, or not float32");
  const auto at = static_cast<size_t>(axis);
  const int32_t size = x.shape[at];
  if (last) {  // the first from behind
    std::vector<int32_t> begin(x.rank(), 0), stride(x.rank(), 1);
    begin[at] = size - 1, stride[at] = -1;
    x = op.slice(x, begin, stride, x.shape);
  }
  ir::ReduceAttributes attributes;
  attributes.axes = {x.layout.dims[static_cast<size_t>(axis)]};
  attributes.keep_dims = true;
  ir::Shape shape = x.shape;
  shape[at] = 1;
  NodeImport::Result result;
  result.type = ir::DType::i32;
  Value value = op.value_of(op.add(kind, {x.id}, attributes, result), shape, x.layout, x);
  value.type = TensorProto::INT32;
  if (last) {
    Constant highest = make_constant(TensorProto::INT32, {}, op.where());
    highest.set(0, int64_t{size - 1});
    value = op.binary(Op::sub, constant_value(std::move(highest)), value);
  }
  return value;
}

// One where the largest element along the axis is, the first of equal ones; zeros elsewhere.
Value hardmax(NodeImport& op, const Value& given) {
  const bool flattens = op.opset() < 13;
  const int32_t axis = op.axis(op.integer("axis", flattens ? 1 : -1), given.rank());
  if (flattens && axis + 1 != static_cast<int32_t>(given.rank()))
    op.unsupported("a Hardmax over several dimensions", "export with opset 13");
  const int32_t size = given.shape[static_cast<size_t>(axis)];
  ir::Shape shape(given.rank(), 1);
  shape[static_cast<size_t>(axis)] = size;
  Constant positions = make_constant(TensorProto::INT32, shape, op.where());
  for (int32_t i = 0; i < size; ++i) positions.set(i, int64_t{i});
  const Value at = extreme(op, Op::arg_max, given, axis, false);
  return op.cast(op.binary(Op::equal, at, constant_value(std::move(positions))), TensorProto::FLOAT);
}

}  // namespace

void import_arg(NodeImport& op) {
  const Value x = op.input(0);
  if (op.is("Hardmax")) return op.output(0, hardmax(op, x));
  const int32_t axis = op.axis(op.integer("axis", 0), x.rank());
  const bool keep = op.integer("keepdims", 1) != 0, last = op.integer("select_last_index", 0) != 0;
  const Value value = extreme(op, op.is("ArgMax") ? Op::arg_max : Op::arg_min, x, axis, last);
  ir::Shape shape = value.shape;
  if (!keep) shape.erase(shape.begin() + axis);
  op.output(0, op.cast(op.reshape(value, shape), TensorProto::INT64));
}

namespace {

// `x` in a layout in which `axis` is the last dimension in memory.
Value with_last(NodeImport& op, const Value& given, int32_t axis) {
  Value x = op.with_all_dims(given);
  const auto at = static_cast<size_t>(axis);
  if (x.layout.dims[at] == x.layout.rank - 1) return x;
  Layout layout = plain_layout(x.rank());
  for (size_t d = at + 1; d < x.rank(); ++d) --layout.dims[d];
  layout.dims[at] = layout.rank - 1;
  return op.value_of(op.tensor(x, layout), x.shape, layout, x);
}

}  // namespace

void import_softmax(NodeImport& op) {
  const bool log = op.is("LogSoftmax");
  const bool flattens = op.opset() < 13;
  Value x = op.stored(0);
  op.require(x.rank() > 0, "the input is a scalar");
  const int32_t axis = op.axis(op.integer("axis", flattens ? 1 : -1), x.rank());
  const bool quantized = x.scales && x.constant == nullptr && x.type == TensorProto::FLOAT;
  const auto target = quantized ? op.target() : std::nullopt;
  // The scales that int8 softmax has; where what follows has others, float32 loses less.
  const Scales fixed = log ? Scales{{16.0f / 256}, {127}, 0} : Scales{{1.0f / 256}, {-128}, 0};
  const bool exact = target && target->scales.zero_point == fixed.zero_point &&
                     std::abs(target->scales.scale[0] - fixed.scale[0]) <= 0.001f * fixed.scale[0];
  if (!exact) x = op.input(0);
  if (x.constant != nullptr || x.type != TensorProto::FLOAT)
    op.unsupported("an input that is constant, or not float32");
  const ir::Shape shape = x.shape;
  // Before operator set 13: over all dimensions from the axis on, as one.
  int64_t inner = 1;
  for (size_t d = static_cast<size_t>(axis); d < x.rank(); ++d) inner *= shape[d];
  const bool as_matrix = flattens && inner != shape[static_cast<size_t>(axis)];
  if (as_matrix)
    x = op.plain_value(op.reshape(x, {static_cast<int32_t>(ir::elements(shape) / inner), static_cast<int32_t>(inner)}));
  x = with_last(op, x, as_matrix ? 1 : axis);
  ir::Attributes attributes = ir::NoAttributes{};
  if (!log) attributes = ir::SoftmaxAttributes{};
  NodeImport::Result result;
  if (exact) result.scales = target->scales;
  Value value =
      op.value_of(op.add(log ? Op::log_softmax : Op::softmax, {x.id}, attributes, result), x.shape, x.layout, x);
  if (exact) value.scales = target->scales;
  op.output(0, as_matrix ? op.reshape(value, shape) : value);
}

namespace {

struct Calculator {
  NodeImport& op;
  Value number(float value) const { return op.constant_like(value); }
  Value add(const Value& a, const Value& b) const { return op.binary(Op::add, a, b); }
  Value sub(const Value& a, const Value& b) const { return op.binary(Op::sub, a, b); }
  Value mul(const Value& a, const Value& b) const { return op.binary(Op::mul, a, b); }
  Value div(const Value& a, const Value& b) const { return op.binary(Op::div, a, b); }
  // A vector for dimension `axis` of a tensor of `rank`.
  Value along(const Value& vector, size_t axis, size_t rank) const {
    ir::Shape shape(rank - axis, 1);
    shape[0] = static_cast<int32_t>(ir::elements(vector.shape));
    return op.reshape(vector, shape);
  }
};

struct Statistics {
  Value mean, inverse_deviation;
};

Statistics statistics(NodeImport& op, const Value& x, const std::vector<int32_t>& axes, float epsilon) {
  const Value mean = op.reduce(Op::mean, x, axes, true);
  const Value variance = op.reduce(Op::mean, op.binary(Op::squared_difference, x, mean), axes, true);
  return {mean, op.unary(Op::rsqrt, op.binary(Op::add, variance, op.constant_like(epsilon)))};
}

// (x - mean) / sqrt(variance + epsilon) over the axes.
Value standardized(NodeImport& op, const Value& x, const std::vector<int32_t>& axes, float epsilon) {
  const Statistics s = statistics(op, x, axes, epsilon);
  return op.binary(Op::mul, op.binary(Op::sub, x, s.mean), s.inverse_deviation);
}

// As a factor and a term for each channel, computed here when the statistics are constants.
Value batch_normalization(NodeImport& op, const Value& x) {
  const Calculator c{op};
  op.ignore("spatial"), op.ignore("is_test"), op.ignore("consumed_inputs");
  const float epsilon = op.real("epsilon", 1e-5f), momentum = op.real("momentum", 0.9f);
  Value mean = op.input(3), variance = op.input(4);
  if (op.integer("training_mode", 0) != 0) {
    op.note("batch normalization in training mode: by the statistics of its input, not by the trained ones");
    std::vector<int32_t> axes = axes_from(1, x.rank());
    axes[0] = 0;
    const Value of_batch = op.reduce(Op::mean, x, axes, true);
    const ir::Shape channels = {x.shape[1]};
    const Value spread = op.reduce(Op::mean, op.binary(Op::squared_difference, x, of_batch), axes, true);
    const auto running = [&](const Value& old, const Value& now) {
      return c.add(c.mul(old, c.number(momentum)), c.mul(now, c.number(1 - momentum)));
    };
    const Value now_mean = op.reshape(of_batch, channels), now_variance = op.reshape(spread, channels);
    op.output(1, running(mean, now_mean));
    op.output(2, running(variance, now_variance));
    mean = now_mean, variance = now_variance;
  } else if (op.has_output(1)) {
    op.unsupported("batch normalization in training mode", "export the model in evaluation mode");
  }
  const Value factor = c.mul(op.input(1), op.unary(Op::rsqrt, c.add(variance, c.number(epsilon))));
  const Value term = c.sub(op.input(2), c.mul(mean, factor));
  return c.add(c.mul(x, c.along(factor, 1, x.rank())), c.along(term, 1, x.rank()));
}

// Outputs 1 and 2: the mean, and the inverse of the deviation.
Value layer_normalization(NodeImport& op, const Value& x) {
  const Calculator c{op};
  if (op.integer("stash_type", 1) != 1) op.unsupported("a stash_type other than float32");
  const int32_t axis = op.axis(op.integer("axis", -1), x.rank());
  const Statistics s = statistics(op, x, axes_from(static_cast<size_t>(axis), x.rank()), op.real("epsilon", 1e-5f));
  op.output(1, s.mean);
  op.output(2, s.inverse_deviation);
  const Value y = c.mul(c.mul(c.sub(x, s.mean), s.inverse_deviation), op.input(1));
  return op.has(2) ? c.add(y, op.input(2)) : y;
}

Value group_normalization(NodeImport& op, const Value& x) {
  const Calculator c{op};
  const int64_t groups = op.integer("num_groups", 0);
  op.require(x.rank() >= 3 && groups >= 1 && x.shape[1] % groups == 0, "groups and channels do not fit");
  if (op.opset() < 21) op.unsupported("a GroupNormalization of operator set 18", "export with opset 21");
  const ir::Shape split = {x.shape[0], static_cast<int32_t>(groups),
                           static_cast<int32_t>(ir::elements(x.shape) / x.shape[0] / groups)};
  const Value y = op.reshape(standardized(op, op.reshape(x, split), {2}, op.real("epsilon", 1e-5f)), x.shape);
  return c.add(c.mul(y, c.along(op.input(1), 1, x.rank())), c.along(op.input(2), 1, x.rank()));
}

Value lp_normalization(NodeImport& op, const Value& x) {
  const int64_t p = op.integer("p", 2);
  const int32_t axis = op.axis(op.integer("axis", -1), x.rank());
  if (p != 1 && p != 2) op.bad("p is neither 1 nor 2");
  const Value sum = op.reduce(Op::sum, op.unary(p == 1 ? Op::abs : Op::square, x), {axis}, true);
  // Zeros stay zeros.
  const Value norm = op.binary(Op::maximum, p == 1 ? sum : op.unary(Op::sqrt, sum), op.constant_like(1e-37f));
  return op.binary(Op::div, x, norm);
}

}  // namespace

void import_normalization(NodeImport& op) {
  const Calculator c{op};
  const Value x = op.input(0);
  if (x.type != TensorProto::FLOAT || x.constant != nullptr)
    op.unsupported("an input that is constant, or not float32");
  op.require(x.rank() >= 1, "the input is a scalar");
  if (op.is("BatchNormalization")) {
    op.require(x.rank() >= 2, "the input has no channels");
    return op.output(0, batch_normalization(op, x));
  }
  if (op.is("LayerNormalization")) return op.output(0, layer_normalization(op, x));
  if (op.is("GroupNormalization")) return op.output(0, group_normalization(op, x));
  if (op.is("LpNormalization")) return op.output(0, lp_normalization(op, x));
  if (op.is("InstanceNormalization")) {
    op.require(x.rank() >= 3, "the input needs rank 3 or more");
    const Value y = standardized(op, x, axes_from(2, x.rank()), op.real("epsilon", 1e-5f));
    return op.output(0, c.add(c.mul(y, c.along(op.input(1), 1, x.rank())), c.along(op.input(2), 1, x.rank())));
  }
  // MeanVarianceNormalization
  std::vector<int32_t> axes;
  for (const int64_t axis : op.integers("axes")) axes.push_back(op.axis(axis, x.rank()));
  if (axes.empty()) axes = {0, 2, 3};
  op.require(static_cast<size_t>(*std::max_element(axes.begin(), axes.end())) < x.rank(), "an axis out of range");
  op.output(0, standardized(op, x, axes, 1e-9f));
}

}  // namespace whit::onnx
