// The vector types of the host kernels: GNU vector extensions, which any gcc or clang compiles for any machine, and
// the one instruction that neither finds by itself. Only PCs run these kernels in earnest.
// Includes no header of any instruction set.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_HOST_VECTOR_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_HOST_VECTOR_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

using Int8x8 = int8_t __attribute__((vector_size(8)));
using Int16x8 = int16_t __attribute__((vector_size(16)));
using Int32x4 = int32_t __attribute__((vector_size(16)));

template <typename Vector>
WHIT_ALWAYS_INLINE Vector load_vector(const void* from) {
  Vector vector;
  memcpy(&vector, from, sizeof vector);
  return vector;
}

// Lane i: a[2i] * b[2i] + a[2i+1] * b[2i+1].
WHIT_ALWAYS_INLINE Int32x4 multiply_add_pairs(Int16x8 a, Int16x8 b) {
#if defined(__SSE2__)
  return __builtin_ia32_pmaddwd128(a, b);
#else
  Int32x4 sum;
  for (int32_t i = 0; i < 4; ++i) sum[i] = a[2 * i] * b[2 * i] + a[2 * i + 1] * b[2 * i + 1];
  return sum;
#endif
}

// Eight bytes as eight int16.
WHIT_ALWAYS_INLINE Int16x8 widen(const int8_t* from) {
  return __builtin_convertvector(load_vector<Int8x8>(from), Int16x8);
}

// As multiply_by_quantized_multiplier, without branches on the data: SaturatingRoundingDoublingHighMul never saturates
// for a multiplier >= 0, and rounding half away from zero is adding half, less one below zero.
WHIT_ALWAYS_INLINE int8_t requantize_host(int32_t sum, const Requant& r, int32_t zero_point, int32_t low,
                                          int32_t high) {
  const int32_t left = r.shift > 0 ? r.shift : 0;
  const int32_t right = r.shift > 0 ? 0 : -r.shift;
  const int64_t shifted = static_cast<int32_t>(static_cast<uint32_t>(sum) << left);
  const int64_t product = (shifted * r.multiplier + (int64_t{1} << 30)) >> 31;
  const int64_t half = (int64_t{1} << right) >> 1;
  const int64_t away = half != 0 && product < 0 ? 1 : 0;
  const int64_t scaled = ((product + half - away) >> right) + zero_point;
  return static_cast<int8_t>(scaled < low ? low : (scaled > high ? high : scaled));
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_ARCH_HOST_VECTOR_HPP_
