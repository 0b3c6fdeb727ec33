#include "whit/formats/tflite/writer.hpp"

#include <algorithm>

#include "whit/base/error.hpp"
#include "whit/formats/tflite/export.hpp"
#include "whit/ir/half_weights.hpp"
#include "whit/ir/verify.hpp"

namespace whit::tflite {
namespace {

constexpr int64_t kMaxConstantBytes = 0x7F000000;  // FlatBuffers end at 2 GB
constexpr size_t kDataAlignment = 16;              // kernels read constants in place
constexpr int32_t kLastOldCode = 127;              // what a reader finds that knows the first ops only

}  // namespace

int32_t WrittenSubgraph::add(Written tensor) {
  tensors.push_back(std::move(tensor));
  return static_cast<int32_t>(tensors.size()) - 1;
}

Export::Export(const ir::Graph& graph)
    : graph_(graph), index_(graph.tensors.size(), -1), is_half_(ir::half_weights(graph)) {
  buffers_.push_back(CreateBuffer(fbb_));
}

uint32_t Export::buffer(const std::vector<uint8_t>& data) {
  const auto [found, is_new] = buffer_of_.try_emplace(sha256(data), static_cast<uint32_t>(buffers_.size()));
  if (!is_new) return found->second;
  constant_bytes_ += static_cast<int64_t>(data.size());
  if (constant_bytes_ > kMaxConstantBytes) {
    throw Error(ErrorCode::unsupported, "more than 2 GB of constants", graph_.name, "a .tflite file ends there");
  }
  fbb_.ForceVectorAlignment(data.size(), 1, kDataAlignment);
  buffers_.push_back(CreateBuffer(fbb_, fbb_.CreateVector(data)));
  return found->second;
}

Written Export::written(const ir::Tensor& tensor) {
  const bool packed = tensor.type == ir::DType::i4;
  return {tensor.name, to_type(tensor.type), tensor.shape, tensor.quantization,
          tensor.is_constant ? buffer(packed ? ir::pack_i4(tensor.data) : tensor.data) : 0};
}

int32_t Export::tensor(ir::TensorId id) {
  int32_t& index = index_[static_cast<size_t>(id)];
  if (index >= 0) return index;
  const ir::Tensor& t = graph_.tensor(id);
  return index = is_half_[static_cast<size_t>(id)] ? dequantized_halves(t) : main_.add(written(t));
}

// As TensorFlow Lite's own float16 quantization has it: interpreters convert once, before the first inference.
int32_t Export::dequantized_halves(const ir::Tensor& tensor) {
  const int32_t halves =
      main_.add({tensor.name + "/f16", TensorType::FLOAT16, tensor.shape, {}, buffer(ir::halves_of(tensor.data))});
  const int32_t result = main_.add({tensor.name, TensorType::FLOAT32, tensor.shape});
  constexpr int32_t kVersion = 3;  // the first with float16
  op(main_, BuiltinOperator::DEQUANTIZE, kVersion, {halves}, {result}, BuiltinOptions::NONE, 0);
  return result;
}

void Export::op(WrittenSubgraph& subgraph, BuiltinOperator code, int32_t version, const std::vector<int32_t>& inputs,
                const std::vector<int32_t>& outputs, BuiltinOptions kind, flatbuffers::Offset<void> options,
                const std::vector<int32_t>& intermediates, const CustomOp& custom) {
  const auto [found, is_new] = code_of_.try_emplace({code, version, custom.name}, static_cast<uint32_t>(codes_.size()));
  if (is_new) {
    const auto old = static_cast<int8_t>(std::min(static_cast<int32_t>(code), kLastOldCode));
    const auto name = custom.name.empty() ? 0 : fbb_.CreateString(custom.name);
    codes_.push_back(CreateOperatorCode(fbb_, old, name, version, code));
  }
  const auto in = fbb_.CreateVector(inputs), out = fbb_.CreateVector(outputs);
  const auto steps = intermediates.empty() ? 0 : fbb_.CreateVector(intermediates);
  const auto custom_options = custom.options.empty() ? 0 : fbb_.CreateVector(custom.options);
  subgraph.operators.push_back(
      CreateOperator(fbb_, found->second, in, out, kind, options, custom_options, 0, 0, steps));
}

flatbuffers::Offset<SubGraph> Export::finish(const WrittenSubgraph& subgraph, const std::vector<int32_t>& inputs,
                                             const std::vector<int32_t>& outputs, const char* name) {
  std::vector<flatbuffers::Offset<Tensor>> tensors;
  for (const Written& t : subgraph.tensors) {
    flatbuffers::Offset<Quantization> quantization;
    if (!t.quantization.empty()) {
      const auto scale = fbb_.CreateVector(t.quantization.scale);
      const auto zero_point =
          fbb_.CreateVector(std::vector<int64_t>(t.quantization.zero_point.begin(), t.quantization.zero_point.end()));
      quantization =
          CreateQuantization(fbb_, 0, 0, scale, zero_point, QuantizationDetails::NONE, 0, t.quantization.axis);
    }
    const auto shape = fbb_.CreateVector(t.shape);
    const auto text = fbb_.CreateString(t.name);
    tensors.push_back(CreateTensor(fbb_, shape, t.type, t.buffer, text, quantization, t.is_variable));
  }
  const auto all = fbb_.CreateVector(tensors);
  const auto in = fbb_.CreateVector(inputs), out = fbb_.CreateVector(outputs);
  const auto operators = fbb_.CreateVector(subgraph.operators);
  return CreateSubGraph(fbb_, all, in, out, operators, fbb_.CreateString(name));
}

flatbuffers::Offset<SignatureDef> Export::signature(const std::vector<int32_t>& inputs,
                                                    const std::vector<int32_t>& outputs) {
  const auto map = [&](const std::vector<int32_t>& indices) {
    std::vector<flatbuffers::Offset<TensorMap>> maps;
    for (const int32_t index : indices) {
      const auto name = fbb_.CreateString(main_.tensors[static_cast<size_t>(index)].name);
      maps.push_back(CreateTensorMap(fbb_, name, static_cast<uint32_t>(index)));
    }
    return fbb_.CreateVector(maps);
  };
  const auto in = map(inputs), out = map(outputs);
  return CreateSignatureDef(fbb_, in, out, fbb_.CreateString("serving_default"), 0);
}

std::vector<uint8_t> Export::run() {
  std::vector<int32_t> inputs, outputs;
  for (const ir::TensorId id : graph_.inputs) inputs.push_back(tensor(id));
  find_layer_states();
  const bool has_handles = std::count(in_layer_.begin(), in_layer_.end(), false) > 0;
  if (has_handles) add_variables();
  for (const ir::Node& node : graph_.nodes) {
    NodeExport in_hand(*this, node);
    export_node(in_hand);
  }
  for (const ir::TensorId id : graph_.outputs) outputs.push_back(tensor(id));
  std::vector<flatbuffers::Offset<SubGraph>> subgraphs = {finish(main_, inputs, outputs, "main")};
  if (has_handles) subgraphs.push_back(finish(first_values_, {}, {}, "first_values"));
  const auto codes = fbb_.CreateVector(codes_);
  const auto all = fbb_.CreateVector(subgraphs);
  const auto description = fbb_.CreateString("whit");
  const auto signatures = fbb_.CreateVector(std::vector{signature(inputs, outputs)});
  FinishModelBuffer(fbb_, CreateModel(fbb_, 3, codes, all, description, fbb_.CreateVector(buffers_), signatures));
  return {fbb_.GetBufferPointer(), fbb_.GetBufferPointer() + fbb_.GetSize()};
}

std::vector<uint8_t> write_tflite(const ir::Graph& graph) {
  ir::verify(graph);
  try {
    return Export(graph).run();
  } catch (const Error& error) {
    throw error.at(error.where() == graph.name ? graph.name : graph.name + ": " + error.where());
  }
}

}  // namespace whit::tflite
