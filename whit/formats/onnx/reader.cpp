#include "whit/formats/onnx/reader.hpp"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>

#include "whit/base/file.hpp"
#include "whit/formats/onnx/import.hpp"
#include "whit/ir/verify.hpp"

namespace whit::onnx {
namespace {

[[noreturn]] void bad(const std::string& what, const std::string& where, const std::string& hint = "") {
  throw Error(ErrorCode::bad_input, what, where, hint);
}

// Ops that want images: their input 0 is channels first in the file.
bool wants_images(const std::string& type) {
  static const std::set<std::string> kTypes = {
      "Conv",         "ConvTranspose",      "QLinearConv",          "AveragePool", "MaxPool",
      "Resize",       "GlobalAveragePool",  "GlobalMaxPool",        "Upsample",    "DepthToSpace",
      "SpaceToDepth", "BatchNormalization", "InstanceNormalization"};
  return kTypes.contains(type);
}

// Ops that work in any layout.
bool keeps_layout(const std::string& type) {
  static const std::set<std::string> kTypes = {"Abs",
                                               "Add",
                                               "Cast",
                                               "Ceil",
                                               "Clip",
                                               "Cos",
                                               "Div",
                                               "Dropout",
                                               "Elu",
                                               "Exp",
                                               "Floor",
                                               "HardSigmoid",
                                               "HardSwish",
                                               "Identity",
                                               "LeakyRelu",
                                               "Log",
                                               "Max",
                                               "Min",
                                               "Mul",
                                               "Neg",
                                               "PRelu",
                                               "Pad",
                                               "Pow",
                                               "QuantizeLinear",
                                               "DequantizeLinear",
                                               "Relu",
                                               "Round",
                                               "Sigmoid",
                                               "Sin",
                                               "Softplus",
                                               "Sqrt",
                                               "Sub",
                                               "Tanh",
                                               "Slice",
                                               "Concat"};
  return kTypes.contains(type);
}

}  // namespace

Import::Import(const ::onnx::ModelProto& file, std::string name, std::filesystem::path folder)
    : file_(file), folder_(std::move(folder)) {
  model_.graph.name = std::move(name);
}

void Import::define(const std::string& name, Value value, const std::string& where) {
  if (!values_.emplace(name, std::move(value)).second) bad(fmt::format("'{}' is computed twice", name), where);
}

void Import::read_initializers(const GraphProto& graph) {
  for (const TensorProto& tensor : graph.initializer()) {
    const std::string where = fmt::format("{}: initializer '{}'", model_.graph.name, tensor.name());
    Value value;
    auto constant = std::make_shared<Constant>(read_tensor(tensor, folder_, where));
    constant_bytes_ += static_cast<int64_t>(constant->bytes.size());
    if (constant_bytes_ > ir::kMaxTensorBytes) bad("more than 2 GB of constants", where);
    value.type = constant->type;
    value.shape = constant->shape;
    value.constant = std::move(constant);
    define(tensor.name(), std::move(value), where);
  }
  if (graph.sparse_initializer_size() > 0) {
    throw Error(ErrorCode::unsupported, "sparse initializers", model_.graph.name,
                "export the model with dense weights");
  }
}

// Follows the value through ops that keep the layout.
bool Import::feeds_images(const std::string& input) const {
  std::vector<std::string> open = {input};
  std::set<std::string> seen = {input};
  while (!open.empty()) {
    const std::string name = open.back();
    open.pop_back();
    const auto users = consumers_.find(name);
    if (users == consumers_.end()) continue;
    for (const NodeProto* node : users->second) {
      if (wants_images(node->op_type()) && node->input(0) == name) return true;
      if (!keeps_layout(node->op_type())) continue;
      for (const std::string& output : node->output()) {
        if (seen.insert(output).second) open.push_back(output);
      }
    }
  }
  return false;
}

void Import::read_inputs(const GraphProto& graph) {
  for (const ::onnx::ValueInfoProto& info : graph.input()) {
    if (values_.contains(info.name())) continue;  // an initializer: its value is known
    const std::string where = fmt::format("{}: input '{}'", model_.graph.name, info.name());
    if (!info.type().has_tensor_type() || !info.type().tensor_type().has_shape()) {
      bad("an input without a type and a shape", where, "fix the shape of the model's inputs");
    }
    const auto& type = info.type().tensor_type();
    ir::Tensor tensor;
    tensor.name = info.name();
    const int32_t element = computed_type(type.elem_type());
    if (!to_dtype(element, tensor.type)) {
      throw Error(ErrorCode::unsupported, fmt::format("an input of {}", name_of_type(element)), where,
                  "supported: float32, float16, float64, int8, uint8, int16, int32, int64, bool");
    }
    if (element != type.elem_type()) {
      model_.notes.push_back(
          fmt::format("input '{}': float32; the file's is {}", info.name(), name_of_type(type.elem_type())));
    }
    std::vector<int64_t> dims;
    for (int i = 0; i < type.shape().dim_size(); ++i) {
      const auto& dim = type.shape().dim(i);
      const bool may_be_batch = i == 0 && type.shape().dim_size() > 1;  // some exporters write 0 for it
      if (dim.has_dim_value() && (dim.dim_value() > 0 || (dim.dim_value() == 0 && !may_be_batch))) {
        dims.push_back(dim.dim_value());
      } else if (i == 0) {
        dims.push_back(1);
        model_.notes.push_back(fmt::format("input '{}': the first dimension is free; 1 is taken", info.name()));
      } else {
        throw Error(ErrorCode::unsupported,
                    fmt::format("dimension {} ('{}') is free", i, dim.has_dim_param() ? dim.dim_param() : "?"), where,
                    "only the first may be; fix the shapes of the model's inputs");
      }
    }
    Value value;
    value.type = element;
    value.shape = checked_shape(dims, ir::bytes_of(tensor.type), where);
    if (ir::elements(value.shape) == 0) {  // all that can be known of it is
      value.constant = std::make_shared<Constant>(make_constant(element, value.shape, where));
      model_.notes.push_back(
          fmt::format("input '{}': {}, which is empty, is left out", info.name(), ir::to_string(value.shape)));
      define(info.name(), std::move(value), where);
      continue;
    }
    value.layout = plain_layout(value.rank());
    Permutation permutation;
    if ((value.rank() == 4 || value.rank() == 3) && feeds_images(info.name())) {
      value.layout = channels_last(value.rank());
      permutation = value.rank() == 4 ? Permutation{0, 2, 3, 1} : Permutation{0, 2, 1};
    }
    tensor.shape = physical(value.shape, value.layout);
    if (!permutation.empty()) {
      model_.notes.push_back(fmt::format("input '{}': channels last, {}; the file's is {}", info.name(),
                                         ir::to_string(tensor.shape), ir::to_string(value.shape)));
    }
    value.id = model_.graph.add_tensor(std::move(tensor));
    model_.graph.inputs.push_back(value.id);
    model_.inputs.push_back(std::move(permutation));
    define(info.name(), std::move(value), where);
  }
}

// Labels of classifiers are dropped, with all that is computed from them, when an output is left: the scores say more,
// and a label may be a string.
void Import::find_labels(const GraphProto& graph) {
  std::set<std::string> labels;
  for (const NodeProto& node : graph.node()) {  // in an order in which inputs come first
    const bool classifier = node.domain() == kMlDomain && node.op_type().ends_with("Classifier");
    if (classifier && node.output_size() > 0) labels.insert(node.output(0));
    const auto& inputs = node.input();
    const bool from_label =
        std::any_of(inputs.begin(), inputs.end(), [&](const std::string& input) { return labels.contains(input); });
    if (from_label) labels.insert(node.output().begin(), node.output().end());
  }
  const bool others =
      std::any_of(outputs_.begin(), outputs_.end(), [&](const std::string& name) { return !labels.contains(name); });
  if (others) dropped_ = std::move(labels);
}

void Import::read_nodes(const GraphProto& graph, int32_t depth) {
  for (int i = 0; i < graph.node_size(); ++i) {
    NodeImport op(*this, graph.node(i), i, depth);
    const bool classifies = op.is_ml() && op.type().ends_with("Classifier");
    if (!classifies && op.output_count() > 0 && op.is_dropped(op.output_name(0))) continue;
    if (fused_.contains(&graph.node(i))) {
      op.output(0, op.stored(0));
      continue;
    }
    import_node(op);
  }
}

void Import::add_outputs(const GraphProto& graph) {
  // Conversions at the end belong to a node of their own, which only names errors.
  NodeProto exit;
  exit.set_op_type("output");
  for (const ::onnx::ValueInfoProto& info : graph.output()) {
    if (dropped_.contains(info.name())) continue;
    const std::string where = fmt::format("{}: output '{}'", model_.graph.name, info.name());
    const auto found = values_.find(info.name());
    if (found == values_.end()) bad("it is never computed", where);
    exit.clear_output();
    exit.add_output(info.name());
    NodeImport op(*this, exit, -1, 0);
    const Value value = op.dequantized(found->second);
    if (ir::elements(value.shape) == 0) {
      model_.notes.push_back(
          fmt::format("output '{}': {}, which is empty, is left out", info.name(), ir::to_string(value.shape)));
      continue;
    }
    const int32_t element = info.type().tensor_type().elem_type();
    if (is_real(element) && element != TensorProto::FLOAT)
      model_.notes.push_back(fmt::format("output '{}': float32; the file's is {}", info.name(), name_of_type(element)));
    Permutation permutation;
    ir::TensorId id = ir::kNoTensor;
    std::vector<size_t> order;
    if (value.constant == nullptr) order = memory_order(value.shape, value.layout);
    const bool image = value.constant == nullptr && (value.rank() == 4 || value.rank() == 3) &&
                       !std::is_sorted(order.begin(), order.end()) &&
                       order == memory_order(value.shape, channels_last(value.rank()));
    if (image) {
      permutation = value.rank() == 4 ? Permutation{0, 2, 3, 1} : Permutation{0, 2, 1};
      id = op.tensor(value, channels_last(value.rank()));
      model_.notes.push_back(fmt::format("output '{}': channels last, {}; the file's is {}", info.name(),
                                         ir::to_string(model_.graph.tensor(id).shape), ir::to_string(value.shape)));
    } else {
      id = op.plain(value);
    }
    // An output bears its own name, also when it is an input, or the same as another.
    const auto& outputs = model_.graph.outputs;
    const auto& inputs = model_.graph.inputs;
    const bool taken =
        std::count(outputs.begin(), outputs.end(), id) + std::count(inputs.begin(), inputs.end(), id) > 0;
    if (taken) id = op.add(ir::Op::reshape, {id}, {}, {model_.graph.tensor(id).shape});
    if (!model_.graph.tensor(id).is_constant) model_.graph.tensor(id).name = info.name();
    model_.graph.outputs.push_back(id);
    model_.outputs.push_back(std::move(permutation));
  }
}

Model Import::run() {
  const std::string& name = model_.graph.name;
  for (const auto& set : file_.opset_import()) {
    if (set.domain().empty() || set.domain() == "ai.onnx") opset_ = set.version();
    // A model of classical ops alone may name no other set.
    if (set.domain() == kMlDomain && opset_ == 0) opset_ = kMaxOpset;
  }
  if (!file_.has_graph()) bad("there is no graph", name);
  const GraphProto& graph = file_.graph();
  // An op that cannot be read says more about the model than the type of an input: ops are tried first.
  for (int i = 0; i < graph.node_size(); ++i) {
    NodeImport op(*this, graph.node(i), i, 0);
    check_known(op);
    for (const std::string& input : graph.node(i).input()) {
      if (!input.empty()) consumers_[input].push_back(&graph.node(i));
    }
  }
  if (opset_ < kMinOpset || opset_ > kMaxOpset) {
    throw Error(ErrorCode::unsupported, fmt::format("operator set {}", opset_), name,
                fmt::format("supported: {} to {}; export with another opset_version", kMinOpset, kMaxOpset));
  }
  if (file_.functions_size() > 0) {
    throw Error(ErrorCode::unsupported, "functions of the model's own", name,
                "export the model with functions inlined");
  }
  if (graph.output_size() == 0) bad("the model has no outputs", name);
  for (const auto& info : graph.output()) outputs_.insert(info.name());
  find_labels(graph);
  read_initializers(graph);
  read_inputs(graph);
  read_nodes(graph, 0);
  add_outputs(graph);
  if (model_.graph.outputs.empty()) {
    throw Error(ErrorCode::unsupported, "all outputs are empty: nothing is left to compute", name,
                "fix the shapes of the model's inputs");
  }
  absorb_transposes(model_.graph);
  try {
    ir::verify(model_.graph);
  } catch (const Error& error) {
    throw error.at(name + ": " + error.where());
  }
  return std::move(model_);
}

Model read_onnx(std::span<const uint8_t> bytes, const std::string& name, const std::filesystem::path& folder) {
  if (bytes.size() > static_cast<size_t>(ir::kMaxTensorBytes)) {
    throw Error(ErrorCode::unsupported, "the file is larger than 2 GB", name);
  }
  ::onnx::ModelProto file;
  google::protobuf::io::ArrayInputStream array(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::CodedInputStream stream(&array);
  stream.SetRecursionLimit(64);  // far more than an If in an If needs
  if (!file.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
    bad("not an .onnx file, or damaged: it does not parse", name, "copy or export the model again");
  }
  return Import(file, name, folder).run();
}

Model read_onnx_file(const std::filesystem::path& path) {
  const std::vector<uint8_t> bytes = read_file(path);
  return read_onnx(bytes, path.stem().string(), path.parent_path());
}

bool looks_like_onnx(std::span<const uint8_t> bytes) {
  // Field 1, varint, of one byte: ir_version. Then a key of fields 2 to 25.
  return bytes.size() > 3 && bytes[0] == 0x08 && bytes[1] < 0x80 && bytes[2] >= 0x10;
}

}  // namespace whit::onnx
