// logistic and tanh of int16 fixed-point numbers, for recurrent layers. Results are Q0.15.
// Same bits as gemmlowp fixedpoint.h on int16, whose polynomials, constants and roundings these are; TFLite's integer
// LSTM uses them (its LOGISTIC and TANH layers read tables instead: see docs/arithmetic.md).
#ifndef WHIT_RUNTIME_KERNELS_FIXED_POINT_16_HPP_
#define WHIT_RUNTIME_KERNELS_FIXED_POINT_16_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

// round(a * b / 2^15) for int16 values that are not both -32768.
inline int32_t high_mul_16(int32_t a, int32_t b) { return (a * b + (1 << 14)) >> 15; }

// x * 2^2, saturated to int16.
inline int32_t shift_left_2_16(int32_t x) { return clamp(x * 4, -32768, 32767); }

// x * power where bit `bit` of `bits` is set.
WHIT_ALWAYS_INLINE int32_t times_if_16(int32_t x, int32_t bits, int32_t bit, int32_t power) {
  return (bits & (1 << bit)) != 0 ? high_mul_16(x, power) : x;
}

// exp(a) in Q0.15 for a <= 0 with `fraction_bits` in [8, 14]. Source: gemmlowp exp_on_negative_values.
WHIT_ALWAYS_INLINE int32_t exp_on_negative_16(int32_t a, int32_t fraction_bits) {
  if (a == 0) return 32767;
  const int32_t integer_bits = 15 - fraction_bits;
  if (integer_bits > 5 && a < -(32 << fraction_bits)) return 0;
  const int32_t quarter = 1 << (fraction_bits - 2);
  const int32_t fraction = (a & (quarter - 1)) - quarter;  // [-1/4, 0)
  // Taylor expansion of exp round -1/8.
  const int32_t x = (fraction << integer_bits) + (1 << 12);
  const int32_t x2 = high_mul_16(x, x);
  const int32_t x3 = high_mul_16(x2, x);
  const int32_t x4 = high_mul_16(x2, x2);
  const int32_t cubic = high_mul_16(rounding_divide_by_pot(x4, 2) + x3, 10923) + x2;
  const int32_t exp_minus_eighth = 28918;
  int32_t result = exp_minus_eighth + high_mul_16(exp_minus_eighth, x + rounding_divide_by_pot(cubic, 1));
  // exp(-2^i) for the bits 1/4, 1/2, 1, 2, 4, 8, 16 of the rest, which has no sign bit as an int16.
  const int32_t rest = ((fraction - a) & 0x7FFF) >> (fraction_bits - 2);
  result = times_if_16(result, rest, 0, 25520);
  result = times_if_16(result, rest, 1, 19875);
  result = times_if_16(result, rest, 2, 12055);
  result = times_if_16(result, rest, 3, 4435);
  result = times_if_16(result, rest, 4, 600);
  result = times_if_16(result, rest, 5, 11);
  return times_if_16(result, rest, 6, 0);
}

// 2 / (1 + a) in Q2.13 for a in [0, 1] in Q0.15, by Newton's method. Source: gemmlowp one_over_one_plus_x_for_x_in_0_1.
// Its saturation of each step is left out: for none of these a does a step reach the ends of int16.
WHIT_ALWAYS_INLINE int32_t two_over_one_plus_16(int32_t a) {
  const int32_t half_denominator = (a + 32767 + 1) / 2;
  const auto next = [&](int32_t x) { return x + high_mul_16(x, (1 << 13) - high_mul_16(half_denominator, x)) * 4; };
  return next(next(next(23130 + high_mul_16(half_denominator, -15420))));  // 48/17 - 32/17 d
}

// 1 / (1 + exp(-x)) for int16 x in Q3.12.
WHIT_NOINLINE int32_t logistic_16(int32_t x) {
  if (x == 0) return 1 << 14;
  const int32_t positive = clamp(two_over_one_plus_16(exp_on_negative_16(x < 0 ? x : -x, 12)) * 2, -32768, 32767);
  return x > 0 ? positive : 32767 - positive;
}

// tanh(x) for int16 x with `fraction_bits` in [9, 15].
WHIT_NOINLINE int32_t tanh_16(int32_t x, int32_t fraction_bits) {
  if (x == 0) return 0;
  // (1 - e) / (1 + e) = 2 / (1 + e) - 1 with e = exp(-2 |x|)
  const int32_t e = exp_on_negative_16(x < 0 ? x : -x, fraction_bits - 1);
  const int32_t magnitude = shift_left_2_16(two_over_one_plus_16(e) - (1 << 13));
  return x > 0 ? magnitude : -magnitude;
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_FIXED_POINT_16_HPP_
