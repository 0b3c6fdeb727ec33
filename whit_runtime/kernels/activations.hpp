// What kernels that exist for int8 and for int16 activations share: ranges, sums and requantization by type.
// T is int8_t or int16_t. Sum is int32_t, or int64_t in layers of int16 activations with an int64 bias or none; TFLite
// rounds the two kinds of sums differently (see multiply_by_quantized_multiplier), so the type decides the bits.
#ifndef WHIT_RUNTIME_KERNELS_ACTIVATIONS_HPP_
#define WHIT_RUNTIME_KERNELS_ACTIVATIONS_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

template <typename T>
inline constexpr int32_t kHighest = (1 << (8 * sizeof(T) - 1)) - 1;
template <typename T>
inline constexpr int32_t kLowest = -kHighest<T> - 1;

// Requant of int64 sums.
struct RequantWide {
  int64_t bias;
  int32_t multiplier;
  int32_t shift;
};
static_assert(sizeof(RequantWide) == 16);

template <typename Sum>
struct RequantOf {
  using Type = Requant;
};
template <>
struct RequantOf<int64_t> {
  using Type = RequantWide;
};

// True when `ref` names `channels` RequantWides among the constants, each with a multiplier and shift in range.
inline bool check_requant_wide(const Extent& e, Ref ref, int32_t channels) {
  if ((ref & kConstantBit) == 0 || !readable(e, ref, area(channels) * sizeof(RequantWide), 8)) return false;
  const RequantWide* requant = reinterpret_cast<const RequantWide*>(e.constants + (ref & ~kConstantBit));
  for (int32_t c = 0; c < channels; ++c) {
    if (requant[c].multiplier < 0 || !within(requant[c].shift, -31, 7)) return false;
  }
  return true;
}

template <typename Sum>
inline bool check_requant_of(const Extent& e, Ref ref, int32_t channels) {
  if (sizeof(Sum) == 8) return check_requant_wide(e, ref, channels);
  return check_requant(e, ref, channels);
}

// The output's zero point and fused activation.
template <typename T, typename P>
inline bool check_output(const P& p) {
  return within(p.output_zero_point, kLowest<T>, kHighest<T>) && within(p.output_min, kLowest<T>, kHighest<T>) &&
         within(p.output_max, p.output_min, kHighest<T>);
}

// The same and the input's zero point.
template <typename T, typename P>
inline bool check_ranges(const P& p) {
  return within(p.input_zero_point, kLowest<T>, kHighest<T>) && check_output<T>(p);
}

// The stored output of a layer for the sum of a channel, bias included.
template <typename T, typename Sum, typename P>
WHIT_ALWAYS_INLINE T layer_output(const P& p, const typename RequantOf<Sum>::Type& requant, Sum sum) {
  const int32_t scaled = multiply_by_quantized_multiplier(sum, requant.multiplier, requant.shift);
  return static_cast<T>(clamp(scaled + p.output_zero_point, p.output_min, p.output_max));
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_ACTIVATIONS_HPP_
