// The two halves of the 3x3 depthwise kernels on Armv7E-M: four channels become planes of int16, then each plane is
// swept by nine weights in six registers. Used by depthwise3x3_s8.hpp; knows tiles and planes, not tensors.
// Does not choose tiles and does not clamp to less than int8.
//
// Planes: row r of a tile takes kRowBytes: 26 int16 of each of the four channels, one after the other. Every row
// begins at the tile's left column (padding included), so what follows the last column of a plane's row is the left
// column of the next plane: where the map has padding on both sides one column of it serves both.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_DEPTHWISE_PLANES_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_DEPTHWISE_PLANES_HPP_

#include "whit_runtime/kernels/arch/arm_dsp/intrinsics.hpp"

namespace whit::rt::dsp {

inline constexpr int32_t kPlaneColumns = 26;  // fits kws (25 and one of padding) and halves of 48
inline constexpr int32_t kPlaneBytes = 2 * kPlaneColumns;
inline constexpr int32_t kRowBytes = 4 * kPlaneBytes;

// The input of one tile for four neighbouring channels.
struct PlaneTile {
  uint8_t* planes;                // kRowBytes a row, 4-byte aligned
  const int8_t* input;            // the four channels of the map's pixel (0, 0)
  int32_t width, height;          // of the map, along a row of the planes and across
  int32_t column_step, row_step;  // bytes between neighbours
  int32_t left, top;              // map coordinates of the tile's first column and row, at least -1
  int32_t words, rows;            // size of the tile: pairs of columns, rows
  uint32_t padding;               // the input zero point in each byte
};

// Pixels a and b (four channels each) side by side into the four planes.
WHIT_ALWAYS_INLINE void store_pair(uint8_t* planes, uint32_t a, uint32_t b) {
  uint32_t* word = reinterpret_cast<uint32_t*>(planes);
  const uint32_t low = pkhbt(a, b);
  const uint32_t high = pkhtb(b, a);
  word[0 * kPlaneBytes / 4] = sxtb16(low);
  word[1 * kPlaneBytes / 4] = sxtb16_ror8(low);
  word[2 * kPlaneBytes / 4] = sxtb16(high);
  word[3 * kPlaneBytes / 4] = sxtb16_ror8(high);
}

// Fills the planes of a tile. A row of padding is written only when `all`: else it is there from the last time.
WHIT_NOINLINE void fill_planes(const PlaneTile& t, bool all) {
  const int32_t step = t.column_step;
  const uint32_t padding = t.padding;
  // Columns after the first that lie in the map: pairs of them, and perhaps one more.
  const int32_t in_tile = 2 * t.words - 1;
  const int32_t in_map = t.width - t.left - 1;
  const int32_t columns = in_map < in_tile ? in_map : in_tile;
  const int8_t* row = t.input + t.top * t.row_step + t.left * step;
  uint8_t* planes = t.planes;
  for (int32_t y = t.top; y < t.top + t.rows; ++y, row += t.row_step, planes += kRowBytes) {
    uint8_t* out = planes;
    int32_t pairs = columns >> 1;
    uint32_t a = padding;
    if (y >= 0 && y < t.height) {
      const int8_t* in = row + step;
      if (t.left >= 0) a = load32(row);
      for (int32_t n = pairs; n > 0; --n, in += 2 * step, out += 4) {
        store_pair(out, a, load32(in));
        a = load32(in + step);
      }
      store_pair(out, a, (columns & 1) != 0 ? load32(in) : padding);
      out += 4;
      ++pairs;
    } else if (all) {
      pairs = 0;
    } else {
      continue;
    }
    for (; pairs < t.words; ++pairs, out += 4) store_pair(out, padding, padding);
  }
}

// One channel of one tile. Field order is that of the assembly below.
struct PlaneSweep {
  uint32_t weights[6];  // of each kernel row (w0, w1) and (w1, w2), scaled by 2^(s+1)
  int32_t bias;         // scaled likewise
  int32_t multiplier;
  int32_t rounding;
  const uint8_t* plane;  // of the tile's first row
  int8_t* output;
  int32_t column_step;  // bytes between outputs along a row, and between rows
  int32_t row_step;
  int32_t columns, rows;  // outputs
};

inline constexpr int32_t kSweepShift = 10;  // E of the requantization: multiplier exponent e + s = 10 in every channel

#if WHIT_ARM_DSP

// Registers: r0, r1 sums; r2, r3 pairs of pixels; r4-r9 weights; r10 plane; r11 output; r12 column_step; lr bias.
// Stack: 0 multiplier, 4 rounding, 8 plane and 12 output from the last pair to the next row, 16 end of the pairs in
// this row, 20 rows left, 24 where a row begins, 28 an odd column. Two outputs (a pair) at a time, two pairs a round.
#define WHIT_SWEEP_REQUANT_PAIR \
  "ldrd r2, r3, [sp]\n"         \
  "smmla r0, r0, r2, r3\n"      \
  "smmla r1, r1, r2, r3\n"      \
  "ssat r0, #8, r0, asr #10\n"  \
  "ssat r1, #8, r1, asr #10\n"  \
  "strb r0, [r11]\n"            \
  "strb r1, [r11, r12]\n"       \
  "add r11, r11, r12, lsl #1\n"
// Stride 1: outputs x, x + 1 from pixels x ... x + 3.
#define WHIT_SWEEP_PAIR_1      \
  "ldrd r2, r3, [r10], #4\n"   \
  "smlad r0, r2, r4, lr\n"     \
  "smlatb r1, r2, r4, lr\n"    \
  "smlabt r0, r3, r5, r0\n"    \
  "smlad r1, r3, r5, r1\n"     \
  "ldrd r2, r3, [r10, #204]\n" \
  "smlad r0, r2, r6, r0\n"     \
  "smlatb r1, r2, r6, r1\n"    \
  "smlabt r0, r3, r7, r0\n"    \
  "smlad r1, r3, r7, r1\n"     \
  "ldrd r2, r3, [r10, #412]\n" \
  "smlad r0, r2, r8, r0\n"     \
  "smlatb r1, r2, r8, r1\n"    \
  "smlabt r0, r3, r9, r0\n"    \
  "smlad r1, r3, r9, r1\n" WHIT_SWEEP_REQUANT_PAIR
// Stride 2: outputs x, x + 1 from pixels 2x ... 2x + 4.
#define WHIT_SWEEP_PAIR_2      \
  "ldrd r2, r3, [r10], #8\n"   \
  "smlad r0, r2, r4, lr\n"     \
  "smlabt r0, r3, r5, r0\n"    \
  "smlad r1, r3, r4, lr\n"     \
  "ldr r2, [r10]\n"            \
  "smlabt r1, r2, r5, r1\n"    \
  "ldrd r2, r3, [r10, #200]\n" \
  "smlad r0, r2, r6, r0\n"     \
  "smlabt r0, r3, r7, r0\n"    \
  "smlad r1, r3, r6, r1\n"     \
  "ldr r2, [r10, #208]\n"      \
  "smlabt r1, r2, r7, r1\n"    \
  "ldrd r2, r3, [r10, #408]\n" \
  "smlad r0, r2, r8, r0\n"     \
  "smlabt r0, r3, r9, r0\n"    \
  "smlad r1, r3, r8, r1\n"     \
  "ldr r2, [r10, #416]\n"      \
  "smlabt r1, r2, r9, r1\n" WHIT_SWEEP_REQUANT_PAIR
// log_pair: log2 of the bytes that a pair of outputs moves on in the plane. pitch: bytes that a row of outputs does.
#define WHIT_SWEEP(pair, log_pair, pitch)                                                \
  asm("push {r4-r11, lr}\n"                                                              \
      "sub sp, #32\n"                                                                    \
      "ldm r0!, {r4-r9}\n"                                                               \
      "ldm r0!, {r1, r2, r3, r10, r11, r12}\n"                                           \
      "mov lr, r1\n"                                                                     \
      "strd r2, r3, [sp]\n"                                                              \
      "ldm r0, {r0, r1, r2}\n"                                                           \
      "and r3, r1, #1\n"                                                                 \
      "str r3, [sp, #28]\n"                                                              \
      "lsr r1, r1, #1\n"                                                                 \
      "add r3, r10, r1, lsl #" log_pair                                                  \
      "\n"                                                                               \
      "strd r3, r2, [sp, #16]\n"                                                         \
      "lsl r3, r1, #1\n"                                                                 \
      "mls r3, r3, r12, r0\n"                                                            \
      "lsl r2, r1, #" log_pair                                                           \
      "\n"                                                                               \
      "rsb r2, r2, #" pitch                                                              \
      "\n"                                                                               \
      "strd r2, r3, [sp, #8]\n"                                                          \
      "lsrs r1, r1, #1\n" /* an odd number of pairs: start at the second of the round */ \
      "adr.w r0, 1f\n"                                                                   \
      "it cs\n"                                                                          \
      "adrcs.w r0, 2f\n"                                                                 \
      "cmp r3, r3\n"                                                                     \
      "ldr r3, [sp, #16]\n"                                                              \
      "cmp r10, r3\n" /* no pair at all */                                               \
      "it eq\n"                                                                          \
      "adreq.w r0, 3f\n"                                                                 \
      "orr r0, r0, #1\n"                                                                 \
      "str r0, [sp, #24]\n"                                                              \
      "bx r0\n"                                                                          \
      ".balign 4\n"                                                                      \
      "1:\n" pair "2:\n" pair                                                            \
      "ldr r2, [sp, #16]\n"                                                              \
      "cmp r10, r2\n"                                                                    \
      "bne 1b\n"                                                                         \
      "3:\n"                                                                             \
      "ldr r2, [sp, #28]\n"                                                              \
      "cbz r2, 4f\n"                                                                     \
      "ldrd r2, r3, [r10]\n"                                                             \
      "smlad r0, r2, r4, lr\n"                                                           \
      "smlabt r0, r3, r5, r0\n"                                                          \
      "ldrd r2, r3, [r10, #208]\n"                                                       \
      "smlad r0, r2, r6, r0\n"                                                           \
      "smlabt r0, r3, r7, r0\n"                                                          \
      "ldrd r2, r3, [r10, #416]\n"                                                       \
      "smlad r0, r2, r8, r0\n"                                                           \
      "smlabt r0, r3, r9, r0\n"                                                          \
      "ldrd r2, r3, [sp]\n"                                                              \
      "smmla r0, r0, r2, r3\n"                                                           \
      "ssat r0, #8, r0, asr #10\n"                                                       \
      "strb r0, [r11]\n"                                                                 \
      "4:\n"                                                                             \
      "ldrd r0, r1, [sp, #8]\n"                                                          \
      "ldrd r2, r3, [sp, #16]\n"                                                         \
      "add r10, r10, r0\n"                                                               \
      "add r11, r11, r1\n"                                                               \
      "add r2, r2, #" pitch                                                              \
      "\n"                                                                               \
      "subs r3, r3, #1\n"                                                                \
      "strd r2, r3, [sp, #16]\n"                                                         \
      "it ne\n"                                                                          \
      "ldrne pc, [sp, #24]\n"                                                            \
      "add sp, #32\n"                                                                    \
      "pop {r4-r11, pc}\n")

WHIT_DSP_ASSEMBLY void sweep_plane_stride1(const PlaneSweep*) { WHIT_SWEEP(WHIT_SWEEP_PAIR_1, "2", "208"); }
WHIT_DSP_ASSEMBLY void sweep_plane_stride2(const PlaneSweep*) { WHIT_SWEEP(WHIT_SWEEP_PAIR_2, "3", "416"); }
#undef WHIT_SWEEP
#undef WHIT_SWEEP_PAIR_1
#undef WHIT_SWEEP_PAIR_2
#undef WHIT_SWEEP_REQUANT_PAIR
static_assert(kRowBytes == 208 && kSweepShift == 10 && offsetof(PlaneSweep, bias) == 24);

#else

WHIT_ALWAYS_INLINE void sweep_plane(const PlaneSweep& s, int32_t stride) {
  for (int32_t y = 0; y < s.rows; ++y) {
    for (int32_t x = 0; x < s.columns; ++x) {
      int32_t sum = s.bias;
      for (int32_t ky = 0; ky < 3; ++ky) {
        const uint32_t weights[3] = {s.weights[2 * ky], s.weights[2 * ky] >> 16, s.weights[2 * ky + 1] >> 16};
        for (int32_t kx = 0; kx < 3; ++kx) {
          int16_t pixel;
          memcpy(&pixel, s.plane + (y * stride + ky) * kRowBytes + 2 * (x * stride + kx), 2);
          sum = smlabb(static_cast<uint16_t>(pixel), weights[kx], sum);
        }
      }
      const int32_t scaled = ssat8<kSweepShift>(smmla(sum, s.multiplier, s.rounding));
      s.output[y * s.row_step + x * s.column_step] = static_cast<int8_t>(scaled);
    }
  }
}
WHIT_NOINLINE void sweep_plane_stride1(const PlaneSweep* s) { sweep_plane(*s, 1); }
WHIT_NOINLINE void sweep_plane_stride2(const PlaneSweep* s) { sweep_plane(*s, 2); }

#endif

}  // namespace whit::rt::dsp

#endif  // WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_DEPTHWISE_PLANES_HPP_
