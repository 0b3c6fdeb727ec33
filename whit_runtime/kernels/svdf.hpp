// SVDF: svdf_s8 (int8 state), svdf_s16 (int16 state), both with int8 activations, and svdf_f32. Formula:
// ir::SvdfAttributes. Source: TFLite reference/svdf.h; of an int8 state TFLite Micro's svdf_common.cc.
#ifndef WHIT_RUNTIME_KERNELS_SVDF_HPP_
#define WHIT_RUNTIME_KERNELS_SVDF_HPP_

#include "whit_runtime/kernels/recurrent.hpp"

namespace whit::rt {

struct SvdfShape {
  int32_t batches, input_size, units, rank, memory;
};

inline bool check_svdf_shape(const SvdfShape& s) {
  return area(s.batches, s.units, s.rank, s.memory) <= INT32_MAX && area(s.units, s.rank, s.input_size) <= INT32_MAX;
}

template <typename T>  // of state and time weights
struct Svdf {
  OpHead head;
  Ref input;            // int8 [batches, input_size]
  Ref output;           // int8 [batches, units]
  Ref state;            // T [batches, units, rank, memory]
  Ref initial;          // the state before; may be `state`
  Ref feature_weights;  // int8 [units, rank, input_size]
  Ref feature_bias;     // int32 [units, rank]: -input zero point * sum of the row
  Ref time_weights;     // T [units, rank, memory]
  Ref bias;             // int32 [units]
  SvdfShape shape;
  int32_t state_multiplier, state_shift, state_zero_point;
  int32_t output_multiplier, output_shift, output_zero_point, output_min, output_max;
  static constexpr uint8_t kRefs = 8;
};

struct SvdfF32 {
  OpHead head;
  Ref input, output, state, initial, feature_weights, time_weights, bias;  // as above; bias may be kNoRef
  SvdfShape shape;
  int32_t output_min_bits, output_max_bits;
  static constexpr uint8_t kRefs = 7;
};

// The operands that all have, with `element` bytes of the activations and `wide` bytes of state and time weights.
template <typename P>
inline bool check_svdf(const P& p, const Extent& e, uint32_t element, uint32_t wide) {
  const SvdfShape& s = p.shape;
  const uint64_t state = area(s.batches, s.units, s.rank, s.memory) * wide;
  return check_svdf_shape(s) && readable(e, p.input, area(s.batches, s.input_size) * element, element) &&
         writable(e, p.output, area(s.batches, s.units) * element, element) && writable(e, p.state, state, wide) &&
         readable(e, p.initial, state, wide) &&
         readable(e, p.feature_weights, area(s.units, s.rank, s.input_size) * element, element) &&
         readable(e, p.time_weights, area(s.units, s.rank, s.memory) * wide, wide);
}

template <typename T>
inline bool check(const Svdf<T>& p, const Extent& e) {
  return check_svdf(p, e, 1, sizeof(T)) && readable(e, p.feature_bias, area(p.shape.units, p.shape.rank) * 4, 4) &&
         readable(e, p.bias, area(p.shape.units) * 4, 4) && p.state_multiplier >= 0 && within(p.state_shift, -31, 30) &&
         within(p.state_zero_point, -128, 127) && p.output_multiplier >= 0 && within(p.output_shift, -31, 30) &&
         within(p.output_zero_point, -128, 127) && within(p.output_min, -128, 127) &&
         within(p.output_max, p.output_min, 127);
}

inline bool check(const SvdfF32& p, const Extent& e) {
  return check_svdf(p, e, 4, 4) && (p.bias == kNoRef || readable(e, p.bias, area(p.shape.units) * 4, 4));
}

template <typename T>
WHIT_ALWAYS_INLINE void svdf_integer(const Svdf<T>& p, const Memory& m) {
  const SvdfShape& s = p.shape;
  const int8_t* x = input<int8_t>(m, p.input);
  int8_t* y = output<int8_t>(m, p.output);
  const T* before = input<T>(m, p.initial);
  T* state = output<T>(m, p.state);
  const int32_t most = sizeof(T) == 1 ? 127 : 32767;
  for (int32_t b = 0; b < s.batches; ++b, x += s.input_size) {
    const int8_t* w = input<int8_t>(m, p.feature_weights);
    const int32_t* feature_bias = input<int32_t>(m, p.feature_bias);
    const T* time = input<T>(m, p.time_weights);
    const int32_t* bias = input<int32_t>(m, p.bias);
    for (int32_t u = 0; u < s.units; ++u) {
      int32_t sum = *bias++;
      for (int32_t r = 0; r < s.rank; ++r, w += s.input_size, time += s.memory, state += s.memory, before += s.memory) {
        memmove(state, before + 1, static_cast<size_t>(s.memory - 1) * sizeof(T));
        const int32_t feature = multiply_by_quantized_multiplier(dot(x, w, s.input_size, *feature_bias++),
                                                                 p.state_multiplier, p.state_shift);
        state[s.memory - 1] = static_cast<T>(clamp(feature, -most - 1, most) + p.state_zero_point);
        for (int32_t i = 0; i < s.memory; ++i) sum += time[i] * (state[i] - p.state_zero_point);
      }
      const int32_t scaled = multiply_by_quantized_multiplier(sum, p.output_multiplier, p.output_shift);
      *y++ = static_cast<int8_t>(clamp(scaled + p.output_zero_point, p.output_min, p.output_max));
    }
  }
}

using SvdfS8 = Svdf<int8_t>;
using SvdfS16 = Svdf<int16_t>;

WHIT_KERNEL void svdf_s8(const SvdfS8& p, const Memory& m) { svdf_integer(p, m); }
WHIT_KERNEL void svdf_s16(const SvdfS16& p, const Memory& m) { svdf_integer(p, m); }

WHIT_KERNEL void svdf_f32(const SvdfF32& p, const Memory& m) {
  const SvdfShape& s = p.shape;
  const float* x = input<float>(m, p.input);
  float* y = output<float>(m, p.output);
  const float* before = input<float>(m, p.initial);
  float* state = output<float>(m, p.state);
  for (int32_t b = 0; b < s.batches; ++b, x += s.input_size) {
    const float* w = input<float>(m, p.feature_weights);
    const float* time = input<float>(m, p.time_weights);
    for (int32_t u = 0; u < s.units; ++u) {
      float sum = p.bias == kNoRef ? 0.0f : input<float>(m, p.bias)[u];
      for (int32_t r = 0; r < s.rank; ++r, w += s.input_size, time += s.memory, state += s.memory, before += s.memory) {
        memmove(state, before + 1, static_cast<size_t>(s.memory - 1) * 4);
        state[s.memory - 1] = dot_f32(x, w, s.input_size);
        sum += dot_f32(time, state, s.memory);
      }
      *y++ = clamp_f32(sum, f32_from_bits(static_cast<uint32_t>(p.output_min_bits)),
                       f32_from_bits(static_cast<uint32_t>(p.output_max_bits)));
    }
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_SVDF_HPP_
