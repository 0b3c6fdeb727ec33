// Ops that work element by element, on one or several tensors, and reductions.
#include <fmt/format.h>

#include "whit/formats/tflite/export.hpp"

namespace whit::tflite {

using Code = BuiltinOperator;

void export_plain(NodeExport& node) {
  std::vector<int32_t> inputs;
  for (size_t i = 0; i < node.node().inputs.size(); ++i) inputs.push_back(node.input(i));
  node.write(to_code(node.op()), inputs, {node.output()});
}

void export_arithmetic(NodeExport& node) {
  const Activation activation = node.activation(node.attributes<ir::ActivationAttributes>().activation);
  const std::vector<int32_t> inputs = {node.input(0), node.input(1)}, outputs = {node.output()};
  // Older int16 kernels take scales that are powers of two; those that take any scale are told by the options.
  const bool power_of_two = node.out().type != ir::DType::i16;
  switch (node.op()) {
    case ir::Op::add:
      return node.write(Code::ADD, inputs, outputs, CreateAddOptions(node.fbb(), activation, power_of_two));
    case ir::Op::sub:
      return node.write(Code::SUB, inputs, outputs, CreateSubOptions(node.fbb(), activation, power_of_two));
    case ir::Op::mul:
      return node.write(Code::MUL, inputs, outputs, CreateMulOptions(node.fbb(), activation));
    default:
      return node.write(Code::DIV, inputs, outputs, CreateDivOptions(node.fbb(), activation));
  }
}

void export_quantize(NodeExport& node) {
  const ir::DType from = node.in(0).type, to = node.out().type;
  const bool to_signed = to == ir::DType::i8 || to == ir::DType::i16;
  const bool known = from == ir::DType::i16   ? to_signed || to == ir::DType::i32
                     : from == ir::DType::i32 ? to_signed
                                              : to_signed || to == ir::DType::u8;
  if (!known) {
    node.unsupported(fmt::format("TFLite does not quantize {} to {}", name_of(from), name_of(to)),
                     "it has f32, i8 and u8 to i8, u8 and i16; i16 and i32 to i8 and i16; and i16 to i32");
  }
  export_plain(node);
}

void export_softmax(NodeExport& node) {
  const float beta = node.attributes<ir::SoftmaxAttributes>().beta;
  node.write(Code::SOFTMAX, {node.input(0)}, {node.output()}, CreateSoftmaxOptions(node.fbb(), beta));
}

void export_leaky_relu(NodeExport& node) {
  const float alpha = node.attributes<ir::LeakyReluAttributes>().alpha;
  node.write(Code::LEAKY_RELU, {node.input(0)}, {node.output()}, CreateLeakyReluOptions(node.fbb(), alpha));
}

void export_reduce(NodeExport& node) {
  const auto& a = node.attributes<ir::ReduceAttributes>();
  if (a.axes.empty()) node.unsupported("a reduction along no axis", "remove the node");
  node.write(to_code(node.op()), {node.input(0), node.integers("/axes", a.axes)}, {node.output()},
             CreateReducerOptions(node.fbb(), a.keep_dims));
}

// TFLite drops the dimension: one that is kept comes back by a RESHAPE.
void export_arg(NodeExport& node) {
  const auto& a = node.attributes<ir::ReduceAttributes>();
  ir::Shape shape = node.in(0).shape;
  shape.erase(shape.begin() + a.axes[0]);
  const int32_t result = a.keep_dims ? node.step("/dropped", node.out(), shape) : node.output();
  const std::vector<int32_t> inputs = {node.input(0), node.integers("/axis", a.axes, {})};
  const TensorType type = to_type(node.out().type);
  if (node.op() == ir::Op::arg_max) {
    node.write(Code::ARG_MAX, inputs, {result}, CreateArgMaxOptions(node.fbb(), type));
  } else {
    node.write(Code::ARG_MIN, inputs, {result}, CreateArgMinOptions(node.fbb(), type));
  }
  if (a.keep_dims) node.write_reshape(result, node.output());
}

}  // namespace whit::tflite
