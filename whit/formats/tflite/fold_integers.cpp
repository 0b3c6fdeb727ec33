// Arithmetic on shapes, done at import: what a file computes from SHAPE to feed a RESHAPE is known before the model
// runs.
#include <algorithm>

#include "whit/formats/tflite/import.hpp"

namespace whit::tflite {
namespace {

using Code = BuiltinOperator;

constexpr size_t kMaxFolded = 4096;

// Elements begin + i * stride of each dimension, in C order.
std::vector<int64_t> taken(const Integers& from, const SlicePlan& plan) {
  std::vector<int64_t> values;
  std::vector<int32_t> at(plan.taken.size(), 0);
  const int64_t count = ir::elements(plan.taken);
  for (int64_t n = 0; n < count; ++n) {
    int64_t index = 0;
    for (size_t d = 0; d < at.size(); ++d) {
      index = index * from.shape[d] + plan.begin[d] + int64_t{at[d]} * plan.stride[d];
    }
    values.push_back(from.values.at(static_cast<size_t>(index)));
    for (size_t d = at.size(); d-- > 0;) {
      if (++at[d] < plan.taken[d]) break;
      at[d] = 0;
    }
  }
  return values;
}

bool fold_arithmetic(OpImport& op, const Integers& a, const Integers& b) {
  const bool a_scalar = a.values.size() == 1, b_scalar = b.values.size() == 1;
  if (!a_scalar && !b_scalar && a.shape != b.shape) return false;
  const Integers& larger =
      a.values.size() > b.values.size() || (a.values.size() == b.values.size() && a.shape.size() >= b.shape.size()) ? a
                                                                                                                    : b;
  Integers result{larger.shape, {}};
  for (size_t i = 0; i < larger.values.size(); ++i) {
    const int64_t x = a.values[a_scalar ? 0 : i], y = b.values[b_scalar ? 0 : i];
    int64_t value = 0;
    bool overflow = false;
    switch (op.code()) {
      case Code::ADD:
        overflow = __builtin_add_overflow(x, y, &value);
        break;
      case Code::SUB:
        overflow = __builtin_sub_overflow(x, y, &value);
        break;
      case Code::MUL:
        overflow = __builtin_mul_overflow(x, y, &value);
        break;
      case Code::MAXIMUM:
        value = std::max(x, y);
        break;
      default:
        value = std::min(x, y);
        break;
    }
    op.require(!overflow, "the arithmetic on constants overflows");
    result.values.push_back(value);
  }
  op.fold(0, std::move(result));
  return true;
}

// Fused activations do not occur in arithmetic on shapes.
bool has_activation(OpImport& op) {
  const auto fused = [](const auto* options) {
    return options != nullptr && options->activation() != Activation::NONE;
  };
  return fused(op.optional_options<AddOptions>()) || fused(op.optional_options<SubOptions>()) ||
         fused(op.optional_options<MulOptions>());
}

bool fold_joined(OpImport& op, const std::vector<Integers>& inputs) {
  const bool pack = op.code() == Code::PACK;
  const int32_t axis = pack ? op.options<PackOptions>().axis() : op.options<ConcatenationOptions>().axis();
  const size_t rank = inputs[0].shape.size();
  if ((pack && axis != 0) || (!pack && rank != 1)) return false;
  Integers result;
  for (const Integers& part : inputs) {
    if (pack ? part.shape != inputs[0].shape : part.shape.size() != rank) return false;
    result.values.insert(result.values.end(), part.values.begin(), part.values.end());
    if (result.values.size() > kMaxFolded) return false;
  }
  result.shape = {static_cast<int32_t>(pack ? inputs.size() : result.values.size())};
  if (pack) result.shape.insert(result.shape.end(), inputs[0].shape.begin(), inputs[0].shape.end());
  op.fold(0, std::move(result));
  return true;
}

bool fold_gather(OpImport& op, const Integers& from, const Integers& indices) {
  const auto* o = op.optional_options<GatherOptions>();
  if (from.shape.size() != 1 || (o != nullptr && o->batch_dims() != 0)) return false;
  Integers result{indices.shape, {}};
  for (const int64_t index : indices.values) {
    op.require(index >= 0 && index < static_cast<int64_t>(from.values.size()), "an index lies outside the input");
    result.values.push_back(from.values[static_cast<size_t>(index)]);
  }
  op.fold(0, std::move(result));
  return true;
}

bool fold_product(OpImport& op, const Integers& from, const Integers& axes) {
  const auto* o = op.optional_options<ReducerOptions>();
  if (from.shape.size() != 1 || axes.values.size() != 1) return false;
  op.axis(axes.values[0], 1);
  int64_t product = 1;
  for (const int64_t value : from.values) {
    op.require(!__builtin_mul_overflow(product, value, &product), "the product overflows");
  }
  const bool keep = o != nullptr && o->keep_dims();
  op.fold(0, {keep ? ir::Shape{1} : ir::Shape{}, {product}});
  return true;
}

bool fold_with(OpImport& op, const std::vector<Integers>& inputs) {
  switch (op.code()) {
    case Code::STRIDED_SLICE: {
      const SlicePlan plan = plan_strided_slice(op, inputs[0].shape);
      op.fold(0, {plan.result, taken(inputs[0], plan)});
      return true;
    }
    case Code::ADD:
    case Code::SUB:
    case Code::MUL:
    case Code::MAXIMUM:
    case Code::MINIMUM:
      return !has_activation(op) && fold_arithmetic(op, inputs[0], inputs[1]);
    case Code::PACK:
    case Code::CONCATENATION:
      return fold_joined(op, inputs);
    case Code::GATHER:
      return fold_gather(op, inputs[0], inputs[1]);
    case Code::REDUCE_PROD:
      return fold_product(op, inputs[0], inputs[1]);
    case Code::CAST:
      op.fold(0, inputs[0]);
      return true;
    case Code::SQUEEZE:
    case Code::EXPAND_DIMS:
    case Code::RESHAPE: {
      // Only between a scalar and one element: enough for shapes, and the values stay as they are.
      const ir::Shape& shape = op.output_tensor(0).shape;
      if (inputs[0].values.size() != 1 || ir::elements(shape) != 1) return false;
      op.fold(0, {shape, inputs[0].values});
      return true;
    }
    default:
      return false;
  }
}

}  // namespace

bool fold_integers(OpImport& op) {
  if (op.output_count() != 1 || op.input_count() == 0 || op.code() == Code::SHAPE) return false;
  const TensorType type = op.output_tensor(0).file->type();
  if (type != TensorType::INT32 && type != TensorType::INT64) return false;
  std::vector<Integers> inputs;
  for (size_t i = 0; i < op.input_count(); ++i) {
    if (!op.has_input(i)) return false;
    std::optional<Integers> known = op.known_integers(i);
    if (!known || known->values.size() > kMaxFolded) return false;
    inputs.push_back(std::move(*known));
  }
  return fold_with(op, inputs);
}

void import_reduce_prod(OpImport& op) {
  op.unsupported("a product of what is computed at run time", "supported: products of constants");
}

}  // namespace whit::tflite
