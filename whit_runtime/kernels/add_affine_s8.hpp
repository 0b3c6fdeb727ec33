// Add or subtract, int8, as one affine form: y = saturate((a * x1 + b * x2 + c) >> 21).
// The workshop uses it only where it has proved that all 65,536 pairs of inputs give the specification's bits.
// Does not broadcast; add_s8 does, and computes the specification literally.
#ifndef WHIT_RUNTIME_KERNELS_ADD_AFFINE_S8_HPP_
#define WHIT_RUNTIME_KERNELS_ADD_AFFINE_S8_HPP_

#include "whit_runtime/kernels/kernel.hpp"

// Armv7-M; WHIT_DSP_PORTABLE leaves the assembly out, for tests.
#if defined(__ARM_FEATURE_SAT) && defined(__thumb2__) && !defined(WHIT_DSP_PORTABLE)
#define WHIT_ADD_AFFINE_ASM
#endif

namespace whit::rt {

inline constexpr int32_t kAddAffineShift = 21;

struct AddAffineS8 {
  OpHead head;
  Ref input1;  // int8 [count], at a multiple of four
  Ref input2;  // int8 [count], at a multiple of four
  Ref output;  // int8 [count], may be an input or start before it
  int32_t count;
  int32_t a;  // of input1
  int32_t b;  // of input2
  int32_t c;
  static constexpr uint8_t kRefs = 3;
};

inline bool check(const AddAffineS8& p, const Extent& e) {
  return readable(e, p.input1, area(p.count), 4) && readable(e, p.input2, area(p.count), 4) &&
         writable(e, p.output, area(p.count));
}

#if defined(WHIT_ADD_AFFINE_ASM)
// One byte of a word of each input: 6 instructions. gcc copies registers and adds c apart.
#define WHIT_ADD_AFFINE(x1, x2, ror)  \
  "sxtb r10, " x1 ", ror #" ror       \
  "\n"                                \
  "sxtb r11, " x2 ", ror #" ror       \
  "\n"                                \
  "mla r10, r10, %[a], %[c]\n"        \
  "mla r10, r11, %[b], r10\n"         \
  "ssat r10, #8, r10, asr %[shift]\n" \
  "strb r10, [%[y]], #1\n"

// `eights` > 0 times eight elements, each eight read before they are written.
WHIT_NOINLINE void add_affine_eights(const int8_t* x1, const int8_t* x2, int8_t* y, int32_t eights, int32_t a,
                                     int32_t b, int32_t c) {
  __asm__ volatile(
      "1:\n"
      "ldmia %[x1]!, {r4, r5}\n"
      "ldmia %[x2]!, {r6, r8}\n"  // clang-format off
      WHIT_ADD_AFFINE("r4", "r6", "0") WHIT_ADD_AFFINE("r4", "r6", "8")
      WHIT_ADD_AFFINE("r4", "r6", "16") WHIT_ADD_AFFINE("r4", "r6", "24")
      WHIT_ADD_AFFINE("r5", "r8", "0") WHIT_ADD_AFFINE("r5", "r8", "8")
      WHIT_ADD_AFFINE("r5", "r8", "16") WHIT_ADD_AFFINE("r5", "r8", "24")  // clang-format on
      "subs %[n], #1\n"
      "bne 1b\n"
      : [x1] "+r"(x1), [x2] "+r"(x2), [y] "+r"(y), [n] "+r"(eights)
      : [a] "r"(a), [b] "r"(b), [c] "r"(c), [shift] "I"(kAddAffineShift)
      : "r4", "r5", "r6", "r8", "r10", "r11", "cc", "memory");
}
#undef WHIT_ADD_AFFINE
#endif

WHIT_KERNEL void add_affine_s8(const AddAffineS8& p, const Memory& m) {
  const int8_t* x1 = input<int8_t>(m, p.input1);
  const int8_t* x2 = input<int8_t>(m, p.input2);
  int8_t* y = output<int8_t>(m, p.output);
  const uint32_t a = static_cast<uint32_t>(p.a), b = static_cast<uint32_t>(p.b), c = static_cast<uint32_t>(p.c);
  int32_t left = p.count;
#if defined(WHIT_ADD_AFFINE_ASM)
  const int32_t whole = left & ~7;
  if (whole > 0) add_affine_eights(x1, x2, y, whole / 8, p.a, p.b, p.c);
  x1 += whole;
  x2 += whole;
  y += whole;
  left -= whole;
#else
#pragma GCC unroll 4
#endif
  for (; left > 0; --left) {
    // Wraps where the sum left 32 bits: the workshop excludes it.
    const uint32_t sum = a * static_cast<uint32_t>(*x1++) + b * static_cast<uint32_t>(*x2++) + c;
    *y++ = static_cast<int8_t>(clamp(static_cast<int32_t>(sum) >> kAddAffineShift, -128, 127));
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_ADD_AFFINE_S8_HPP_
