// Fully connected, int8, for layers whose weights are zero in blocks of four neighbours of a row: the other blocks
// stand one after the other, each with the number of blocks left out before it. Same bits as fully_connected_s8, from
// (5/4 of the share of blocks that stay) of its bytes. Chosen by the workshop where it pays and arch/swar/requant.hpp's
// preconditions hold.
#ifndef WHIT_RUNTIME_KERNELS_FULLY_CONNECTED_S8_1X4_HPP_
#define WHIT_RUNTIME_KERNELS_FULLY_CONNECTED_S8_1X4_HPP_

#include "whit_runtime/kernels/arch/arm_dsp/fully_connected_s8_dsp.hpp"
#include "whit_runtime/kernels/arch/swar/requant.hpp"

namespace whit::rt {

struct FullyConnectedS81x4 {
  OpHead head;
  Ref input;     // int8 [batches, input_depth]
  Ref output;    // int8 [batches, output_depth]
  Ref counts;    // uint16 [output_depth]: blocks of each row, at least one
  Ref gaps;      // uint8 [blocks of all rows]: blocks left out before this one
  Ref blocks;    // int8 [blocks of all rows, 4]
  Ref channels;  // swar::ChannelRecord[output_depth], without corrections
  Ref sums;      // scratch: int32[output_depth]
  Ref wide;      // scratch for cores with DSP instructions: input_depth filled up to a multiple of 8, times 2 bytes;
                 // kNoRef: inputs are read one by one
  int32_t batches;
  int32_t input_depth;  // a multiple of 4
  int32_t output_depth;
  int32_t output_zero_point;
  int32_t output_min;  // fused activation, [-128, 127]
  int32_t output_max;
  static constexpr uint8_t kRefs = 8;
};

// Walks all rows: none may be empty or lead past its end.
inline bool check(const FullyConnectedS81x4& p, const Extent& e) {
  if (!within(p.input_depth, 4, 1 << 20) || p.input_depth % 4 != 0 || !within(p.output_depth, 1, 1 << 20)) return false;
  if ((p.counts & kConstantBit) == 0 || !readable(e, p.counts, area(p.output_depth, 2), 2)) return false;
  const auto* counts = reinterpret_cast<const uint16_t*>(e.constants + (p.counts & ~kConstantBit));
  uint64_t blocks = 0;
  for (int32_t o = 0; o < p.output_depth; ++o) {
    if (counts[o] == 0) return false;
    blocks += counts[o];
  }
  if ((p.gaps & kConstantBit) == 0 || !readable(e, p.gaps, blocks)) return false;
  const uint8_t* gap = e.constants + (p.gaps & ~kConstantBit);
  for (int32_t o = 0; o < p.output_depth; ++o) {
    uint32_t last = 0;
    for (int32_t i = 0; i < counts[o]; ++i) last += *gap++ + 1u;
    if (last > static_cast<uint32_t>(p.input_depth) / 4) return false;
  }
  return readable(e, p.input, area(p.batches, p.input_depth)) &&
         writable(e, p.output, area(p.batches, p.output_depth)) && readable(e, p.blocks, 4 * blocks, 4) &&
         writable(e, p.sums, area(p.output_depth, 4), 4) &&
         (p.wide == kNoRef || writable(e, p.wide, area((p.input_depth + 7) / 8, 16), 4)) &&
         swar::check_channels(e, p.channels, p.output_depth) &&
         check_output_s8(p.output_zero_point, p.output_min, p.output_max);
}

namespace one_by_4 {

// What one call works on. Read by assembly: all fields are words, in this order.
struct Rows {
  const uint8_t* gaps;
  const int8_t* blocks;
  const uint16_t* counts;
  const void* x;  // int8, or as widen_row leaves them
  int32_t* sums;
  int32_t* end;  // of the sums
};

#if WHIT_ARM_DSP

#define WHIT_1X4_BLOCK                                                                                            \
  "ldrb.w r4, [r0], #1\n ldr.w r5, [r1], #4\n add.w r2, r2, r4, lsl #3\n ldrd r6, r7, [r2], #8\n sxtb16 r4, r5\n" \
  "smlad r12, r4, r6, r12\n sxtb16 r5, r5, ror #8\n smlad r12, r5, r7, r12\n"

// The sums of all rows. Jumps into the first round of a row, so that the last one is whole; a block is 32 bytes of
// code. r0: gaps, r1: blocks, r2: x, r3: blocks left of the row, r8: counts, r9: the first x, r10: sums, r11: their
// end, r12: the sum, lr: the first block's code.
WHIT_DSP_ASSEMBLY void sum_rows(const Rows*) {
  asm volatile(
      "push {r4-r11, lr}\n"
      "ldm r0, {r0, r1, r8, r9, r10, r11}\n"
      "adr.w lr, 2f\n"
      "1:\n"
      "ldrh r3, [r8], #2\n"
      "mov r2, r9\n"
      "mov r12, #0\n"
      "rsb r4, r3, #0\n and r4, r4, #7\n add r4, lr, r4, lsl #5\n"
      "mov pc, r4\n"
      ".balign 4\n"
      "2:\n" WHIT_1X4_BLOCK WHIT_1X4_BLOCK WHIT_1X4_BLOCK WHIT_1X4_BLOCK WHIT_1X4_BLOCK WHIT_1X4_BLOCK WHIT_1X4_BLOCK
          WHIT_1X4_BLOCK
      "subs r3, r3, #8\n"
      "bgt 2b\n"
      "str r12, [r10], #4\n"
      "cmp r10, r11\n"
      "bne 1b\n"
      "pop {r4-r11, pc}\n");
}
#undef WHIT_1X4_BLOCK

#else

WHIT_NOINLINE void sum_rows(const Rows* rows) {
  const uint8_t* gap = rows->gaps;
  const int8_t* block = rows->blocks;
  const uint16_t* count = rows->counts;
  for (int32_t* sums = rows->sums; sums != rows->end; ++sums) {
    const uint32_t* x = static_cast<const uint32_t*>(rows->x);
    int32_t sum = 0;
    for (int32_t left = *count++; left > 0; --left, x += 2, block += 4) {
      x += 2 * *gap++;
      const uint32_t weights = dsp::load32(block);
      sum = dsp::smlad(dsp::sxtb16(weights), x[0], sum);
      sum = dsp::smlad(dsp::sxtb16_ror8(weights), x[1], sum);
    }
    *sums = sum;
  }
}

#endif

// The same from int8, for cores that multiply one pair of numbers at a time.
WHIT_NOINLINE void sum_rows_bytes(const Rows& rows) {
  const uint8_t* gap = rows.gaps;
  const int8_t* w = rows.blocks;
  const uint16_t* count = rows.counts;
  for (int32_t* sums = rows.sums; sums != rows.end; ++sums) {
    const int8_t* x = static_cast<const int8_t*>(rows.x);
    int32_t sum = 0;
    const uint8_t* end = gap + *count++;
    do {
      x += 4 * *gap++;
      sum += x[0] * w[0];
      sum += x[1] * w[1];
      sum += x[2] * w[2];
      sum += x[3] * w[3];
      x += 4;
      w += 4;
    } while (gap != end);
    *sums = sum;
  }
}

}  // namespace one_by_4

WHIT_KERNEL void fully_connected_s8_1x4(const FullyConnectedS81x4& p, const Memory& m) {
  const int8_t* x = input<int8_t>(m, p.input);
  int8_t* y = output<int8_t>(m, p.output);
  int32_t* sums = output<int32_t>(m, p.sums);
  const swar::OutputRange range{2 * p.output_zero_point + 1, p.output_min, p.output_max};
  one_by_4::Rows rows{input<uint8_t>(m, p.gaps), input<int8_t>(m, p.blocks), input<uint16_t>(m, p.counts), x, sums,
                      sums + p.output_depth};
  for (int32_t b = 0; b < p.batches; ++b, x += p.input_depth, y += p.output_depth) {
    if (p.wide == kNoRef) {
      rows.x = x;
      one_by_4::sum_rows_bytes(rows);
    } else {
      uint32_t* wide = output<uint32_t>(m, p.wide);
      dsp::widen_row(x, p.input_depth, wide);
      rows.x = wide;
      one_by_4::sum_rows(&rows);
    }
    swar::requantize_sums(sums, input<swar::ChannelRecord>(m, p.channels), p.output_depth, range, y);
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_FULLY_CONNECTED_S8_1X4_HPP_
