// The inner loop of the arm_dsp fully connected layer: one row of inputs by four channels at a time, int8 weights.
// Reads inputs widened to int16, or int8 as they are (no scratch, a tenth slower), and one stream of weights.
// Does not clamp to a range narrower than int8; one multiplier and shift for all channels.
//
// Weights are paired as in gemm_2x3.hpp. The stream, for each four channels a b c d: bias_a + 256 * bias_b, bias_a,
// bias_c + 256 * bias_d, bias_c; then for each eight k, in the order (k0,k2), (k1,k3), (k4,k6), (k5,k7): the word of
// channels a and b and that of c and d. Instructions: 27 (31) for 32 multiply-accumulates, 27 a group of channels.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_GEMV_4X1_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_GEMV_4X1_HPP_

#include "whit_runtime/kernels/arch/arm_dsp/requant.hpp"

namespace whit::rt::dsp {

inline constexpr int32_t kGemvSigned = 256;  // flag in GemvBlock::f

// What one call works on. Read by assembly: all fields are words, in this order.
struct GemvBlock {
  const uint32_t* stream;
  const void* x;      // 4-byte aligned; of each eight k four words of int16 pairs, or eight int8
  const void* x_end;  // x and the inputs' bytes: units * 16 or units * 8
  int32_t units;      // k / 8, at least 1
  int32_t multiplier;
  int32_t rounding;  // requant_rounding()
  int32_t f;         // and kGemvSigned when the zero point is not -128
  int8_t* out;
  int8_t* out_end;  // out + channels; channels a multiple of 4, at least 4
  int32_t widened;  // 1: x holds int16, 0: int8
};

#if WHIT_ARM_DSP

// clang-format off
#define WHIT_GEMV_HALF(x0, x1)                                                                                \
  "ldmia lr!, {r8, r9, r10, r11}\n"                                                                            \
  "smlad r0, r8, " x0 ", r0\n sxtb16 r8, r8\n smlad r2, r9, " x0 ", r2\n sxtb16 r9, r9\n"                      \
  "smlad r1, r8, " x0 ", r1\n smlad r3, r9, " x0 ", r3\n"                                                      \
  "smlad r0, r10, " x1 ", r0\n sxtb16 r10, r10\n smlad r2, r11, " x1 ", r2\n sxtb16 r11, r11\n"                \
  "smlad r1, r10, " x1 ", r1\n smlad r3, r11, " x1 ", r3\n"
#define WHIT_GEMV_UNIT "ldmia r12!, {r4, r5, r6, r7}\n" WHIT_GEMV_HALF("r4", "r5") WHIT_GEMV_HALF("r6", "r7")
#define WHIT_GEMV_UNIT_S8                                                                                      \
  "ldmia r12!, {r5, r7}\n"                                                                                     \
  "sxtb16 r4, r5\n sxtb16 r5, r5, ror #8\n sxtb16 r6, r7\n sxtb16 r7, r7, ror #8\n"                            \
  WHIT_GEMV_HALF("r4", "r5") WHIT_GEMV_HALF("r6", "r7")

// r0, r2: u of a and b, c and d; r1, r3: v of a, c; r4-r7: x; r8-r11: weights; r12: x, lr: stream.
// Stack: entry into an unrolled loop, x, x_end, multiplier, rounding, f, out, out_end.
WHIT_DSP_ASSEMBLY void gemv_4x1(const GemvBlock*) {
  asm volatile(
      "push {r4-r11, lr}\n"
      "ldm r0, {r1-r10}\n"
      "mov lr, r1\n"
      "rsb r4, r4, #0\n and r4, r4, #3\n"           // units of the first round to jump over
      "cmp r10, #0\n"
      "ittee ne\n"
      "adrne.w r1, 2f\n movne r11, #108\n"
      "adreq.w r1, 5f\n moveq r11, #124\n"
      "mla r4, r4, r11, r1\n"
      "mov r10, r9\n mov r9, r8\n mov r8, r7\n mov r7, r6\n mov r6, r5\n mov r5, r3\n mov r3, r4\n mov r4, r2\n"
      "push {r3-r10}\n"
      "1:\n"
      "ldmia lr!, {r0-r3}\n"
      "ldm sp, {r4, r12}\n"
      "mov pc, r4\n"
      ".balign 4\n"
      "2:\n"
      WHIT_GEMV_UNIT WHIT_GEMV_UNIT WHIT_GEMV_UNIT WHIT_GEMV_UNIT
      "ldr r4, [sp, #8]\n"
      "cmp r12, r4\n"
      "bne 2b\n"
      "3:\n"
      "add r4, sp, #12\n"
      "sub r0, r0, r1\n sub r2, r2, r3\n lsl r1, r1, #8\n lsl r3, r3, #8\n"
      "ldm r4, {r5, r6, r7, r8, r9}\n"
      "tst r7, #256\n"
      "bne 6f\n"
      "smmla r1, r1, r5, r6\n smmla r0, r0, r5, r6\n smmla r3, r3, r5, r6\n smmla r2, r2, r5, r6\n"
      "4:\n"
      "asr r1, r1, r7\n asr r0, r0, r7\n asr r3, r3, r7\n asr r2, r2, r7\n"
      "ssat r1, #8, r1, asr #8\n ssat r0, #8, r0, asr #8\n ssat r3, #8, r3, asr #8\n ssat r2, #8, r2, asr #8\n"
      "strb r1, [r8], #4\n strb r0, [r8, #-3]\n strb r3, [r8, #-2]\n strb r2, [r8, #-1]\n"
      "str r8, [sp, #24]\n"
      "cmp r8, r9\n"
      "bne 1b\n"
      "add sp, sp, #32\n"
      "pop {r4-r11, pc}\n"
      ".balign 4\n"
      "5:\n"
      WHIT_GEMV_UNIT_S8 WHIT_GEMV_UNIT_S8 WHIT_GEMV_UNIT_S8 WHIT_GEMV_UNIT_S8
      "ldr r4, [sp, #8]\n"
      "cmp r12, r4\n"
      "bne 5b\n"
      "b 3b\n"
      "6:\n"                                        // with the sign term
      "lsr r4, r1, #31\n smmla r1, r1, r5, r6\n sub r1, r1, r4, lsl #7\n"
      "lsr r4, r0, #31\n smmla r0, r0, r5, r6\n sub r0, r0, r4, lsl #7\n"
      "lsr r4, r3, #31\n smmla r3, r3, r5, r6\n sub r3, r3, r4, lsl #7\n"
      "lsr r4, r2, #31\n smmla r2, r2, r5, r6\n sub r2, r2, r4, lsl #7\n"
      "b 4b\n");
}
#undef WHIT_GEMV_UNIT_S8
#undef WHIT_GEMV_UNIT
#undef WHIT_GEMV_HALF
// clang-format on

#else

// The inputs of pair `pair`, widened.
WHIT_ALWAYS_INLINE uint32_t gemv_inputs(const GemvBlock& block, int32_t pair) {
  if (block.widened != 0) return static_cast<const uint32_t*>(block.x)[pair];
  const uint32_t bytes = static_cast<const uint32_t*>(block.x)[pair / 2];
  return pair % 2 == 0 ? sxtb16(bytes) : sxtb16_ror8(bytes);
}

// The outputs of four channels from their accumulators times 256.
WHIT_ALWAYS_INLINE void write_four(const GemvBlock& block, const int32_t* x256, int8_t* out) {
  const int32_t f = block.f & 15;
  for (int32_t i = 0; i < 4; ++i) {
    const int32_t y = (block.f & kGemvSigned) != 0
                          ? requantize_x256<true>(x256[i], block.multiplier, block.rounding, f)
                          : requantize_x256<false>(x256[i], block.multiplier, block.rounding, f);
    out[i] = static_cast<int8_t>(y);
  }
}

WHIT_NOINLINE void gemv_4x1(const GemvBlock* block) {
  const uint32_t* w = block->stream;
  for (int8_t* out = block->out; out != block->out_end; out += 4) {
    int32_t sum[4];  // u of a and b, v of a, u of c and d, v of c
    for (int32_t i = 0; i < 4; ++i) sum[i] = static_cast<int32_t>(*w++);
    for (int32_t pair = 0; pair < 4 * block->units; ++pair, w += 2) {
      const uint32_t x = gemv_inputs(*block, pair);
      for (int32_t i = 0; i < 2; ++i) {
        sum[2 * i] = smlad(w[i], x, sum[2 * i]);
        sum[2 * i + 1] = smlad(sxtb16(w[i]), x, sum[2 * i + 1]);
      }
    }
    const int32_t x256[4] = {wrapping_shift_left(sum[1], 8), wrapping_add(sum[0], -sum[1]),
                             wrapping_shift_left(sum[3], 8), wrapping_add(sum[2], -sum[3])};
    write_four(*block, x256, out);
  }
}

#endif

}  // namespace whit::rt::dsp

#endif  // WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_GEMV_4X1_HPP_
