#include "whit/compile/lower/state.hpp"

#include <algorithm>

#include "whit/ir/kept_state.hpp"

namespace whit::compile {

bool is_updated_in_place(const ir::Graph& graph, int32_t index) {
  const std::vector<ir::KeptState> kept = ir::kept_states(graph);
  return std::any_of(kept.begin(), kept.end(), [&](const ir::KeptState& k) { return k.variable == index; });
}

StateRefs state_refs(Lowering& lowering, const ir::Node& node, size_t in, size_t out) {
  const ir::Graph& graph = lowering.graph();
  const ir::TensorId initial = node.inputs[in], next = node.outputs[out];
  if (initial == ir::kNoTensor) return {rt::kNoRef, lowering.tensor(next)};
  for (const ir::KeptState& kept : ir::kept_states(graph)) {
    if (graph.nodes[kept.read].outputs[0] != initial) continue;
    const rt::Ref state = lowering.variable(kept.variable);
    return {state, state};
  }
  lowering.may_overlap(next, initial, 0);
  return {lowering.tensor(initial), lowering.tensor(next)};
}

}  // namespace whit::compile
