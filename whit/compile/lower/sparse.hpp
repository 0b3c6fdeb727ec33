// Lowering of int8 layers with many zeros to kernels that store and run their weights sparse.
#pragma once

#include "whit/compile/lower/lowering.hpp"
#include "whit/compile/lower/quantized.hpp"

namespace whit::compile {

using LowerLayer = void(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer);

// Emits a sparse kernel when that takes a quarter less flash than one byte a weight and less than what `dense` would
// emit, and no more instructions than that. Of several such kernels the one with the fewest instructions. With
// Optimize::size flash alone counts: less than what `dense` would emit, at most 5 % more than the smallest kernel
// takes. Else returns false and has done nothing.
bool try_fully_connected_sparse(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer,
                                LowerLayer dense);

}  // namespace whit::compile
