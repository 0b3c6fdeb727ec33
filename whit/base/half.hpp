// float32 as IEEE 754 half precision, and back.
#pragma once

#include <cstdint>

#include "whit_runtime/half.hpp"

namespace whit {

using rt::half_to_float;  // exact

// The nearest half, ties to even. Infinite from 65520 on; NaN stays NaN.
uint16_t half_from_float(float value);

// Whether a half holds `value` exactly. False for NaN.
inline bool is_half(float value) { return half_to_float(half_from_float(value)) == value; }

}  // namespace whit
