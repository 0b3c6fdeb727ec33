// Average and max pooling, float32: out[b,y,x,c] = clamp(mean or max of the window's elements inside the input).
// Adds in the order of TFLite's reference kernel: rows, then columns. In place as pool2d_s8.
// Does not count padded positions.
#ifndef WHIT_RUNTIME_KERNELS_POOL2D_F32_HPP_
#define WHIT_RUNTIME_KERNELS_POOL2D_F32_HPP_

#include "whit_runtime/kernels/kernel.hpp"
#include "whit_runtime/kernels/window.hpp"

namespace whit::rt {

struct Pool2dF32 {
  OpHead head;
  Ref input;   // float [batches, input_h, input_w, channels]
  Ref output;  // float [batches, output_h, output_w, channels]
  int32_t batches;
  int32_t input_h;
  int32_t input_w;
  int32_t channels;
  int32_t output_h;
  int32_t output_w;
  int32_t kernel_h;
  int32_t kernel_w;
  int32_t stride_h;
  int32_t stride_w;
  int32_t pad_top;
  int32_t pad_left;
  int32_t output_min_bits;  // fused activation
  int32_t output_max_bits;
  static constexpr uint8_t kRefs = 2;
};

inline bool check(const Pool2dF32& p, const Extent& e) {
  return readable(e, p.input, 4 * area(p.batches, p.input_h, p.input_w, p.channels), 4) &&
         writable(e, p.output, 4 * area(p.batches, p.output_h, p.output_w, p.channels), 4) &&
         check_windows(p.output_h, p.stride_h, p.pad_top, p.kernel_h, p.input_h) &&
         check_windows(p.output_w, p.stride_w, p.pad_left, p.kernel_w, p.input_w);
}

// `kMax`: the largest element, else the mean.
template <bool kMax>
WHIT_ALWAYS_INLINE void pool2d_f32(const Pool2dF32& p, const Memory& m) {
  const float* x = input<float>(m, p.input);
  float* y = output<float>(m, p.output);
  const float low = f32_from_bits(static_cast<uint32_t>(p.output_min_bits));
  const float high = f32_from_bits(static_cast<uint32_t>(p.output_max_bits));
  const int32_t row = p.input_w * p.channels;
  for (int32_t b = 0; b < p.batches; ++b, x += p.input_h * row) {
    for (int32_t oy = 0; oy < p.output_h; ++oy) {
      const Window rows = window(oy, p.stride_h, p.pad_top, p.kernel_h, p.input_h);
      for (int32_t ox = 0; ox < p.output_w; ++ox) {
        const Window cols = window(ox, p.stride_w, p.pad_left, p.kernel_w, p.input_w);
        const int32_t w = cols.last - cols.first;
        for (int32_t c = 0; c < p.channels; ++c) {
          float result = kMax ? x[rows.first * row + cols.first * p.channels + c] : 0.0f;
          for (int32_t i = rows.first; i < rows.last; ++i) {
            const float* at = x + i * row + cols.first * p.channels + c;
            for (int32_t j = 0; j < w; ++j, at += p.channels) {
              if (!kMax) {
                result += *at;
              } else if (*at > result) {
                result = *at;
              }
            }
          }
          if (!kMax) result /= static_cast<float>(w * (rows.last - rows.first));
          *y++ = clamp_f32(result, low, high);
        }
      }
    }
  }
}

WHIT_KERNEL void average_pool2d_f32(const Pool2dF32& p, const Memory& m) { pool2d_f32<false>(p, m); }
WHIT_KERNEL void max_pool2d_f32(const Pool2dF32& p, const Memory& m) { pool2d_f32<true>(p, m); }

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_POOL2D_F32_HPP_
