#include "whit/formats/tflite/reader.hpp"

#include <fmt/format.h>

#include <cstring>
#include <filesystem>

#include "whit/base/file.hpp"
#include "whit/formats/tflite/import.hpp"
#include "whit/ir/verify.hpp"

namespace whit::tflite {
namespace {

[[noreturn]] void bad(const std::string& what, const std::string& where) {
  throw Error(ErrorCode::bad_input, what, where);
}

std::vector<int32_t> to_vector(const flatbuffers::Vector<int32_t>* values) {
  return values == nullptr ? std::vector<int32_t>{} : std::vector<int32_t>(values->begin(), values->end());
}

}  // namespace

Import::Import(const Model& model, std::string name) : model_(model) { graph_.name = std::move(name); }

// Everything that can be said of one tensor without knowing who uses it. Tensors of types that the IR lacks pass: they
// are refused when an op uses them.
FileTensor Import::read_tensor(const SubGraph& subgraph, uint32_t index) const {
  const Tensor* file = subgraph.tensors()->Get(index);
  const std::string where = fmt::format("{}: tensor {}", graph_.name, index);
  FileTensor tensor;
  tensor.file = file;
  tensor.shape = to_vector(file->shape());
  if (file->shape_signature() != nullptr) {
    for (const int32_t dim : *file->shape_signature()) tensor.dynamic = tensor.dynamic || dim < 0;
  }
  if (tensor.shape.size() > static_cast<size_t>(ir::kMaxRank)) bad("more than 8 dimensions", where);
  ir::DType type;
  const bool known = to_dtype(file->type(), type);
  int64_t bytes = known ? ir::bytes_of(type) : 1;
  for (const int32_t dim : tensor.shape) {
    if (dim < 0) bad(fmt::format("a negative dimension in {}", ir::to_string(tensor.shape)), where);
    bytes *= dim;
    if (bytes > ir::kMaxTensorBytes) bad(fmt::format("the shape {} is too large", ir::to_string(tensor.shape)), where);
  }
  const auto* buffers = model_.buffers();
  if (file->buffer() != 0 && (buffers == nullptr || file->buffer() >= buffers->size())) {
    bad(fmt::format("there is no buffer {}", file->buffer()), where);
  }
  const Buffer* buffer =
      buffers != nullptr && file->buffer() < buffers->size() ? buffers->Get(file->buffer()) : nullptr;
  if (buffer != nullptr && (buffer->offset() > 1 || buffer->size() > 1)) {
    throw Error(ErrorCode::unsupported, "data outside the FlatBuffer", where, "supported: models below 2 GB");
  }
  if (buffer == nullptr || buffer->data() == nullptr) return tensor;
  if (buffer->data()->size() == 0) {
    tensor.defined = bytes == 0;
    return tensor;
  }
  if (known && type == ir::DType::i4) bytes = (bytes + 1) / 2;
  if (known && file->sparsity() == nullptr && static_cast<int64_t>(buffer->data()->size()) != bytes) {
    bad(fmt::format("{} bytes of data for {} of {}", buffer->data()->size(), ir::to_string(tensor.shape),
                    name_of_type(file->type())),
        where);
  }
  tensor.data = buffer->data();
  tensor.defined = true;
  return tensor;
}

void Import::read_tensors(const SubGraph& subgraph) {
  const uint32_t count = subgraph.tensors() == nullptr ? 0 : subgraph.tensors()->size();
  tensors_.clear();
  for (uint32_t i = 0; i < count; ++i) tensors_.push_back(read_tensor(subgraph, i));
}

namespace {

ir::Quantization read_quantization(const Quantization* file, ir::DType type, const std::string& where) {
  ir::Quantization q;
  const bool integer = type == ir::DType::i8 || type == ir::DType::u8 || type == ir::DType::i16 ||
                       type == ir::DType::i32 || type == ir::DType::i64 || type == ir::DType::i4;
  if (!integer || file == nullptr || file->scale() == nullptr || file->scale()->size() == 0) return q;
  q.scale.assign(file->scale()->begin(), file->scale()->end());
  const auto* zero_points = file->zero_point();
  const size_t count = zero_points == nullptr ? 0 : zero_points->size();
  if (count != q.scale.size() && count > 1) {
    bad(fmt::format("{} scales with {} zero points", q.scale.size(), count), where);
  }
  for (size_t i = 0; i < q.scale.size(); ++i) {
    // Some converters align these 8-byte elements to 4 only.
    int64_t zero_point = 0;
    if (count > 0)
      memcpy(&zero_point, zero_points->Data() + (count == 1 ? 0 : i) * sizeof zero_point, sizeof zero_point);
    if (zero_point < INT32_MIN || zero_point > INT32_MAX) bad(fmt::format("a zero point of {}", zero_point), where);
    q.zero_point.push_back(static_cast<int32_t>(zero_point));
  }
  q.axis = q.per_channel() ? file->quantized_dimension() : 0;
  return q;
}

}  // namespace

ir::TensorId Import::materialize(FileTensor& tensor, int32_t index, const std::string& where) {
  if (tensor.id != ir::kNoTensor) return tensor.id;
  ir::Tensor t;
  if (!to_dtype(tensor.file->type(), t.type)) {
    throw Error(ErrorCode::unsupported,
                fmt::format("tensor {} is of type {}", index, name_of_type(tensor.file->type())), where,
                "supported: float32, int8, int4, uint8, int16, int32, int64, bool");
  }
  if (tensor.file->sparsity() != nullptr) {
    throw Error(ErrorCode::unsupported, fmt::format("tensor {} is sparse", index), where,
                "supported: dense tensors; export the model without sparsity encoding");
  }
  t.name = tensor.file->name() == nullptr ? fmt::format("tensor_{}", index) : tensor.file->name()->str();
  t.shape = tensor.integers ? tensor.integers->shape : tensor.shape;
  t.source_index = index;
  const std::string place = fmt::format("{}: tensor {} '{}'", graph_.name, index, t.name);
  t.quantization = read_quantization(tensor.file->quantization(), t.type, place);
  if (tensor.integers) {
    t.is_constant = true;
    for (const int64_t value : tensor.integers->values) {
      const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
      t.data.insert(t.data.end(), bytes, bytes + ir::bytes_of(t.type));
    }
  } else if (tensor.data != nullptr) {
    t.is_constant = true;
    constant_bytes_ += tensor.data->size();
    if (constant_bytes_ > ir::kMaxTensorBytes) bad("more than 2 GB of constants", place);
    t.data = t.type == ir::DType::i4 ? ir::unpack_i4(tensor.data->data(), ir::elements(t.shape))
                                     : std::vector<uint8_t>(tensor.data->begin(), tensor.data->end());
  }
  try {
    ir::verify_tensor(t);
  } catch (const Error& error) {
    throw error.at(place);
  }
  tensor.id = graph_.add_tensor(std::move(t));
  return tensor.id;
}

void Import::add_input(int32_t index) {
  const std::string where = graph_.name + ": inputs";
  if (index < 0 || static_cast<size_t>(index) >= tensors_.size())
    bad(fmt::format("there is no tensor {}", index), where);
  FileTensor& tensor = tensors_[static_cast<size_t>(index)];
  // Files cut out of a larger one list constants as inputs: their values are known, so they are none.
  if (tensor.data != nullptr) return;
  if (tensor.defined) bad(fmt::format("tensor {} is an input twice", index), where);
  tensor.defined = true;
  graph_.inputs.push_back(materialize(tensor, index, where));
}

void Import::read_op(const SubGraph& subgraph, int32_t index) {
  const Operator* op = subgraph.operators()->Get(static_cast<uint32_t>(index));
  const auto* codes = model_.operator_codes();
  if (codes == nullptr || op->opcode_index() >= codes->size()) {
    bad(fmt::format("there is no op code {}", op->opcode_index()), fmt::format("{}: op {}", graph_.name, index));
  }
  OpImport import(*this, *op, *codes->Get(op->opcode_index()), index);
  import_op(import);
}

ir::Graph Import::run() {
  if (model_.version() != 3) bad(fmt::format("version {} of the format", model_.version()), graph_.name);
  if (model_.subgraphs() == nullptr || model_.subgraphs()->size() == 0) bad("there is no subgraph", graph_.name);
  const SubGraph& main = *model_.subgraphs()->Get(0);
  read_tensors(main);
  // An op that cannot be read says more about the model than the type of an input: ops are tried first.
  const uint32_t ops = main.operators() == nullptr ? 0 : main.operators()->size();
  for (uint32_t i = 0; i < ops; ++i) {
    const Operator* op = main.operators()->Get(i);
    const auto* codes = model_.operator_codes();
    if (codes != nullptr && op->opcode_index() < codes->size()) {
      OpImport(*this, *op, *codes->Get(op->opcode_index()), static_cast<int32_t>(i)).check_known();
    }
  }
  for (const int32_t index : to_vector(main.inputs())) add_input(index);
  for (uint32_t i = 0; i < ops; ++i) read_op(main, static_cast<int32_t>(i));
  for (const int32_t index : to_vector(main.outputs())) {
    const std::string where = graph_.name + ": outputs";
    if (index < 0 || static_cast<size_t>(index) >= tensors_.size())
      bad(fmt::format("there is no tensor {}", index), where);
    FileTensor& tensor = tensors_[static_cast<size_t>(index)];
    if (!tensor.defined) bad(fmt::format("tensor {} is never computed", index), where);
    graph_.outputs.push_back(materialize(tensor, index, where));
  }
  if (graph_.outputs.empty()) bad("the model has no outputs", graph_.name);
  try {
    ir::verify(graph_);
  } catch (const Error& error) {
    throw error.at(graph_.name + ": " + error.where());
  }
  return std::move(graph_);
}

ir::Graph read_tflite(std::span<const uint8_t> bytes, const std::string& name) {
  // FlatBuffers reads numbers in place: the bytes need the alignment that a file mapped at its start would have.
  std::vector<uint64_t> aligned((bytes.size() + 7) / 8);
  if (!bytes.empty()) memcpy(aligned.data(), bytes.data(), bytes.size());
  const auto* data = reinterpret_cast<const uint8_t*>(aligned.data());
  if (bytes.size() < 8 || !ModelBufferHasIdentifier(data)) {
    throw Error(ErrorCode::bad_input, "not a .tflite file: it has no TFL3 at byte 4", name,
                "convert the model to .tflite with TensorFlow Lite's converter");
  }
  if (bytes.size() >= FLATBUFFERS_MAX_BUFFER_SIZE) {
    throw Error(ErrorCode::unsupported, "the file is larger than 2 GB", name);
  }
  flatbuffers::Verifier verifier(data, bytes.size());
  if (!VerifyModelBuffer(verifier)) {
    throw Error(ErrorCode::bad_input, "the .tflite file is damaged or cut short: the FlatBuffer does not verify", name,
                "copy or download the file again");
  }
  return Import(*GetModel(data), name).run();
}

ir::Graph read_tflite_file(const std::string& path) {
  const std::vector<uint8_t> bytes = read_file(path);
  return read_tflite(bytes, std::filesystem::path(path).stem().string());
}

}  // namespace whit::tflite
