// Requantization on Armv7E-M, exact, from an accumulator that comes multiplied by 256: three to five instructions.
// Last step of every arm_dsp kernel; the workshop checks the preconditions and packs (lower/arch/arm_requant.hpp).
// Does not clamp to a range narrower than int8: kernels do that in a second sweep over their output.
//
// Reference: out = clamp8(RoundingDivideByPOT(SaturatingRoundingDoublingHighMul(acc, m), e) + zero_point), m in
// [2^30, 2^31), 1 <= e <= 16. SRDHM(acc, m) = floor((acc * m + 2^30) / 2^31). With x = 256 * acc, f = e - 1:
//     out = SSAT8((SMMLA(x, m, r) - (x < 0 ? 128 : 0)) >> (f + 8)),  r = 64 + (((2 * zero_point + 1) * 128) << f)
// because SMMLA adds floor(acc * m * 2^7 / 2^31), + 64 rounds it at bit 7, and the rest of r rounds at bit e + 7 and
// adds the zero point. The sign term makes ties go away from zero. With zero_point = -128 it can be left out: it only
// matters for results of at most -128. Preconditions: |acc| < 2^23, no overflow of the sum.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_REQUANT_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_REQUANT_HPP_

#include "whit_runtime/kernels/arch/arm_dsp/intrinsics.hpp"

namespace whit::rt::dsp {

// (2 * zero_point + 1) * 128, a constant of the layer; zero_point in [-128, 127].
WHIT_ALWAYS_INLINE int32_t requant_origin(int32_t zero_point) { return (2 * zero_point + 1) * 128; }
inline constexpr int32_t kUnsignedOrigin = -255 * 128;  // of zero point -128: the sign term can be left out

// r of the formula, a constant of the channel. f in [0, 15].
WHIT_ALWAYS_INLINE int32_t requant_rounding(int32_t origin, int32_t f) { return wrapping_shift_left(origin, f) + 64; }

// One output from x = 256 * acc. kSigned: the zero point is not -128.
template <bool kSigned>
WHIT_ALWAYS_INLINE int32_t requantize_x256(int32_t x, int32_t multiplier, int32_t rounding, int32_t f) {
  int32_t y = smmla(x, multiplier, rounding);
  if (kSigned) y -= static_cast<int32_t>(static_cast<uint32_t>(x) >> 31) << 7;
  return ssat8<8>(y >> f);
}
WHIT_ALWAYS_INLINE int32_t requantize_x256(int32_t x, int32_t multiplier, int32_t rounding, int32_t f, int32_t origin) {
  return origin == kUnsignedOrigin ? requantize_x256<false>(x, multiplier, rounding, f)
                                   : requantize_x256<true>(x, multiplier, rounding, f);
}

}  // namespace whit::rt::dsp

#endif  // WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_REQUANT_HPP_
