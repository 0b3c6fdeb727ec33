// Elementwise ops with two int8 operands (add, subtract and multiply: also int16) and broadcasting: add, subtract,
// multiply, squared difference, maximum, minimum, prelu, comparisons. The TFLite int8 specification literally;
// add_affine_s8 and lookup_s8 are the fast forms. Does not rescale the operands of maximum and minimum: as in TFLite
// they compare stored values.
#ifndef WHIT_RUNTIME_KERNELS_BINARY_S8_HPP_
#define WHIT_RUNTIME_KERNELS_BINARY_S8_HPP_

#include "whit_runtime/kernels/activations.hpp"
#include "whit_runtime/kernels/broadcast.hpp"

namespace whit::rt {

// A quantized scale factor, see multiply_by_quantized_multiplier.
struct Scale {
  int32_t multiplier;
  int32_t shift;
};

inline bool check(const Scale& s) { return s.multiplier >= 0 && within(s.shift, -31, 30); }
inline int32_t scaled(int32_t x, const Scale& s) { return multiply_by_quantized_multiplier(x, s.multiplier, s.shift); }

// y = f(x1, x2) for each element of two operands of type T.
template <typename T = int8_t, typename Params, typename F>
WHIT_ALWAYS_INLINE void binary_quantized(const Params& p, const Memory& m, F f) {
  broadcast(p.broadcast, input<T>(m, p.input1), input<T>(m, p.input2), output<T>(m, p.output), f);
}

// The operands' places, and the zero points of those that have one each.
template <typename T = int8_t, typename Params>
inline bool check_operands(const Params& p, const Extent& e) {
  return check_broadcast(p.broadcast, p.input1, p.input2, p.output, sizeof(T), sizeof(T), e) &&
         within(p.zero_point1, kLowest<T>, kHighest<T>) && within(p.zero_point2, kLowest<T>, kHighest<T>);
}

// A sum, product or square, rescaled, shifted and clamped as the record says.
template <typename T = int8_t, typename Params>
WHIT_ALWAYS_INLINE T to_output(const Params& p, int32_t x) {
  return static_cast<T>(clamp(scaled(x, p.output_scale) + p.output_zero_point, p.output_min, p.output_max));
}

// add_s8, add_s16, squared_difference_s8. Both operands are brought to a common scale first.
template <typename T>
struct Add {
  OpHead head;
  Ref input1;  // T, the dimensions of `broadcast`
  Ref input2;
  Ref output;  // T, may be an operand of the same shape or start before it
  Broadcast broadcast;
  int32_t zero_point1;
  int32_t zero_point2;
  Scale scale1;
  Scale scale2;
  int32_t sign2;  // 1, or -1 to subtract
  Scale output_scale;
  int32_t output_zero_point;
  int32_t output_min;
  int32_t output_max;
  static constexpr uint8_t kRefs = 3;
};

template <typename T>
inline bool check(const Add<T>& p, const Extent& e) {
  return check_operands<T>(p, e) && check(p.scale1) && check(p.scale2) && (p.sign2 == 1 || p.sign2 == -1) &&
         check(p.output_scale) && check_output<T>(p);
}

// x1 + sign2 * x2. Source: TFLite reference_integer_ops::AddFunc, reference_ops::Sub; left shift 20, of int16 15.
template <typename T>
WHIT_ALWAYS_INLINE void add_quantized(const Add<T>& p, const Memory& m) {
  constexpr int32_t kOne = sizeof(T) == 1 ? 1 << 20 : 1 << 15;
  binary_quantized<T>(p, m, [&p](int32_t x1, int32_t x2) {
    const int32_t sum =
        scaled((x1 - p.zero_point1) * kOne, p.scale1) + p.sign2 * scaled((x2 - p.zero_point2) * kOne, p.scale2);
    return to_output<T>(p, sum);
  });
}

using AddS8 = Add<int8_t>;
using AddS16 = Add<int16_t>;

WHIT_KERNEL void add_s8(const AddS8& p, const Memory& m) { add_quantized(p, m); }
WHIT_KERNEL void add_s16(const AddS16& p, const Memory& m) { add_quantized(p, m); }

// (x1 - x2)^2. Source: TFLite squared_difference.cc; left shift 7.
WHIT_KERNEL void squared_difference_s8(const AddS8& p, const Memory& m) {
  binary_quantized(p, m, [&p](int32_t x1, int32_t x2) {
    const uint32_t difference = static_cast<uint32_t>(scaled((x1 - p.zero_point1) * (1 << 7), p.scale1) -
                                                      scaled((x2 - p.zero_point2) * (1 << 7), p.scale2));
    return to_output(p, static_cast<int32_t>(difference * difference));
  });
}

template <typename T>
struct Mul {
  OpHead head;
  Ref input1;  // T, the dimensions of `broadcast`
  Ref input2;
  Ref output;  // T, may be an operand of the same shape or start before it
  Broadcast broadcast;
  int32_t zero_point1;
  int32_t zero_point2;
  Scale output_scale;
  int32_t output_zero_point;
  int32_t output_min;
  int32_t output_max;
  static constexpr uint8_t kRefs = 3;
};

template <typename T>
inline bool check(const Mul<T>& p, const Extent& e) {
  return check_operands<T>(p, e) && check(p.output_scale) && check_output<T>(p);
}

// x1 * x2. Source: TFLite reference_integer_ops::Mul.
template <typename T>
WHIT_ALWAYS_INLINE void mul_quantized(const Mul<T>& p, const Memory& m) {
  binary_quantized<T>(
      p, m, [&p](int32_t x1, int32_t x2) { return to_output<T>(p, (x1 - p.zero_point1) * (x2 - p.zero_point2)); });
}

using MulS8 = Mul<int8_t>;
using MulS16 = Mul<int16_t>;

WHIT_KERNEL void mul_s8(const MulS8& p, const Memory& m) { mul_quantized(p, m); }
WHIT_KERNEL void mul_s16(const MulS16& p, const Memory& m) { mul_quantized(p, m); }

// prelu_s8: operand 2 is alpha.
struct PreluS8 {
  OpHead head;
  Ref input1;  // int8, the dimensions of `broadcast`
  Ref input2;
  Ref output;  // int8, may be input1 or start before it
  Broadcast broadcast;
  int32_t zero_point1;
  int32_t zero_point2;
  Scale positive_scale;
  Scale negative_scale;
  int32_t output_zero_point;
  static constexpr uint8_t kRefs = 3;
};

inline bool check(const PreluS8& p, const Extent& e) {
  return check_operands(p, e) && check(p.positive_scale) && check(p.negative_scale) &&
         within(p.output_zero_point, -128, 127);
}

// x >= 0 ? x : x * alpha. Source: TFLite reference_ops::Prelu.
WHIT_KERNEL void prelu_s8(const PreluS8& p, const Memory& m) {
  binary_quantized(p, m, [&p](int32_t x, int32_t alpha) {
    const int32_t value = x - p.zero_point1;
    const int32_t y =
        value >= 0 ? scaled(value, p.positive_scale) : scaled(value * (alpha - p.zero_point2), p.negative_scale);
    return static_cast<int8_t>(clamp(y + p.output_zero_point, -128, 127));
  });
}

// maximum_s8, minimum_s8.
struct ExtremumS8 {
  OpHead head;
  Ref input1;  // int8, the dimensions of `broadcast`
  Ref input2;
  Ref output;  // int8, may be an operand of the same shape or start before it
  Broadcast broadcast;
  static constexpr uint8_t kRefs = 3;
};

inline bool check(const ExtremumS8& p, const Extent& e) {
  return check_broadcast(p.broadcast, p.input1, p.input2, p.output, 1, 1, e);
}

WHIT_KERNEL void maximum_s8(const ExtremumS8& p, const Memory& m) {
  binary_quantized(p, m, [](int8_t x1, int8_t x2) { return x1 > x2 ? x1 : x2; });
}

WHIT_KERNEL void minimum_s8(const ExtremumS8& p, const Memory& m) {
  binary_quantized(p, m, [](int8_t x1, int8_t x2) { return x1 < x2 ? x1 : x2; });
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_BINARY_S8_HPP_
