// State that lives from one inference to the next: a handle for each variable, and a subgraph, called once, that gives
// the first values.
#include <fmt/format.h>

#include <set>

#include "whit/formats/tflite/export.hpp"

namespace whit::tflite {

using Code = BuiltinOperator;

// Handles of the same name stand for the same variable.
int32_t Export::add_handle(WrittenSubgraph& subgraph, size_t variable) {
  const int32_t handle = subgraph.add({graph_.variables[variable].name + "/handle", TensorType::RESOURCE, {}, {}});
  const auto container = fbb_.CreateString(""), name = fbb_.CreateString(variable_names_[variable]);
  const auto options = CreateVarHandleOptions(fbb_, container, name);
  op(subgraph, Code::VAR_HANDLE, 1, {}, {handle}, BuiltinOptions::VarHandleOptions, options.Union());
  return handle;
}

void Export::add_variables() {
  std::set<std::string> taken;
  for (const ir::Variable& v : graph_.variables) {
    std::string name = v.name;
    for (int i = 1; !taken.insert(name).second; ++i) name = fmt::format("{}_{}", v.name, i);
    variable_names_.push_back(name);
  }
  constexpr int32_t kFirstValues = 1;  // the subgraph
  op(main_, Code::CALL_ONCE, 1, {}, {}, BuiltinOptions::CallOnceOptions,
     CreateCallOnceOptions(fbb_, kFirstValues).Union());
  for (size_t i = 0; i < graph_.variables.size(); ++i) {
    const ir::Variable& v = graph_.variables[i];
    handles_.push_back(in_layer_[i] ? -1 : add_handle(main_, i));
    if (in_layer_[i]) continue;
    const int32_t handle = add_handle(first_values_, i);
    const int32_t value = first_values_.add({v.name, to_type(v.type), v.shape, v.quantization, buffer(v.initial)});
    op(first_values_, Code::ASSIGN_VARIABLE, 1, {handle, value}, {}, BuiltinOptions::NONE, 0);
  }
}

void export_variable(NodeExport& node) {
  const int32_t variable = node.attributes<ir::VariableAttributes>().variable;
  if (node.in_layer(variable)) return;
  const int32_t handle = node.handle(variable);
  if (node.op() == ir::Op::read_variable) return node.write(Code::READ_VARIABLE, {handle}, {node.output()});
  node.write(Code::ASSIGN_VARIABLE, {handle, node.input(0)}, {});
}

}  // namespace whit::tflite
