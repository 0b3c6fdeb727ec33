// Fully connected, int8, for layers with at most four weights that are not zero in each sixteen of a row (4:16, and
// with it 2:8 and 1:4). Same bits as fully_connected_s8, from three eighths of its bytes. Chosen by the workshop where
// it pays and arch/swar/requant.hpp's preconditions hold. Does not handle fuller groups.
//
// Goes through the inputs sixteen at a time, and for each sixteen through all channels, whose sums wait in the arena.
// So a core with DSP instructions can write down all pairs of the sixteen inputs as words of int16 first: then it loads
// and multiplies two inputs at once, wherever they stand.
#ifndef WHIT_RUNTIME_KERNELS_FULLY_CONNECTED_S8_4OF16_HPP_
#define WHIT_RUNTIME_KERNELS_FULLY_CONNECTED_S8_4OF16_HPP_

#include "whit_runtime/kernels/arch/arm_dsp/intrinsics.hpp"
#include "whit_runtime/kernels/arch/swar/requant.hpp"

namespace whit::rt {

struct FullyConnectedS84of16 {
  OpHead head;
  Ref input;     // int8 [batches, input_depth]
  Ref output;    // int8 [batches, output_depth]
  Ref stream;    // four_of_16::TwoChannels [input_depth / 16, output_depth / 2], both rounded up, the latter to even
  Ref channels;  // swar::ChannelRecord[output_depth], without corrections
  Ref sums;      // scratch: int32[output_depth rounded up to a multiple of 4]
  Ref pairs;     // scratch: uint32[kPairs] for cores with DSP instructions; kNoRef: inputs are read one by one
  int32_t batches;
  int32_t input_depth;
  int32_t output_depth;
  int32_t output_zero_point;
  int32_t output_min;  // fused activation, [-128, 127]
  int32_t output_max;
  static constexpr uint8_t kRefs = 6;
};

namespace four_of_16 {

// The weights of two channels for sixteen inputs, two pairs each. With FullyConnectedS84of16::pairs a pair's byte is
// its number by list_pairs(); without, its first position in the low four bits and its second in the high four. Its
// weights are bytes 0 and 2 of the channel's four, those of the second pair bytes 1 and 3.
struct TwoChannels {
  uint8_t pairs[2][2];  // [channel][pair]
  int8_t weights[2][4];
};
static_assert(sizeof(TwoChannels) == 12);

inline constexpr int32_t kGroup = 16;
inline constexpr int32_t kPairs = 120;
inline constexpr int32_t padded_channels(int32_t channels) { return (channels + 3) & ~3; }

// The positions of each pair of sixteen inputs (first | second << 4), in the order in which write_pairs finds them in
// eight registers: q = 0..3 has inputs 4q and 4q + 2 in one register, 4q + 1 and 4q + 3 in the next.
inline void list_pairs(uint8_t* list) {
  const auto input = [](int32_t reg, int32_t half) { return 4 * (reg / 2) + reg % 2 + 2 * half; };
  const auto add = [&list](int32_t first, int32_t second) { *list++ = static_cast<uint8_t>(first | second << 4); };
  for (int32_t a = 0; a < 8; ++a) {
    for (int32_t b = a + 1; b < 8; ++b) {
      add(input(a, 0), input(b, 0));
      add(input(a, 1), input(b, 1));
      add(input(a, 0), input(b, 1));
      add(input(b, 0), input(a, 1));
    }
  }
  for (int32_t a = 0; a < 8; ++a) add(input(a, 0), input(a, 1));
}

#if WHIT_ARM_DSP

// clang-format off
#define WHIT_4OF16_PAIRS(a, b)                                                                                  \
  "pkhbt r10, " a ", " b ", lsl #16\n pkhtb r11, " b ", " a ", asr #16\n"                                       \
  "pkhbt r12, " a ", " b "\n pkhbt lr, " b ", " a "\n stmia r1!, {r10, r11, r12, lr}\n"

// The pairs of sixteen inputs as words of int16. r2-r9: the inputs.
WHIT_DSP_ASSEMBLY void write_pairs(const int8_t* x, uint32_t* pairs) {
  asm volatile(
      "push {r4-r11, lr}\n"
      "ldr r2, [r0]\n ldr r4, [r0, #4]\n ldr r6, [r0, #8]\n ldr r8, [r0, #12]\n"
      "sxtb16 r3, r2, ror #8\n sxtb16 r2, r2\n sxtb16 r5, r4, ror #8\n sxtb16 r4, r4\n"
      "sxtb16 r7, r6, ror #8\n sxtb16 r6, r6\n sxtb16 r9, r8, ror #8\n sxtb16 r8, r8\n"
      WHIT_4OF16_PAIRS("r2", "r3") WHIT_4OF16_PAIRS("r2", "r4") WHIT_4OF16_PAIRS("r2", "r5")
      WHIT_4OF16_PAIRS("r2", "r6") WHIT_4OF16_PAIRS("r2", "r7") WHIT_4OF16_PAIRS("r2", "r8")
      WHIT_4OF16_PAIRS("r2", "r9") WHIT_4OF16_PAIRS("r3", "r4") WHIT_4OF16_PAIRS("r3", "r5")
      WHIT_4OF16_PAIRS("r3", "r6") WHIT_4OF16_PAIRS("r3", "r7") WHIT_4OF16_PAIRS("r3", "r8")
      WHIT_4OF16_PAIRS("r3", "r9") WHIT_4OF16_PAIRS("r4", "r5") WHIT_4OF16_PAIRS("r4", "r6")
      WHIT_4OF16_PAIRS("r4", "r7") WHIT_4OF16_PAIRS("r4", "r8") WHIT_4OF16_PAIRS("r4", "r9")
      WHIT_4OF16_PAIRS("r5", "r6") WHIT_4OF16_PAIRS("r5", "r7") WHIT_4OF16_PAIRS("r5", "r8")
      WHIT_4OF16_PAIRS("r5", "r9") WHIT_4OF16_PAIRS("r6", "r7") WHIT_4OF16_PAIRS("r6", "r8")
      WHIT_4OF16_PAIRS("r6", "r9") WHIT_4OF16_PAIRS("r7", "r8") WHIT_4OF16_PAIRS("r7", "r9")
      WHIT_4OF16_PAIRS("r8", "r9")
      "stm r1, {r2-r9}\n"
      "pop {r4-r11, pc}\n");
}
#undef WHIT_4OF16_PAIRS

#define WHIT_4OF16_PAIR(position, weights, sum)                                                                 \
  position "\n ldr r11, [r1, r11, lsl #2]\n sxtb16 r12, " weights "\n smlad " sum ", r11, r12, " sum "\n"
#define WHIT_4OF16_TWO(sum0, sum1)                                                                              \
  "ldmia r0!, {r8, r9, r10}\n"                                                                                  \
  WHIT_4OF16_PAIR("uxtb r11, r8", "r9", sum0) WHIT_4OF16_PAIR("ubfx r11, r8, #8, #8", "r9, ror #8", sum0)        \
  WHIT_4OF16_PAIR("ubfx r11, r8, #16, #8", "r10", sum1) WHIT_4OF16_PAIR("lsr r11, r8, #24", "r10, ror #8", sum1)

// Adds the products of sixteen inputs to all sums, four at a time: 38 instructions. Returns where the stream goes on.
WHIT_DSP_ASSEMBLY const TwoChannels* add_group(const TwoChannels* stream, const uint32_t* pairs, int32_t* sums,
                                               int32_t* end) {
  asm volatile(
      "push {r4-r11, lr}\n"
      "1:\n"
      "ldm r2, {r4, r5, r6, r7}\n"
      WHIT_4OF16_TWO("r4", "r5")
      WHIT_4OF16_TWO("r6", "r7")
      "stmia r2!, {r4, r5, r6, r7}\n"
      "cmp r2, r3\n"
      "bne 1b\n"
      "pop {r4-r11, pc}\n");
}
#undef WHIT_4OF16_TWO
#undef WHIT_4OF16_PAIR
// clang-format on

#else

WHIT_NOINLINE void write_pairs(const int8_t* x, uint32_t* pairs) {
  uint8_t list[kPairs];
  list_pairs(list);
  for (int32_t i = 0; i < kPairs; ++i) pairs[i] = dsp::halves(x[list[i] & 15], x[list[i] >> 4]);
}

WHIT_NOINLINE const TwoChannels* add_group(const TwoChannels* stream, const uint32_t* pairs, int32_t* sums,
                                           int32_t* end) {
  for (; sums != end; ++stream) {
    for (int32_t c = 0; c < 2; ++c, ++sums) {
      const uint32_t weights = dsp::load32(stream->weights[c]);
      *sums = dsp::smlad(pairs[stream->pairs[c][0]], dsp::sxtb16(weights), *sums);
      *sums = dsp::smlad(pairs[stream->pairs[c][1]], dsp::sxtb16_ror8(weights), *sums);
    }
  }
  return stream;
}

#endif

// As add_group, for cores that multiply one pair of numbers at a time; `x` are the inputs themselves.
WHIT_NOINLINE const TwoChannels* add_group_bytes(const TwoChannels* stream, const int8_t* x, int32_t* sums,
                                                 int32_t* end) {
  const auto add = [x](int32_t sum, uint32_t first, uint32_t second, const int8_t* w) {
    sum += x[first & 15] * w[0];
    sum += x[first >> 4] * w[2];
    sum += x[second & 15] * w[1];
    return sum + x[second >> 4] * w[3];
  };
  for (; sums != end; sums += 2, ++stream) {
    sums[0] = add(sums[0], stream->pairs[0][0], stream->pairs[0][1], stream->weights[0]);
    sums[1] = add(sums[1], stream->pairs[1][0], stream->pairs[1][1], stream->weights[1]);
  }
  return stream;
}

}  // namespace four_of_16

// Looks at all pairs: their numbers must be those of pairs, and those of a last group of fewer inputs, read one by one,
// must not lead outside.
inline bool check(const FullyConnectedS84of16& p, const Extent& e) {
  using namespace four_of_16;
  if (!within(p.input_depth, 1, 1 << 20) || !within(p.output_depth, 1, 1 << 20)) return false;
  const int32_t padded = padded_channels(p.output_depth), groups = (p.input_depth + kGroup - 1) / kGroup;
  if ((p.stream & kConstantBit) == 0 || !readable(e, p.stream, area(groups, padded / 2, sizeof(TwoChannels)), 4)) {
    return false;
  }
  const TwoChannels* stream = reinterpret_cast<const TwoChannels*>(e.constants + (p.stream & ~kConstantBit));
  for (int32_t left = p.input_depth; left > 0; left -= kGroup) {
    for (int32_t i = 0; i < 2 * padded; ++i) {
      const int32_t pair = stream[i / 4].pairs[i / 2 % 2][i % 2];
      if (p.pairs != kNoRef ? pair >= kPairs : (pair & 15) >= left || pair >> 4 >= left) return false;
    }
    stream += padded / 2;
  }
  return readable(e, p.input, area(p.batches, p.input_depth)) &&
         writable(e, p.output, area(p.batches, p.output_depth)) && writable(e, p.sums, area(padded, 4), 4) &&
         (p.pairs == kNoRef || writable(e, p.pairs, kPairs * 4, 4)) &&
         swar::check_channels(e, p.channels, p.output_depth) &&
         check_output_s8(p.output_zero_point, p.output_min, p.output_max);
}

WHIT_KERNEL void fully_connected_s8_4of16(const FullyConnectedS84of16& p, const Memory& m) {
  using namespace four_of_16;
  const int8_t* x = input<int8_t>(m, p.input);
  int8_t* y = output<int8_t>(m, p.output);
  int32_t* sums = output<int32_t>(m, p.sums);
  int32_t* end = sums + padded_channels(p.output_depth);
  const swar::OutputRange range{2 * p.output_zero_point + 1, p.output_min, p.output_max};
  for (int32_t b = 0; b < p.batches; ++b, y += p.output_depth) {
    for (int32_t* sum = sums; sum != end; ++sum) *sum = 0;
    const TwoChannels* stream = input<TwoChannels>(m, p.stream);
    for (int32_t left = p.input_depth; left > 0; left -= kGroup) {
      const int32_t count = left < kGroup ? left : kGroup;
      if (p.pairs == kNoRef) {
        stream = add_group_bytes(stream, x, sums, end);
      } else {
        uint32_t* pairs = output<uint32_t>(m, p.pairs);
        int8_t last[kGroup] = {};
        for (int32_t i = 0; count != kGroup && i < count; ++i) last[i] = x[i];
        write_pairs(count == kGroup ? x : last, pairs);
        stream = add_group(stream, pairs, sums, end);
      }
      x += count;
    }
    swar::requantize_sums(sums, input<swar::ChannelRecord>(m, p.channels), p.output_depth, range, y);
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_FULLY_CONNECTED_S8_4OF16_HPP_
