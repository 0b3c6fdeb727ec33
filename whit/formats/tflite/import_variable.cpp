// State that lives from one inference to the next. CALL_ONCE names a subgraph that gives every variable its first
// value.
#include <fmt/format.h>

#include "whit/formats/tflite/import.hpp"
#include "whit/ir/verify.hpp"

namespace whit::tflite {
namespace {

using Code = BuiltinOperator;

// Variables are told apart by container and name.
std::string name_of_handle(const Operator& op) {
  const auto* options = op.builtin_options_as<VarHandleOptions>();
  if (options == nullptr) return "/";
  const auto text = [](const flatbuffers::String* s) { return s == nullptr ? std::string() : s->str(); };
  return text(options->container()) + "/" + text(options->shared_name());
}

Code code_of(const Model& model, const Operator& op) {
  const auto* codes = model.operator_codes();
  if (codes == nullptr || op.opcode_index() >= codes->size()) return Code::CUSTOM;
  const OperatorCode* code = codes->Get(op.opcode_index());
  return static_cast<Code>(
      std::max(static_cast<int32_t>(code->builtin_code()), int32_t{code->deprecated_builtin_code()}));
}

int32_t operand(const flatbuffers::Vector<int32_t>* indices, uint32_t i) {
  return indices != nullptr && i < indices->size() ? indices->Get(i) : -1;
}

// The initial values: the subgraph may only make handles and assign constants to them.
void import_initial_values(OpImport& op) {
  const int32_t index = op.options<CallOnceOptions>().init_subgraph_index();
  const auto* subgraphs = op.model().subgraphs();
  op.require(index > 0 && static_cast<uint32_t>(index) < subgraphs->size(), "there is no such subgraph");
  const SubGraph* subgraph = subgraphs->Get(static_cast<uint32_t>(index));
  const uint32_t tensors = subgraph->tensors() == nullptr ? 0 : subgraph->tensors()->size();
  std::vector<std::string> handles(tensors);
  const uint32_t ops = subgraph->operators() == nullptr ? 0 : subgraph->operators()->size();
  for (uint32_t i = 0; i < ops; ++i) {
    const Operator* inner = subgraph->operators()->Get(i);
    const Code code = code_of(op.model(), *inner);
    if (code == Code::VAR_HANDLE) {
      const int32_t output = operand(inner->outputs(), 0);
      op.require(output >= 0 && static_cast<uint32_t>(output) < tensors, "a handle is no tensor");
      handles[static_cast<size_t>(output)] = name_of_handle(*inner);
    } else if (code == Code::ASSIGN_VARIABLE) {
      const int32_t handle = operand(inner->inputs(), 0), value = operand(inner->inputs(), 1);
      op.require(
          handle >= 0 && static_cast<uint32_t>(handle) < tensors && !handles[static_cast<size_t>(handle)].empty(),
          "a value is assigned to no variable");
      op.require(value >= 0 && static_cast<uint32_t>(value) < tensors, "the value assigned is no tensor");
      op.add_initial_value(*subgraph, static_cast<uint32_t>(value), handles[static_cast<size_t>(handle)]);
    } else {
      op.unsupported(fmt::format("op {} of the initial subgraph {}", i, index),
                     "supported: VAR_HANDLE, and ASSIGN_VARIABLE of constants");
    }
  }
}

}  // namespace

void OpImport::add_initial_value(const SubGraph& subgraph, uint32_t index, const std::string& name) {
  FileTensor file = import_.read_tensor(subgraph, index);
  if (file.data == nullptr) unsupported("a variable whose first value is computed", "supported: constants");
  if (find_variable(name) >= 0) bad("a variable gets two first values");
  // A tensor of the graph for a moment: its checks and its copy of the data are what a variable needs.
  const ir::TensorId id = import_.materialize(file, static_cast<int32_t>(index), where());
  ir::Tensor tensor = std::move(import_.graph_.tensor(id));
  import_.graph_.tensors.pop_back();
  ir::Variable variable;
  variable.name = name.substr(name.find('/') + 1);
  variable.type = tensor.type;
  variable.shape = std::move(tensor.shape);
  variable.quantization = std::move(tensor.quantization);
  variable.initial = std::move(tensor.data);
  import_.graph_.variables.push_back(std::move(variable));
  import_.variable_names_.push_back(name);
}

void import_variable(OpImport& op) {
  switch (op.code()) {
    case Code::CALL_ONCE:
      return import_initial_values(op);
    case Code::VAR_HANDLE: {
      const int32_t variable = op.find_variable(name_of_handle(op.file()));
      if (variable < 0) op.unsupported("a variable without a first value", "supported: values set by CALL_ONCE before");
      return op.define_handle(0, variable);
    }
    case Code::READ_VARIABLE:
      return op.add(ir::Op::read_variable, {}, op.output(), ir::VariableAttributes{op.variable(0)});
    default:
      return op.assign_variable(op.input(1), op.variable(0));
  }
}

}  // namespace whit::tflite
