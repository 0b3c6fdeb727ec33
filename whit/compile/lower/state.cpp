#include "whit/compile/lower/state.hpp"

#include <algorithm>

namespace whit::compile {
namespace {

// The output that holds the next value of the state at input `in`; 0: no state enters there.
size_t next_of(ir::Op op, size_t in) {
  if (op == ir::Op::lstm && in == ir::LstmInput::hidden) return 1;
  if (op == ir::Op::lstm && in == ir::LstmInput::cell) return 2;
  if (op == ir::Op::gru && in == ir::GruInput::hidden) return 1;
  return op == ir::Op::svdf && in == 4 ? 1 : 0;
}

bool is_output(const ir::Graph& graph, ir::TensorId id) {
  return std::find(graph.outputs.begin(), graph.outputs.end(), id) != graph.outputs.end();
}

// The node that alone uses `id`, once, at *input; null when there is no such node.
const ir::Node* only_use(const ir::Graph& graph, ir::TensorId id, size_t* input) {
  const ir::Node* user = nullptr;
  if (is_output(graph, id)) return nullptr;
  for (const ir::Node& node : graph.nodes) {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] != id) continue;
      if (user != nullptr) return nullptr;
      user = &node;
      *input = i;
    }
  }
  return user;
}

// The node of this kind that alone refers to the variable; null when there are none or several.
const ir::Node* only_node(const ir::Graph& graph, ir::Op op, int32_t variable) {
  const ir::Node* found = nullptr;
  for (const ir::Node& node : graph.nodes) {
    if (node.op != op || ir::attributes<ir::VariableAttributes>(node).variable != variable) continue;
    if (found != nullptr) return nullptr;
    found = &node;
  }
  return found;
}

}  // namespace

bool is_updated_in_place(const ir::Graph& graph, int32_t index) {
  const ir::Node* read = only_node(graph, ir::Op::read_variable, index);
  const ir::Node* assign = only_node(graph, ir::Op::assign_variable, index);
  if (read == nullptr || assign == nullptr) return false;
  size_t in = 0, unused = 0;
  const ir::Node* layer = only_use(graph, read->outputs[0], &in);
  if (layer == nullptr) return false;
  const size_t out = next_of(layer->op, in);
  return out != 0 && layer->outputs[out] == assign->inputs[0] && only_use(graph, assign->inputs[0], &unused) == assign;
}

StateRefs state_refs(Lowering& lowering, const ir::Node& node, size_t in, size_t out) {
  const ir::Graph& graph = lowering.graph();
  const ir::TensorId initial = node.inputs[in], next = node.outputs[out];
  if (initial == ir::kNoTensor) return {rt::kNoRef, lowering.tensor(next)};
  for (const ir::Node& read : graph.nodes) {
    if (read.op != ir::Op::read_variable || read.outputs[0] != initial) continue;
    const int32_t variable = ir::attributes<ir::VariableAttributes>(read).variable;
    if (!is_updated_in_place(graph, variable)) continue;
    const rt::Ref state = lowering.variable(variable);
    return {state, state};
  }
  lowering.may_overlap(next, initial, 0);
  return {lowering.tensor(initial), lowering.tensor(next)};
}

}  // namespace whit::compile
