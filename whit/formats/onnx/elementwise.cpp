// Element by element with broadcasting: folding, and the choice of a layout.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "whit/formats/onnx/import.hpp"

namespace whit::onnx {
namespace {

ir::Shape broadcast(const NodeImport& op, const std::vector<Value>& operands) {
  ir::Shape shape;
  for (const Value& x : operands) {
    if (x.rank() > shape.size()) shape.insert(shape.begin(), x.rank() - shape.size(), 1);
    for (size_t d = 0; d < x.rank(); ++d) {
      int32_t& dim = shape[shape.size() - x.rank() + d];
      if (dim != x.shape[d] && dim != 1 && x.shape[d] != 1) {
        op.bad(fmt::format("shapes do not broadcast: {} and {}", ir::to_string(operands[0].shape),
                           ir::to_string(x.shape)));
      }
      if (dim == 1) dim = x.shape[d];
    }
  }
  return shape;
}

// The layout of `x` for a shape of more dimensions, which lead; none when x cannot hold all of them.
std::optional<Layout> widened(const Value& x, const ir::Shape& shape) {
  Layout layout = x.layout;
  layout.dims.insert(layout.dims.begin(), shape.size() - x.rank(), -1);
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] != 1 && layout.dims[d] < 0) return std::nullopt;
  }
  return layout;
}

Value with_rank(const Value& x, size_t rank) {
  Value wide = x;
  wide.shape.insert(wide.shape.begin(), rank - x.rank(), 1);
  if (x.constant == nullptr) wide.layout.dims.insert(wide.layout.dims.begin(), rank - x.rank(), -1);
  if (wide.scales) wide.scales->axis += static_cast<int32_t>(rank - x.rank());
  return wide;
}

// That of the operand with the most elements; among equals, of one that is not in the file's order.
Layout common_layout(const std::vector<Value>& operands, const ir::Shape& shape) {
  std::optional<Layout> best;
  int64_t best_score = -1;
  for (const Value& x : operands) {
    if (x.constant != nullptr) continue;
    const std::optional<Layout> layout = widened(x, shape);
    if (!layout) continue;
    const std::vector<size_t> order = memory_order(shape, *layout);
    const int64_t score = 2 * ir::elements(x.shape) + (std::is_sorted(order.begin(), order.end()) ? 0 : 1);
    if (score > best_score) best = layout, best_score = score;
  }
  return best.value_or(plain_layout(shape.size()));
}

// A constant without the dimensions of 1 that lead: [C] for [1,1,1,C].
ir::TensorId operand_tensor(NodeImport& op, const Value& x, const Layout& layout) {
  if (x.constant == nullptr || (x.scales && x.scales->scale.size() > 1)) {
    return op.tensor(with_rank(x, layout.dims.size()), layout);
  }
  Value wide = with_rank(x, layout.dims.size());
  const ir::Shape shape = physical(wide.shape, layout);
  const auto first = std::find_if(shape.begin(), shape.end(), [](int32_t dim) { return dim != 1; });
  auto leading = static_cast<int32_t>(first - shape.begin());
  if (leading == static_cast<int32_t>(shape.size())) leading = std::max(0, leading - 1);
  Layout narrow = layout;
  narrow.rank -= leading;
  for (int32_t& d : narrow.dims) d = d < leading ? -1 : d - leading;
  return op.tensor(wide, narrow);
}

bool is_comparison(ir::Op op) {
  return op == ir::Op::equal || op == ir::Op::not_equal || op == ir::Op::less || op == ir::Op::less_equal ||
         op == ir::Op::greater || op == ir::Op::greater_equal;
}

// Where operand `x`, broadcast to `shape`, has element i.
int64_t index_in(const Value& x, const ir::Shape& shape, int64_t i) {
  int64_t index = 0, stride = 1;
  for (size_t back = 1; back <= shape.size(); ++back) {
    const int32_t dim = shape[shape.size() - back];
    const int64_t at = i % dim;
    i /= dim;
    if (back > x.rank()) continue;
    const int32_t own = x.shape[x.rank() - back];
    if (own != 1) index += at * stride;
    stride *= own;
  }
  return index;
}

std::optional<Value> fold_binary(NodeImport& op, ir::Op kind, const Value& a, const Value& b) {
  const ir::Shape shape = broadcast(op, {a, b});
  const bool real = is_real(a.type);
  Constant result =
      make_constant(is_comparison(kind) ? static_cast<int32_t>(TensorProto::BOOL) : a.type, shape, op.where());
  for (int64_t i = 0; i < result.count(); ++i) {
    const int64_t x = index_in(a, shape, i), y = index_in(b, shape, i);
    if (real) {
      const auto value = compute(kind, a.constant->real(x), b.constant->real(y));
      if (!value) return std::nullopt;
      result.set(i, *value);
    } else {
      const auto value = compute(kind, a.constant->integer(x), b.constant->integer(y));
      if (!value) return std::nullopt;
      result.set(i, *value);
    }
  }
  return constant_value(std::move(result));
}

std::optional<Value> fold_unary(NodeImport& op, ir::Op kind, const Value& x) {
  Constant result = make_constant(x.type, x.shape, op.where());
  for (int64_t i = 0; i < result.count(); ++i) {
    const auto value = compute(kind, x.constant->real(i));
    if (!value) return std::nullopt;
    result.set(i, *value);
  }
  return constant_value(std::move(result));
}

ir::Attributes attributes_of(ir::Op op) {
  switch (op) {
    case ir::Op::add:
    case ir::Op::sub:
    case ir::Op::mul:
    case ir::Op::div:
      return ir::ActivationAttributes{};
    default:
      return ir::NoAttributes{};
  }
}

}  // namespace

Value NodeImport::constant_like(float value) const {
  Constant constant = make_constant(TensorProto::FLOAT, {}, where());
  constant.set(0, static_cast<double>(value));
  return constant_value(std::move(constant));
}

Value NodeImport::widened(const Value& x) {
  const bool narrow =
      !x.scales && (x.type == TensorProto::INT8 || x.type == TensorProto::UINT8 || x.type == TensorProto::INT16);
  return narrow ? cast(x, TensorProto::INT32) : x;
}

Value NodeImport::elementwise(ir::Op op, const std::vector<Value>& operands, ir::Attributes attributes,
                              const Result& result) {
  const ir::Shape shape = broadcast(*this, operands);
  const Layout layout = common_layout(operands, shape);
  std::vector<ir::TensorId> ids;
  for (const Value& x : operands) ids.push_back(operand_tensor(*this, x, layout));
  Result typed = result;
  const Value& like = operands[op == ir::Op::select ? 1 : 0];
  if (!typed.type && is_comparison(op)) typed.type = ir::DType::boolean;
  if (!typed.type) typed.type = graph().tensor(ids[op == ir::Op::select ? 1 : 0]).type;
  if (!typed.scales && !is_comparison(op)) typed.scales = like.scales;
  Value value = value_of(add(op, ids, std::move(attributes), typed), shape, layout, like);
  value.scales = typed.scales;
  if (is_comparison(op)) value.type = TensorProto::BOOL;
  return value;
}

Value NodeImport::unary(ir::Op op, const Value& x, ir::Attributes attributes) {
  if (x.constant != nullptr && !x.scales) {
    if (auto folded = fold_unary(*this, op, x)) return *folded;
  }
  return elementwise(op, {x}, std::move(attributes), Result{});
}

Value NodeImport::binary(ir::Op op, const Value& a, const Value& b) {
  if (a.type != b.type) bad(fmt::format("operands of {} and {}", name_of_type(a.type), name_of_type(b.type)));
  if (a.constant != nullptr && b.constant != nullptr) {
    if (auto folded = fold_binary(*this, op, a, b)) return *folded;
  }
  return elementwise(op, {a, b}, attributes_of(op), Result{});
}

Value NodeImport::select(const Value& condition, const Value& a, const Value& b) {
  if (a.type != b.type) bad(fmt::format("operands of {} and {}", name_of_type(a.type), name_of_type(b.type)));
  if (condition.type != TensorProto::BOOL) bad(fmt::format("a condition of {}", name_of_type(condition.type)));
  if (condition.constant == nullptr || a.constant == nullptr || b.constant == nullptr) {
    return elementwise(ir::Op::select, {condition, a, b}, ir::NoAttributes{}, Result{});
  }
  const ir::Shape shape = broadcast(*this, {condition, a, b});
  Constant result = make_constant(a.type, shape, where());
  for (int64_t i = 0; i < result.count(); ++i) {
    const Value& from = condition.constant->integer(index_in(condition, shape, i)) != 0 ? a : b;
    const int64_t k = index_in(from, shape, i);
    is_real(a.type) ? result.set(i, from.constant->real(k)) : result.set(i, from.constant->integer(k));
  }
  return constant_value(std::move(result));
}

std::optional<double> compute(ir::Op op, double a) {
  switch (op) {
    case ir::Op::relu:
      return std::max(a, 0.0);
    case ir::Op::abs:
      return std::abs(a);
    case ir::Op::neg:
      return -a;
    case ir::Op::exp:
      return std::exp(a);
    case ir::Op::log:
      return std::log(a);
    case ir::Op::sqrt:
      return std::sqrt(a);
    case ir::Op::rsqrt:
      return 1 / std::sqrt(a);
    case ir::Op::square:
      return a * a;
    case ir::Op::sin:
      return std::sin(a);
    case ir::Op::cos:
      return std::cos(a);
    case ir::Op::floor:
      return std::floor(a);
    case ir::Op::ceil:
      return std::ceil(a);
    case ir::Op::round:
      return std::nearbyint(a);
    case ir::Op::tanh:
      return std::tanh(a);
    default:
      return std::nullopt;
  }
}

namespace {

template <typename T>
std::optional<T> compute_any(ir::Op op, T a, T b) {
  switch (op) {
    case ir::Op::maximum:
      return std::max(a, b);
    case ir::Op::minimum:
      return std::min(a, b);
    case ir::Op::equal:
      return static_cast<T>(a == b);
    case ir::Op::not_equal:
      return static_cast<T>(a != b);
    case ir::Op::less:
      return static_cast<T>(a < b);
    case ir::Op::less_equal:
      return static_cast<T>(a <= b);
    case ir::Op::greater:
      return static_cast<T>(a > b);
    case ir::Op::greater_equal:
      return static_cast<T>(a >= b);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<double> compute(ir::Op op, double a, double b) {
  switch (op) {
    case ir::Op::add:
      return a + b;
    case ir::Op::sub:
      return a - b;
    case ir::Op::mul:
      return a * b;
    case ir::Op::div:
      return a / b;
    case ir::Op::squared_difference:
      return (a - b) * (a - b);
    default:
      return compute_any(op, a, b);
  }
}

std::optional<int64_t> compute(ir::Op op, int64_t a, int64_t b) {
  const auto ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  switch (op) {
    case ir::Op::add:
      return static_cast<int64_t>(ua + ub);
    case ir::Op::sub:
      return static_cast<int64_t>(ua - ub);
    case ir::Op::mul:
      return static_cast<int64_t>(ua * ub);
    case ir::Op::div:
      if (b == 0 || (b == -1 && a == INT64_MIN)) return std::nullopt;
      return a / b;
    default:
      return compute_any(op, a, b);
  }
}

}  // namespace whit::onnx
