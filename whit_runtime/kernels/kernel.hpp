// What every kernel shares: how it is declared, how its record is checked, the requantization arithmetic.
// A kernel is `WHIT_KERNEL void name(const Params& p, const Memory& m)` with a Params record (see OpHead) and a
// `bool check(const Params& p, const Extent& e)` that proves a record from an untrusted blob safe before it runs.
//
// Device code: C++17, freestanding; no heap, no exceptions, no libstdc++, no recursion, no global mutable state.
#ifndef WHIT_RUNTIME_KERNELS_KERNEL_HPP_
#define WHIT_RUNTIME_KERNELS_KERNEL_HPP_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "whit_runtime/program.hpp"

// How the compiler may share or specialise kernels; emitted firmware sets it from `--optimize`.
//   default: one TU, static inline; the compiler clones where a constant record pays.
#ifndef WHIT_KERNEL
#define WHIT_KERNEL static inline
#endif
#define WHIT_ALWAYS_INLINE static inline __attribute__((always_inline))
#define WHIT_NOINLINE static __attribute__((noinline, unused))

namespace whit::rt {

// ---- checking records ------------------------------------------------------------------------------------------

// The memories that a record's operands must stay within; the constants can be looked into, the arena cannot.
struct Extent {
  uint32_t arena_bytes;
  uint32_t constants_bytes;
  const uint8_t* constants;
};

// True when [ref, ref + bytes) lies in the arena or in the constants and starts at a multiple of `alignment`
// (a power of two). Compute `bytes` with area(), which cannot overflow.
inline bool readable(const Extent& e, Ref ref, uint64_t bytes, uint32_t alignment = 1) {
  if (ref == kNoRef) return false;
  const uint64_t limit = (ref & kConstantBit) != 0 ? e.constants_bytes : e.arena_bytes;
  const uint64_t offset = ref & ~kConstantBit;
  return bytes <= limit && offset <= limit - bytes && (offset & (alignment - 1)) == 0;
}

// As readable, and in the arena.
inline bool writable(const Extent& e, Ref ref, uint64_t bytes, uint32_t alignment = 1) {
  return (ref & kConstantBit) == 0 && readable(e, ref, bytes, alignment);
}

// Product of up to five dimensions; 2^40 (more than any memory) when one is not in [1, 2^31) or the product is larger.
inline uint64_t area(int32_t a, int32_t b = 1, int32_t c = 1, int32_t d = 1, int32_t f = 1) {
  const uint64_t too_much = uint64_t{1} << 40;
  const int32_t dims[5] = {a, b, c, d, f};
  uint64_t product = 1;
  for (int i = 0; i < 5; ++i) {
    if (dims[i] <= 0) return too_much;
    product *= static_cast<uint64_t>(dims[i]);  // both below 2^40 and 2^31: no overflow before the next line
    if (product > (uint64_t{1} << 32)) return too_much;
  }
  return product;
}

inline bool within(int32_t value, int32_t low, int32_t high) { return value >= low && value <= high; }

// True for the zero point of an int8 output and the bounds of its activation.
inline bool check_output_s8(int32_t zero_point, int32_t low, int32_t high) {
  return within(zero_point, -128, 127) && within(low, -128, 127) && within(high, low, 127);
}

// ---- fixed-point arithmetic: the TFLite int8 specification -------------------------------------------------------

// round(a * b / 2^31), ties away from zero towards +inf as gemmlowp does; a = b = INT32_MIN saturates.
// Source: gemmlowp fixedpoint.h, SaturatingRoundingDoublingHighMul.
inline int32_t saturating_rounding_doubling_high_mul(int32_t a, int32_t b) {
  if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
  // gemmlowp nudges by the sign and divides; for both signs that is this floor.
  return static_cast<int32_t>((static_cast<int64_t>(a) * b + (int64_t{1} << 30)) >> 31);
}

// round(x / 2^exponent), ties away from zero; exponent in [0, 31]. Source: gemmlowp RoundingDivideByPOT.
inline int32_t rounding_divide_by_pot(int32_t x, int32_t exponent) {
  const int32_t mask = static_cast<int32_t>((int64_t{1} << exponent) - 1);
  const int32_t remainder = x & mask;
  const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

// x * multiplier * 2^(shift - 31), rounded twice as TFLite's reference kernels do. multiplier in [0, 2^31),
// shift in [-31, 30]: positive shifts left (wrapping as the reference does), negative right.
inline int32_t multiply_by_quantized_multiplier(int32_t x, int32_t multiplier, int32_t shift) {
  const int32_t left = shift > 0 ? shift : 0;
  const int32_t right = shift > 0 ? 0 : -shift;
  const int32_t shifted = static_cast<int32_t>(static_cast<uint32_t>(x) << left);
  return rounding_divide_by_pot(saturating_rounding_doubling_high_mul(shifted, multiplier), right);
}

// The same for the 64-bit sums of int16 activations, with a multiplier of 16 bits, rounded once. x in [-2^47, 2^47),
// shift in [-31, 7]. Source: TFLite common.cc, MultiplyByQuantizedMultiplier(int64_t, ...).
inline int32_t multiply_by_quantized_multiplier(int64_t x, int32_t multiplier, int32_t shift) {
  const int32_t reduced = multiplier < 0x7FFF0000 ? (multiplier + (1 << 15)) >> 16 : 0x7FFF;
  const int32_t total_shift = 15 - shift;
  return static_cast<int32_t>((x * reduced + (int64_t{1} << (total_shift - 1))) >> total_shift);
}

inline int32_t clamp(int32_t x, int32_t low, int32_t high) { return x < low ? low : (x > high ? high : x); }
inline float clamp_f32(float x, float low, float high) { return x < low ? low : (x > high ? high : x); }

// Per-channel requantization beside a weight matrix: the bias has the input's zero point folded in.
struct Requant {
  int32_t bias;
  int32_t multiplier;
  int32_t shift;
};
static_assert(sizeof(Requant) == 12);

// True when `ref` names `channels` Requants among the constants, each with a multiplier and shift in range.
inline bool check_requant(const Extent& e, Ref ref, int32_t channels) {
  if ((ref & kConstantBit) == 0 || !readable(e, ref, area(channels) * sizeof(Requant), 4)) return false;
  const Requant* requant = reinterpret_cast<const Requant*>(e.constants + (ref & ~kConstantBit));
  for (int32_t c = 0; c < channels; ++c) {
    if (requant[c].multiplier < 0 || !within(requant[c].shift, -31, 30)) return false;
  }
  return true;
}

inline float f32_from_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_KERNEL_HPP_
