// The operands of the op in hand: found, checked, turned into tensors of the graph.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "whit/base/half.hpp"
#include "whit/formats/tflite/import.hpp"
#include "whit/ir/verify.hpp"

namespace whit::tflite {
namespace {

constexpr int64_t kMaxIntegers = 4096;  // far more than shapes, paddings or axes need

std::vector<int32_t> to_vector(const flatbuffers::Vector<int32_t>* values) {
  return values == nullptr ? std::vector<int32_t>{} : std::vector<int32_t>(values->begin(), values->end());
}

template <typename T>
std::vector<int64_t> widen(const flatbuffers::Vector<uint8_t>& bytes) {
  std::vector<int64_t> values(bytes.size() / sizeof(T));
  for (size_t i = 0; i < values.size(); ++i) {
    T value;
    memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    values[i] = value;
  }
  return values;
}

}  // namespace

OpImport::OpImport(Import& import, const Operator& op, const OperatorCode& code, int32_t index)
    : import_(import), op_(op), index_(index), inputs_(to_vector(op.inputs())), outputs_(to_vector(op.outputs())) {
  const int32_t number = std::max(static_cast<int32_t>(code.builtin_code()), int32_t{code.deprecated_builtin_code()});
  code_ = static_cast<BuiltinOperator>(number);
  if (code.custom_code() != nullptr) custom_ = code.custom_code()->str();
}

std::string OpImport::where() const {
  return fmt::format("{}: op {} ({})", import_.graph_.name, index_, name_of_op(static_cast<int32_t>(code_), custom_));
}

void OpImport::bad(const std::string& what) const { throw Error(ErrorCode::bad_input, what, where()); }

void OpImport::unsupported(const std::string& what, const std::string& hint) const {
  std::string types;
  for (const auto* indices : {&inputs_, &outputs_}) {
    if (indices == &outputs_) types += " ->";
    for (const int32_t i : *indices) {
      const bool known = i >= 0 && static_cast<size_t>(i) < import_.tensors_.size();
      types +=
          " " + (known ? name_of_type(import_.tensors_[static_cast<size_t>(i)].file->type()) : std::string("none"));
    }
  }
  throw Error(ErrorCode::unsupported, fmt::format("{} (types{})", what, types), where(), hint);
}

void OpImport::check_counts(size_t min_inputs, size_t max_inputs, size_t min_outputs, size_t max_outputs) const {
  if (inputs_.size() < min_inputs || inputs_.size() > max_inputs) bad(fmt::format("{} inputs", inputs_.size()));
  if (outputs_.size() < min_outputs || outputs_.size() > max_outputs) bad(fmt::format("{} outputs", outputs_.size()));
}

FileTensor& OpImport::input_tensor(size_t i) {
  if (i >= inputs_.size()) bad(fmt::format("input {} is missing", i));
  const int32_t index = inputs_[i];
  if (index < 0 || static_cast<size_t>(index) >= import_.tensors_.size())
    bad(fmt::format("input {} is tensor {}", i, index));
  FileTensor& tensor = import_.tensors_[static_cast<size_t>(index)];
  if (!tensor.defined) bad(fmt::format("input {} (tensor {}) is used before anything computes it", i, index));
  return tensor;
}

FileTensor& OpImport::output_tensor(size_t i) {
  if (i >= outputs_.size()) bad(fmt::format("output {} is missing", i));
  const int32_t index = outputs_[i];
  if (index < 0 || static_cast<size_t>(index) >= import_.tensors_.size()) {
    bad(fmt::format("output {} is tensor {}", i, index));
  }
  FileTensor& tensor = import_.tensors_[static_cast<size_t>(index)];
  if (tensor.defined) bad(fmt::format("output {} (tensor {}) is a constant, an input or computed already", i, index));
  return tensor;
}

ir::Shape OpImport::input_shape(size_t i) {
  const FileTensor& tensor = input_tensor(i);
  if (tensor.integers) return tensor.integers->shape;
  return tensor.id == ir::kNoTensor ? tensor.shape : import_.graph_.tensor(tensor.id).shape;
}

ir::DType OpImport::input_type(size_t i) {
  ir::DType type;
  const TensorType file = input_tensor(i).file->type();
  if (!to_dtype(file, type)) unsupported("type " + name_of_type(file), "supported: float32, int8, int32");
  return type;
}

ir::DType OpImport::output_type(size_t i) {
  ir::DType type;
  const TensorType file = output_tensor(i).file->type();
  if (!to_dtype(file, type)) unsupported("type " + name_of_type(file), "supported: float32, int8, int32");
  return type;
}

ir::TensorId OpImport::input(size_t i) {
  FileTensor& tensor = input_tensor(i);
  if (tensor.variable >= 0) bad(fmt::format("input {} is the handle of a variable", i));
  return import_.materialize(tensor, inputs_[i], where());
}

ir::TensorId OpImport::optional_input(size_t i) { return has_input(i) ? input(i) : ir::kNoTensor; }

ir::TensorId OpImport::weights(size_t i, size_t activations) {
  FileTensor& tensor = input_tensor(i);
  const ir::TensorId id = input(i);
  const ir::Tensor& t = import_.graph_.tensor(id);
  const bool integer =
      t.type == ir::DType::i8 || t.type == ir::DType::u8 || t.type == ir::DType::i16 || t.type == ir::DType::i4;
  if (!t.is_constant || !integer || input_type(activations) != ir::DType::f32) return id;
  return dequantized(tensor);
}

// A new f32 constant with the values of a float16 or quantized one. Checked by materialize() before.
ir::TensorId OpImport::dequantized(FileTensor& tensor) {
  const ir::Tensor source = import_.graph_.tensor(tensor.id);
  const ir::Quantization& q = source.quantization;
  if (source.type != ir::DType::f16 && q.empty()) bad(fmt::format("'{}' has no quantization", source.name));
  const int64_t count = ir::elements(source.shape);
  import_.constant_bytes_ += count * 4;
  if (import_.constant_bytes_ > ir::kMaxTensorBytes) bad("more than 2 GB of constants");
  int64_t inner = count;  // elements for each index of the quantized dimension and those before it
  if (q.per_channel()) {
    for (int32_t d = 0; d <= q.axis; ++d) inner /= source.shape[static_cast<size_t>(d)];
  }
  std::vector<float> values(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    const auto k = static_cast<size_t>(i);
    const size_t channel = q.empty() ? 0 : static_cast<size_t>(i / inner) % q.scale.size();
    const auto real = [&](int32_t stored) {
      return q.scale[channel] * static_cast<float>(stored - q.zero_point[channel]);
    };
    switch (source.type) {
      case ir::DType::f16:
        values[k] = half_to_float(ir::data<uint16_t>(source)[k]);
        break;
      case ir::DType::i4:
      case ir::DType::i8:
        values[k] = real(ir::data<int8_t>(source)[k]);
        break;
      case ir::DType::u8:
        values[k] = real(ir::data<uint8_t>(source)[k]);
        break;
      case ir::DType::i16:
        values[k] = real(ir::data<int16_t>(source)[k]);
        break;
      default:
        unsupported("a constant that cannot be dequantized", "supported: float16, int8, int4, uint8, int16");
    }
  }
  ir::Tensor t;
  t.name = source.name + "/f32";
  t.shape = source.shape;
  t.is_constant = true;
  t.data.resize(values.size() * sizeof(float));
  memcpy(t.data.data(), values.data(), t.data.size());
  return import_.graph_.add_tensor(std::move(t));
}

bool OpImport::dequantize_constant() {
  FileTensor& source = input_tensor(0);
  if (source.data == nullptr || source.integers) return false;
  FileTensor& target = output_tensor(0);
  input(0);
  if (output_type(0) != ir::DType::f32) unsupported("a constant dequantized to another type", "supported: float32");
  check_shape(target, source.shape);
  target.id = dequantized(source);
  ir::Tensor& t = import_.graph_.tensor(target.id);
  t.source_index = outputs_[0];
  if (target.file->name() != nullptr) t.name = target.file->name()->str();
  target.defined = true;
  return true;
}

std::optional<Integers> OpImport::known_integers(size_t i) {
  const FileTensor& tensor = input_tensor(i);
  if (tensor.integers) return tensor.integers;
  const TensorType type = tensor.file->type();
  if (type != TensorType::INT32 && type != TensorType::INT64) return std::nullopt;
  if (tensor.file->sparsity() != nullptr) return std::nullopt;
  if (ir::elements(tensor.shape) == 0) return Integers{tensor.shape, {}};
  if (tensor.data == nullptr || ir::elements(tensor.shape) > kMaxIntegers) return std::nullopt;
  return Integers{tensor.shape,
                  type == TensorType::INT32 ? widen<int32_t>(*tensor.data) : widen<int64_t>(*tensor.data)};
}

Integers OpImport::integers(size_t i, const char* what) {
  std::optional<Integers> known = known_integers(i);
  if (!known) unsupported(fmt::format("{} that are computed at run time", what), "they need to be an int32 constant");
  return *known;
}

int64_t OpImport::integer(size_t i, const char* what) {
  const Integers known = integers(i, what);
  if (known.values.size() != 1) bad(fmt::format("{} with {} values instead of one", what, known.values.size()));
  return known.values[0];
}

void OpImport::check_shape(const FileTensor& tensor, const ir::Shape& shape) const {
  if (tensor.shape == shape || tensor.dynamic || tensor.shape.empty()) return;
  bad(fmt::format("the output has the shape {}, but {} follows from the inputs", ir::to_string(tensor.shape),
                  ir::to_string(shape)));
}

ir::TensorId OpImport::output(size_t i) { return output(i, output_tensor(i).shape); }

ir::TensorId OpImport::output(size_t i, const ir::Shape& shape) {
  FileTensor& tensor = output_tensor(i);
  check_shape(tensor, shape);
  if (tensor.id != ir::kNoTensor) bad(fmt::format("output {} is listed twice", i));
  tensor.shape = shape;
  return import_.materialize(tensor, outputs_[i], where());
}

void OpImport::fold(size_t output, Integers value) {
  FileTensor& tensor = output_tensor(output);
  check_shape(tensor, value.shape);
  tensor.integers = std::move(value);
  tensor.defined = true;
}

ir::TensorId OpImport::intermediate(ir::TensorId like, const ir::Shape& shape, const char* suffix) {
  ir::Tensor tensor;
  tensor.name = import_.graph_.tensor(like).name + suffix;
  tensor.type = import_.graph_.tensor(like).type;
  tensor.quantization = import_.graph_.tensor(like).quantization;
  tensor.shape = shape;
  return import_.graph_.add_tensor(std::move(tensor));
}

void OpImport::add(ir::Op op, std::vector<ir::TensorId> inputs, ir::TensorId output, ir::Attributes attributes) {
  add_node(op, std::move(inputs), {output}, std::move(attributes));
}

void OpImport::add_node(ir::Op op, std::vector<ir::TensorId> inputs, std::vector<ir::TensorId> outputs,
                        ir::Attributes attributes) {
  ir::Node node;
  node.op = op;
  node.inputs = std::move(inputs);
  node.outputs = std::move(outputs);
  node.attributes = std::move(attributes);
  node.source_index = index_;
  try {
    const std::vector<ir::Shape> shapes = ir::infer_shapes(import_.graph_, node);
    for (size_t o = 0; o < shapes.size(); ++o) {
      ir::Tensor& tensor = import_.graph_.tensor(node.outputs[o]);
      for (const int32_t i : outputs_) {
        if (i < 0 || static_cast<size_t>(i) >= import_.tensors_.size()) continue;  // refused when its turn comes
        FileTensor& file = import_.tensors_[static_cast<size_t>(i)];
        if (file.id != node.outputs[o]) continue;
        check_shape(file, shapes[o]);
        file.defined = true;
      }
      tensor.shape = shapes[o];
      ir::verify_tensor(tensor);
    }
    ir::verify_types(import_.graph_, node);
  } catch (const Error& error) {
    if (error.where() == where()) throw;
    if (error.code() == ErrorCode::unsupported) unsupported(error.what(), error.hint());
    throw error.at(where() + ": " + error.where());
  }
  import_.graph_.nodes.push_back(std::move(node));
}

void OpImport::assign_variable(ir::TensorId value, int32_t variable) {
  ir::Node node;
  node.op = ir::Op::assign_variable;
  node.inputs = {value};
  node.attributes = ir::VariableAttributes{variable};
  node.source_index = index_;
  try {
    ir::infer_shapes(import_.graph_, node);
    ir::verify_types(import_.graph_, node);
  } catch (const Error& error) {
    throw error.at(where() + ": " + error.where());
  }
  import_.graph_.nodes.push_back(std::move(node));
}

int32_t OpImport::axis(int64_t value, size_t rank) const {
  const auto size = static_cast<int64_t>(rank);
  if (value < -size || value >= size) bad(fmt::format("axis {} of rank {}", value, rank));
  return static_cast<int32_t>(value < 0 ? value + size : value);
}

ir::Activation OpImport::activation(Activation activation) const {
  switch (activation) {
    case Activation::NONE:
      return ir::Activation::none;
    case Activation::RELU:
      return ir::Activation::relu;
    case Activation::RELU6:
      return ir::Activation::relu6;
    case Activation::RELU_N1_TO_1:
      return ir::Activation::relu_n1_to_1;
    default:
      unsupported(fmt::format("fused activation {}", static_cast<int>(activation)), "supported: the RELU family");
  }
}

int32_t OpImport::variable(size_t i) {
  const FileTensor& tensor = input_tensor(i);
  if (tensor.variable < 0) bad(fmt::format("input {} is no handle of a variable", i));
  return tensor.variable;
}

void OpImport::define_handle(size_t output, int32_t variable) {
  FileTensor& tensor = output_tensor(output);
  require(tensor.file->type() == TensorType::RESOURCE, "the handle is not of type resource");
  tensor.variable = variable;
  tensor.defined = true;
}

int32_t OpImport::find_variable(const std::string& name) const {
  const auto found = std::find(import_.variable_names_.begin(), import_.variable_names_.end(), name);
  return found == import_.variable_names_.end() ? -1 : static_cast<int32_t>(found - import_.variable_names_.begin());
}

}  // namespace whit::tflite
