// The inner loop of the arm_dsp convolutions for int4 weights, two a byte: as gemm_2x3, which see, with half the bytes
// of weights and 19 instructions instead of 17 for 24 multiply-accumulates.
//
// A byte holds the weights of channels a and b for one k: a + 8 in its low half, b in its high half, so that as int8 it
// is a + 8 + 16 * b. SMLAD with the bytes sums u = A + 8X + 16 * B, with their low halves v = A + 8X, where X is the
// sum of a pixel's inputs: both start at -8X, and then v and (u - v) / 16 are the two accumulators. Preconditions as of
// gemm_2x3.
//
// The stream, for each pair of channels: 1 word 16 * bias_b; for each four k one word of bytes (k0, k1, k2, k3); then
// the three words that end a pair in gemm_2x3.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_GEMM_2X3_W4_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_GEMM_2X3_W4_HPP_

#include "whit_runtime/kernels/arch/arm_dsp/gemm_2x3.hpp"

namespace whit::rt::dsp {

#if WHIT_ARM_DSP

// clang-format off
#define WHIT_GEMM_2X3_W4_UNIT                                                                                    \
  "ldr r10, [r12], #4\n ldmia r11!, {r6, r7, r8}\n"                                                              \
  "sxtb16 r9, r10\n smlad r0, r9, r6, r0\n smlad r1, r9, r7, r1\n smlad r2, r9, r8, r2\n"                        \
  "and r9, r9, #0x000f000f\n smlad r3, r9, r6, r3\n smlad r4, r9, r7, r4\n smlad r5, r9, r8, r5\n"               \
  "ldmia r11!, {r6, r7, r8}\n sxtb16 r10, r10, ror #8\n"                                                         \
  "smlad r0, r10, r6, r0\n smlad r1, r10, r7, r1\n smlad r2, r10, r8, r2\n and r10, r10, #0x000f000f\n"          \
  "smlad r3, r10, r6, r3\n smlad r4, r10, r7, r4\n smlad r5, r10, r8, r5\n"

// Registers as in gemm_2x3. Stack: -8X of the three pixels, entry into the unrolled loop, x, rounds, origin, out,
// second_offset, third_offset, out_end.
WHIT_DSP_ASSEMBLY void gemm_2x3_w4(const GemmBlock*) {
  asm volatile(
      "push {r4-r11, lr}\n"
      "ldm r0, {r1-r8}\n"
      "push {r2-r8}\n"
      "mov r12, r1\n mov r1, r2\n mov lr, r3\n"
      "mvn r0, #0x00070007\n"                       // (-8, -8)
      "mov r9, #0\n mov r10, #0\n mov r11, #0\n"
      "1:\n"
      "ldmia r1!, {r3-r8}\n"
      "smlad r9, r3, r0, r9\n smlad r10, r4, r0, r10\n smlad r11, r5, r0, r11\n"
      "smlad r9, r6, r0, r9\n smlad r10, r7, r0, r10\n smlad r11, r8, r0, r11\n"
      "subs lr, lr, #1\n"
      "bne 1b\n"
      "ldr r4, [sp, #4]\n"
      "rsb r6, r4, #0\n and r6, r6, #7\n"           // units of the first round to jump over
      "add r4, r4, #7\n lsr r4, r4, #3\n str r4, [sp, #4]\n"
      "adr.w r5, 3f\n mov r7, #76\n mla r5, r6, r7, r5\n"
      "push {r5}\n push {r9-r11}\n"
      "2:\n"
      "ldr r0, [r12], #4\n"
      "ldm sp, {r3, r4, r5, r6, r11, lr}\n"
      "add r1, r0, r4\n add r2, r0, r5\n add r0, r0, r3\n"
      "mov pc, r6\n"
      ".balign 4\n"
      "3:\n"
      WHIT_GEMM_2X3_W4_UNIT WHIT_GEMM_2X3_W4_UNIT WHIT_GEMM_2X3_W4_UNIT WHIT_GEMM_2X3_W4_UNIT
      WHIT_GEMM_2X3_W4_UNIT WHIT_GEMM_2X3_W4_UNIT WHIT_GEMM_2X3_W4_UNIT WHIT_GEMM_2X3_W4_UNIT
      "subs lr, lr, #1\n"
      "bne 3b\n"
      "ldmia r12!, {r6, r7, r8}\n"
      "ldr r10, [sp, #24]\n"
      "sub r0, r0, r3\n sub r1, r1, r4\n sub r2, r2, r5\n"
      "lsl r0, r0, #4\n lsl r1, r1, #4\n lsl r2, r2, #4\n"
      "and lr, r8, #15\n ubfx r11, r8, #4, #4\n bic r8, r8, #255\n"
      "add r3, r8, r3, lsl #8\n add r4, r8, r4, lsl #8\n add r5, r8, r5, lsl #8\n"
      "lsl r8, r10, lr\n lsl r9, r10, r11\n add r8, r8, #64\n add r9, r9, #64\n"
      "cmn r10, #0x7f80\n"                          // kUnsignedOrigin
      "bne 5f\n"
      "smmla r3, r3, r6, r8\n smmla r4, r4, r6, r8\n smmla r5, r5, r6, r8\n"
      "smmla r0, r0, r7, r9\n smmla r1, r1, r7, r9\n smmla r2, r2, r7, r9\n"
      "4:\n"
      "add r6, sp, #28\n ldm r6, {r6, r7, r8, r9}\n"
      "asr r3, r3, lr\n asr r4, r4, lr\n asr r5, r5, lr\n asr r0, r0, r11\n asr r1, r1, r11\n asr r2, r2, r11\n"
      "ssat r3, #8, r3, asr #8\n ssat r4, #8, r4, asr #8\n ssat r5, #8, r5, asr #8\n"
      "ssat r0, #8, r0, asr #8\n ssat r1, #8, r1, asr #8\n ssat r2, #8, r2, asr #8\n"
      "strb r0, [r6, #1]\n strb r3, [r6], #2\n str r6, [sp, #28]\n"
      "cmp r6, r9\n"
      "add r6, r6, r7\n strb r4, [r6, #-2]\n strb r1, [r6, #-1]\n"
      "add r6, r6, r8\n strb r5, [r6, #-2]\n strb r2, [r6, #-1]\n"
      "bne 2b\n"
      "add sp, sp, #44\n"
      "pop {r4-r11, pc}\n"
      "5:\n"                                        // with the sign term
      "lsr r10, r3, #31\n smmla r3, r3, r6, r8\n sub r3, r3, r10, lsl #7\n"
      "lsr r10, r4, #31\n smmla r4, r4, r6, r8\n sub r4, r4, r10, lsl #7\n"
      "lsr r10, r5, #31\n smmla r5, r5, r6, r8\n sub r5, r5, r10, lsl #7\n"
      "lsr r10, r0, #31\n smmla r0, r0, r7, r9\n sub r0, r0, r10, lsl #7\n"
      "lsr r10, r1, #31\n smmla r1, r1, r7, r9\n sub r1, r1, r10, lsl #7\n"
      "lsr r10, r2, #31\n smmla r2, r2, r7, r9\n sub r2, r2, r10, lsl #7\n"
      "b 4b\n");
}
#undef WHIT_GEMM_2X3_W4_UNIT
// clang-format on

#else

// Sums of plain weights: without X.
WHIT_NOINLINE void gemm_2x3_w4(const GemmBlock* block) {
  const uint32_t* w = block->stream;
  for (int8_t* out = block->out; out != block->out_end; out += 2) {
    const int32_t bias_b = static_cast<int32_t>(*w++);
    int32_t a[kGemmPixels] = {0, 0, 0}, b[kGemmPixels] = {bias_b, bias_b, bias_b};
    const uint32_t* x = block->x;
    for (int32_t quad = 0; quad < block->quads; ++quad, ++w, x += 2 * kGemmPixels) {
      for (int32_t k = 0; k < 4; ++k) {
        const int32_t both = static_cast<int8_t>(*w >> 8 * k & 255u);
        for (int32_t i = 0; i < kGemmPixels; ++i) {
          const uint32_t pair = x[k % 2 * kGemmPixels + i];
          const int32_t value = k < 2 ? low16(pair) : high16(pair);
          a[i] = wrapping_add(a[i], ((both & 15) - 8) * value);
          b[i] = wrapping_add(b[i], (both & ~15) * value);
        }
      }
    }
    for (int32_t& sum : b) sum = wrapping_shift_left(sum, 4);
    write_pair(block, w, out, a, b);
    w += 3;
  }
}

#endif

}  // namespace whit::rt::dsp

#endif  // WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_GEMM_2X3_W4_HPP_
