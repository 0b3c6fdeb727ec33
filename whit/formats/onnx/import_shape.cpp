// Constants and shapes; and ops that only change how dimensions are written.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "whit/formats/onnx/import.hpp"

namespace whit::onnx {
namespace {

Constant constant_attribute(NodeImport& op) {
  if (const TensorProto* tensor = op.tensor_attribute("value")) return *op.read(*tensor);
  if (op.has_attribute("value_int")) {
    Constant constant = make_constant(TensorProto::INT64, {}, op.where());
    constant.set(0, op.integer("value_int", 0));
    return constant;
  }
  if (op.has_attribute("value_float")) {
    Constant constant = make_constant(TensorProto::FLOAT, {}, op.where());
    constant.set(0, static_cast<double>(op.real("value_float", 0)));
    return constant;
  }
  if (op.has_attribute("value_ints")) return make_constant(op.integers("value_ints"));
  if (op.has_attribute("value_floats")) {
    const std::vector<float> values = op.reals("value_floats");
    Constant constant = make_constant(TensorProto::FLOAT, {static_cast<int32_t>(values.size())}, op.where());
    for (size_t i = 0; i < values.size(); ++i) constant.set(static_cast<int64_t>(i), static_cast<double>(values[i]));
    return constant;
  }
  op.unsupported("a constant of another kind", "supported: value, value_int, value_ints, value_float, value_floats");
}

Constant filled(NodeImport& op) {
  const ir::Shape shape = checked_shape(op.integers(0, "a shape"), 1, op.where());
  const TensorProto* tensor = op.tensor_attribute("value");
  if (tensor == nullptr) return make_constant(TensorProto::FLOAT, shape, op.where());
  const ConstantPtr value = op.read(*tensor);
  op.require(value->count() == 1, "the value needs one element");
  return gathered(*value, shape, op.where(), [](int64_t) { return 0; });
}

Constant range(NodeImport& op) {
  const ConstantPtr start = op.constant(0, "a start"), limit = op.constant(1, "a limit"),
                    step = op.constant(2, "a step");
  op.require(start->count() == 1 && limit->count() == 1 && step->count() == 1,
             "start, limit and step need one element");
  op.require(start->type == limit->type && start->type == step->type, "start, limit and step are of different types");
  const double count = std::ceil((limit->real(0) - start->real(0)) / step->real(0));
  op.require(step->real(0) != 0 && count < 1e8, "a step of 0, or a range too long");
  const auto size = static_cast<int32_t>(std::max(0.0, count));
  Constant constant = make_constant(start->type, {size}, op.where());
  for (int64_t i = 0; i < size; ++i) {
    if (is_real(start->type)) {
      constant.set(i, start->real(0) + static_cast<double>(i) * step->real(0));
    } else {
      constant.set(i, start->integer(0) + i * step->integer(0));
    }
  }
  return constant;
}

Constant shape_of(NodeImport& op) {
  const ir::Shape& shape = op.stored(0).shape;
  const auto rank = static_cast<int64_t>(shape.size());
  const auto clamped = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  const int64_t start = clamped(op.integer("start", 0)), end = clamped(op.integer("end", rank));
  std::vector<int64_t> dims;
  for (int64_t d = start; d < end; ++d) dims.push_back(shape[static_cast<size_t>(d)]);
  return make_constant(dims);
}

}  // namespace

void import_constant(NodeImport& op) {
  if (op.is("Constant")) return op.output(0, constant_value(constant_attribute(op)));
  if (op.is("ConstantOfShape")) return op.output(0, constant_value(filled(op)));
  if (op.is("Range")) return op.output(0, constant_value(range(op)));
  if (op.is("Shape")) return op.output(0, constant_value(shape_of(op)));
  Constant size = make_constant(TensorProto::INT64, {}, op.where());
  size.set(0, ir::elements(op.stored(0).shape));
  op.output(0, constant_value(std::move(size)));
}

void import_if(NodeImport& op) {
  const ConstantPtr condition = op.constant(0, "the condition of an If");
  op.require(condition->count() == 1, "the condition needs one element");
  const GraphProto *then_branch = op.graph_attribute("then_branch"), *else_branch = op.graph_attribute("else_branch");
  op.require(then_branch != nullptr && else_branch != nullptr, "a branch is missing");
  op.inline_branch(condition->integer(0) != 0 ? *then_branch : *else_branch);
}

void import_identity(NodeImport& op) {
  if (op.is("Dropout")) {
    op.ignore("ratio"), op.ignore("seed"), op.ignore("is_test");
    if (op.has(2) && op.constant(2, "training_mode")->integer(0) != 0) op.unsupported("dropout in training mode");
    if (op.has_output(1)) {
      Constant mask = make_constant(TensorProto::BOOL, op.stored(0).shape, op.where());
      std::fill(mask.bytes.begin(), mask.bytes.end(), 1);
      op.output(1, constant_value(std::move(mask)));
    }
  }
  op.output(0, Value(op.stored(0)));
}

void import_cast(NodeImport& op) {
  op.ignore("saturate");
  const int32_t type = op.is("CastLike") ? op.stored(1).type : static_cast<int32_t>(op.integer("to", 0));
  op.output(0, op.cast(op.stored(0), computed_type(type)));
}

namespace {

ir::Shape reshape_target(NodeImport& op, const ir::Shape& from) {
  const std::vector<int64_t> wanted = op.has(1) ? op.integers(1, "a shape") : op.integers("shape");
  const bool zero_is_zero = op.integer("allowzero", 0) != 0;
  std::vector<int64_t> dims;
  int64_t known = 1, free = -1;
  for (size_t d = 0; d < wanted.size(); ++d) {
    int64_t dim = wanted[d];
    if (dim == 0 && !zero_is_zero) {
      op.require(d < from.size(), "a dimension is copied that the input lacks");
      dim = from[d];
    }
    if (dim == -1) {
      op.require(free < 0, "two dimensions are left free");
      free = static_cast<int64_t>(d);
    } else {
      op.require(dim >= 0 && dim <= ir::elements(from), "a dimension out of range");
      known *= dim;
      op.require(known <= ir::elements(from), "more elements than the input has");
    }
    dims.push_back(dim);
  }
  if (free >= 0) {
    op.require(known > 0 && ir::elements(from) % known == 0, "the free dimension is no whole number");
    dims[static_cast<size_t>(free)] = ir::elements(from) / known;
  }
  return checked_shape(dims, 1, op.where());
}

ir::Shape flatten_target(NodeImport& op, const ir::Shape& from) {
  const int64_t axis = op.integer("axis", 1), rank = static_cast<int64_t>(from.size());
  op.require(axis >= -rank && axis <= rank, "the axis is out of range");
  const int64_t at = axis < 0 ? axis + rank : axis;
  int64_t outer = 1, inner = 1;
  for (int64_t d = 0; d < rank; ++d) (d < at ? outer : inner) *= from[static_cast<size_t>(d)];
  return checked_shape({outer, inner}, 1, op.where());
}

ir::Shape squeeze_target(NodeImport& op, const ir::Shape& from) {
  const std::vector<int64_t> axes = op.integers_of("axes", 1, 13);
  std::vector<bool> gone(from.size(), false);
  for (size_t d = 0; axes.empty() && d < from.size(); ++d) gone[d] = from[d] == 1;
  for (const int64_t axis : axes) gone[static_cast<size_t>(op.axis(axis, from.size()))] = true;
  ir::Shape shape;
  for (size_t d = 0; d < from.size(); ++d) {
    op.require(!gone[d] || from[d] == 1, "a dimension above 1 cannot go");
    if (!gone[d]) shape.push_back(from[d]);
  }
  return shape;
}

ir::Shape unsqueeze_target(NodeImport& op, const ir::Shape& from) {
  const std::vector<int64_t> axes = op.integers_of("axes", 1, 13);
  const size_t rank = from.size() + axes.size();
  op.require(rank <= 8, "more than 8 dimensions");
  std::vector<bool> fresh(rank, false);
  for (const int64_t axis : axes) {
    const auto at = static_cast<size_t>(op.axis(axis, rank));
    op.require(!fresh[at], "an axis is named twice");
    fresh[at] = true;
  }
  ir::Shape shape;
  size_t next = 0;
  for (size_t d = 0; d < rank; ++d) shape.push_back(fresh[d] ? 1 : from[next++]);
  return shape;
}

}  // namespace

void import_reshape(NodeImport& op) {
  const Value& x = op.stored(0);
  ir::Shape shape;
  if (op.is("Reshape")) shape = reshape_target(op, x.shape);
  if (op.is("Flatten")) shape = flatten_target(op, x.shape);
  if (op.is("Squeeze")) shape = squeeze_target(op, x.shape);
  if (op.is("Unsqueeze")) shape = unsqueeze_target(op, x.shape);
  op.output(0, op.reshape(x, shape));
}

void import_transpose(NodeImport& op) {
  const Value& x = op.stored(0);
  std::vector<int32_t> permutation;
  for (const int64_t d : op.integers("perm")) permutation.push_back(op.axis(d, x.rank()));
  for (size_t d = x.rank(); d-- > 0 && permutation.size() < x.rank();) permutation.push_back(static_cast<int32_t>(d));
  op.output(0, op.transpose(x, permutation));
}

}  // namespace whit::onnx
