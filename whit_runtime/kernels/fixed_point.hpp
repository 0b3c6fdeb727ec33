// Fixed-point functions of the softmax and normalization kernels: exp, reciprocal, logarithm, inverse square root.
// Numbers are Qm.n: int32 with m integer and n = 31 - m fractional bits. Same bits as gemmlowp fixedpoint.h and TFLite
// common.h, whose polynomials, constants and roundings these are. Does not know quantization parameters.
#ifndef WHIT_RUNTIME_KERNELS_FIXED_POINT_HPP_
#define WHIT_RUNTIME_KERNELS_FIXED_POINT_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

// Not inlined: a softmax calls it thirty times, and it is the same few instructions.
WHIT_NOINLINE int32_t fixed_mul(int32_t a, int32_t b) { return saturating_rounding_doubling_high_mul(a, b); }

// Leading zero bits; 32 for 0.
inline int32_t leading_zeros(uint32_t x) { return x == 0 ? 32 : __builtin_clz(x); }

// (a + b) / 2, rounded away from zero.
inline int32_t rounding_half_sum(int32_t a, int32_t b) {
  const int64_t sum = static_cast<int64_t>(a) + b;
  return static_cast<int32_t>((sum + (sum >= 0 ? 1 : -1)) / 2);
}

// x * 2^exponent, saturated; exponent in [0, 30].
inline int32_t saturating_shift_left(int32_t x, int32_t exponent) {
  if (exponent == 0) return x;
  const int32_t threshold = static_cast<int32_t>((uint32_t{1} << (31 - exponent)) - 1);
  if (x > threshold) return INT32_MAX;
  if (x < -threshold) return INT32_MIN;
  return static_cast<int32_t>(static_cast<uint32_t>(x) << exponent);
}

// exp(a) in Q0.31 for a <= 0 in Q5.26. Source: gemmlowp exp_on_negative_values.
WHIT_NOINLINE int32_t exp_on_negative_q5(int32_t a) {
  if (a == 0) return INT32_MAX;
  const int32_t quarter = 1 << 24;
  const int32_t fraction = (a & (quarter - 1)) - quarter;  // [-1/4, 0)
  // Taylor expansion of exp round -1/8.
  const int32_t x = (fraction * 32) + (1 << 28);
  const int32_t x2 = fixed_mul(x, x);
  const int32_t x3 = fixed_mul(x2, x);
  const int32_t x4 = fixed_mul(x2, x2);
  const int32_t cubic = fixed_mul(rounding_divide_by_pot(x4, 2) + x3, 715827883) + x2;
  const int32_t exp_minus_eighth = 1895147668;
  int32_t result = exp_minus_eighth + fixed_mul(exp_minus_eighth, x + rounding_divide_by_pot(cubic, 1));
  // exp(-2^i) for the bits 1/4, 1/2, 1, 2, 4, 8, 16 of the rest.
  static constexpr int32_t kPowers[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  const int32_t rest = fraction - a;
  for (int32_t i = 0; i < 7; ++i) {
    if ((rest & (quarter << i)) != 0) result = fixed_mul(result, kPowers[i]);
  }
  return result;
}

// 1 / (1 + a) in Q0.31 for a in [0, 1) in Q0.31. Source: gemmlowp one_over_one_plus_x_for_x_in_0_1.
WHIT_NOINLINE int32_t one_over_one_plus(int32_t a) {
  const int32_t half_denominator = rounding_half_sum(a, INT32_MAX);
  int32_t x = 1515870810 + fixed_mul(half_denominator, -1010580540);  // Q2.29: 48/17 - 32/17 d
  for (int32_t i = 0; i < 3; ++i) {
    const int32_t error = (1 << 29) - fixed_mul(half_denominator, x);
    x += saturating_shift_left(fixed_mul(x, error), 2);
  }
  return saturating_shift_left(x, 1);
}

// 1 / x in Q0.31 relative to 2^bits_over_unit, x > 0 with `integer_bits`. Source: TFLite GetReciprocal.
inline int32_t reciprocal(int32_t x, int32_t integer_bits, int32_t* bits_over_unit) {
  const int32_t headroom = leading_zeros(static_cast<uint32_t>(x));
  *bits_over_unit = integer_bits - headroom;
  const uint32_t normal = headroom < 32 ? static_cast<uint32_t>(x) << headroom : 0;
  return one_over_one_plus(static_cast<int32_t>(normal - 0x80000000u));
}

// ln(x) in Q5.26 for x >= 1 in Q12.19. Source: TFLite log_x_for_x_greater_than_or_equal_to_1.
inline int32_t log_q12_to_q5(int32_t x) {
  const int32_t sqrt_half = 1518500250, sqrt_sqrt_half = 1805811301, log_2 = 1488522236;
  const int32_t quarter_q6 = (1 << 29) >> 6;  // 1/4 in Q6.25
  const int32_t headroom = leading_zeros(static_cast<uint32_t>(x)) - 1;
  // Twice scaled to [1/2, 1): as it is and times sqrt(1/2); the nearer to sqrt(sqrt(1/2)) wins.
  const int32_t r_a = saturating_shift_left(fixed_mul(saturating_shift_left(x, headroom), sqrt_half), 1);
  const int32_t power_a = (12 - headroom - 1) * (1 << 25) + quarter_q6;
  const int32_t headroom_b = leading_zeros(static_cast<uint32_t>(fixed_mul(x, sqrt_half))) - 1;
  const int32_t r_b = saturating_shift_left(x, headroom_b);
  const int32_t power_b = (12 - headroom_b) * (1 << 25) - quarter_q6;
  const int32_t r = r_a < r_b ? r_a : r_b;
  const int32_t power = power_a > power_b ? power_a : power_b;

  const int32_t p = rounding_half_sum(r, sqrt_sqrt_half);
  const int32_t q = 2 * (r - sqrt_sqrt_half);
  const int32_t q2 = fixed_mul(q, q);
  const int32_t numerator = fixed_mul(q, r) + fixed_mul(fixed_mul(q, q2), 117049297);
  const int32_t denominator_minus_one =
      fixed_mul(p, 1057819769 + q + fixed_mul(127690142, q2)) + fixed_mul(638450708, q);
  const int32_t quotient = fixed_mul(rounding_divide_by_pot(numerator, 6), one_over_one_plus(denominator_minus_one));
  return saturating_shift_left(fixed_mul(power, log_2) + quotient, 1);
}

// 1 / sqrt(x) = multiplier * 2^(shift - 31) for an integer x; shift <= 0. Source: TFLite
// GetInvSqrtQuantizedMultiplierExp with reverse_shift -1.
inline void inverse_sqrt(int32_t x, int32_t* multiplier, int32_t* shift) {
  if (x <= 1) {
    *multiplier = INT32_MAX;
    *shift = 0;
    return;
  }
  int32_t right = 11;
  for (; x >= (1 << 29); x /= 4) ++right;
  const int32_t pairs = (leading_zeros(static_cast<uint32_t>(x)) - 1) / 2 - 1;
  right -= pairs;
  x <<= 2 * pairs;
  const int32_t input = x >> 1;  // Q3.28
  const int32_t half_input = rounding_divide_by_pot(input, 1);
  const int32_t half_three = (1 << 28) + (1 << 27);
  int32_t y = 1 << 28;  // Newton-Raphson from 1
  for (int32_t i = 0; i < 5; ++i) {
    const int32_t y3 = saturating_shift_left(fixed_mul(fixed_mul(y, y), y), 6);
    y = saturating_shift_left(fixed_mul(half_three, y) - fixed_mul(half_input, y3), 3);
  }
  y = fixed_mul(y, 1518500250);  // sqrt(2) / 2
  if (right < 0) {
    y = static_cast<int32_t>(static_cast<uint32_t>(y) << -right);
    right = 0;
  }
  *multiplier = y;
  *shift = -right;
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_FIXED_POINT_HPP_
