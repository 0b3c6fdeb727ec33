// IEEE 754 half precision, as which devices and files store float32 weights. Arithmetic is float32.
#ifndef WHIT_RUNTIME_HALF_HPP_
#define WHIT_RUNTIME_HALF_HPP_

#include <stdint.h>
#include <string.h>

namespace whit::rt {

struct Half {
  uint16_t bits;
};

// Exact, infinities included; NaN stays NaN. By integers, but in one instruction on Cortex-M cores with an FPU: all
// have it, though GCC does not say so by bit 1 of __ARM_FP.
static inline float half_to_float(uint16_t half) {
  float value;
#if defined(__ARM_FP) && __ARM_ARCH_PROFILE == 'M' && !defined(WHIT_DSP_PORTABLE)
  const uint32_t bits = half;
  memcpy(&value, &bits, sizeof value);
  __asm__("vcvtb.f32.f16 %0, %0" : "+t"(value));
#else
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  uint32_t bits = static_cast<uint32_t>(half & 0x7fff) << 13;
  if (bits - (1u << 23) < (30u << 23)) {
    bits += 112u << 23;  // normal: another bias of the exponent
  } else if (bits >= 1u << 23) {
    bits |= 0xffu << 23;  // infinite or NaN
  } else if (bits != 0) {
    // A multiple of 2^-24, normal as float: the leading one becomes the implicit one.
    const int shift = __builtin_clz(bits) - 8;
    bits = (bits << shift) + (static_cast<uint32_t>(112 - shift) << 23);
  }
  bits |= sign;
  memcpy(&value, &bits, sizeof value);
#endif
  return value;
}

// A weight as float32, whichever way it is stored.
static inline float to_f32(float value) { return value; }
static inline float to_f32(Half value) { return half_to_float(value.bits); }

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_HALF_HPP_
