#include "whit/formats/onnx/writer.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <cstring>

#include "whit/formats/onnx/export.hpp"
#include "whit/ir/half_weights.hpp"
#include "whit/ir/verify.hpp"

namespace whit::onnx {
namespace {

using Proto = ::onnx::TensorProto;
using ::onnx::AttributeProto;

constexpr int64_t kOpset = 17, kIrVersion = 8;

AttributeProto& attribute(::onnx::NodeProto& node, const char* name, AttributeProto::AttributeType type) {
  AttributeProto& added = *node.add_attribute();
  added.set_name(name);
  added.set_type(type);
  return added;
}

// The elements with dimension d of the result being dimension permutation[d].
std::vector<uint8_t> permuted(const ir::Tensor& tensor, const ir::Shape& shape,
                              const std::vector<int32_t>& permutation) {
  const auto size = static_cast<size_t>(ir::bytes_of(tensor.type));
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t d = shape.size(); d-- > 1;) strides[d - 1] = strides[d] * shape[d];
  std::vector<uint8_t> data(tensor.data.size());
  for (size_t i = 0; i * size < data.size(); ++i) {
    size_t rest = i;
    int64_t from = 0;
    for (size_t d = permutation.size(); d-- > 0;) {
      const auto source = static_cast<size_t>(permutation[d]);
      from += static_cast<int64_t>(rest % static_cast<size_t>(shape[source])) * strides[source];
      rest /= static_cast<size_t>(shape[source]);
    }
    std::memcpy(data.data() + i * size, tensor.data.data() + static_cast<size_t>(from) * size, size);
  }
  return data;
}

}  // namespace

void set(::onnx::NodeProto& node, const char* name, int64_t value) {
  attribute(node, name, AttributeProto::INT).set_i(value);
}
void set(::onnx::NodeProto& node, const char* name, float value) {
  attribute(node, name, AttributeProto::FLOAT).set_f(value);
}
void set(::onnx::NodeProto& node, const char* name, const char* value) {
  attribute(node, name, AttributeProto::STRING).set_s(value);
}
void set(::onnx::NodeProto& node, const char* name, const std::vector<int64_t>& values) {
  AttributeProto& added = attribute(node, name, AttributeProto::INTS);
  for (const int64_t value : values) added.add_ints(value);
}

void set_reals(::onnx::NodeProto& node, const char* name, const std::vector<float>& values) {
  AttributeProto& added = attribute(node, name, AttributeProto::FLOATS);
  for (const float value : values) added.add_floats(value);
}
void set_texts(::onnx::NodeProto& node, const char* name, const std::vector<std::string>& values) {
  AttributeProto& added = attribute(node, name, AttributeProto::STRINGS);
  for (const std::string& value : values) added.add_strings(value);
}

int32_t to_file_type(ir::DType type) {
  switch (type) {
    case ir::DType::f32:
      return Proto::FLOAT;
    case ir::DType::i4:  // the operator set written here has no int4: the same values as int8
    case ir::DType::i8:
      return Proto::INT8;
    case ir::DType::u8:
      return Proto::UINT8;
    case ir::DType::i16:
      return Proto::INT16;
    case ir::DType::i32:
      return Proto::INT32;
    case ir::DType::i64:
      return Proto::INT64;
    case ir::DType::boolean:
      return Proto::BOOL;
    case ir::DType::f16:
      return Proto::FLOAT16;
  }
  return Proto::UNDEFINED;
}

bool is_quantized(const ir::Tensor& tensor) {
  const bool integer = tensor.type == ir::DType::i8 || tensor.type == ir::DType::u8 || tensor.type == ir::DType::i32 ||
                       tensor.type == ir::DType::i4;
  return integer && !tensor.quantization.empty();
}

ir::Shape image_shape(const ir::Shape& shape) { return {shape[0], shape[3], shape[1], shape[2]}; }

Export::Export(const ir::Graph& graph)
    : graph_(graph), out_(*file_.mutable_graph()), is_half_(ir::half_weights(graph)) {
  file_.set_ir_version(kIrVersion);
  file_.set_producer_name("whit");
  ::onnx::OperatorSetIdProto& set = *file_.add_opset_import();
  set.set_domain("");
  set.set_version(kOpset);
  out_.set_name(graph.name.empty() ? "model" : graph.name);
}

std::string Export::unique(const std::string& name) {
  const int count = names_[name]++;
  if (count == 0 && !name.empty()) return name;
  return unique(name + "_" + std::to_string(count + 1));
}

void Export::add_info(::onnx::ValueInfoProto& info, const ir::Tensor& tensor, const std::string& name) const {
  info.set_name(name);
  auto& type = *info.mutable_type()->mutable_tensor_type();
  type.set_elem_type(to_file_type(tensor.type));
  type.mutable_shape();
  for (const int32_t dim : tensor.shape) type.mutable_shape()->add_dim()->set_dim_value(dim);
}

std::vector<uint8_t> Export::run() {
  for (const ir::Node& node : graph_.nodes) {
    std::vector<ir::TensorId> operands = node.inputs;
    operands.insert(operands.end(), node.outputs.begin(), node.outputs.end());
    for (const ir::TensorId id : operands) {
      if (id == ir::kNoTensor) continue;
      const ir::Tensor& tensor = graph_.tensor(id);
      if (tensor.type != ir::DType::f16 && (tensor.type != ir::DType::i16 || tensor.quantization.empty())) continue;
      throw Error(ErrorCode::unsupported, std::string("a tensor of ") + ir::name_of(tensor.type), tensor.name,
                  "supported: float32 and int8; write a .tflite file");
    }
  }
  if (!graph_.variables.empty()) {
    throw Error(ErrorCode::unsupported, "state that stays between inferences", graph_.variables[0].name,
                "write a .tflite file");
  }
  // The model's own names come first: no name of a step takes them.
  for (const ir::TensorId id : graph_.inputs) {
    const std::string name = unique(graph_.tensor(id).name);
    forms_[{id, Order::plain}].stored = name;
    add_info(*out_.add_input(), graph_.tensor(id), name);
  }
  std::vector<std::string> outputs;
  for (const ir::TensorId id : graph_.outputs) outputs.push_back(unique(graph_.tensor(id).name));
  for (const ir::Node& node : graph_.nodes) {
    NodeExport one(*this, node);
    export_node(one);
  }
  static const ir::Node kExit;
  NodeExport exit(*this, kExit);
  for (size_t i = 0; i < outputs.size(); ++i) {
    const ir::TensorId id = graph_.outputs[i];
    ::onnx::NodeProto& last = exit.append("Identity", {exit.stored(id, Order::plain)});
    last.set_output(0, outputs[i]);
    add_info(*out_.add_output(), graph_.tensor(id), outputs[i]);
  }
  // Fields in a fixed order: the same graph, the same bytes.
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  if (file_.ByteSizeLong() > static_cast<size_t>(ir::kMaxTensorBytes) || !file_.SerializeToCodedStream(&coded)) {
    throw Error(ErrorCode::unsupported, "a file of more than 2 GB", graph_.name);
  }
  coded.Trim();
  return {bytes.begin(), bytes.end()};
}

void NodeExport::unsupported(const std::string& what, const std::string& hint) const {
  throw Error(ErrorCode::unsupported, what, ir::place_of(graph(), node_), hint);
}

::onnx::NodeProto& NodeExport::append(const std::string& type, const std::vector<std::string>& inputs) {
  ::onnx::NodeProto& added = *export_.out_.add_node();
  added.set_op_type(type);
  const std::string name = node_.outputs.empty() ? "output" : out().name;
  added.set_name(export_.unique(name + "/" + type));
  for (const std::string& input : inputs) added.add_input(input);
  added.add_output(export_.unique(name + "/" + type + "_output"));
  return added;
}

std::string NodeExport::initializer(const ir::Tensor& tensor, const ir::Shape& shape, std::vector<uint8_t> data) {
  Proto& added = *export_.out_.add_initializer();
  added.set_name(export_.unique(tensor.name));
  added.set_data_type(to_file_type(tensor.type));
  for (const int32_t dim : shape) added.add_dims(dim);
  added.set_raw_data(data.data(), data.size());
  return added.name();
}

std::string NodeExport::initializer_of(ir::TensorId id, const ir::Shape& shape, std::vector<uint8_t> data) {
  const ir::Tensor& tensor = graph().tensor(id);
  if (!export_.is_half_[static_cast<size_t>(id)]) return initializer(tensor, shape, std::move(data));
  ir::Tensor halves;
  halves.name = tensor.name + "/f16";
  halves.type = ir::DType::f16;
  ::onnx::NodeProto& cast = append("Cast", {initializer(halves, shape, ir::halves_of(data))});
  set(cast, "to", int64_t{Proto::FLOAT});
  return cast.output(0);
}

std::string NodeExport::integers(const std::vector<int64_t>& values) {
  ir::Tensor tensor;
  tensor.name = out().name + "/integers";
  tensor.type = ir::DType::i64;
  std::vector<uint8_t> data(values.size() * sizeof(int64_t));
  std::memcpy(data.data(), values.data(), data.size());
  return initializer(tensor, {static_cast<int32_t>(values.size())}, std::move(data));
}

std::string NodeExport::reals(const char* suffix, const ir::Shape& shape, const std::vector<float>& values) {
  ir::Tensor tensor;
  tensor.name = out().name + suffix;
  std::vector<uint8_t> data(values.size() * sizeof(float));
  std::memcpy(data.data(), values.data(), data.size());
  return initializer(tensor, shape, std::move(data));
}

std::string NodeExport::real(float value) { return reals("/number", {}, {value}); }

void NodeExport::use_domain(::onnx::NodeProto& node, const char* domain, int64_t version) {
  node.set_domain(domain);
  const auto& sets = export_.file_.opset_import();
  if (std::any_of(sets.begin(), sets.end(), [&](const auto& set) { return set.domain() == domain; })) return;
  ::onnx::OperatorSetIdProto& set = *export_.file_.add_opset_import();
  set.set_domain(domain);
  set.set_version(version);
}

std::string NodeExport::add_output(::onnx::NodeProto& node) {
  node.add_output(export_.unique(out().name + "/" + node.op_type() + "_output"));
  return node.output(node.output_size() - 1);
}

std::string NodeExport::scale_of(const ir::Tensor& tensor) {
  const std::vector<float>& scale = tensor.quantization.scale;
  ir::Tensor own;
  own.name = tensor.name + "/scale";
  std::vector<uint8_t> data(scale.size() * sizeof(float));
  std::memcpy(data.data(), scale.data(), data.size());
  return initializer(own, scale.size() == 1 ? ir::Shape{} : ir::Shape{static_cast<int32_t>(scale.size())},
                     std::move(data));
}

std::string NodeExport::zero_of(const ir::Tensor& tensor) {
  ir::Tensor own;
  own.name = tensor.name + "/zero_point";
  own.type = tensor.type;
  std::vector<uint8_t> data;
  for (const int32_t zero : tensor.quantization.zero_point) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&zero);  // little-endian
    data.insert(data.end(), bytes, bytes + ir::bytes_of(tensor.type));
  }
  const size_t count = tensor.quantization.zero_point.size();
  return initializer(own, count == 1 ? ir::Shape{} : ir::Shape{static_cast<int32_t>(count)}, std::move(data));
}

std::string NodeExport::dequantized(const std::string& stored, const ir::Tensor& tensor, int32_t axis) {
  ::onnx::NodeProto& added = append("DequantizeLinear", {stored, scale_of(tensor), zero_of(tensor)});
  if (tensor.quantization.per_channel()) set(added, "axis", int64_t{axis});
  return added.output(0);
}

Form NodeExport::constant(ir::TensorId id, Order order) {
  const ir::Tensor& tensor = graph().tensor(id);
  ir::Shape shape = tensor.shape;
  std::vector<uint8_t> data = tensor.data;
  if (order == Order::image) {
    shape.insert(shape.begin(), 4 - shape.size(), 1);
    data = permuted(tensor, shape, {0, 3, 1, 2});
    shape = image_shape(shape);
  }
  return {initializer_of(id, shape, std::move(data)), ""};
}

std::string NodeExport::weights(size_t i, const ir::Shape& as, const std::vector<int32_t>& permutation,
                                int32_t channel_axis) {
  const ir::Tensor& tensor = in(i);
  const std::string stored = initializer_of(node_.inputs[i], as, permuted(tensor, tensor.shape, permutation));
  return is_quantized(tensor) ? dequantized(stored, tensor, channel_axis) : stored;
}

std::string NodeExport::stored(ir::TensorId id, Order order) {
  Form& form = export_.forms_[{id, order}];
  if (form.stored.empty()) {
    if (graph().tensor(id).is_constant) {
      form = constant(id, order);
    } else {
      const Form& other = export_.forms_.at({id, order == Order::plain ? Order::image : Order::plain});
      ::onnx::NodeProto& transpose = append("Transpose", {other.stored});
      set(transpose, "perm",
          order == Order::image ? std::vector<int64_t>{0, 3, 1, 2} : std::vector<int64_t>{0, 2, 3, 1});
      form.stored = transpose.output(0);
    }
  }
  return form.stored;
}

std::string NodeExport::value(ir::TensorId id, Order order) {
  const ir::Tensor& tensor = graph().tensor(id);
  (void)stored(id, order);
  Form& form = export_.forms_[{id, order}];
  if (form.real.empty())
    form.real = is_quantized(tensor) ? dequantized(form.stored, tensor, tensor.quantization.axis) : form.stored;
  return form.real;
}

std::string NodeExport::input(size_t i, Order order) { return value(node_.inputs[i], order); }

Order NodeExport::common_order(size_t first) const {
  bool any = false;
  for (size_t i = first; i < node_.inputs.size(); ++i) {
    if (in(i).is_constant && in(i).shape.size() <= 4) continue;
    if (in(i).shape.size() != 4) return Order::plain;
    any = any || is_image(node_.inputs[i]);
  }
  return any && out().shape.size() == 4 ? Order::image : Order::plain;
}

void NodeExport::stored_result(const std::string& name, Order order) {
  export_.forms_[{node_.outputs[0], order}] = {name, ""};
}

void NodeExport::result(const std::string& name, Order order, size_t output) {
  const ir::TensorId id = node_.outputs[output];
  const ir::Tensor& tensor = graph().tensor(id);
  std::string stored = name;
  if (is_quantized(tensor)) stored = op("QuantizeLinear", {name, scale_of(tensor), zero_of(tensor)});
  export_.forms_[{id, order}] = {stored, is_quantized(tensor) ? "" : stored};
}

std::string NodeExport::activated(const std::string& name, ir::Activation activation) {
  switch (activation) {
    case ir::Activation::none:
      return name;
    case ir::Activation::relu:
      return op("Relu", {name});
    case ir::Activation::relu6:
      return op("Clip", {name, real(0), real(6)});
    case ir::Activation::relu_n1_to_1:
      return op("Clip", {name, real(-1), real(1)});
    case ir::Activation::tanh:
      return op("Tanh", {name});
  }
  return name;
}

std::vector<uint8_t> write_onnx(const ir::Graph& graph) { return Export(graph).run(); }

}  // namespace whit::onnx
