// Fully connected, int8, for layers most of whose weights are zero: one bit a weight says whether it is, the others
// stand one after the other. Same bits as fully_connected_s8, from (1/8 + share of nonzeros) of its bytes.
// Chosen by the workshop where it pays and arch/swar/requant.hpp's preconditions hold.
#ifndef WHIT_RUNTIME_KERNELS_FULLY_CONNECTED_S8_BITMAP_HPP_
#define WHIT_RUNTIME_KERNELS_FULLY_CONNECTED_S8_BITMAP_HPP_

#include "whit_runtime/kernels/arch/swar/requant.hpp"

namespace whit::rt {

struct FullyConnectedS8Bitmap {
  OpHead head;
  Ref input;     // int8 [batches, input_depth]
  Ref output;    // int8 [batches, output_depth]
  Ref bitmap;    // uint32 [output_depth, input_depth / 32 rounded up]; bit 31 is the first weight, filled up with zeros
  Ref values;    // int8: a weight for each set bit, in order
  Ref channels;  // swar::ChannelRecord[output_depth], without corrections
  int32_t batches;
  int32_t input_depth;
  int32_t output_depth;
  int32_t output_zero_point;
  int32_t output_min;  // fused activation, [-128, 127]
  int32_t output_max;
  static constexpr uint8_t kRefs = 5;
};

// Walks the bitmap: no set bit may lie past the end of a row, and each needs a value.
inline bool check(const FullyConnectedS8Bitmap& p, const Extent& e) {
  if (!within(p.input_depth, 1, 1 << 20) || !within(p.output_depth, 1, 1 << 20)) return false;
  const int32_t words = (p.input_depth + 31) / 32;
  if ((p.bitmap & kConstantBit) == 0 || !readable(e, p.bitmap, area(p.output_depth, words, 4), 4)) return false;
  const uint32_t* bitmap = reinterpret_cast<const uint32_t*>(e.constants + (p.bitmap & ~kConstantBit));
  const uint32_t filling = (uint32_t{1} << (words * 32 - p.input_depth)) - 1;
  uint64_t count = 0;
  for (int32_t o = 0; o < p.output_depth; ++o, bitmap += words) {
    if ((bitmap[words - 1] & filling) != 0) return false;
    for (int32_t w = 0; w < words; ++w) {
      for (uint32_t bits = bitmap[w]; bits != 0; bits &= bits - 1) ++count;
    }
  }
  return readable(e, p.input, area(p.batches, p.input_depth)) &&
         writable(e, p.output, area(p.batches, p.output_depth)) && readable(e, p.values, count) &&
         swar::check_channels(e, p.channels, p.output_depth) &&
         check_output_s8(p.output_zero_point, p.output_min, p.output_max);
}

namespace bitmap {

// The sum over the set bits of one row, from `x` up to `end`; `value` moves past the row's values.
// Cores that count leading zeros jump from one set bit to the next; the others look at each bit.
#if defined(__ARM_FEATURE_CLZ) && defined(__thumb2__)
WHIT_NOINLINE int32_t row_sum(const uint32_t* bitmap, const int8_t* x, const int8_t* end, const int8_t*& value) {
  const int8_t* v = value;
  int32_t sum = 0, bits, first, weight, factor;
  __asm__ volatile(
      ".syntax unified\n"
      "1: ldr %[bits], [%[bitmap]], #4\n"
      "cbz %[bits], 3f\n"
      "2: clz %[first], %[bits]\n"
      "ldrsb %[weight], [%[v]], #1\n"
      "ldrsb %[factor], [%[x], %[first]]\n"
      "lsr %[first], %[top], %[first]\n"
      "eors %[bits], %[bits], %[first]\n"
      "mla %[sum], %[weight], %[factor], %[sum]\n"
      "bne 2b\n"
      "3: adds %[x], #32\n"
      "cmp %[x], %[end]\n"
      "bcc 1b\n"
      : [bitmap] "+r"(bitmap), [x] "+l"(x), [v] "+r"(v), [sum] "+r"(sum), [bits] "=&l"(bits), [first] "=&l"(first),
        [weight] "=&r"(weight), [factor] "=&l"(factor)
      : [end] "r"(end), [top] "r"(0x80000000u)
      : "cc", "memory");
  value = v;
  return sum;
}
#elif defined(__ARM_ARCH_6M__) || (defined(__riscv) && !defined(__riscv_zbb))
WHIT_NOINLINE int32_t row_sum(const uint32_t* bitmap, const int8_t* x, const int8_t* end, const int8_t*& value) {
  const int8_t* v = value;
  int32_t sum = 0;
  for (; x < end; x += 32) {
    const int8_t* row = x;
    for (uint32_t bits = *bitmap++; bits != 0; bits <<= 8, row += 8) {
#define WHIT_BITMAP_STEP(k) \
  if (static_cast<int32_t>(bits << (k)) < 0) sum += row[k] * *v++;
      WHIT_BITMAP_STEP(0)
      WHIT_BITMAP_STEP(1)
      WHIT_BITMAP_STEP(2)
      WHIT_BITMAP_STEP(3)
      WHIT_BITMAP_STEP(4)
      WHIT_BITMAP_STEP(5)
      WHIT_BITMAP_STEP(6)
      WHIT_BITMAP_STEP(7)
#undef WHIT_BITMAP_STEP
    }
  }
  value = v;
  return sum;
}
#else
WHIT_NOINLINE int32_t row_sum(const uint32_t* bitmap, const int8_t* x, const int8_t* end, const int8_t*& value) {
  int32_t sum = 0;
  for (; x < end; x += 32) {
    for (uint32_t bits = *bitmap++; bits != 0;) {
      const int first = __builtin_clz(bits);
      bits ^= 0x80000000u >> first;
      sum += x[first] * *value++;
    }
  }
  return sum;
}
#endif

}  // namespace bitmap

WHIT_KERNEL void fully_connected_s8_bitmap(const FullyConnectedS8Bitmap& p, const Memory& m) {
  const int8_t* x = input<int8_t>(m, p.input);
  int8_t* y = output<int8_t>(m, p.output);
  const int32_t words = (p.input_depth + 31) / 32;
  const swar::OutputRange range{2 * p.output_zero_point + 1, p.output_min, p.output_max};
  for (int32_t b = 0; b < p.batches; ++b, x += p.input_depth) {
    const uint32_t* bitmap = input<uint32_t>(m, p.bitmap);
    const int8_t* value = input<int8_t>(m, p.values);
    const swar::ChannelRecord* channel = input<swar::ChannelRecord>(m, p.channels);
    for (int32_t o = 0; o < p.output_depth; ++o, ++channel, bitmap += words) {
      const int32_t sum = bitmap::row_sum(bitmap, x, x + p.input_depth, value);
      *y++ = static_cast<int8_t>(swar::requantize(sum, swar::scaling_of(*channel, range), range));
    }
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_FULLY_CONNECTED_S8_BITMAP_HPP_
