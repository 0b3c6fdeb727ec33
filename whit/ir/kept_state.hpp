// State of recurrent layers: through which operands it enters and leaves a layer, and which variables a layer keeps for
// itself. Knows the graph only.
#pragma once

#include <vector>

#include "whit/ir/graph.hpp"

namespace whit::ir {

// A state enters at input `input` (which may be absent) and leaves, updated, at output `output`.
struct StateOperands {
  size_t input, output;
};
// Those of an op; none for an op that is not recurrent.
const std::vector<StateOperands>& state_operands(Op op);

// A variable that one layer alone reads, and to which it alone gives the next value.
struct KeptState {
  int32_t variable;
  size_t read, layer, assign;  // indices of nodes
  StateOperands operands;      // of the layer
};
std::vector<KeptState> kept_states(const Graph& graph);

}  // namespace whit::ir
