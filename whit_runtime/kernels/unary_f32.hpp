// Unary float32 ops: y[i] = f(x[i]) with f by number; emitted code keeps only the functions it names.
// Source: TFLite reference_ops. The error of exp, tanh and the like is that of the C library in use.
#ifndef WHIT_RUNTIME_KERNELS_UNARY_F32_HPP_
#define WHIT_RUNTIME_KERNELS_UNARY_F32_HPP_

#include <math.h>

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

// Part of the blob format: never renumber.
enum class UnaryFunction : int32_t {
  clamp = 0,       // to [a, b]: relu and its kin
  leaky_relu = 1,  // a: slope below 0
  elu = 2,
  hard_swish = 3,
  logistic = 4,
  tanh = 5,
  abs = 6,
  neg = 7,
  exp = 8,
  log = 9,
  sqrt = 10,
  rsqrt = 11,
  square = 12,
  sin = 13,
  cos = 14,
  floor = 15,
  ceil = 16,
  round = 17,  // half to even
  erf = 18,
};
inline constexpr int32_t kUnaryFunctions = 19;

struct UnaryF32 {
  OpHead head;
  Ref input;   // float32 [count]
  Ref output;  // float32 [count], may be the input or start before it
  int32_t count;
  int32_t function;  // UnaryFunction
  int32_t a_bits;
  int32_t b_bits;
  static constexpr uint8_t kRefs = 2;
};

inline bool check(const UnaryF32& p, const Extent& e) {
  return readable(e, p.input, area(p.count) * 4, 4) && writable(e, p.output, area(p.count) * 4, 4) &&
         within(p.function, 0, kUnaryFunctions - 1);
}

template <typename F>
WHIT_ALWAYS_INLINE void map_f32(const UnaryF32& p, const Memory& m, F f) {
  const float* x = input<float>(m, p.input);
  float* y = output<float>(m, p.output);
  for (int32_t i = 0; i < p.count; ++i) y[i] = f(x[i]);
}

inline float logistic_value(float x) {
  if (x > 16.619047164916992188f) return 1.0f;
  if (x < -9.0f) return expf(x);
  return 1.0f / (1.0f + expf(-x));
}

inline float hard_swish_value(float x) {
  const float gate = x + 3.0f;
  return x * (gate < 0.0f ? 0.0f : (gate > 6.0f ? 6.0f : gate)) / 6.0f;
}

inline float round_half_even(float x) {
  const float low = floorf(x);
  const float rest = x - low;
  if (rest < 0.5f || (rest == 0.5f && floorf(low * 0.5f) * 2.0f == low)) return low;
  return low + 1.0f;
}

WHIT_KERNEL void unary_f32(const UnaryF32& p, const Memory& m) {
  const float a = f32_from_bits(p.a_bits), b = f32_from_bits(p.b_bits);
  switch (static_cast<UnaryFunction>(p.function)) {
    case UnaryFunction::clamp:
      return map_f32(p, m, [=](float x) { return x < a ? a : (x > b ? b : x); });
    case UnaryFunction::leaky_relu:
      return map_f32(p, m, [=](float x) { return x > 0.0f ? x : x * a; });
    case UnaryFunction::elu:
      return map_f32(p, m, [](float x) { return x < 0.0f ? expm1f(x) : x; });
    case UnaryFunction::hard_swish:
      return map_f32(p, m, [](float x) { return hard_swish_value(x); });
    case UnaryFunction::logistic:
      return map_f32(p, m, [](float x) { return logistic_value(x); });
    case UnaryFunction::tanh:
      return map_f32(p, m, [](float x) { return tanhf(x); });
    case UnaryFunction::abs:
      return map_f32(p, m, [](float x) { return fabsf(x); });
    case UnaryFunction::neg:
      return map_f32(p, m, [](float x) { return -x; });
    case UnaryFunction::exp:
      return map_f32(p, m, [](float x) { return expf(x); });
    case UnaryFunction::log:
      return map_f32(p, m, [](float x) { return logf(x); });
    case UnaryFunction::sqrt:
      return map_f32(p, m, [](float x) { return sqrtf(x); });
    case UnaryFunction::rsqrt:
      return map_f32(p, m, [](float x) { return 1.0f / sqrtf(x); });
    case UnaryFunction::square:
      return map_f32(p, m, [](float x) { return x * x; });
    case UnaryFunction::sin:
      return map_f32(p, m, [](float x) { return sinf(x); });
    case UnaryFunction::cos:
      return map_f32(p, m, [](float x) { return cosf(x); });
    case UnaryFunction::floor:
      return map_f32(p, m, [](float x) { return floorf(x); });
    case UnaryFunction::ceil:
      return map_f32(p, m, [](float x) { return ceilf(x); });
    case UnaryFunction::round:
      return map_f32(p, m, [](float x) { return round_half_even(x); });
    case UnaryFunction::erf:
      return map_f32(p, m, [](float x) { return erff(x); });
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_UNARY_F32_HPP_
