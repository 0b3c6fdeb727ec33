// The DSP instructions of Armv7E-M that the arm_dsp kernels use, each with a portable definition.
// With __ARM_FEATURE_DSP each is one instruction; elsewhere the same bits from plain C++, so any host can play a
// Program. Does not hold loops: gcc neither post-increments nor loads multiple from these, inner loops are written in
// asm.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_INTRINSICS_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_INTRINSICS_HPP_

#include "whit_runtime/kernels/kernel.hpp"

// WHIT_DSP_PORTABLE: the plain definitions even there, so that a test can compare both on the target.
#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && !defined(WHIT_DSP_PORTABLE)
#define WHIT_ARM_DSP 1
#else
#define WHIT_ARM_DSP 0
#endif

// A function written wholly in assembly: no prologue, never inlined, no guess of the compiler about what it touches.
#ifdef __clang__
#define WHIT_DSP_ASSEMBLY __attribute__((naked, noinline, unused)) static
#else
#define WHIT_DSP_ASSEMBLY __attribute__((naked, noipa, unused)) static
#endif

namespace whit::rt::dsp {

// Four bytes from any address.
WHIT_ALWAYS_INLINE uint32_t load32(const void* p) {
  uint32_t v;
  __builtin_memcpy(&v, p, 4);  // not the library function: one LDR, also with -ffreestanding
  return v;
}

// The signed low and high halfword of a word.
WHIT_ALWAYS_INLINE int32_t low16(uint32_t v) { return static_cast<int16_t>(v & 0xffffu); }
WHIT_ALWAYS_INLINE int32_t high16(uint32_t v) { return static_cast<int16_t>(v >> 16); }
WHIT_ALWAYS_INLINE uint32_t halves(int32_t low, int32_t high) {
  return (static_cast<uint32_t>(low) & 0xffffu) | static_cast<uint32_t>(high) << 16;
}

// a + x*y, wrapping.
WHIT_ALWAYS_INLINE int32_t wrapping_add(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}
WHIT_ALWAYS_INLINE int32_t wrapping_shift_left(int32_t a, int32_t n) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) << n);
}

#if WHIT_ARM_DSP

#define WHIT_DSP_3(name, text)                                         \
  WHIT_ALWAYS_INLINE int32_t name(uint32_t x, uint32_t y, int32_t a) { \
    int32_t d;                                                         \
    asm(text " %0, %1, %2, %3" : "=r"(d) : "r"(x), "r"(y), "r"(a));    \
    return d;                                                          \
  }
WHIT_DSP_3(smlad, "smlad")
WHIT_DSP_3(smlabb, "smlabb")
WHIT_DSP_3(smlabt, "smlabt")
WHIT_DSP_3(smlatb, "smlatb")
WHIT_DSP_3(smlatt, "smlatt")
#undef WHIT_DSP_3

WHIT_ALWAYS_INLINE int32_t smmla(int32_t x, int32_t y, int32_t a) {
  int32_t d;
  asm("smmla %0, %1, %2, %3" : "=r"(d) : "r"(x), "r"(y), "r"(a));
  return d;
}
template <int kShift = 0>
WHIT_ALWAYS_INLINE int32_t ssat8(int32_t x) {
  int32_t d;
  if (kShift == 0) {
    asm("ssat %0, #8, %1" : "=r"(d) : "r"(x));
  } else {
    asm("ssat %0, #8, %1, asr %2" : "=r"(d) : "r"(x), "I"(kShift == 0 ? 1 : kShift));
  }
  return d;
}
WHIT_ALWAYS_INLINE uint32_t sxtb16(uint32_t x) {
  uint32_t d;
  asm("sxtb16 %0, %1" : "=r"(d) : "r"(x));
  return d;
}
WHIT_ALWAYS_INLINE uint32_t sxtb16_ror8(uint32_t x) {
  uint32_t d;
  asm("sxtb16 %0, %1, ror #8" : "=r"(d) : "r"(x));
  return d;
}
WHIT_ALWAYS_INLINE uint32_t pkhbt(uint32_t low, uint32_t high_from_low) {
  uint32_t d;
  asm("pkhbt %0, %1, %2, lsl #16" : "=r"(d) : "r"(low), "r"(high_from_low));
  return d;
}
WHIT_ALWAYS_INLINE uint32_t pkhtb(uint32_t high, uint32_t low_from_high) {
  uint32_t d;
  asm("pkhtb %0, %1, %2, asr #16" : "=r"(d) : "r"(high), "r"(low_from_high));
  return d;
}

#else

// a + x.low * y.low + x.high * y.high, wrapping (each product fits 31 bits).
WHIT_ALWAYS_INLINE int32_t smlad(uint32_t x, uint32_t y, int32_t a) {
  return wrapping_add(wrapping_add(a, low16(x) * low16(y)), high16(x) * high16(y));
}
// a + (low or high of x) * (low or high of y), wrapping: b = low, t = high.
WHIT_ALWAYS_INLINE int32_t smlabb(uint32_t x, uint32_t y, int32_t a) { return wrapping_add(a, low16(x) * low16(y)); }
WHIT_ALWAYS_INLINE int32_t smlabt(uint32_t x, uint32_t y, int32_t a) { return wrapping_add(a, low16(x) * high16(y)); }
WHIT_ALWAYS_INLINE int32_t smlatb(uint32_t x, uint32_t y, int32_t a) { return wrapping_add(a, high16(x) * low16(y)); }
WHIT_ALWAYS_INLINE int32_t smlatt(uint32_t x, uint32_t y, int32_t a) { return wrapping_add(a, high16(x) * high16(y)); }

// a + floor(x * y / 2^32), wrapping.
WHIT_ALWAYS_INLINE int32_t smmla(int32_t x, int32_t y, int32_t a) {
  return wrapping_add(a, static_cast<int32_t>((static_cast<int64_t>(x) * y) >> 32));
}
// (x >> kShift) clamped to [-128, 127]; the result sign-extended.
template <int kShift = 0>
WHIT_ALWAYS_INLINE int32_t ssat8(int32_t x) {
  return clamp(x >> kShift, -128, 127);
}
// Bytes 0 and 2 (1 and 3), sign-extended to the two halfwords.
WHIT_ALWAYS_INLINE uint32_t sxtb16(uint32_t x) {
  return halves(static_cast<int8_t>(x & 0xffu), static_cast<int8_t>(x >> 16 & 0xffu));
}
WHIT_ALWAYS_INLINE uint32_t sxtb16_ror8(uint32_t x) { return sxtb16(x >> 8); }
// (low of the first, low of the second), and (high of the second, high of the first).
WHIT_ALWAYS_INLINE uint32_t pkhbt(uint32_t low, uint32_t high_from_low) {
  return (low & 0xffffu) | high_from_low << 16;
}
WHIT_ALWAYS_INLINE uint32_t pkhtb(uint32_t high, uint32_t low_from_high) {
  return (high & 0xffff0000u) | low_from_high >> 16;
}

#endif

}  // namespace whit::rt::dsp

#endif  // WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_INTRINSICS_HPP_
