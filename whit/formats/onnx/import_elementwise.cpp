// Ops that work element by element.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "whit/formats/onnx/import.hpp"

namespace whit::onnx {
namespace {

using ir::Op;

Op unary_op(const std::string& type) {
  static const std::map<std::string, Op> kOps = {
      {"Abs", Op::abs},     {"Ceil", Op::ceil},        {"Cos", Op::cos},
      {"Erf", Op::erf},     {"Exp", Op::exp},          {"Floor", Op::floor},
      {"Log", Op::log},     {"Neg", Op::neg},          {"Relu", Op::relu},
      {"Round", Op::round}, {"Sigmoid", Op::logistic}, {"Sin", Op::sin},
      {"Sqrt", Op::sqrt},   {"Tanh", Op::tanh},        {"HardSwish", Op::hard_swish}};
  return kOps.at(type);
}

Op binary_op(const std::string& type) {
  static const std::map<std::string, Op> kOps = {{"Add", Op::add},
                                                 {"Sub", Op::sub},
                                                 {"Mul", Op::mul},
                                                 {"Div", Op::div},
                                                 {"Equal", Op::equal},
                                                 {"Less", Op::less},
                                                 {"LessOrEqual", Op::less_equal},
                                                 {"Greater", Op::greater},
                                                 {"GreaterOrEqual", Op::greater_equal},
                                                 {"PRelu", Op::prelu},
                                                 {"Max", Op::maximum},
                                                 {"Min", Op::minimum}};
  return kOps.at(type);
}

// Unary ops that int8 has: a table in which any scales are right. Logistic and tanh have fixed output scales.
bool has_int8_form(Op op) {
  return op == Op::relu || op == Op::leaky_relu || op == Op::logistic || op == Op::tanh || op == Op::hard_swish ||
         op == Op::relu6 || op == Op::abs || op == Op::neg || op == Op::exp;
}

// f(x) as int8 when x is, and when what follows is quantized; else as float32.
Value quantizable_unary(NodeImport& op, Op kind, ir::Attributes attributes = {}) {
  const Value& x = op.stored(0);
  const bool quantized = x.scales && x.constant == nullptr && x.type == TensorProto::FLOAT && has_int8_form(kind);
  const auto target = quantized ? op.target() : std::nullopt;
  if (!target) return op.unary(kind, op.input(0), std::move(attributes));
  NodeImport::Result result;
  result.scales = target->scales;
  if (kind == Op::logistic) result.scales = Scales{{1.0f / 256}, {-128}, 0};
  if (kind == Op::tanh) result.scales = Scales{{1.0f / 128}, {0}, 0};
  return op.requantized(op.elementwise(kind, {x}, std::move(attributes), result), target->scales);
}

void check_float(NodeImport& op, const Value& x) {
  if (x.type == TensorProto::FLOAT) return;
  if (x.constant != nullptr) return;
  op.unsupported(fmt::format("an operand of {}", name_of_type(x.type)), "supported: float32");
}

}  // namespace

void import_unary(NodeImport& op) {
  const Value& x = op.stored(0);
  check_float(op, x);
  op.output(0, quantizable_unary(op, unary_op(op.type())));
}

void import_activation(NodeImport& op) {
  const Value x = op.input(0);
  check_float(op, x);
  const auto number = [&](float value) { return op.constant_like(value); };
  const auto add = [&](const Value& a, const Value& b) { return op.binary(Op::add, a, b); };
  const auto mul = [&](const Value& a, const Value& b) { return op.binary(Op::mul, a, b); };
  const auto relu = [&](const Value& a) { return op.unary(Op::relu, a); };
  // Below 0 elu, above the value itself: the two halves of x, the lower one with a factor.
  const auto two_sided = [&](float alpha, float inner) {
    const Value low = op.binary(Op::minimum, x, number(0));
    const Value curved = op.unary(Op::elu, inner == 1 ? low : mul(low, number(inner)));
    return add(relu(x), alpha == 1 ? curved : mul(curved, number(alpha)));
  };
  if (op.is("LeakyRelu")) {
    return op.output(0, quantizable_unary(op, Op::leaky_relu, ir::LeakyReluAttributes{op.real("alpha", 0.01f)}));
  }
  if (op.is("Elu")) {
    const float alpha = op.real("alpha", 1);
    return op.output(0, alpha == 1 ? op.unary(Op::elu, x) : two_sided(alpha, 1));
  }
  if (op.is("Celu")) {
    const float alpha = op.real("alpha", 1);
    op.require(alpha != 0, "an alpha of 0");
    return op.output(0, two_sided(alpha, 1 / alpha));
  }
  if (op.is("Selu")) {
    const float alpha = op.real("alpha", 1.67326319217681884765625f),
                gamma = op.real("gamma", 1.05070102214813232421875f);
    return op.output(0, mul(two_sided(alpha, 1), number(gamma)));
  }
  if (op.is("HardSigmoid")) {
    const float alpha = op.real("alpha", 0.2f), beta = op.real("beta", 0.5f);
    return op.output(0, op.unary(Op::relu_0_to_1, add(mul(x, number(alpha)), number(beta))));
  }
  if (op.is("Reciprocal")) return op.output(0, op.binary(Op::div, number(1), x));
  if (op.is("Sign")) {
    const auto is = [&](Op compare) { return op.cast(op.binary(compare, x, number(0)), TensorProto::FLOAT); };
    return op.output(0, op.binary(Op::sub, is(Op::greater), is(Op::less)));
  }
  if (op.is("Shrink")) {
    const float bias = op.real("bias", 0), lambda = op.real("lambd", 0.5f);
    const Value above =
        op.select(op.binary(Op::greater, x, number(lambda)), op.binary(Op::sub, x, number(bias)), number(0));
    return op.output(0, op.select(op.binary(Op::less, x, number(-lambda)), add(x, number(bias)), above));
  }
  if (op.is("ThresholdedRelu")) {
    const Value is_above = op.binary(Op::greater, x, number(op.real("alpha", 1)));
    return op.output(0, op.select(is_above, x, number(0)));
  }
  const auto exp_of = [&](const Value& a) { return op.unary(Op::exp, a); };
  const auto log_of = [&](const Value& a) { return op.unary(Op::log, a); };
  if (op.is("Sinh") || op.is("Cosh")) {
    const Value up = exp_of(x), down = exp_of(op.unary(Op::neg, x));
    return op.output(0, mul(op.binary(op.is("Sinh") ? Op::sub : Op::add, up, down), number(0.5f)));
  }
  if (op.is("Tan")) return op.output(0, op.binary(Op::div, op.unary(Op::sin, x), op.unary(Op::cos, x)));
  if (op.is("Acosh")) {
    return op.output(0, log_of(add(x, op.unary(Op::sqrt, add(op.unary(Op::square, x), number(-1))))));
  }
  if (op.is("Asinh")) {  // odd: from the magnitude, where nothing cancels
    const Value size = op.unary(Op::abs, x);
    const Value result = log_of(add(size, op.unary(Op::sqrt, add(op.unary(Op::square, x), number(1)))));
    return op.output(0, op.select(op.binary(Op::less, x, number(0)), op.unary(Op::neg, result), result));
  }
  if (op.is("Atanh")) {
    const Value ratio = op.binary(Op::div, add(x, number(1)), op.binary(Op::sub, number(1), x));
    return op.output(0, mul(log_of(ratio), number(0.5f)));
  }
  if (op.is("Softsign")) return op.output(0, op.binary(Op::div, x, add(op.unary(Op::abs, x), number(1))));
  if (op.is("Gelu")) {
    if (op.text("approximate", "none") == "tanh") {
      const Value cubic = mul(mul(op.unary(Op::square, x), x), number(0.044715f));
      const Value inner = op.unary(Op::tanh, mul(add(x, cubic), number(0.7978845608f)));
      return op.output(0, mul(mul(x, number(0.5f)), add(inner, number(1))));
    }
    const Value inner = op.unary(Op::erf, mul(x, number(0.70710678118f)));
    return op.output(0, mul(mul(x, number(0.5f)), add(inner, number(1))));
  }
  // ln(1 + e^x) as max(x, 0) + ln(1 + e^-|x|), which cannot overflow.
  const Value bend = op.unary(Op::exp, op.unary(Op::neg, op.unary(Op::abs, x)));
  const Value softplus = add(relu(x), op.unary(Op::log, add(bend, number(1))));
  op.output(0, op.is("Softplus") ? softplus : mul(x, op.unary(Op::tanh, softplus)));  // Mish
}

void import_clip(NodeImport& op) {
  const float infinity = std::numeric_limits<float>::infinity();
  const Value& stored = op.stored(0);
  if (op.opset() >= 11) {
    const bool known =
        (!op.has(1) || op.stored(1).constant != nullptr) && (!op.has(2) || op.stored(2).constant != nullptr);
    const Value x = op.widened(op.input(0));
    if (!known || x.type == TensorProto::INT32) {
      Value clipped = x;
      if (op.has(1)) clipped = op.binary(Op::maximum, clipped, op.widened(op.input(1)));
      if (op.has(2)) clipped = op.binary(Op::minimum, clipped, op.widened(op.input(2)));
      return op.output(0, op.cast(clipped, op.input(0).type));
    }
  }
  const bool inputs = op.opset() >= 11;
  const float low =
      inputs ? (op.has(1) ? static_cast<float>(op.scalar(1, "min")) : -infinity) : op.real("min", -infinity);
  const float high =
      inputs ? (op.has(2) ? static_cast<float>(op.scalar(2, "max")) : infinity) : op.real("max", infinity);
  if (stored.type != TensorProto::FLOAT)
    op.unsupported(fmt::format("an operand of {}", name_of_type(stored.type)), "supported: float32");
  const bool unbounded = high >= std::numeric_limits<float>::max();
  if (low == 0 && unbounded) return op.output(0, quantizable_unary(op, Op::relu));
  if (low == 0 && high == 6) return op.output(0, quantizable_unary(op, Op::relu6));
  Value x = op.input(0);
  if (low == 0 && high == 1) return op.output(0, op.unary(Op::relu_0_to_1, x));
  if (low == -1 && high == 1) return op.output(0, op.unary(Op::relu_n1_to_1, x));
  if (low > std::numeric_limits<float>::lowest()) x = op.binary(Op::maximum, x, op.constant_like(low));
  if (!unbounded) x = op.binary(Op::minimum, x, op.constant_like(high));
  op.output(0, x);
}

namespace {

// Before operator set 7 the second operand's dimensions could be those of the first from `axis` on.
Value old_broadcast(NodeImport& op, const Value& a, const Value& b) {
  const bool broadcasts = op.integer("broadcast", 0) != 0;
  if (!broadcasts || !op.has_attribute("axis")) return b;
  const auto axis = static_cast<size_t>(op.axis(op.integer("axis", 0), a.rank()));
  op.require(axis + b.rank() <= a.rank(), "the second operand does not fit behind the axis");
  ir::Shape shape = b.shape;
  shape.insert(shape.end(), a.rank() - axis - b.rank(), 1);
  return op.reshape(b, shape);
}

// The slopes of PRelu may lack the trailing dimensions of 1 in files of old: [C] means channels.
Value slopes(NodeImport& op, const Value& x, const Value& slope) {
  const bool channels = op.opset() < 7 && slope.rank() == 1 && x.rank() > 2;
  if (!channels) return slope;
  ir::Shape shape(x.rank() - 1, 1);
  shape[0] = slope.shape[0];
  return op.reshape(slope, shape);
}

bool has_int8_form_of_two(Op op) { return op == Op::add || op == Op::sub || op == Op::mul || op == Op::prelu; }

}  // namespace

void import_binary(NodeImport& op) {
  const Op kind = binary_op(op.type());
  const bool quantized = has_int8_form_of_two(kind) && op.all_quantized({0, 1}) &&
                         op.stored(0).type == TensorProto::FLOAT && op.stored(0).scales->scale.size() == 1 &&
                         op.stored(1).scales->scale.size() == 1;
  const bool computed = op.stored(0).constant == nullptr || op.stored(1).constant == nullptr;
  const auto target = quantized && computed ? (kind == Op::prelu ? op.target() : op.target_with_relu()) : std::nullopt;
  if (target) {
    NodeImport::Result result;
    result.scales = target->scales;
    ir::Attributes attributes = ir::ActivationAttributes{target->activation};
    if (kind == Op::prelu) attributes = ir::NoAttributes{};
    return op.output(0, op.elementwise(kind, {op.stored(0), op.stored(1)}, attributes, result));
  }
  const int32_t type = op.input(0).type;
  const Value a = op.widened(op.input(0));
  Value b = op.widened(op.input(1));
  const bool known = a.type == TensorProto::FLOAT || a.type == TensorProto::INT32 || a.type == TensorProto::INT64;
  if (computed && !known) {
    op.unsupported(fmt::format("operands of {}", name_of_type(type)), "supported: float32 and integers up to int32");
  }
  if (op.opset() < 7) b = old_broadcast(op, a, b);
  if (kind == Op::prelu) b = slopes(op, a, b);
  const Value result = op.binary(kind, a, b);
  // int32 wraps as the narrow integers do.
  op.output(0, a.type != type && result.type == a.type ? op.cast(result, type) : result);
}

void import_variadic(NodeImport& op) {
  const int32_t type = op.input(0).type;
  Value result = op.widened(op.input(0));
  if (result.type != TensorProto::INT32) check_float(op, result);
  const bool sum = op.is("Sum") || op.is("Mean");
  for (size_t i = 1; i < op.input_count(); ++i) {
    result = op.binary(sum ? Op::add : binary_op(op.type()), result, op.widened(op.input(i)));
  }
  if (op.is("Mean")) result = op.binary(Op::div, result, op.constant_like(static_cast<float>(op.input_count())));
  op.output(0, op.cast(result, type));
}

void import_pow(NodeImport& op) {
  const Value x = op.input(0), y = op.input(1);
  if (x.type != TensorProto::FLOAT && x.constant == nullptr) {
    op.unsupported(fmt::format("a base of {}", name_of_type(x.type)), "supported: float32");
  }
  const Value exponent = op.cast(y, TensorProto::FLOAT);
  if (x.type == TensorProto::FLOAT && exponent.constant != nullptr && exponent.constant->count() == 1 &&
      exponent.rank() <= x.rank()) {
    const double value = exponent.constant->real(0);
    if (value == 1) return op.output(0, x);
    if (value == 2) return op.output(0, op.unary(Op::square, x));
    if (value == 0.5) return op.output(0, op.unary(Op::sqrt, x));
    if (value == -0.5) return op.output(0, op.unary(Op::rsqrt, x));
  }
  op.output(0, op.cast(op.binary(Op::pow, op.cast(x, TensorProto::FLOAT), exponent), x.type));
}

void import_logic(NodeImport& op) {
  if (op.is("Where")) return op.output(0, op.select(op.input(0), op.input(1), op.input(2)));
  Constant bit = make_constant(TensorProto::BOOL, {}, op.where());
  Value no, yes;
  no.type = yes.type = TensorProto::BOOL;
  no.constant = std::make_shared<Constant>(bit);
  bit.set(0, int64_t{1});
  yes.constant = std::make_shared<Constant>(bit);
  const Value a = op.input(0);
  if (op.is("Not")) return op.output(0, op.select(a, no, yes));
  const Value b = op.opset() < 7 ? old_broadcast(op, a, op.input(1)) : op.input(1);
  op.require(a.type == TensorProto::BOOL && b.type == TensorProto::BOOL, "operands that are not bool");
  if (op.is("And")) return op.output(0, op.select(a, b, no));
  if (op.is("Or")) return op.output(0, op.select(a, yes, b));
  op.output(0, op.select(a, op.select(b, no, yes), b));  // Xor
}

}  // namespace whit::onnx
