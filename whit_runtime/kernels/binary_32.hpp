// Elementwise ops with two operands of 32 bits and broadcasting: float32 add, sub, mul, div, maximum, minimum, squared
// difference, prelu, pow; int32 add, sub, mul, maximum, minimum for index arithmetic. Source: TFLite reference_ops.
// Integers wrap. Does not divide integers.
#ifndef WHIT_RUNTIME_KERNELS_BINARY_32_HPP_
#define WHIT_RUNTIME_KERNELS_BINARY_32_HPP_

#include <math.h>

#include "whit_runtime/kernels/broadcast.hpp"
#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

struct BinaryF32 {
  OpHead head;
  Ref input1;  // float32, the dimensions of `broadcast`
  Ref input2;
  Ref output;  // float32, may be an operand of the same shape or start before it
  Broadcast broadcast;
  int32_t output_min_bits;  // fused activation as float32 bits; -inf and inf: none
  int32_t output_max_bits;
  static constexpr uint8_t kRefs = 3;
};

inline bool check(const BinaryF32& p, const Extent& e) {
  return check_broadcast(p.broadcast, p.input1, p.input2, p.output, 4, 4, e);
}

// A NaN stays a NaN.
template <typename F>
WHIT_ALWAYS_INLINE void binary_f32(const BinaryF32& p, const Memory& m, F f) {
  const float low = f32_from_bits(p.output_min_bits), high = f32_from_bits(p.output_max_bits);
  broadcast(p.broadcast, input<float>(m, p.input1), input<float>(m, p.input2), output<float>(m, p.output),
            [&](float x1, float x2) { return clamp_f32(f(x1, x2), low, high); });
}

WHIT_KERNEL void add_f32(const BinaryF32& p, const Memory& m) {
  binary_f32(p, m, [](float x1, float x2) { return x1 + x2; });
}
WHIT_KERNEL void sub_f32(const BinaryF32& p, const Memory& m) {
  binary_f32(p, m, [](float x1, float x2) { return x1 - x2; });
}
WHIT_KERNEL void mul_f32(const BinaryF32& p, const Memory& m) {
  binary_f32(p, m, [](float x1, float x2) { return x1 * x2; });
}
WHIT_KERNEL void div_f32(const BinaryF32& p, const Memory& m) {
  binary_f32(p, m, [](float x1, float x2) { return x1 / x2; });
}
WHIT_KERNEL void maximum_f32(const BinaryF32& p, const Memory& m) {
  binary_f32(p, m, [](float x1, float x2) { return x1 > x2 ? x1 : x2; });
}
WHIT_KERNEL void minimum_f32(const BinaryF32& p, const Memory& m) {
  binary_f32(p, m, [](float x1, float x2) { return x1 < x2 ? x1 : x2; });
}
WHIT_KERNEL void squared_difference_f32(const BinaryF32& p, const Memory& m) {
  binary_f32(p, m, [](float x1, float x2) { return (x1 - x2) * (x1 - x2); });
}
WHIT_KERNEL void prelu_f32(const BinaryF32& p, const Memory& m) {
  binary_f32(p, m, [](float x, float alpha) { return x >= 0.0f ? x : x * alpha; });
}

WHIT_KERNEL void pow_f32(const BinaryF32& p, const Memory& m) {
  binary_f32(p, m, [](float x, float exponent) { return powf(x, exponent); });
}

struct BinaryI32 {
  OpHead head;
  Ref input1;  // int32, the dimensions of `broadcast`
  Ref input2;
  Ref output;  // int32, may be an operand of the same shape or start before it
  Broadcast broadcast;
  static constexpr uint8_t kRefs = 3;
};

inline bool check(const BinaryI32& p, const Extent& e) {
  return check_broadcast(p.broadcast, p.input1, p.input2, p.output, 4, 4, e);
}

template <typename F>
WHIT_ALWAYS_INLINE void binary_i32(const BinaryI32& p, const Memory& m, F f) {
  broadcast(p.broadcast, input<int32_t>(m, p.input1), input<int32_t>(m, p.input2), output<int32_t>(m, p.output),
            [&](int32_t x1, int32_t x2) {
              return static_cast<int32_t>(f(static_cast<uint32_t>(x1), static_cast<uint32_t>(x2)));
            });
}

WHIT_KERNEL void add_i32(const BinaryI32& p, const Memory& m) {
  binary_i32(p, m, [](uint32_t x1, uint32_t x2) { return x1 + x2; });
}
WHIT_KERNEL void sub_i32(const BinaryI32& p, const Memory& m) {
  binary_i32(p, m, [](uint32_t x1, uint32_t x2) { return x1 - x2; });
}
WHIT_KERNEL void mul_i32(const BinaryI32& p, const Memory& m) {
  binary_i32(p, m, [](uint32_t x1, uint32_t x2) { return x1 * x2; });
}
WHIT_KERNEL void maximum_i32(const BinaryI32& p, const Memory& m) {
  binary_i32(p, m,
             [](uint32_t x1, uint32_t x2) { return static_cast<int32_t>(x1) > static_cast<int32_t>(x2) ? x1 : x2; });
}
WHIT_KERNEL void minimum_i32(const BinaryI32& p, const Memory& m) {
  binary_i32(p, m,
             [](uint32_t x1, uint32_t x2) { return static_cast<int32_t>(x1) < static_cast<int32_t>(x2) ? x1 : x2; });
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_BINARY_32_HPP_
