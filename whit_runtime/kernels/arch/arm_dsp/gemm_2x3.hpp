// The inner loop of the arm_dsp convolutions: three pixels by all output channels, two channels at a time, int8
// weights. Reads pixels that were widened to int16 (im2col.hpp) and one stream of weights and requantization; writes
// int8. Does not clamp to a range narrower than int8.
//
// Weights are paired, "A + 256 B": each halfword of a weight word holds w_a[k] + 256 * w_b[k] for channels a and b
// (modulo 2^16). SMLAD with the raw word sums u = A.x + 256 * B.x, with its SXTB16 v = A.x; 256 * v and u - v are then
// the two accumulators times 256, as requant.hpp wants them. Exact for |accumulator| < 2^23, which the workshop
// checked.
//
// The stream, for each pair of channels: 1 word 256 * bias_b; for each four k two words: (k0, k2), (k1, k3); then
// multiplier_a, multiplier_b, and bias_a << 8 | f_b << 4 | f_a. Instructions: 17 for 24 multiply-accumulates, 50 a
// pair.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_GEMM_2X3_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_GEMM_2X3_HPP_

#include "whit_runtime/kernels/arch/arm_dsp/requant.hpp"

namespace whit::rt::dsp {

inline constexpr int32_t kGemmPixels = 3;
inline constexpr int32_t kGemmPairOverheadWords = 4;  // of the stream, a pair of channels, beside the weights

// What one call works on. Read by assembly: all fields are words, in this order.
struct GemmBlock {
  const uint32_t* stream;
  const uint32_t* x;      // for each four k: (k0,k2) of the three pixels, (k1,k3) of the three pixels
  int32_t quads;          // k / 4, at least 1
  int32_t origin;         // requant_origin() of the layer
  int8_t* out;            // first channel of the first pixel
  int32_t second_offset;  // bytes from the first pixel's output to the second's; 0: both are the same pixel
  int32_t third_offset;   // and from the second's to the third's
  int8_t* out_end;        // out + channels; channels even, at least 2
};

#if WHIT_ARM_DSP

// clang-format off
#define WHIT_GEMM_2X3_UNIT                                                                                      \
  "ldmia r12!, {r9, r10}\n ldmia r11!, {r6, r7, r8}\n"                                                          \
  "smlad r0, r9, r6, r0\n smlad r1, r9, r7, r1\n smlad r2, r9, r8, r2\n sxtb16 r9, r9\n"                        \
  "smlad r3, r9, r6, r3\n smlad r4, r9, r7, r4\n smlad r5, r9, r8, r5\n ldmia r11!, {r6, r7, r8}\n"             \
  "smlad r0, r10, r6, r0\n smlad r1, r10, r7, r1\n smlad r2, r10, r8, r2\n sxtb16 r10, r10\n"                   \
  "smlad r3, r10, r6, r3\n smlad r4, r10, r7, r4\n smlad r5, r10, r8, r5\n"

// r0-r2: u, r3-r5: v of the three pixels; r6-r8: x; r9, r10: weights; r11: x, r12: stream, lr: rounds left.
// Stack: entry into the unrolled loop, x, rounds, origin, out, second_offset, third_offset, out_end.
WHIT_DSP_ASSEMBLY void gemm_2x3(const GemmBlock*) {
  asm volatile(
      "push {r4-r11, lr}\n"
      "ldm r0, {r1-r8}\n"
      "mov r12, r1\n"
      "rsb r9, r3, #0\n and r9, r9, #7\n"           // units of the first round to jump over
      "add r3, r3, #7\n lsr r3, r3, #3\n"
      "adr.w r1, 2f\n mov r10, #68\n mla r1, r9, r10, r1\n"
      "push {r1-r8}\n"
      "1:\n"
      "ldr r0, [r12], #4\n"
      "ldm sp, {r6, r11, lr}\n"
      "mov r1, r0\n mov r2, r0\n mov r3, #0\n mov r4, #0\n mov r5, #0\n"
      "mov pc, r6\n"
      ".balign 4\n"
      "2:\n"
      WHIT_GEMM_2X3_UNIT WHIT_GEMM_2X3_UNIT WHIT_GEMM_2X3_UNIT WHIT_GEMM_2X3_UNIT
      WHIT_GEMM_2X3_UNIT WHIT_GEMM_2X3_UNIT WHIT_GEMM_2X3_UNIT WHIT_GEMM_2X3_UNIT
      "subs lr, lr, #1\n"
      "bne 2b\n"
      "ldmia r12!, {r6, r7, r8}\n"
      "ldr r10, [sp, #12]\n"
      "sub r0, r0, r3\n sub r1, r1, r4\n sub r2, r2, r5\n"
      "and lr, r8, #15\n ubfx r11, r8, #4, #4\n bic r8, r8, #255\n"
      "add r3, r8, r3, lsl #8\n add r4, r8, r4, lsl #8\n add r5, r8, r5, lsl #8\n"
      "lsl r8, r10, lr\n lsl r9, r10, r11\n add r8, r8, #64\n add r9, r9, #64\n"
      "cmn r10, #0x7f80\n"                          // kUnsignedOrigin
      "bne 4f\n"
      "smmla r3, r3, r6, r8\n smmla r4, r4, r6, r8\n smmla r5, r5, r6, r8\n"
      "smmla r0, r0, r7, r9\n smmla r1, r1, r7, r9\n smmla r2, r2, r7, r9\n"
      "3:\n"
      "add r6, sp, #16\n ldm r6, {r6, r7, r8, r9}\n"
      "asr r3, r3, lr\n asr r4, r4, lr\n asr r5, r5, lr\n asr r0, r0, r11\n asr r1, r1, r11\n asr r2, r2, r11\n"
      "ssat r3, #8, r3, asr #8\n ssat r4, #8, r4, asr #8\n ssat r5, #8, r5, asr #8\n"
      "ssat r0, #8, r0, asr #8\n ssat r1, #8, r1, asr #8\n ssat r2, #8, r2, asr #8\n"
      "strb r0, [r6, #1]\n strb r3, [r6], #2\n str r6, [sp, #16]\n"
      "cmp r6, r9\n"
      "add r6, r6, r7\n strb r4, [r6, #-2]\n strb r1, [r6, #-1]\n"
      "add r6, r6, r8\n strb r5, [r6, #-2]\n strb r2, [r6, #-1]\n"
      "bne 1b\n"
      "add sp, sp, #32\n"
      "pop {r4-r11, pc}\n"
      "4:\n"                                        // with the sign term
      "lsr r10, r3, #31\n smmla r3, r3, r6, r8\n sub r3, r3, r10, lsl #7\n"
      "lsr r10, r4, #31\n smmla r4, r4, r6, r8\n sub r4, r4, r10, lsl #7\n"
      "lsr r10, r5, #31\n smmla r5, r5, r6, r8\n sub r5, r5, r10, lsl #7\n"
      "lsr r10, r0, #31\n smmla r0, r0, r7, r9\n sub r0, r0, r10, lsl #7\n"
      "lsr r10, r1, #31\n smmla r1, r1, r7, r9\n sub r1, r1, r10, lsl #7\n"
      "lsr r10, r2, #31\n smmla r2, r2, r7, r9\n sub r2, r2, r10, lsl #7\n"
      "b 3b\n");
}
#undef WHIT_GEMM_2X3_UNIT
// clang-format on

#else

// The outputs of a pair of channels: `w` its last three words, a the first channel's sums without bias, b the second's
// accumulators times 256.
WHIT_NOINLINE void write_pair(const GemmBlock* block, const uint32_t* w, int8_t* pixel, const int32_t* a,
                              const int32_t* b) {
  const int32_t multiplier_a = static_cast<int32_t>(w[0]), multiplier_b = static_cast<int32_t>(w[1]);
  const int32_t bias_a = static_cast<int32_t>(w[2] & ~255u);
  const int32_t f_a = static_cast<int32_t>(w[2] & 15), f_b = static_cast<int32_t>(w[2] >> 4 & 15);
  const int32_t rounding_a = requant_rounding(block->origin, f_a), rounding_b = requant_rounding(block->origin, f_b);
  for (int32_t i = 0; i < kGemmPixels; ++i) {
    const int32_t x_a = wrapping_add(bias_a, wrapping_shift_left(a[i], 8));
    pixel[0] = static_cast<int8_t>(requantize_x256(x_a, multiplier_a, rounding_a, f_a, block->origin));
    pixel[1] = static_cast<int8_t>(requantize_x256(b[i], multiplier_b, rounding_b, f_b, block->origin));
    pixel += i == 0 ? block->second_offset : block->third_offset;
  }
}

WHIT_NOINLINE void gemm_2x3(const GemmBlock* block) {
  const uint32_t* w = block->stream;
  for (int8_t* out = block->out; out != block->out_end; out += 2) {
    const int32_t bias_b = static_cast<int32_t>(*w++);
    int32_t u[kGemmPixels] = {bias_b, bias_b, bias_b};
    int32_t v[kGemmPixels] = {0, 0, 0};
    const uint32_t* x = block->x;
    for (int32_t pair = 0; pair < 2 * block->quads; ++pair, ++w) {
      for (int32_t i = 0; i < kGemmPixels; ++i, ++x) {
        u[i] = smlad(*w, *x, u[i]);
        v[i] = smlad(sxtb16(*w), *x, v[i]);
      }
    }
    for (int32_t i = 0; i < kGemmPixels; ++i) u[i] = wrapping_add(u[i], -v[i]);
    write_pair(block, w, out, v, u);
    w += 3;
  }
}

#endif

}  // namespace whit::rt::dsp

#endif  // WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_GEMM_2X3_HPP_
