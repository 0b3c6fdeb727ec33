// Dot products for cores without DSP instructions: int8 numbers times words that hold two int8 numbers each.
// The heart of every arch/swar kernel. Does not choose what is packed: a convolution packs two pixels into a word, a
// fully connected layer two weights.
//
// A word is lo + 65536 * hi, so one 32-bit multiplication gives two products. A sum s of a few such products is
// L + 65536 * H with L and H the two dot products; H = (s + 0x8000) >> 16 as long as both fit 16 bits, which holds for
// any factors when the bytes of the chunk have absolute values of at most kChunkLimit in all (the workshop sees to it).
// All s are added into `total`, all H into `high`; in the end L = total - (high << 16), exact modulo 2^32.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_SWAR_DOT_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_SWAR_DOT_HPP_

#include "whit_runtime/kernels/kernel.hpp"

// Whether twelve accumulators and as many factors fit the core's registers.
#if defined(__arm__)
#define WHIT_SWAR_MANY_REGISTERS 0
#else
#define WHIT_SWAR_MANY_REGISTERS 1
#endif

namespace whit::rt::swar {

// Bytes and words come in multiples of kDepthUnit: pad with zero weights.
inline constexpr int32_t kDepthUnit = 8;
inline constexpr int32_t kChunkLimit = 255;  // 255 * 128 < 2^15

inline constexpr int32_t padded_depth(int32_t depth) { return (depth + kDepthUnit - 1) & ~(kDepthUnit - 1); }

WHIT_ALWAYS_INLINE int32_t pack_pair(int32_t low, int32_t high) {
  return static_cast<int32_t>(static_cast<uint32_t>(low) + (static_cast<uint32_t>(high) << 16));
}

// Four sums: of the low and high halves of the first and the second word of each pair of words.
struct Sums {
  int32_t low0, high0, low1, high1;
};

// One pair of running sums.
struct Accumulator {
  uint32_t total;
  int32_t high;
};

WHIT_ALWAYS_INLINE void accumulate(Accumulator& a, int32_t s, int32_t half) {
  a.total += static_cast<uint32_t>(s);
  a.high += (s + half) >> 16;
}

WHIT_ALWAYS_INLINE int32_t low_of(const Accumulator& a) {
  return static_cast<int32_t>(a.total - (static_cast<uint32_t>(a.high) << 16));
}

// 0x8000 in a register of its own: compilers would load it anew at every use.
WHIT_ALWAYS_INLINE int32_t half_constant() {
  int32_t half = 0x8000;
#if defined(__GNUC__)
  __asm__("" : "+r"(half));
#endif
  return half;
}

// Ends a step: compilers would load the factors of all steps first, add in another order, and run out of registers.
template <typename T>
WHIT_ALWAYS_INLINE void step_ends(T& a, T& b, T& c, T& d) {
#if defined(__GNUC__)
  __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d) : : "memory");
#endif
}
template <typename T>
WHIT_ALWAYS_INLINE void step_ends(T& a, T& b) {
#if defined(__GNUC__)
  __asm__ volatile("" : "+r"(a), "+r"(b) : : "memory");
#endif
}

#if defined(__ARM_ARCH_6M__)

// Sixteen-bit Thumb has eight registers: all of them work here, the running sums stay in the high ones. Two words by
// LDM, a byte by LDRSB with an index that counts up to zero and so ends the loop.
#define WHIT_SWAR_FIRST                                                \
  "ldmia %[x]!, {r4, r5}\n ldrsb r3, [%[end], %[i]]\n adds %[i], #1\n" \
  "muls r4, r3\n muls r5, r3\n"
#define WHIT_SWAR_LOAD "ldmia %[x]!, {r6, r7}\n ldrsb r3, [%[end], %[i]]\n"
#define WHIT_SWAR_MULTIPLY "muls r6, r3\n muls r7, r3\n adds r4, r6\n adds r5, r7\n"
#define WHIT_SWAR_NEXT WHIT_SWAR_LOAD "adds %[i], #1\n" WHIT_SWAR_MULTIPLY
#define WHIT_SWAR_LAST WHIT_SWAR_LOAD WHIT_SWAR_MULTIPLY  // the caller advances the index
#define WHIT_SWAR_FOLD                                                                                        \
  "add r8, r4\n add r4, r12\n asrs r4, r4, #16\n add r9, r4\n add r10, r5\n add r5, r12\n asrs r5, r5, #16\n" \
  "add r11, r5\n"

// Sums over `depth` (a multiple of kDepthUnit) of bytes[i] * words[2 i] and bytes[i] * words[2 i + 1].
template <int kChunk>
WHIT_NOINLINE void dot(const int8_t* bytes, const int32_t* words, int32_t depth, Sums* sums) {
  static_assert(kChunk == 4 || kChunk == 8);
  register uint32_t total0 __asm__("r8") = 0;
  register int32_t high0 __asm__("r9") = 0;
  register uint32_t total1 __asm__("r10") = 0;
  register int32_t high1 __asm__("r11") = 0;
  register int32_t half __asm__("r12") = 0x8000;
  register const int8_t* end __asm__("r0") = bytes + depth;
  register const int32_t* x __asm__("r1") = words;
  register int32_t i __asm__("r2") = -depth;
  if (kChunk == 4) {
    __asm__ volatile(
        ".syntax unified\n1:\n" WHIT_SWAR_FIRST WHIT_SWAR_NEXT WHIT_SWAR_NEXT WHIT_SWAR_NEXT WHIT_SWAR_FOLD  //
            WHIT_SWAR_FIRST WHIT_SWAR_NEXT WHIT_SWAR_NEXT WHIT_SWAR_LAST WHIT_SWAR_FOLD "adds %[i], #1\n bne 1b\n"
        : [x] "+l"(x), [i] "+l"(i), "+h"(total0), "+h"(high0), "+h"(total1), "+h"(high1)
        : [end] "l"(end), "h"(half)
        : "r3", "r4", "r5", "r6", "r7", "cc", "memory");
  } else {
    __asm__ volatile(".syntax unified\n1:\n" WHIT_SWAR_FIRST WHIT_SWAR_NEXT WHIT_SWAR_NEXT WHIT_SWAR_NEXT WHIT_SWAR_NEXT
                         WHIT_SWAR_NEXT WHIT_SWAR_NEXT WHIT_SWAR_LAST WHIT_SWAR_FOLD "adds %[i], #1\n bne 1b\n"
                     : [x] "+l"(x), [i] "+l"(i), "+h"(total0), "+h"(high0), "+h"(total1), "+h"(high1)
                     : [end] "l"(end), "h"(half)
                     : "r3", "r4", "r5", "r6", "r7", "cc", "memory");
  }
  const Accumulator a0{total0, high0};
  const Accumulator a1{total1, high1};
  *sums = {low_of(a0), high0, low_of(a1), high1};
}

#undef WHIT_SWAR_FIRST
#undef WHIT_SWAR_LOAD
#undef WHIT_SWAR_MULTIPLY
#undef WHIT_SWAR_NEXT
#undef WHIT_SWAR_LAST
#undef WHIT_SWAR_FOLD

#else

// Sums over `depth` (a multiple of kDepthUnit) of bytes[i] * words[2 i] and bytes[i] * words[2 i + 1].
template <int kChunk>
WHIT_ALWAYS_INLINE void dot(const int8_t* bytes, const int32_t* words, int32_t depth, Sums* sums) {
  static_assert(kDepthUnit % kChunk == 0);
  Accumulator a0{0, 0};
  Accumulator a1{0, 0};
  const int32_t half = half_constant();
  const int8_t* end = bytes + depth;
  do {
#pragma GCC unroll 8
    for (int c = 0; c < kDepthUnit; c += kChunk) {
      int32_t s0 = bytes[c] * words[2 * c];
      int32_t s1 = bytes[c] * words[2 * c + 1];
      step_ends(s0, s1);
#pragma GCC unroll 8
      for (int i = c + 1; i < c + kChunk; ++i) {
        s0 += bytes[i] * words[2 * i];
        s1 += bytes[i] * words[2 * i + 1];
        step_ends(s0, s1);
      }
      accumulate(a0, s0, half);
      accumulate(a1, s1, half);
    }
    bytes += kDepthUnit;
    words += 2 * kDepthUnit;
  } while (bytes != end);
  *sums = {low_of(a0), a0.high, low_of(a1), a1.high};
}

#endif

// Two dot() at once, for cores with registers enough: either two rows of bytes by the same words (Shared::words) or the
// same bytes by two rows of words. The second row starts `step` elements after the first: 0 when there is none.
enum class Shared { words, bytes };

template <int kChunk, Shared kShared>
WHIT_ALWAYS_INLINE void dot_two(const int8_t* bytes, const int32_t* words, int32_t depth, int32_t step, Sums* sums) {
  static_assert(kDepthUnit % kChunk == 0);
  Accumulator a0{0, 0}, a1{0, 0}, b0{0, 0}, b1{0, 0};
  const int32_t half = half_constant();
  const int8_t* end = bytes + depth;
  const int8_t* more_bytes = bytes + step;
  const int32_t* more_words = words + step;
  do {
#pragma GCC unroll 8
    for (int c = 0; c < kDepthUnit; c += kChunk) {
      int32_t s0 = 0, s1 = 0, t0 = 0, t1 = 0;
#pragma GCC unroll 8
      for (int i = c; i < c + kChunk; ++i) {
        const int32_t byte = bytes[i];
        const int32_t byte2 = kShared == Shared::words ? more_bytes[i] : byte;
        const int32_t word0 = words[2 * i], word1 = words[2 * i + 1];
        const int32_t word2 = kShared == Shared::words ? word0 : more_words[2 * i];
        const int32_t word3 = kShared == Shared::words ? word1 : more_words[2 * i + 1];
        s0 += byte * word0;
        s1 += byte * word1;
        t0 += byte2 * word2;
        t1 += byte2 * word3;
        step_ends(s0, s1, t0, t1);
      }
      accumulate(a0, s0, half);
      accumulate(a1, s1, half);
      accumulate(b0, t0, half);
      accumulate(b1, t1, half);
    }
    bytes += kDepthUnit;
    words += 2 * kDepthUnit;
    if (kShared == Shared::words) {
      more_bytes += kDepthUnit;
    } else {
      more_words += 2 * kDepthUnit;
    }
  } while (bytes != end);
  sums[0] = {low_of(a0), a0.high, low_of(a1), a1.high};
  sums[1] = {low_of(b0), b0.high, low_of(b1), b1.high};
}

}  // namespace whit::rt::swar

#endif  // WHIT_RUNTIME_KERNELS_ARCH_SWAR_DOT_HPP_
