// The operands and attributes of the node in hand.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "whit/formats/onnx/import.hpp"
#include "whit/ir/verify.hpp"

namespace whit::onnx {

using ::onnx::AttributeProto;

NodeImport::NodeImport(Import& import, const NodeProto& node, int32_t index, int32_t depth)
    : import_(import), node_(node), index_(index), depth_(depth) {}

std::string NodeImport::where() const {
  const std::string domain = node_.domain().empty() || node_.domain() == "ai.onnx" ? "" : node_.domain() + "::";
  const std::string name = node_.name().empty() ? "" : fmt::format(" '{}'", node_.name());
  return fmt::format("{}: node {}{} ({}{})", import_.model_.graph.name, index_, name, domain, node_.op_type());
}

void NodeImport::bad(const std::string& what) const { throw Error(ErrorCode::bad_input, what, where()); }

void NodeImport::unsupported(const std::string& what, const std::string& hint) const {
  throw Error(ErrorCode::unsupported, what, where(), hint);
}

const AttributeProto* NodeImport::find_attribute(const char* name, int type) {
  asked_.insert(name);
  for (const AttributeProto& attribute : node_.attribute()) {
    if (attribute.name() != name) continue;
    if (type != 0 && attribute.type() != type) {
      bad(fmt::format("attribute '{}' is of type {} instead of {}", name,
                      AttributeProto::AttributeType_Name(attribute.type()),
                      AttributeProto::AttributeType_Name(static_cast<AttributeProto::AttributeType>(type))));
    }
    return &attribute;
  }
  return nullptr;
}

bool NodeImport::has_attribute(const char* name) { return find_attribute(name, 0) != nullptr; }

int64_t NodeImport::integer(const char* name, int64_t otherwise) {
  const AttributeProto* attribute = find_attribute(name, AttributeProto::INT);
  return attribute == nullptr ? otherwise : attribute->i();
}

float NodeImport::real(const char* name, float otherwise) {
  const AttributeProto* attribute = find_attribute(name, AttributeProto::FLOAT);
  return attribute == nullptr ? otherwise : attribute->f();
}

std::string NodeImport::text(const char* name, const char* otherwise) {
  const AttributeProto* attribute = find_attribute(name, AttributeProto::STRING);
  return attribute == nullptr ? otherwise : attribute->s();
}

std::vector<int64_t> NodeImport::integers(const char* name) {
  const AttributeProto* attribute = find_attribute(name, AttributeProto::INTS);
  if (attribute == nullptr) return {};
  return {attribute->ints().begin(), attribute->ints().end()};
}

std::vector<float> NodeImport::reals(const char* name) {
  const AttributeProto* attribute = find_attribute(name, AttributeProto::FLOATS);
  if (attribute == nullptr) return {};
  return {attribute->floats().begin(), attribute->floats().end()};
}

std::vector<std::string> NodeImport::texts(const char* name) {
  const AttributeProto* attribute = find_attribute(name, AttributeProto::STRINGS);
  if (attribute == nullptr) return {};
  return {attribute->strings().begin(), attribute->strings().end()};
}

const TensorProto* NodeImport::tensor_attribute(const char* name) {
  const AttributeProto* attribute = find_attribute(name, AttributeProto::TENSOR);
  return attribute == nullptr ? nullptr : &attribute->t();
}

const GraphProto* NodeImport::graph_attribute(const char* name) {
  const AttributeProto* attribute = find_attribute(name, AttributeProto::GRAPH);
  return attribute == nullptr ? nullptr : &attribute->g();
}

void NodeImport::check_attributes() const {
  for (const AttributeProto& attribute : node_.attribute()) {
    if (!asked_.contains(attribute.name())) {
      unsupported(fmt::format("attribute '{}' is not known for this op", attribute.name()));
    }
  }
}

const Value& NodeImport::stored(size_t i) const {
  if (!has(i)) bad(fmt::format("input {} is missing", i));
  const std::string& name = node_.input(static_cast<int>(i));
  const auto found = import_.values_.find(name);
  if (found == import_.values_.end()) {
    throw Error(ErrorCode::bad_input, fmt::format("input {} '{}' is used before anything computes it", i, name),
                where(), "the nodes form a cycle, or stand in an order in which they cannot run");
  }
  return found->second;
}

Value NodeImport::input(size_t i) { return dequantized(stored(i)); }

ConstantPtr NodeImport::constant(size_t i, const char* what) {
  const Value value = input(i);
  if (value.constant == nullptr) {
    unsupported(fmt::format("{} ('{}') computed at run time", what, node_.input(static_cast<int>(i))),
                "it needs to be a constant; fix the shapes of the model's inputs, or simplify the model before");
  }
  return value.constant;
}

std::vector<int64_t> NodeImport::integers(size_t i, const char* what) {
  const ConstantPtr known = constant(i, what);
  if (is_real(known->type)) bad(fmt::format("{} of type {}", what, name_of_type(known->type)));
  if (known->count() > 4096) bad(fmt::format("{} with {} elements", what, known->count()));
  std::vector<int64_t> values;
  for (int64_t k = 0; k < known->count(); ++k) values.push_back(known->integer(k));
  return values;
}

double NodeImport::scalar(size_t i, const char* what) {
  const ConstantPtr known = constant(i, what);
  if (known->count() != 1) bad(fmt::format("{} with {} elements instead of one", what, known->count()));
  return known->real(0);
}

std::vector<int64_t> NodeImport::integers_of(const char* name, size_t index, int64_t since) {
  if (opset() < since) return integers(name);
  return has(index) ? integers(index, name) : std::vector<int64_t>{};
}

void NodeImport::output(size_t i, Value value) {
  if (!has_output(i)) return;
  const std::string& name = output_name(i);
  if (value.constant == nullptr && made_ > 0) {
    ir::Tensor& tensor = graph().tensor(value.id);
    if (tensor.name.starts_with(node_.output(0) + "/")) tensor.name = name;
  }
  import_.define(name, std::move(value), where());
}

int32_t NodeImport::axis(int64_t value, size_t rank) const {
  const auto size = static_cast<int64_t>(rank);
  if (value < -size || value >= size) bad(fmt::format("axis {} of rank {}", value, rank));
  return static_cast<int32_t>(value < 0 ? value + size : value);
}

ConstantPtr NodeImport::read(const TensorProto& tensor) const {
  return std::make_shared<Constant>(read_tensor(tensor, import_.folder_, where()));
}

void NodeImport::inline_branch(const GraphProto& branch) {
  if (depth_ >= kMaxDepth) unsupported(fmt::format("more than {} levels of nested graphs", kMaxDepth));
  import_.read_initializers(branch);
  import_.read_nodes(branch, depth_ + 1);
  if (branch.output_size() < node_.output_size()) bad("the branch has too few outputs");
  for (int i = 0; i < node_.output_size(); ++i) {
    const auto found = import_.values_.find(branch.output(i).name());
    if (found == import_.values_.end()) bad(fmt::format("'{}' is never computed", branch.output(i).name()));
    output(static_cast<size_t>(i), Value(found->second));
  }
}

std::vector<int64_t> counted(size_t n) {
  std::vector<int64_t> values(n);
  std::iota(values.begin(), values.end(), 0);
  return values;
}

// The layout does not matter to whom reads integers from it: only what is stored does.
bool NodeImport::all_quantized(std::initializer_list<size_t> inputs) const {
  return std::all_of(inputs.begin(), inputs.end(), [&](size_t i) { return stored(i).scales.has_value(); });
}

const NodeProto* NodeImport::only_user(const std::string& value) const {
  const auto found = import_.consumers_.find(value);
  if (depth_ > 0 || found == import_.consumers_.end() || found->second.size() != 1) return nullptr;
  return import_.outputs_.contains(value) ? nullptr : found->second[0];
}

}  // namespace whit::onnx
