// Where the state of a recurrent layer lies. A layer that alone reads a variable and alone gives it its next value
// works in the variable's memory; any other state is a tensor like others, copied in and out.
#pragma once

#include "whit/compile/lower/lowering.hpp"

namespace whit::compile {

// True when one recurrent node updates graph variable `index` in place: read_variable and assign_variable need no copy.
bool is_updated_in_place(const ir::Graph& graph, int32_t index);

struct StateRefs {
  rt::Ref initial;  // kNoRef: zeros
  rt::Ref state;
};
// The operands of the state that enters `node` at input `in` and leaves it at output `out`.
StateRefs state_refs(Lowering& lowering, const ir::Node& node, size_t in, size_t out);

}  // namespace whit::compile
