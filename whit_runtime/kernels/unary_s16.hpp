// Ops of one int16 operand: rescale_s16 (the relu family, leaky relu), logistic_s16 and tanh_s16, softmax_s16.
// Zero points of the last three are 0, their outputs Q0.15. Tables are made by the workshop.
#ifndef WHIT_RUNTIME_KERNELS_UNARY_S16_HPP_
#define WHIT_RUNTIME_KERNELS_UNARY_S16_HPP_

#include "whit_runtime/kernels/binary_s8.hpp"
#include "whit_runtime/kernels/fixed_point.hpp"

namespace whit::rt {

struct RescaleS16 {
  OpHead head;
  Ref input;   // int16 [count]
  Ref output;  // int16 [count], may be the input or start before it
  int32_t count;
  int32_t input_zero_point;
  int32_t output_zero_point;
  Scale positive;         // of values not below the zero point
  Scale negative;         // of the others
  int32_t negative_sign;  // 1, or -1 for a slope below 0
  int32_t output_min;
  int32_t output_max;
  static constexpr uint8_t kRefs = 2;
};

inline bool check(const RescaleS16& p, const Extent& e) {
  return readable(e, p.input, area(p.count) * 2, 2) && writable(e, p.output, area(p.count) * 2, 2) &&
         check(p.positive) && check(p.negative) && within(p.negative_sign, -1, 1) && check_ranges<int16_t>(p);
}

// Source: TFLite reference_ops::QuantizeLeakyRelu, ReluX.
WHIT_KERNEL void rescale_s16(const RescaleS16& p, const Memory& m) {
  const int16_t* x = input<int16_t>(m, p.input);
  int16_t* y = output<int16_t>(m, p.output);
  for (int32_t i = 0; i < p.count; ++i) {
    const int32_t value = x[i] - p.input_zero_point;
    const int32_t moved = value >= 0 ? scaled(value, p.positive) : p.negative_sign * scaled(value, p.negative);
    y[i] = static_cast<int16_t>(clamp(moved + p.output_zero_point, p.output_min, p.output_max));
  }
}

struct SigmoidS16 {
  OpHead head;
  Ref input;   // int16 [count]
  Ref output;  // int16 [count], may be the input or start before it
  Ref table;   // uint16 [256]: 2^16 * logistic(i / 24)
  int32_t count;
  int32_t multiplier;  // [0, 65535]; x * multiplier >> shift has the scale 1 / (3 * 4096)
  int32_t shift;       // [0, 30]
  static constexpr uint8_t kRefs = 3;
};

inline bool check(const SigmoidS16& p, const Extent& e) {
  return readable(e, p.input, area(p.count) * 2, 2) && writable(e, p.output, area(p.count) * 2, 2) &&
         readable(e, p.table, 512, 2) && within(p.multiplier, 0, 65535) && within(p.shift, 0, 30);
}

inline int32_t sigmoid_input(const SigmoidS16& p, int32_t x) {
  const int64_t rounding = p.shift > 0 ? int64_t{1} << (p.shift - 1) : 0;
  return static_cast<int32_t>((static_cast<int64_t>(x) * p.multiplier + rounding) >> p.shift);
}

// table[|x|] with `bits` bits of |x| between the entries, in Q0.(16 + bits); the last entries stand for `limit`.
inline int32_t sigmoid_between(const uint16_t* table, int32_t x, int32_t bits, int32_t limit) {
  const uint32_t magnitude = x < 0 ? 0u - static_cast<uint32_t>(x) : static_cast<uint32_t>(x);
  const uint32_t at = magnitude >> bits;
  if (at >= 255) return limit;
  const int32_t rest = static_cast<int32_t>(magnitude & ((1u << bits) - 1));
  return (table[at] << bits) + rest * (table[at + 1] - table[at]);
}

// Source: TFLite reference_integer_ops::Logistic of int16.
WHIT_KERNEL void logistic_s16(const SigmoidS16& p, const Memory& m) {
  const int16_t* x = input<int16_t>(m, p.input);
  int16_t* y = output<int16_t>(m, p.output);
  const uint16_t* table = input<uint16_t>(m, p.table);
  for (int32_t i = 0; i < p.count; ++i) {
    const int32_t at = sigmoid_input(p, x[i]);
    const int32_t value = sigmoid_between(table, at, 9, 0x7FFF << 10);
    y[i] = static_cast<int16_t>((at >= 0 ? value + (1 << 9) : (1 << 25) - value + (1 << 9) - 1) >> 10);
  }
}

// tanh(x) = 2 * logistic(2x) - 1. Source: TFLite reference_integer_ops::Tanh of int16.
WHIT_KERNEL void tanh_s16(const SigmoidS16& p, const Memory& m) {
  const int16_t* x = input<int16_t>(m, p.input);
  int16_t* y = output<int16_t>(m, p.output);
  const uint16_t* table = input<uint16_t>(m, p.table);
  for (int32_t i = 0; i < p.count; ++i) {
    const int32_t at = sigmoid_input(p, x[i]);
    const int32_t value = sigmoid_between(table, at, 8, 0xFFFF << 8);
    y[i] = static_cast<int16_t>((at >= 0 ? value - (1 << 23) + (1 << 7) : -value + (1 << 23) + (1 << 7) - 1) >> 8);
  }
}

struct SoftmaxS16 {
  OpHead head;
  Ref input;             // int16 [rows, depth]
  Ref output;            // int16 [rows, depth], may be the input or start before it
  Ref exp_table;         // int16 [513]: exp from -10 to 0
  Ref reciprocal_table;  // int16 [513]: 1 / (1 + x) from 0 to 1
  int32_t rows;
  int32_t depth;       // [1, 65535]: the sum has 16 integer bits
  int32_t multiplier;  // of a difference to the row's maximum: -65535 stands for -10
  int32_t shift;
  static constexpr uint8_t kRefs = 4;
};

inline bool check(const SoftmaxS16& p, const Extent& e) {
  return within(p.depth, 1, 65535) && readable(e, p.input, area(p.rows, p.depth) * 2, 2) &&
         writable(e, p.output, area(p.rows, p.depth) * 2, 2) && readable(e, p.exp_table, 1026, 2) &&
         readable(e, p.reciprocal_table, 1026, 2) && p.multiplier >= 0 && within(p.shift, -31, 30);
}

// A function given at every 128th of the int16 values, the last at 32768. Source: TFLite LUTLookup.
inline int32_t table_s16(const int16_t* table, int32_t x) {
  const int32_t at = 256 + (x >> 7);
  const int32_t slope = static_cast<int16_t>(table[at + 1] - table[at]);
  return static_cast<int16_t>(table[at] + ((slope * (x & 127) + 64) >> 7));
}

// Source: TFLite reference_ops::SoftmaxInt16.
WHIT_KERNEL void softmax_s16(const SoftmaxS16& p, const Memory& m) {
  const int16_t* x = input<int16_t>(m, p.input);
  int16_t* y = output<int16_t>(m, p.output);
  const int16_t* exp_table = input<int16_t>(m, p.exp_table);
  for (int32_t row = 0; row < p.rows; ++row, x += p.depth, y += p.depth) {
    int32_t maximum = -32768;
    for (int32_t i = 0; i < p.depth; ++i) maximum = x[i] > maximum ? x[i] : maximum;
    int32_t sum = 0;  // Q16.15
    for (int32_t i = 0; i < p.depth; ++i) {
      const int32_t difference = multiply_by_quantized_multiplier(x[i] - maximum, p.multiplier, p.shift);
      y[i] = static_cast<int16_t>(table_s16(exp_table, clamp(difference + 32767, -32768, 32767)));
      sum += y[i];
    }
    const int32_t headroom = leading_zeros(static_cast<uint32_t>(sum | 1));
    if (headroom < 1 || headroom > 30) continue;  // tables that no workshop makes
    const int32_t normal = static_cast<int32_t>(((int64_t{sum} << (headroom - 1)) + (1 << 13)) >> 14);
    const int32_t reciprocal =
        table_s16(input<int16_t>(m, p.reciprocal_table), clamp(normal - (1 << 15) - (1 << 16), -32768, 32767));
    const int32_t shift = 31 - headroom;
    for (int32_t i = 0; i < p.depth; ++i) {
      const int64_t product = int64_t{y[i]} * reciprocal + (int64_t{1} << (shift - 1));
      y[i] = static_cast<int16_t>(clamp(static_cast<int32_t>(product >> shift), 0, 32767));
    }
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_UNARY_S16_HPP_
