// Ops that work element by element, on one or several tensors, and reductions.
#include <algorithm>
#include <cmath>

#include "whit/formats/tflite/import.hpp"

namespace whit::tflite {
namespace {

using Code = BuiltinOperator;

ir::Op unary_op(Code code) {
  switch (code) {
    case Code::RELU:
      return ir::Op::relu;
    case Code::RELU6:
      return ir::Op::relu6;
    case Code::RELU_N1_TO_1:
      return ir::Op::relu_n1_to_1;
    case Code::RELU_0_TO_1:
      return ir::Op::relu_0_to_1;
    case Code::LEAKY_RELU:
      return ir::Op::leaky_relu;
    case Code::ELU:
      return ir::Op::elu;
    case Code::HARD_SWISH:
      return ir::Op::hard_swish;
    case Code::LOGISTIC:
      return ir::Op::logistic;
    case Code::TANH:
      return ir::Op::tanh;
    case Code::ABS:
      return ir::Op::abs;
    case Code::NEG:
      return ir::Op::neg;
    case Code::EXP:
      return ir::Op::exp;
    case Code::LOG:
      return ir::Op::log;
    case Code::SQRT:
      return ir::Op::sqrt;
    case Code::RSQRT:
      return ir::Op::rsqrt;
    case Code::SQUARE:
      return ir::Op::square;
    case Code::SIN:
      return ir::Op::sin;
    case Code::COS:
      return ir::Op::cos;
    case Code::FLOOR:
      return ir::Op::floor;
    case Code::CEIL:
      return ir::Op::ceil;
    case Code::ROUND:
      return ir::Op::round;
    case Code::SOFTMAX:
      return ir::Op::softmax;
    case Code::LOG_SOFTMAX:
      return ir::Op::log_softmax;
    case Code::L2_NORMALIZATION:
      return ir::Op::l2_normalization;
    case Code::QUANTIZE:
      return ir::Op::quantize;
    default:
      return ir::Op::cast;
  }
}

ir::Op binary_op(Code code) {
  switch (code) {
    case Code::ADD:
      return ir::Op::add;
    case Code::SUB:
      return ir::Op::sub;
    case Code::MUL:
      return ir::Op::mul;
    case Code::DIV:
      return ir::Op::div;
    case Code::MAXIMUM:
      return ir::Op::maximum;
    case Code::MINIMUM:
      return ir::Op::minimum;
    case Code::SQUARED_DIFFERENCE:
      return ir::Op::squared_difference;
    case Code::EQUAL:
      return ir::Op::equal;
    case Code::NOT_EQUAL:
      return ir::Op::not_equal;
    case Code::LESS:
      return ir::Op::less;
    case Code::LESS_EQUAL:
      return ir::Op::less_equal;
    case Code::GREATER:
      return ir::Op::greater;
    case Code::GREATER_EQUAL:
      return ir::Op::greater_equal;
    case Code::PRELU:
      return ir::Op::prelu;
    default:
      return ir::Op::select;
  }
}

ir::Op reduce_op(Code code) {
  switch (code) {
    case Code::MEAN:
      return ir::Op::mean;
    case Code::SUM:
      return ir::Op::sum;
    case Code::REDUCE_MAX:
      return ir::Op::reduce_max;
    case Code::REDUCE_MIN:
      return ir::Op::reduce_min;
    case Code::ARG_MAX:
      return ir::Op::arg_max;
    default:
      return ir::Op::arg_min;
  }
}

template <typename Options>
ir::Attributes activation_of(OpImport& op) {
  const Options* options = op.optional_options<Options>();
  return ir::ActivationAttributes{options == nullptr ? ir::Activation::none : op.activation(options->activation())};
}

ir::Attributes binary_attributes(OpImport& op) {
  switch (op.code()) {
    case Code::ADD:
      return activation_of<AddOptions>(op);
    case Code::SUB:
      return activation_of<SubOptions>(op);
    case Code::MUL:
      return activation_of<MulOptions>(op);
    case Code::DIV:
      return activation_of<DivOptions>(op);
    default:
      return ir::NoAttributes{};
  }
}

ir::Attributes unary_attributes(OpImport& op) {
  if (op.code() == Code::SOFTMAX) {
    const float beta = op.options<SoftmaxOptions>().beta();
    op.require(std::isfinite(beta) && beta > 0, "softmax needs a beta above 0");
    return ir::SoftmaxAttributes{beta};
  }
  if (op.code() == Code::LEAKY_RELU) {
    const float alpha = op.options<LeakyReluOptions>().alpha();
    op.require(std::isfinite(alpha), "leaky_relu needs a finite alpha");
    return ir::LeakyReluAttributes{alpha};
  }
  if (op.code() == Code::L2_NORMALIZATION) {
    const auto* options = op.optional_options<L2NormOptions>();
    if (options != nullptr && op.activation(options->activation()) != ir::Activation::none) {
      op.unsupported("a fused activation", "supported: none");
    }
  }
  return ir::NoAttributes{};
}

}  // namespace

void import_unary(OpImport& op) {
  ir::Attributes attributes = unary_attributes(op);
  op.add(unary_op(op.code()), {op.input(0)}, op.output(), std::move(attributes));
}

void import_dequantize(OpImport& op) {
  if (op.dequantize_constant()) return;
  op.add(ir::Op::dequantize, {op.input(0)}, op.output());
}

void import_binary(OpImport& op) {
  const ir::Op kind = binary_op(op.code());
  if (kind == ir::Op::select) {
    // The older op takes a vector as a choice of rows, which is no broadcast.
    if (op.code() == Code::SELECT && op.input_shape(0) != op.input_shape(1) && ir::elements(op.input_shape(0)) != 1) {
      op.unsupported("a condition of another shape", "supported: SELECT_V2, or a condition of the operands' shape");
    }
    return op.add(kind, {op.input(0), op.input(1), op.input(2)}, op.output());
  }
  ir::Attributes attributes = binary_attributes(op);
  op.add(kind, {op.input(0), op.input(1)}, op.output(), std::move(attributes));
}

void import_reduce(OpImport& op) {
  const ir::Op kind = reduce_op(op.code());
  const size_t rank = op.input_shape(0).size();
  ir::ReduceAttributes a;
  for (const int64_t axis : op.integers(1, "axes").values) a.axes.push_back(op.axis(axis, rank));
  std::sort(a.axes.begin(), a.axes.end());
  a.axes.erase(std::unique(a.axes.begin(), a.axes.end()), a.axes.end());
  if (a.axes.empty()) op.unsupported("a reduction along no axis", "supported: one axis or more");
  if (kind != ir::Op::arg_max && kind != ir::Op::arg_min) {
    const auto* options = op.optional_options<ReducerOptions>();
    a.keep_dims = options != nullptr && options->keep_dims();
  }
  op.add(kind, {op.input(0)}, op.output(), a);
}

}  // namespace whit::tflite
