// What recurrent kernels share: how a sequence is walked, where a state begins, and the rows of a gate.
// A layer keeps its state in place: `initial` and `state` are one buffer when it goes on from the last inference.
#ifndef WHIT_RUNTIME_KERNELS_RECURRENT_HPP_
#define WHIT_RUNTIME_KERNELS_RECURRENT_HPP_

#include "whit_runtime/kernels/arch/arm_dsp/intrinsics.hpp"

namespace whit::rt {

struct RecurrentShape {
  int32_t batches, steps, input_size, units;
  int32_t time_major;  // 0: rows stand as [batches, steps], 1: as [steps, batches]
  int32_t reverse;     // 1: from the last step to the first
};

inline bool check_recurrent_shape(const RecurrentShape& s) {
  return area(s.batches, s.steps) <= INT32_MAX && area(s.input_size, s.units) <= INT32_MAX &&
         within(s.time_major, 0, 1) && within(s.reverse, 0, 1);
}

// True when the sequence in and out, with `element` bytes each, lie where they may.
inline bool check_sequences(const RecurrentShape& s, const Extent& e, Ref in, Ref out, uint32_t element) {
  return readable(e, in, area(s.batches, s.steps, s.input_size) * element, element) &&
         writable(e, out, area(s.batches, s.steps, s.units) * element, element);
}

// True when a state of batches x units elements may be written, and read from where it begins.
inline bool check_state(const RecurrentShape& s, const Extent& e, Ref initial, Ref state, uint32_t element) {
  const uint64_t bytes = area(s.batches, s.units) * element;
  return writable(e, state, bytes, element) && (initial == kNoRef || readable(e, initial, bytes, element));
}

// The row of the sequence that step `t` of batch `b` reads and writes.
inline int32_t sequence_row(const RecurrentShape& s, int32_t b, int32_t t) {
  const int32_t step = s.reverse != 0 ? s.steps - 1 - t : t;
  return s.time_major != 0 ? step * s.batches + b : b * s.steps + step;
}

// The state before the first step; `zero` stands for 0.
template <typename T>
inline void begin_state(const RecurrentShape& s, const Memory& m, Ref initial, Ref state, T zero) {
  const int32_t count = s.batches * s.units;
  T* to = output<T>(m, state);
  if (initial == kNoRef) {
    for (int32_t i = 0; i < count; ++i) to[i] = zero;
  } else if (initial != state) {
    memmove(to, input<T>(m, initial), static_cast<size_t>(count) * sizeof(T));
  }
}

// Calls step(x, y, first) for each row x of the sequence and the row y of its output, in the order of the steps;
// `first` is where the states of the row's batch begin.
template <typename T, typename Step>
WHIT_ALWAYS_INLINE void walk_sequence(const RecurrentShape& s, const Memory& m, Ref in, Ref out, const Step& step) {
  for (int32_t b = 0; b < s.batches; ++b) {
    for (int32_t t = 0; t < s.steps; ++t) {
      const int32_t row = sequence_row(s, b, t);
      step(input<T>(m, in) + row * s.input_size, output<T>(m, out) + row * s.units, b * s.units);
    }
  }
}

// Integer products. The bias of a row of int8 has the zero point folded in; int16 activations have none.
template <typename T>
struct RowSum;
template <>
struct RowSum<int8_t> {
  using Type = int32_t;
};
template <>
struct RowSum<int16_t> {
  using Type = int64_t;
};

#if WHIT_ARM_DSP
// x0 and x2, x1 and x3 of four activations, as halves.
struct FourX {
  uint32_t even, odd;
};
WHIT_ALWAYS_INLINE FourX load_four(const int8_t* x) {
  const uint32_t four = dsp::load32(x);
  return {dsp::sxtb16(four), dsp::sxtb16_ror8(four)};
}
WHIT_ALWAYS_INLINE FourX load_four(const int16_t* x) {
  const uint32_t first = dsp::load32(x), second = dsp::load32(x + 2);
  return {dsp::pkhbt(first, second), dsp::pkhtb(second, first)};
}
WHIT_ALWAYS_INLINE int32_t dot_four(const FourX& x, const int8_t* w, int32_t sum) {
  const uint32_t four = dsp::load32(w);
  return dsp::smlad(x.odd, dsp::sxtb16_ror8(four), dsp::smlad(x.even, dsp::sxtb16(four), sum));
}
#endif

// The products of one row; 32-bit sums wrap in any order, so a core may take two at once.
template <typename T>
inline int32_t dot_32(const T* x, const int8_t* w, int32_t count, int32_t sum) {
#if WHIT_ARM_DSP
  for (; count >= 4; count -= 4, x += 4, w += 4) sum = dot_four(load_four(x), w, sum);
#endif
  for (int32_t i = 0; i < count; ++i) sum += x[i] * w[i];
  return sum;
}

inline int32_t dot(const int8_t* x, const int8_t* w, int32_t count, int32_t sum) { return dot_32(x, w, count, sum); }

// Of int16, 256 products at most are less than 2^30: only their sums need 64 bits.
inline int64_t dot(const int16_t* x, const int8_t* w, int32_t count, int64_t sum) {
  for (; count > 256; count -= 256, x += 256, w += 256) sum += dot_32(x, w, 256, 0);
  return sum + dot_32(x, w, count, 0);
}

// Adds to sums[r] the products of row r of the four at `w`.
template <typename T>
inline void dot_4_rows(const T* x, const int8_t* w, int32_t count, typename RowSum<T>::Type* sums) {
  int32_t done = 0;
#if WHIT_ARM_DSP
  while (count - done >= 4) {
    int32_t a = 0, b = 0, c = 0, d = 0;
    const int32_t end = sizeof(T) == 1 || count - done < 256 ? count - 3 : done + 253;
    for (; done < end; done += 4) {
      const FourX four = load_four(x + done);
      const int8_t* row = w + done;
      a = dot_four(four, row, a);
      b = dot_four(four, row += count, b);
      c = dot_four(four, row += count, c);
      d = dot_four(four, row += count, d);
    }
    sums[0] += a, sums[1] += b, sums[2] += c, sums[3] += d;
  }
#endif
  for (int32_t r = 0; r < 4; ++r, w += count) sums[r] = dot(x + done, w + done, count - done, sums[r]);
}

inline float dot_f32(const float* x, const float* w, int32_t count) {
  float sum = 0.0f;
  for (int32_t i = 0; i < count; ++i) sum += x[i] * w[i];
  return sum;
}

inline int32_t saturate_16(int32_t x) { return clamp(x, -32768, 32767); }

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_RECURRENT_HPP_
