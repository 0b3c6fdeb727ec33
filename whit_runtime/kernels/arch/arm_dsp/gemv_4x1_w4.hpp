// The inner loop of the arm_dsp fully connected layer for int4 weights, two a byte: as gemv_4x1, which see, with half
// the bytes of weights and 31 (35) instructions instead of 27 (31) for 32 multiply-accumulates.
//
// A halfword holds the weights of channels a, b, c, d for one k, from its low end: a + 8, b + 8, c + 8, and d as a
// signed half byte. With X the sum of the inputs and A = sum of a[k] * x[k] and so on, SMLAD sums
//   the words                 s0 = s1 + s3 + 4096 * D
//   their even bytes          s1 = s2 + 16 * (B + 8X)
//   their lowest half bytes   s2 = A + 8X
//   their third half bytes    s3 = 256 * (C + 8X)
// and sums that start at what cancels 8X (GemvW4Block::start) leave A, 16 * B, 256 * C and 4096 * D. Preconditions as
// of gemv_4x1, and for every fourth channel |accumulator| < 2^19.
//
// The stream, for each four channels: what the biases add to s0, s1, s2, s3; then for each eight k the words of
// (k0,k2), (k1,k3), (k4,k6), (k5,k7), the first k in the low halfword.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_GEMV_4X1_W4_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_GEMV_4X1_W4_HPP_

#include "whit_runtime/kernels/arch/arm_dsp/gemv_4x1.hpp"

namespace whit::rt::dsp {

// What one call works on. Read by assembly: all fields are words, in this order.
struct GemvW4Block {
  GemvBlock base;
  int32_t start[4];  // of s0 to s3: see gemv_w4_start()
};

// `sum`: X.
WHIT_ALWAYS_INLINE void gemv_w4_start(int32_t sum, int32_t* start) {
  start[0] = -(8 + 128 + 2048) * sum;
  start[1] = -(8 + 128) * sum;
  start[2] = -8 * sum;
  start[3] = -2048 * sum;
}

#if WHIT_ARM_DSP

// clang-format off
#define WHIT_GEMV_W4_WORD(w, x)                                                                                  \
  "smlad r0, " w ", " x ", r0\n and r10, " w ", #0x0f000f00\n uxtb16 " w ", " w "\n smlad r3, r10, " x ", r3\n"  \
  "smlad r1, " w ", " x ", r1\n and " w ", " w ", #0x000f000f\n smlad r2, " w ", " x ", r2\n"
#define WHIT_GEMV_W4_HALF(x0, x1) "ldmia lr!, {r8, r9}\n" WHIT_GEMV_W4_WORD("r8", x0) WHIT_GEMV_W4_WORD("r9", x1)
#define WHIT_GEMV_W4_UNIT \
  "ldmia r12!, {r4, r5, r6, r7}\n" WHIT_GEMV_W4_HALF("r4", "r5") WHIT_GEMV_W4_HALF("r6", "r7")
#define WHIT_GEMV_W4_UNIT_S8                                                                                     \
  "ldmia r12!, {r5, r7}\n"                                                                                       \
  "sxtb16 r4, r5\n sxtb16 r5, r5, ror #8\n sxtb16 r6, r7\n sxtb16 r7, r7, ror #8\n"                              \
  WHIT_GEMV_W4_HALF("r4", "r5") WHIT_GEMV_W4_HALF("r6", "r7")

// r0-r3: s0 to s3; r4-r7: x; r8, r9: weights; r12: x, lr: stream.
// Stack: entry into an unrolled loop, x, x_end, multiplier, rounding, f, out, out_end, start[4].
WHIT_DSP_ASSEMBLY void gemv_4x1_w4(const GemvW4Block*) {
  asm volatile(
      "push {r4-r11, lr}\n"
      "add r4, r0, #40\n ldm r4, {r4-r7}\n push {r4-r7}\n"
      "ldm r0, {r1-r10}\n"
      "mov lr, r1\n"
      "rsb r4, r4, #0\n and r4, r4, #3\n"           // units of the first round to jump over
      "cmp r10, #0\n"
      "ittee ne\n"
      "adrne.w r1, 2f\n movne r11, #124\n"
      "adreq.w r1, 5f\n moveq r11, #140\n"
      "mla r4, r4, r11, r1\n"
      "mov r10, r9\n mov r9, r8\n mov r8, r7\n mov r7, r6\n mov r6, r5\n mov r5, r3\n mov r3, r4\n mov r4, r2\n"
      "push {r3-r10}\n"
      "1:\n"
      "ldmia lr!, {r0-r3}\n"
      "add r4, sp, #32\n ldm r4, {r4-r7}\n"
      "add r0, r0, r4\n add r1, r1, r5\n add r2, r2, r6\n add r3, r3, r7\n"
      "ldm sp, {r4, r12}\n"
      "mov pc, r4\n"
      ".balign 4\n"
      "2:\n"
      WHIT_GEMV_W4_UNIT WHIT_GEMV_W4_UNIT WHIT_GEMV_W4_UNIT WHIT_GEMV_W4_UNIT
      "ldr r4, [sp, #8]\n"
      "cmp r12, r4\n"
      "bne 2b\n"
      "3:\n"
      "add r4, sp, #12\n"
      "sub r0, r0, r1\n sub r0, r0, r3\n asr r0, r0, #4\n"
      "sub r1, r1, r2\n lsl r1, r1, #4\n lsl r2, r2, #8\n"
      "ldm r4, {r5, r6, r7, r8, r9}\n"
      "tst r7, #256\n"
      "bne 6f\n"
      "smmla r2, r2, r5, r6\n smmla r1, r1, r5, r6\n smmla r3, r3, r5, r6\n smmla r0, r0, r5, r6\n"
      "4:\n"
      "asr r2, r2, r7\n asr r1, r1, r7\n asr r3, r3, r7\n asr r0, r0, r7\n"
      "ssat r2, #8, r2, asr #8\n ssat r1, #8, r1, asr #8\n ssat r3, #8, r3, asr #8\n ssat r0, #8, r0, asr #8\n"
      "strb r2, [r8], #4\n strb r1, [r8, #-3]\n strb r3, [r8, #-2]\n strb r0, [r8, #-1]\n"
      "str r8, [sp, #24]\n"
      "cmp r8, r9\n"
      "bne 1b\n"
      "add sp, sp, #48\n"
      "pop {r4-r11, pc}\n"
      ".balign 4\n"
      "5:\n"
      WHIT_GEMV_W4_UNIT_S8 WHIT_GEMV_W4_UNIT_S8 WHIT_GEMV_W4_UNIT_S8 WHIT_GEMV_W4_UNIT_S8
      "ldr r4, [sp, #8]\n"
      "cmp r12, r4\n"
      "bne 5b\n"
      "b 3b\n"
      "6:\n"                                        // with the sign term
      "lsr r4, r2, #31\n smmla r2, r2, r5, r6\n sub r2, r2, r4, lsl #7\n"
      "lsr r4, r1, #31\n smmla r1, r1, r5, r6\n sub r1, r1, r4, lsl #7\n"
      "lsr r4, r3, #31\n smmla r3, r3, r5, r6\n sub r3, r3, r4, lsl #7\n"
      "lsr r4, r0, #31\n smmla r0, r0, r5, r6\n sub r0, r0, r4, lsl #7\n"
      "b 4b\n");
}
#undef WHIT_GEMV_W4_UNIT_S8
#undef WHIT_GEMV_W4_UNIT
#undef WHIT_GEMV_W4_HALF
#undef WHIT_GEMV_W4_WORD
// clang-format on

#else

WHIT_NOINLINE void gemv_4x1_w4(const GemvW4Block* block) {
  const GemvBlock& b = block->base;
  const uint32_t* w = b.stream;
  for (int8_t* out = b.out; out != b.out_end; out += 4) {
    int32_t s[4];
    for (int32_t i = 0; i < 4; ++i) s[i] = wrapping_add(static_cast<int32_t>(*w++), block->start[i]);
    for (int32_t pair = 0; pair < 4 * b.units; ++pair, ++w) {
      const uint32_t x = gemv_inputs(b, pair);
      s[0] = smlad(*w, x, s[0]);
      s[1] = smlad(*w & 0x00ff00ffu, x, s[1]);
      s[2] = smlad(*w & 0x000f000fu, x, s[2]);
      s[3] = smlad(*w & 0x0f000f00u, x, s[3]);
    }
    const int32_t x256[4] = {wrapping_shift_left(s[2], 8), wrapping_shift_left(wrapping_add(s[1], -s[2]), 4), s[3],
                             wrapping_add(wrapping_add(s[0], -s[1]), -s[3]) >> 4};
    write_four(b, x256, out);
  }
}

#endif

}  // namespace whit::rt::dsp

#endif  // WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_GEMV_4X1_W4_HPP_
