// The operands of the node in hand, turned into tensors of the file, and the ops that they go to.
#include <fmt/format.h>

#include <cstring>

#include "whit/base/error.hpp"
#include "whit/formats/tflite/export.hpp"
#include "whit/ir/verify.hpp"

namespace whit::tflite {

void NodeExport::unsupported(const std::string& what, const std::string& hint) const {
  throw Error(ErrorCode::unsupported, what, ir::place_of(export_.graph_, node_), hint);
}

int32_t NodeExport::input(size_t i) { return has(i) ? export_.tensor(node_.inputs[i]) : -1; }

int32_t NodeExport::constant(const char* suffix, ir::Tensor tensor) {
  tensor.name = out().name + suffix;
  tensor.is_constant = true;
  return export_.main_.add(export_.written(tensor));
}

int32_t NodeExport::integers(const char* suffix, const std::vector<int32_t>& values, const ir::Shape& shape) {
  ir::Tensor tensor;
  tensor.type = ir::DType::i32;
  tensor.shape = shape;
  tensor.data.resize(values.size() * sizeof(int32_t));
  memcpy(tensor.data.data(), values.data(), tensor.data.size());
  return constant(suffix, std::move(tensor));
}

int32_t NodeExport::integers(const char* suffix, const std::vector<int32_t>& values) {
  return integers(suffix, values, {static_cast<int32_t>(values.size())});
}

int32_t NodeExport::step(const char* suffix, const ir::Tensor& like, const ir::Shape& shape) {
  return export_.main_.add({out().name + suffix, to_type(like.type), shape, like.quantization});
}

void NodeExport::append(BuiltinOperator code, const std::vector<int32_t>& inputs, const std::vector<int32_t>& outputs,
                        int32_t version, BuiltinOptions kind, flatbuffers::Offset<void> options,
                        const std::vector<int32_t>& intermediates) {
  const auto operands = [&](const std::vector<int32_t>& indices) {
    std::vector<const Written*> all;
    all.reserve(indices.size());
    for (const int32_t i : indices) all.push_back(i < 0 ? nullptr : &export_.main_.tensors[static_cast<size_t>(i)]);
    return all;
  };
  const int32_t needed = version_of(code, operands(inputs), operands(outputs));
  export_.op(export_.main_, code, std::max(version, needed), inputs, outputs, kind, options, intermediates);
}

// The shape of `output`. A scalar cannot be asked for by a list of dimensions: SQUEEZE takes all of them away.
void NodeExport::write_reshape(int32_t input, int32_t output) {
  const ir::Shape shape = export_.main_.tensors[static_cast<size_t>(output)].shape;
  if (shape.empty()) return write(BuiltinOperator::SQUEEZE, {input}, {output}, CreateSqueezeOptions(fbb()));
  const int32_t wanted = integers("/shape", shape);
  write(BuiltinOperator::RESHAPE, {input, wanted}, {output}, CreateReshapeOptions(fbb(), fbb().CreateVector(shape)));
}

Activation NodeExport::activation(ir::Activation activation) const {
  switch (activation) {
    case ir::Activation::none:
      return Activation::NONE;
    case ir::Activation::relu:
      return Activation::RELU;
    case ir::Activation::relu6:
      return Activation::RELU6;
    case ir::Activation::relu_n1_to_1:
      return Activation::RELU_N1_TO_1;
    default:
      unsupported(fmt::format("a fused {}", ir::name_of(activation)), "make the activation a node of its own");
  }
}

}  // namespace whit::tflite
