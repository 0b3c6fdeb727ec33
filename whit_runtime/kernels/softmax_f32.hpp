// Softmax, log softmax and L2 normalization over the last dimension, float32. Source: TFLite reference_ops.
// Does not normalize over other dimensions.
#ifndef WHIT_RUNTIME_KERNELS_SOFTMAX_F32_HPP_
#define WHIT_RUNTIME_KERNELS_SOFTMAX_F32_HPP_

#include <math.h>

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

// softmax_f32, log_softmax_f32, l2_normalization_f32.
struct NormalizeF32 {
  OpHead head;
  Ref input;   // float32 [rows, depth]
  Ref output;  // float32 [rows, depth], may be the input or start before it
  int32_t rows;
  int32_t depth;
  int32_t beta_bits;  // of softmax
  static constexpr uint8_t kRefs = 2;
};

inline bool check(const NormalizeF32& p, const Extent& e) {
  return readable(e, p.input, area(p.rows, p.depth) * 4, 4) && writable(e, p.output, area(p.rows, p.depth) * 4, 4);
}

inline float row_maximum_f32(const float* x, int32_t depth) {
  float maximum = x[0];
  for (int32_t i = 1; i < depth; ++i) maximum = x[i] > maximum ? x[i] : maximum;
  return maximum;
}

WHIT_KERNEL void softmax_f32(const NormalizeF32& p, const Memory& m) {
  const float* x = input<float>(m, p.input);
  float* y = output<float>(m, p.output);
  const float beta = f32_from_bits(p.beta_bits);
  for (int32_t row = 0; row < p.rows; ++row, x += p.depth, y += p.depth) {
    const float maximum = row_maximum_f32(x, p.depth);
    float sum = 0.0f;
    for (int32_t i = 0; i < p.depth; ++i) {
      const float exp = expf((x[i] - maximum) * beta);
      y[i] = exp;
      sum += exp;
    }
    for (int32_t i = 0; i < p.depth; ++i) y[i] = y[i] / sum;
  }
}

WHIT_KERNEL void log_softmax_f32(const NormalizeF32& p, const Memory& m) {
  const float* x = input<float>(m, p.input);
  float* y = output<float>(m, p.output);
  for (int32_t row = 0; row < p.rows; ++row, x += p.depth, y += p.depth) {
    const float maximum = row_maximum_f32(x, p.depth);
    float sum = 0.0f;
    for (int32_t i = 0; i < p.depth; ++i) sum += expf(x[i] - maximum);
    const float log_sum = logf(sum);
    for (int32_t i = 0; i < p.depth; ++i) y[i] = x[i] - maximum - log_sum;
  }
}

WHIT_KERNEL void l2_normalization_f32(const NormalizeF32& p, const Memory& m) {
  const float* x = input<float>(m, p.input);
  float* y = output<float>(m, p.output);
  for (int32_t row = 0; row < p.rows; ++row, x += p.depth, y += p.depth) {
    float sum = 0.0f;
    for (int32_t i = 0; i < p.depth; ++i) sum += x[i] * x[i];
    float norm = sqrtf(sum);
    norm = norm < 1e-6f ? 1e-6f : norm;
    for (int32_t i = 0; i < p.depth; ++i) y[i] = x[i] / norm;
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_SOFTMAX_F32_HPP_
