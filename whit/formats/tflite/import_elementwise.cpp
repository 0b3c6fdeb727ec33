// Ops that work element by element, on one or several tensors, and reductions.
#include <algorithm>
#include <cmath>

#include "whit/formats/tflite/import.hpp"

namespace whit::tflite {
namespace {

using Code = BuiltinOperator;

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

// TFLite adds int16 numbers whose scales are all powers of two by shifts, unless the option is off: other roundings.
template <typename Options>
bool adds_by_shifts(OpImport& op) {
  const Options* options = op.optional_options<Options>();
  if (op.output_type(0) != ir::DType::i16 || (options != nullptr && !options->power_of_two_scales())) return false;
  const auto power_of_two = [](const FileTensor& tensor) {
    const auto* q = tensor.file->quantization();
    int exponent = 0;
    return q != nullptr && q->scale() != nullptr && q->scale()->size() == 1 &&
           std::frexp(q->scale()->Get(0), &exponent) == 0.5f;
  };
  return power_of_two(op.input_tensor(0)) && power_of_two(op.input_tensor(1)) && power_of_two(op.output_tensor(0));
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
  op.add(to_op(op.code()), {op.input(0)}, op.output(), std::move(attributes));
}

void import_dequantize(OpImport& op) {
  if (op.dequantize_constant()) return;
  op.add(ir::Op::dequantize, {op.input(0)}, op.output());
}

void import_binary(OpImport& op) {
  if ((op.code() == Code::ADD && adds_by_shifts<AddOptions>(op)) ||
      (op.code() == Code::SUB && adds_by_shifts<SubOptions>(op))) {
    op.unsupported("int16 operands added by shifts",
                   "supported: pot_scale_int16 false, as converters write since 2020");
  }
  if (op.code() == Code::SELECT || op.code() == Code::SELECT_V2) {
    // The older op takes a vector as a choice of rows, which is no broadcast.
    if (op.code() == Code::SELECT && op.input_shape(0) != op.input_shape(1) && ir::elements(op.input_shape(0)) != 1) {
      op.unsupported("a condition of another shape", "supported: SELECT_V2, or a condition of the operands' shape");
    }
    return op.add(ir::Op::select, {op.input(0), op.input(1), op.input(2)}, op.output());
  }
  ir::Attributes attributes = binary_attributes(op);
  op.add(to_op(op.code()), {op.input(0), op.input(1)}, op.output(), std::move(attributes));
}

void import_reduce(OpImport& op) {
  const ir::Op kind = to_op(op.code());
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
