// The affine form of an int8 add or subtract: integers a, b, c such that saturate((a * x1 + b * x2 + c) >> shift) gives
// the specification's result for every one of the 65,536 pairs of inputs. Asked by lower_binary.
// Proves what it returns; returns nothing where it finds no such integers, which does not mean that there are none.
#pragma once

#include <cstdint>
#include <optional>

#include "whit_runtime/kernels/binary_s8.hpp"

namespace whit::compile {

struct AffineAdd {
  int32_t a = 0;
  int32_t b = 0;
  int32_t c = 0;
};

// `literal` is the record of the op as add_s8 would run it; its operands and shapes are not looked at. No sum of the
// result leaves 32 bits.
std::optional<AffineAdd> find_affine_add(const rt::AddS8& literal, int32_t shift);

}  // namespace whit::compile
