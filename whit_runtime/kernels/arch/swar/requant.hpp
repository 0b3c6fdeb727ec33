// Requantization for cores without DSP instructions: exact, from a record of two words a channel.
// Last step of every arch/swar kernel; the workshop checks the preconditions and packs (lower/arch/swar_pack.hpp).
// Does not cover shifts to the left or large accumulators: such layers stay with the portable kernels.
//
// Reference: clamp(RoundingDivideByPOT(SaturatingRoundingDoublingHighMul(acc, m), e) + zero_point). With x = 4 acc:
//     ((x * m) >> 32) + 1 + ((2 zero_point + 1) << e) - (x < 0 ? 2 : 0), all >> (e + 1), then clamped.
// SRDHM(acc, m) = floor((acc * m + 2^30) / 2^31), which the 1 rounds; (1 << e) rounds the division, the term for
// negative x makes its ties go away from zero. Preconditions: |acc| < 2^29, 0 <= m, 1 <= e <= kMaxShift.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_SWAR_REQUANT_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_SWAR_REQUANT_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt::swar {

inline constexpr int32_t kMaxShift = 21;
inline constexpr int32_t kBiasBits = 25;  // of ChannelRecord::bias_and_shift

struct ChannelRecord {
  int32_t bias_and_shift;  // bias << 7 | has corrections << 6 | e
  int32_t multiplier;
};
static_assert(sizeof(ChannelRecord) == 8);

WHIT_ALWAYS_INLINE int32_t bias_of(const ChannelRecord& r) { return r.bias_and_shift >> 7; }
WHIT_ALWAYS_INLINE bool has_corrections(const ChannelRecord& r) { return (r.bias_and_shift & 64) != 0; }
WHIT_ALWAYS_INLINE int32_t shift_of(const ChannelRecord& r) { return r.bias_and_shift & 63; }

// The high 32 bits of the 64-bit product; b >= 0.
WHIT_ALWAYS_INLINE int32_t multiply_high(int32_t a, int32_t b) {
#if defined(__ARM_ARCH_6M__)  // no long multiplication: four short ones
  const uint32_t a_low = static_cast<uint32_t>(a) & 0xffff;
  const uint32_t b_low = static_cast<uint32_t>(b) & 0xffff;
  const int32_t a_high = a >> 16;
  const int32_t b_high = b >> 16;
  const int32_t cross = a_high * static_cast<int32_t>(b_low);
  const uint32_t carry = a_low * static_cast<uint32_t>(b_high) + ((a_low * b_low) >> 16);
  return a_high * b_high + (cross >> 16) +
         static_cast<int32_t>((carry + (static_cast<uint32_t>(cross) & 0xffff)) >> 16);
#else
  return static_cast<int32_t>((static_cast<int64_t>(a) * b) >> 32);
#endif
}

// The fused activation and the output's zero point as 2 * zero_point + 1.
struct OutputRange {
  int32_t origin, min, max;
};

// What a channel needs: computed once for several outputs.
struct Scaling {
  int32_t bias_x4, multiplier, rounding, shift;
};

WHIT_ALWAYS_INLINE Scaling scaling_of(const ChannelRecord& r, const OutputRange& range) {
  const int32_t e = shift_of(r);
  return {bias_of(r) * 4, r.multiplier, static_cast<int32_t>((static_cast<uint32_t>(range.origin) << e) + 1), e + 1};
}

// From 4 times the sum of products, without the bias.
WHIT_ALWAYS_INLINE int32_t requantize_x4(int32_t sum_x4, const Scaling& s, const OutputRange& range) {
  const int32_t x = sum_x4 + s.bias_x4;
  const int32_t negative = (x >> 31) * 2;
  int32_t y = (multiply_high(x, s.multiplier) + s.rounding + negative) >> s.shift;
  if (y < range.min) y = range.min;
  if (y > range.max) y = range.max;
  return y;
}

WHIT_ALWAYS_INLINE int32_t requantize(int32_t sum, const Scaling& s, const OutputRange& range) {
  return requantize_x4(static_cast<int32_t>(static_cast<uint32_t>(sum) << 2), s, range);
}

// Outputs of `count` channels from their sums.
WHIT_NOINLINE void requantize_sums(const int32_t* sums, const ChannelRecord* records, int32_t count,
                                   const OutputRange& output_range, int8_t* y) {
  const OutputRange range = output_range;  // the compiler cannot know that y is none of it
  for (int8_t* end = y + count; y != end; ++sums, ++records) {
    *y++ = static_cast<int8_t>(requantize(*sums, scaling_of(*records, range), range));
  }
}

// True when `ref` names `channels` records with shifts and multipliers in range.
inline bool check_channels(const Extent& e, Ref ref, int32_t channels) {
  if ((ref & kConstantBit) == 0 || !readable(e, ref, area(channels) * sizeof(ChannelRecord), 4)) return false;
  const ChannelRecord* records = reinterpret_cast<const ChannelRecord*>(e.constants + (ref & ~kConstantBit));
  for (int32_t c = 0; c < channels; ++c) {
    if (!within(shift_of(records[c]), 1, kMaxShift) || records[c].multiplier < 0) return false;
  }
  return true;
}

// ---- corrections: what the workshop cut off weights so that every chunk stays within kChunkLimit -----------------

// A word is: depth index << 9 | last of its channel << 8 | weight (signed byte). In the order of the channels; only
// channels with has_corrections() have any.
WHIT_ALWAYS_INLINE int32_t correction_index(int32_t word) { return word >> 9; }
WHIT_ALWAYS_INLINE bool correction_is_last(int32_t word) { return (word & 256) != 0; }
WHIT_ALWAYS_INLINE int32_t correction_weight(int32_t word) { return static_cast<int8_t>(word); }

// True when the lists of all channels (checked before) stay within `count` words and `depth`.
inline bool check_corrections(const Extent& e, Ref channels_ref, int32_t channels, Ref ref, int32_t count,
                              int32_t depth) {
  const ChannelRecord* records = reinterpret_cast<const ChannelRecord*>(e.constants + (channels_ref & ~kConstantBit));
  if (count < 0 || (count > 0 && ((ref & kConstantBit) == 0 || !readable(e, ref, area(count, 4), 4)))) return false;
  const int32_t* words = reinterpret_cast<const int32_t*>(e.constants + (ref & ~kConstantBit));
  int32_t used = 0;
  for (int32_t c = 0; c < channels; ++c) {
    bool more = has_corrections(records[c]);
    while (more) {
      if (used == count || !within(correction_index(words[used]), 0, depth - 1)) return false;
      more = !correction_is_last(words[used++]);
    }
  }
  return true;
}

}  // namespace whit::rt::swar

#endif  // WHIT_RUNTIME_KERNELS_ARCH_SWAR_REQUANT_HPP_
