// 1x1 convolution of eight input channels, int8, for Armv7E-M: a pixel stays in four registers for all its outputs.
// Same bits as conv2d_s8. With so few inputs the general kernel (conv2d_s8_dsp.hpp) spends most on everything but
// products. Pixels go in decreasing order, so that the larger output may start where the input starts. Handles only
// output zero point -128 and scales between 2^-12 and 2^-1 whose weights fit 16 bits as described below.
//
// The stream, for each output channel seven words, with s = 12 - e (see requant.hpp for e and m): bias << (s + 1); the
// weights << (s + 1) as int16 pairs (k0,k2), (k1,k3), (k4,k6), (k5,k7); m; the rounding 2^(s-1) + 2^11 - (128 << 12).
// Then the accumulator needs no shift: out = SSAT8(SMMLA(sum, m, rounding) >> 12). 8 instructions and 8 products a
// channel.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_POINTWISE8_S8_DSP_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_POINTWISE8_S8_DSP_HPP_

#include "whit_runtime/kernels/arch/arm_dsp/intrinsics.hpp"

namespace whit::rt {

struct Pointwise8S8Dsp {
  OpHead head;
  Ref input;   // int8 [pixels, 8], 4-byte aligned
  Ref output;  // int8 [pixels, O], O a multiple of 4; may start where the input starts when O >= 8
  Ref stream;  // 28 * O bytes
  int32_t pixels;
  int32_t output_channels;
  int32_t output_min, output_max;
  static constexpr uint8_t kRefs = 3;
};

inline bool check(const Pointwise8S8Dsp& p, const Extent& e) {
  return readable(e, p.input, area(p.pixels, 8), 4) && writable(e, p.output, area(p.pixels, p.output_channels)) &&
         p.output_channels % 4 == 0 && readable(e, p.stream, area(p.output_channels, 28), 4) &&
         within(p.output_min, -128, 127) && within(p.output_max, p.output_min, 127);
}

namespace dsp {

// Read by assembly: all fields are words, in this order.
struct Pointwise8Block {
  const uint32_t* stream;
  const int8_t* x_end;  // behind the last pixel, which is the first to be read
  const int8_t* x;
  int32_t channels;
  int8_t* out_end;
};

#if WHIT_ARM_DSP

// clang-format off
#define WHIT_POINTWISE8_CHANNEL                                                                                  \
  "ldmia lr!, {r4-r10}\n"                                                                                        \
  "smlad r4, r5, r0, r4\n smlad r4, r6, r1, r4\n smlad r4, r7, r2, r4\n smlad r4, r8, r3, r4\n"                  \
  "smmla r4, r4, r9, r10\n ssat r4, #8, r4, asr #12\n strb r4, [r12], #1\n"

// r0-r3: the pixel; r4-r10: a channel's record; r11: end of the pixel's outputs; r12: out; lr: stream.
// Stack: stream, where the last pixel was, x, channels.
WHIT_DSP_ASSEMBLY void pointwise8(const Pointwise8Block*) {
  asm volatile(
      "push {r4-r11, lr}\n"
      "ldm r0, {r4, r5, r6, r7, r12}\n"
      "push {r4, r5, r6, r7}\n"
      "add r12, r12, r7\n"
      "1:\n"
      "ldm sp, {r4, r5, r6, r7}\n"
      "mov lr, r4\n"
      "ldmdb r5!, {r1, r3}\n"
      "sub r11, r12, r7\n sub r12, r11, r7\n"
      "str r5, [sp, #4]\n"
      "sxtb16 r0, r1\n sxtb16 r1, r1, ror #8\n sxtb16 r2, r3\n sxtb16 r3, r3, ror #8\n"
      ".balign 4\n"
      "2:\n"
      WHIT_POINTWISE8_CHANNEL WHIT_POINTWISE8_CHANNEL WHIT_POINTWISE8_CHANNEL WHIT_POINTWISE8_CHANNEL
      "cmp r12, r11\n"
      "bne 2b\n"
      "ldr r4, [sp, #4]\n ldr r5, [sp, #8]\n"
      "cmp r4, r5\n"
      "bne 1b\n"
      "add sp, sp, #16\n"
      "pop {r4-r11, pc}\n");
}
#undef WHIT_POINTWISE8_CHANNEL
// clang-format on

#else

WHIT_NOINLINE void pointwise8(const Pointwise8Block* block) {
  int8_t* out = block->out_end;
  for (const int8_t* x = block->x_end; x != block->x;) {
    x -= 8;
    out -= block->channels;
    const uint32_t first = load32(x), second = load32(x + 4);
    const uint32_t pairs[4] = {sxtb16(first), sxtb16_ror8(first), sxtb16(second), sxtb16_ror8(second)};
    const uint32_t* record = block->stream;
    for (int32_t c = 0; c < block->channels; ++c, record += 7) {
      int32_t sum = static_cast<int32_t>(record[0]);
      for (int32_t i = 0; i < 4; ++i) sum = smlad(record[1 + i], pairs[i], sum);
      const int32_t scaled = smmla(sum, static_cast<int32_t>(record[5]), static_cast<int32_t>(record[6]));
      out[c] = static_cast<int8_t>(ssat8<12>(scaled));
    }
  }
}

#endif

}  // namespace dsp

WHIT_KERNEL void pointwise8_s8_dsp(const Pointwise8S8Dsp& p, const Memory& m) {
  dsp::Pointwise8Block block{};
  block.stream = input<uint32_t>(m, p.stream);
  block.x = input<int8_t>(m, p.input);
  block.x_end = block.x + 8 * p.pixels;
  block.channels = p.output_channels;
  int8_t* y = output<int8_t>(m, p.output);
  block.out_end = y + p.pixels * p.output_channels;
  dsp::pointwise8(&block);
  if (p.output_min > -128 || p.output_max < 127) {
    for (int32_t i = 0; i < p.pixels * p.output_channels; ++i) {
      y[i] = static_cast<int8_t>(clamp(y[i], p.output_min, p.output_max));
    }
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_POINTWISE8_S8_DSP_HPP_
