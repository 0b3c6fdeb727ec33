// What the lowering of elementwise ops shares: which operands repeat along which dimensions, and what kernels ask of
// the types. Used by lower_unary, lower_binary, lower_softmax.
#pragma once

#include <vector>

#include "whit/compile/lower/lowering.hpp"
#include "whit/compile/lower/quantized.hpp"
#include "whit_runtime/kernels/binary_s8.hpp"

namespace whit::compile {

// The dimensions of `output` merged into four; bit d of repeats[i] says that operand i has extent 1 in dimension d.
struct MergedShapes {
  int32_t dims[4] = {1, 1, 1, 1};
  std::vector<int32_t> repeats;
};

// Operand shapes as in a model, right-aligned with `output` as TFLite broadcasts them. Refuses what does not broadcast
// and what needs more than four dimensions.
MergedShapes merge_shapes(const Lowering& lowering, const ir::Shape& output, const std::vector<ir::Shape>& operands);

// The one scale and zero point of a quantized tensor; refuses any other.
struct TensorScale {
  float scale;
  int32_t zero_point;
};
TensorScale tensor_scale(const Lowering& lowering, ir::TensorId id);

// Number of elements as a record holds it.
int32_t count_of(const Lowering& lowering, ir::TensorId id);

// Emits the table `table` for the op in hand, in place where the input dies.
void emit_lookup(Lowering& lowering, ir::TensorId input, ir::TensorId output, const std::vector<uint8_t>& table);

inline rt::Scale to_scale(const QuantizedMultiplier& m) { return {m.multiplier, m.shift}; }

uint32_t bits_of(float value);

}  // namespace whit::compile
