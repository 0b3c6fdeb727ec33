// The integers that a quantized tensor of a type can hold.
#pragma once

#include <cstdint>

#include "whit/ir/graph.hpp"

namespace whit::ir {

struct StoredRange {
  int32_t low = INT32_MIN;
  int32_t high = INT32_MAX;
};

// All of int32 for a type that activations and weights are not quantized to.
inline StoredRange stored_range(DType type) {
  if (type == DType::i4) return {-8, 7};
  if (type == DType::i8) return {-128, 127};
  if (type == DType::u8) return {0, 255};
  if (type == DType::i16) return {-32768, 32767};
  return {};
}

}  // namespace whit::ir
