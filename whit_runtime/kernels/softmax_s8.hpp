// Softmax, log softmax and L2 normalization over the last dimension, int8, as the TFLite int8 specification: softmax
// to scale 1/256 and zero point -128, log softmax to 16/256 and 127, L2 normalization to 1/128 and 0.
// Fixed point throughout. Does not normalize over other dimensions.
#ifndef WHIT_RUNTIME_KERNELS_SOFTMAX_S8_HPP_
#define WHIT_RUNTIME_KERNELS_SOFTMAX_S8_HPP_

#include "whit_runtime/kernels/activations.hpp"
#include "whit_runtime/kernels/fixed_point.hpp"

namespace whit::rt {

template <typename T>  // of the output: int8_t, or int16_t
struct Softmax {
  OpHead head;
  Ref input;   // int8 [rows, depth]
  Ref output;  // T [rows, depth], of int8 may be the input or start before it
  int32_t rows;
  int32_t depth;       // at most 2^12: the sum has 12 integer bits
  int32_t multiplier;  // of a difference to the row's maximum, to Q5.26
  int32_t shift;       // >= 0
  int32_t diff_min;    // differences below it count as exp = 0
  static constexpr uint8_t kRefs = 2;
};

inline constexpr int32_t kMaxSoftmaxDepth = 4095;

template <typename T>
inline bool check(const Softmax<T>& p, const Extent& e) {
  return within(p.depth, 1, kMaxSoftmaxDepth) && readable(e, p.input, area(p.rows, p.depth)) &&
         writable(e, p.output, sizeof(T) * area(p.rows, p.depth), sizeof(T)) && p.multiplier >= 0 &&
         within(p.shift, 0, 30) && p.diff_min <= 0;
}

inline int32_t row_maximum(const int8_t* x, int32_t depth) {
  int32_t maximum = -128;
  for (int32_t i = 0; i < depth; ++i) maximum = x[i] > maximum ? x[i] : maximum;
  return maximum;
}

// diff * multiplier * 2^(shift - 31) in Q5.26.
inline int32_t softmax_difference(int32_t difference, int32_t multiplier, int32_t shift) {
  return fixed_mul(static_cast<int32_t>(static_cast<uint32_t>(difference) << shift), multiplier);
}

// Sum over the row of exp(x - maximum), Q12.19.
inline int32_t softmax_sum(const int8_t* x, int32_t depth, int32_t maximum, int32_t diff_min, int32_t multiplier,
                           int32_t shift) {
  int32_t sum = 0;
  for (int32_t i = 0; i < depth; ++i) {
    const int32_t difference = x[i] - maximum;
    if (difference < diff_min) continue;
    sum += rounding_divide_by_pot(exp_on_negative_q5(softmax_difference(difference, multiplier, shift)), 12);
  }
  return sum;
}

// Source: TFLite reference_ops::Softmax.
template <typename T>
WHIT_ALWAYS_INLINE void softmax(const Softmax<T>& p, const Memory& m) {
  const int8_t* x = input<int8_t>(m, p.input);
  T* y = output<T>(m, p.output);
  for (int32_t row = 0; row < p.rows; ++row, x += p.depth, y += p.depth) {
    const int32_t maximum = row_maximum(x, p.depth);
    const int32_t sum = softmax_sum(x, p.depth, maximum, p.diff_min, p.multiplier, p.shift);
    int32_t bits_over_unit;
    const int32_t scale = reciprocal(sum, 12, &bits_over_unit);
    const int32_t exponent =
        bits_over_unit + 31 -
        static_cast<int32_t>(8 * sizeof(T));  // above 31 every result rounds to 0; the reference gives up
    for (int32_t i = 0; i < p.depth; ++i) {
      const int32_t difference = x[i] - maximum;
      int32_t result = kLowest<T>;
      if (difference >= p.diff_min && exponent <= 31) {
        const int32_t exp = exp_on_negative_q5(softmax_difference(difference, p.multiplier, p.shift));
        result = clamp(rounding_divide_by_pot(fixed_mul(scale, exp), exponent) + kLowest<T>, kLowest<T>, kHighest<T>);
      }
      y[i] = static_cast<T>(result);
    }
  }
}

using SoftmaxS8 = Softmax<int8_t>;
using SoftmaxS8S16 = Softmax<int16_t>;

WHIT_KERNEL void softmax_s8(const SoftmaxS8& p, const Memory& m) { softmax(p, m); }
WHIT_KERNEL void softmax_s8_s16(const SoftmaxS8S16& p, const Memory& m) { softmax(p, m); }

struct LogSoftmaxS8 {
  OpHead head;
  Ref input;   // int8 [rows, depth]
  Ref output;  // int8 [rows, depth], may be the input or start before it
  int32_t rows;
  int32_t depth;
  int32_t multiplier;  // of a difference to the row's maximum, to Q5.26
  int32_t shift;       // >= 0
  int32_t diff_min;
  int32_t reverse_multiplier;  // from Q5.26 back to a difference
  int32_t reverse_shift;       // <= 0
  static constexpr uint8_t kRefs = 2;
};

inline bool check(const LogSoftmaxS8& p, const Extent& e) {
  return within(p.depth, 1, kMaxSoftmaxDepth) && readable(e, p.input, area(p.rows, p.depth)) &&
         writable(e, p.output, area(p.rows, p.depth)) && p.multiplier >= 0 && within(p.shift, 0, 30) &&
         within(p.diff_min, -(1 << 30), 0) && p.reverse_multiplier >= 0 && within(p.reverse_shift, -31, 0);
}

// Source: TFLite reference_integer_ops::LogSoftmax.
WHIT_KERNEL void log_softmax_s8(const LogSoftmaxS8& p, const Memory& m) {
  const int8_t* x = input<int8_t>(m, p.input);
  int8_t* y = output<int8_t>(m, p.output);
  for (int32_t row = 0; row < p.rows; ++row, x += p.depth, y += p.depth) {
    const int32_t maximum = row_maximum(x, p.depth);
    const int32_t log_sum = log_q12_to_q5(softmax_sum(x, p.depth, maximum, p.diff_min, p.multiplier, p.shift));
    const int32_t lowest = multiply_by_quantized_multiplier(log_sum + INT32_MIN, p.reverse_multiplier, p.reverse_shift);
    const int32_t diff_min = lowest > p.diff_min - 1 ? lowest : p.diff_min - 1;
    for (int32_t i = 0; i < p.depth; ++i) {
      const int32_t difference = x[i] - maximum;
      int32_t result = -128;
      if (difference > diff_min) {
        const int32_t log = softmax_difference(difference, p.multiplier, p.shift) - log_sum;
        result = clamp(rounding_divide_by_pot(log, 31 - 5 - 4) + 127, -128, 127);
      }
      y[i] = static_cast<int8_t>(result);
    }
  }
}

struct L2NormalizationS8 {
  OpHead head;
  Ref input;   // int8 [rows, depth]
  Ref output;  // int8 [rows, depth], may be the input or start before it
  int32_t rows;
  int32_t depth;  // at most 2^15: the sum of squares stays within int32
  int32_t zero_point;
  static constexpr uint8_t kRefs = 2;
};

inline constexpr int32_t kMaxL2NormalizationDepth = 32767;

inline bool check(const L2NormalizationS8& p, const Extent& e) {
  return within(p.depth, 1, kMaxL2NormalizationDepth) && readable(e, p.input, area(p.rows, p.depth)) &&
         writable(e, p.output, area(p.rows, p.depth)) && within(p.zero_point, -128, 127);
}

// Source: TFLite reference_integer_ops::L2Normalization.
WHIT_KERNEL void l2_normalization_s8(const L2NormalizationS8& p, const Memory& m) {
  const int8_t* x = input<int8_t>(m, p.input);
  int8_t* y = output<int8_t>(m, p.output);
  for (int32_t row = 0; row < p.rows; ++row, x += p.depth, y += p.depth) {
    int32_t sum = 0;
    for (int32_t i = 0; i < p.depth; ++i) sum += (x[i] - p.zero_point) * (x[i] - p.zero_point);
    int32_t multiplier, shift;
    inverse_sqrt(sum, &multiplier, &shift);
    for (int32_t i = 0; i < p.depth; ++i) {
      const int32_t result = multiply_by_quantized_multiplier(x[i] - p.zero_point, multiplier, shift + 7);
      y[i] = static_cast<int8_t>(clamp(result, -128, 127));
    }
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_SOFTMAX_S8_HPP_
