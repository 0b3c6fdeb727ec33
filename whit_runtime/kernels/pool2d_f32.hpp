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
  PoolGeometry geometry;
  int32_t output_min_bits;  // fused activation
  int32_t output_max_bits;
  static constexpr uint8_t kRefs = 2;
};

inline bool check(const Pool2dF32& p, const Extent& e) { return check_pool(p.geometry, p.input, p.output, 4, e); }

// `kMax`: the largest element, else the mean.
template <bool kMax>
WHIT_ALWAYS_INLINE void pool2d_f32(const Pool2dF32& p, const Memory& m) {
  const PoolGeometry& g = p.geometry;
  const float* x = input<float>(m, p.input);
  float* y = output<float>(m, p.output);
  const float low = f32_from_bits(static_cast<uint32_t>(p.output_min_bits));
  const float high = f32_from_bits(static_cast<uint32_t>(p.output_max_bits));
  const int32_t row = g.input_w * g.channels;
  for (int32_t b = 0; b < g.batches; ++b, x += g.input_h * row) {
    for (int32_t oy = 0; oy < g.output_h; ++oy) {
      const Window rows = window(oy, g.stride_h, g.pad_top, g.kernel_h, g.input_h);
      for (int32_t ox = 0; ox < g.output_w; ++ox) {
        const Window cols = window(ox, g.stride_w, g.pad_left, g.kernel_w, g.input_w);
        const int32_t w = cols.last - cols.first;
        for (int32_t c = 0; c < g.channels; ++c) {
          float result = kMax ? x[rows.first * row + cols.first * g.channels + c] : 0.0f;
          for (int32_t i = rows.first; i < rows.last; ++i) {
            const float* at = x + i * row + cols.first * g.channels + c;
            for (int32_t j = 0; j < w; ++j, at += g.channels) {
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
