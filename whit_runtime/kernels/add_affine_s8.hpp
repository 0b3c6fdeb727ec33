// Add or subtract, int8, as one affine form: y = saturate((a * x1 + b * x2 + c) >> 21).
// The workshop uses it only where it has proved that all 65,536 pairs of inputs give the specification's bits.
// Does not broadcast; add_s8 does, and computes the specification literally.
#ifndef WHIT_RUNTIME_KERNELS_ADD_AFFINE_S8_HPP_
#define WHIT_RUNTIME_KERNELS_ADD_AFFINE_S8_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

inline constexpr int32_t kAddAffineShift = 21;

struct AddAffineS8 {
  OpHead head;
  Ref input1;  // int8 [count]
  Ref input2;  // int8 [count]
  Ref output;  // int8 [count], may be an input or start before it
  int32_t count;
  int32_t a;  // of input1
  int32_t b;  // of input2
  int32_t c;
  static constexpr uint8_t kRefs = 3;
};

inline bool check(const AddAffineS8& p, const Extent& e) {
  return readable(e, p.input1, area(p.count)) && readable(e, p.input2, area(p.count)) &&
         writable(e, p.output, area(p.count));
}

// saturate(sum >> 21) to int8. Wraps where the sum left 32 bits: the workshop excludes it.
WHIT_ALWAYS_INLINE int32_t add_affine_result(int32_t a, int32_t x1, int32_t b, int32_t x2, int32_t c) {
  const uint32_t sum = static_cast<uint32_t>(a) * static_cast<uint32_t>(x1) +
                       static_cast<uint32_t>(b) * static_cast<uint32_t>(x2) + static_cast<uint32_t>(c);
#if defined(__ARM_FEATURE_DSP) || defined(__ARM_FEATURE_SAT)
  int32_t result;
  __asm__("ssat %0, #8, %1, asr %2" : "=r"(result) : "r"(sum), "I"(kAddAffineShift));
  return result;
#else
  return clamp(static_cast<int32_t>(sum) >> kAddAffineShift, -128, 127);
#endif
}

WHIT_KERNEL void add_affine_s8(const AddAffineS8& p, const Memory& m) {
  const int8_t* x1 = input<int8_t>(m, p.input1);
  const int8_t* x2 = input<int8_t>(m, p.input2);
  int8_t* y = output<int8_t>(m, p.output);
  const int32_t a = p.a, b = p.b, c = p.c;
  int32_t left = p.count;
#if defined(__arm__) || defined(__riscv)
  for (; left >= 4; left -= 4, x1 += 4, x2 += 4, y += 4) {
    uint32_t u, v;  // four of each, read before written: the output may start before an input
    memcpy(&u, x1, 4);
    memcpy(&v, x2, 4);
    y[0] = static_cast<int8_t>(add_affine_result(a, static_cast<int8_t>(u), b, static_cast<int8_t>(v), c));
    y[1] = static_cast<int8_t>(add_affine_result(a, static_cast<int8_t>(u >> 8), b, static_cast<int8_t>(v >> 8), c));
    y[2] = static_cast<int8_t>(add_affine_result(a, static_cast<int8_t>(u >> 16), b, static_cast<int8_t>(v >> 16), c));
    y[3] = static_cast<int8_t>(add_affine_result(a, static_cast<int8_t>(u >> 24), b, static_cast<int8_t>(v >> 24), c));
  }
#endif
  for (; left > 0; --left) *y++ = static_cast<int8_t>(add_affine_result(a, *x1++, b, *x2++, c));
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_ADD_AFFINE_S8_HPP_
