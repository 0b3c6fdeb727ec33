#include "whit/ir/kept_state.hpp"

#include <algorithm>

namespace whit::ir {
namespace {

constexpr size_t kNoNode = SIZE_MAX;

int64_t uses(const Graph& graph, TensorId id) {
  int64_t count = std::count(graph.outputs.begin(), graph.outputs.end(), id);
  for (const Node& node : graph.nodes) count += std::count(node.inputs.begin(), node.inputs.end(), id);
  return count;
}

// The node of this kind that alone refers to the variable.
size_t only_node(const Graph& graph, Op op, int32_t variable) {
  size_t found = kNoNode;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    if (node.op != op || attributes<VariableAttributes>(node).variable != variable) continue;
    if (found != kNoNode) return kNoNode;
    found = n;
  }
  return found;
}

}  // namespace

const std::vector<StateOperands>& state_operands(Op op) {
  static const std::vector<StateOperands> kLstm = {{LstmInput::hidden, 1}, {LstmInput::cell, 2}},
                                          kGru = {{GruInput::hidden, 1}}, kSvdf = {{4, 1}}, kNone;
  switch (op) {
    case Op::lstm:
      return kLstm;
    case Op::gru:
      return kGru;
    case Op::svdf:
      return kSvdf;
    default:
      return kNone;
  }
}

std::vector<KeptState> kept_states(const Graph& graph) {
  std::vector<KeptState> kept;
  for (size_t v = 0; v < graph.variables.size(); ++v) {
    const auto variable = static_cast<int32_t>(v);
    const size_t read = only_node(graph, Op::read_variable, variable);
    const size_t assign = only_node(graph, Op::assign_variable, variable);
    if (read == kNoNode || assign == kNoNode) continue;
    const TensorId before = graph.nodes[read].outputs[0], after = graph.nodes[assign].inputs[0];
    if (uses(graph, before) != 1 || uses(graph, after) != 1) continue;
    for (size_t n = 0; n < graph.nodes.size(); ++n) {
      const Node& node = graph.nodes[n];
      for (const StateOperands& s : state_operands(node.op)) {
        if (s.input < node.inputs.size() && node.inputs[s.input] == before && node.outputs[s.output] == after) {
          kept.push_back({variable, read, n, assign, s});
        }
      }
    }
  }
  return kept;
}

}  // namespace whit::ir
