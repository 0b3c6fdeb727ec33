// Reductions: sum and mean, largest and smallest, over any pattern of dimensions that alternates at most
// kept, reduced, kept, reduced (in either order). int8 and int16 sums are requantized; float sums are divided by
// `divisor`. Elements are added in row-major order, as TFLite's reference kernel does. Does not reduce other types.
#ifndef WHIT_RUNTIME_KERNELS_REDUCE_HPP_
#define WHIT_RUNTIME_KERNELS_REDUCE_HPP_

#include "whit_runtime/kernels/activations.hpp"

namespace whit::rt {

// The walk that all reductions share; strides count elements of the input. The output is dense [kept0, kept1].
template <typename T>
struct ReduceSum {
  OpHead head;
  Ref input;   // T
  Ref output;  // T
  int32_t kept[2];
  int32_t kept_stride[2];
  int32_t reduced[2];
  int32_t reduced_stride[2];
  int32_t bias;  // -input_zero_point * elements of one sum
  int32_t multiplier;
  int32_t shift;
  int32_t output_zero_point;
  static constexpr uint8_t kRefs = 2;
};

struct ReduceExtremeS8 {
  OpHead head;
  Ref input;   // int8
  Ref output;  // int8
  int32_t kept[2];
  int32_t kept_stride[2];
  int32_t reduced[2];
  int32_t reduced_stride[2];
  int32_t flip;  // 0: the largest; -1: the smallest, as the complement of the largest complement
  static constexpr uint8_t kRefs = 2;
};

struct ReduceSumF32 {
  OpHead head;
  Ref input;   // float
  Ref output;  // float
  int32_t kept[2];
  int32_t kept_stride[2];
  int32_t reduced[2];
  int32_t reduced_stride[2];
  int32_t divisor_bits;  // elements of one sum for a mean, 1 for a sum
  static constexpr uint8_t kRefs = 2;
};

struct ReduceExtremeF32 {
  OpHead head;
  Ref input;   // float
  Ref output;  // float
  int32_t kept[2];
  int32_t kept_stride[2];
  int32_t reduced[2];
  int32_t reduced_stride[2];
  int32_t smallest;  // 0: the largest; 1: the smallest
  static constexpr uint8_t kRefs = 2;
};

template <typename P>
inline bool check_reduce(const P& p, const Extent& e, uint32_t element_bytes) {
  // Every element is read once: this bounds the work even where strides are 0.
  const uint64_t elements = area(p.kept[0], p.kept[1], p.reduced[0], p.reduced[1]);
  if (!readable(e, p.input, elements * element_bytes, element_bytes)) return false;
  int64_t last = 0;
  for (int32_t i = 0; i < 2; ++i) {
    if (p.kept_stride[i] < 0 || p.reduced_stride[i] < 0) return false;
    last += static_cast<int64_t>(p.kept_stride[i]) * (p.kept[i] - 1) +
            static_cast<int64_t>(p.reduced_stride[i]) * (p.reduced[i] - 1);
    if (last > (int64_t{1} << 32)) return false;
  }
  return readable(e, p.input, (static_cast<uint64_t>(last) + 1) * element_bytes, element_bytes) &&
         writable(e, p.output, area(p.kept[0], p.kept[1]) * element_bytes, element_bytes);
}

template <typename T>
inline bool check(const ReduceSum<T>& p, const Extent& e) {
  return check_reduce(p, e, sizeof(T)) && p.multiplier >= 0 && within(p.shift, -31, 30) &&
         within(p.output_zero_point, kLowest<T>, kHighest<T>);
}
inline bool check(const ReduceExtremeS8& p, const Extent& e) { return check_reduce(p, e, 1) && within(p.flip, -1, 0); }
inline bool check(const ReduceSumF32& p, const Extent& e) { return check_reduce(p, e, 4); }
inline bool check(const ReduceExtremeF32& p, const Extent& e) {
  return check_reduce(p, e, 4) && within(p.smallest, 0, 1);
}

// For each output: start, then `step(accumulator, element)` for each element, then `finish(accumulator)`.
template <typename T, typename Accumulator, typename P, typename Step, typename Finish>
WHIT_ALWAYS_INLINE void reduce_walk(const P& p, const Memory& m, Accumulator start, Step step, Finish finish) {
  const T* x = input<T>(m, p.input);
  T* y = output<T>(m, p.output);
  for (int32_t k0 = 0; k0 < p.kept[0]; ++k0) {
    for (int32_t k1 = 0; k1 < p.kept[1]; ++k1) {
      Accumulator accumulator = start;
      const T* at = x + k0 * p.kept_stride[0] + k1 * p.kept_stride[1];
      for (int32_t r0 = 0; r0 < p.reduced[0]; ++r0, at += p.reduced_stride[0]) {
        for (int32_t r1 = 0; r1 < p.reduced[1]; ++r1) accumulator = step(accumulator, at[r1 * p.reduced_stride[1]]);
      }
      *y++ = finish(accumulator);
    }
  }
}

template <typename T>
WHIT_ALWAYS_INLINE void reduce_sum(const ReduceSum<T>& p, const Memory& m) {
  reduce_walk<T>(
      p, m, p.bias, [](int32_t sum, T element) { return sum + element; },
      [&p](int32_t sum) {
        const int32_t scaled = multiply_by_quantized_multiplier(sum, p.multiplier, p.shift);
        return static_cast<T>(clamp(scaled + p.output_zero_point, kLowest<T>, kHighest<T>));
      });
}

using ReduceSumS8 = ReduceSum<int8_t>;
using ReduceSumS16 = ReduceSum<int16_t>;

WHIT_KERNEL void reduce_sum_s8(const ReduceSumS8& p, const Memory& m) { reduce_sum(p, m); }
WHIT_KERNEL void reduce_sum_s16(const ReduceSumS16& p, const Memory& m) { reduce_sum(p, m); }

WHIT_KERNEL void reduce_extreme_s8(const ReduceExtremeS8& p, const Memory& m) {
  reduce_walk<int8_t>(
      p, m, int32_t{-128},
      [&p](int32_t best, int8_t element) {
        const int32_t flipped = element ^ p.flip;
        return flipped > best ? flipped : best;
      },
      [&p](int32_t best) { return static_cast<int8_t>(best ^ p.flip); });
}

WHIT_KERNEL void reduce_sum_f32(const ReduceSumF32& p, const Memory& m) {
  const float divisor = f32_from_bits(static_cast<uint32_t>(p.divisor_bits));
  reduce_walk<float>(
      p, m, 0.0f, [](float sum, float element) { return sum + element; },
      [divisor](float sum) { return sum / divisor; });
}

WHIT_KERNEL void reduce_extreme_f32(const ReduceExtremeF32& p, const Memory& m) {
  const bool smallest = p.smallest != 0;
  const float lowest = -3.402823466e+38f;
  reduce_walk<float>(
      p, m, smallest ? -lowest : lowest,
      [smallest](float best, float element) { return (smallest ? element < best : element > best) ? element : best; },
      [](float best) { return best; });
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_REDUCE_HPP_
