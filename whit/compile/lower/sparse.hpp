// Lowering of int8 layers with many zeros to kernels that store and run their weights sparse.
#pragma once

#include <cstdint>
#include <vector>

#include "whit/compile/lower/lowering.hpp"
#include "whit/compile/lower/quantized.hpp"

namespace whit::compile {

// Weights [channels, depth] as fully_connected_s8_sparse reads them.
struct SparseWeights {
  std::vector<uint32_t> bitmap;
  std::vector<int8_t> values;
};
SparseWeights pack_sparse(const QuantizedLayer& layer);

using LowerLayer = void(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer);

// Emits fully_connected_s8_sparse when that takes less flash than what `dense` would emit, and no more instructions
// (with Optimize::size: when it takes less flash). Else returns false and has done nothing.
bool try_fully_connected_sparse(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer,
                                LowerLayer dense);

}  // namespace whit::compile
