// Average and max pooling, int8 and int16: out[b,y,x,c] = clamp(mean or max of the window's elements inside the input).
// Input and output have the same scale and zero point. In place: per channel the output follows the input, see
// lower/pool.cpp for the lead. Does not count padded positions.
#ifndef WHIT_RUNTIME_KERNELS_POOL2D_S8_HPP_
#define WHIT_RUNTIME_KERNELS_POOL2D_S8_HPP_

#include "whit_runtime/kernels/activations.hpp"
#include "whit_runtime/kernels/window.hpp"

namespace whit::rt {

template <typename T>
struct Pool2d {
  OpHead head;
  Ref input;   // T [batches, input_h, input_w, channels]
  Ref output;  // T [batches, output_h, output_w, channels]
  PoolGeometry geometry;
  int32_t output_min;  // fused activation, in the range of T
  int32_t output_max;
  static constexpr uint8_t kRefs = 2;
};

template <typename T>
inline bool check(const Pool2d<T>& p, const Extent& e) {
  return check_pool(p.geometry, p.input, p.output, sizeof(T), e) && within(p.output_min, kLowest<T>, kHighest<T>) &&
         within(p.output_max, p.output_min, kHighest<T>);
}

using Pool2dS8 = Pool2d<int8_t>;
using Pool2dS16 = Pool2d<int16_t>;

// sum / count, ties away from zero. Source: TFLite reference_integer_ops AveragePool.
template <typename T>
WHIT_ALWAYS_INLINE T rounded_mean(const Pool2d<T>& p, int32_t sum, int32_t count) {
  const int32_t mean = (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
  return static_cast<T>(clamp(mean, p.output_min, p.output_max));
}

// One output pixel: `x` is the window's first element, `w` pixels in each of `h` rows that lie `row` elements apart.
template <typename T>
WHIT_ALWAYS_INLINE void average_pixel(const Pool2d<T>& p, const T* x, T* y, int32_t h, int32_t w, int32_t row) {
  const PoolGeometry& g = p.geometry;
  const int32_t count = h * w;
  int32_t c = 0;
#if defined(__ARM_FEATURE_DSP)
  // Four channels at a time as two pairs of int16 sums, which hold 256 elements of any value.
  for (; sizeof(T) == 1 && count <= 256 && c + 4 <= g.channels; c += 4) {
    int32_t even = 0;
    int32_t odd = 0;
    for (int32_t i = 0; i < h; ++i) {
      const T* at = x + i * row + c;
      for (int32_t j = 0; j < w; ++j, at += g.channels) {
        int32_t four;
        memcpy(&four, at, 4);
        __asm__("sxtab16 %0, %0, %1" : "+r"(even) : "r"(four));
        __asm__("sxtab16 %0, %0, %1, ror #8" : "+r"(odd) : "r"(four));
      }
    }
    y[c] = rounded_mean(p, static_cast<int16_t>(even), count);
    y[c + 1] = rounded_mean(p, static_cast<int16_t>(odd), count);
    y[c + 2] = rounded_mean(p, even >> 16, count);
    y[c + 3] = rounded_mean(p, odd >> 16, count);
  }
#endif
  for (; c < g.channels; ++c) {
    int32_t sum = 0;
    for (int32_t i = 0; i < h; ++i) {
      const T* at = x + i * row + c;
      for (int32_t j = 0; j < w; ++j, at += g.channels) sum += *at;
    }
    y[c] = rounded_mean(p, sum, count);
  }
}

template <typename T>
WHIT_ALWAYS_INLINE void max_pixel(const Pool2d<T>& p, const T* x, T* y, int32_t h, int32_t w, int32_t row) {
  const PoolGeometry& g = p.geometry;
  for (int32_t c = 0; c < g.channels; ++c) {
    int32_t best = p.output_min;
    for (int32_t i = 0; i < h; ++i) {
      const T* at = x + i * row + c;
      for (int32_t j = 0; j < w; ++j, at += g.channels) {
        if (*at > best) best = *at;
      }
    }
    y[c] = static_cast<T>(best < p.output_max ? best : p.output_max);
  }
}

template <typename T, typename Pixel>
WHIT_ALWAYS_INLINE void pool2d(const Pool2d<T>& p, const Memory& m, Pixel pixel) {
  const PoolGeometry& g = p.geometry;
  const T* x = input<T>(m, p.input);
  T* y = output<T>(m, p.output);
  const int32_t row = g.input_w * g.channels;
  for (int32_t b = 0; b < g.batches; ++b, x += g.input_h * row) {
    for (int32_t oy = 0; oy < g.output_h; ++oy) {
      const Window rows = window(oy, g.stride_h, g.pad_top, g.kernel_h, g.input_h);
      for (int32_t ox = 0; ox < g.output_w; ++ox, y += g.channels) {
        const Window cols = window(ox, g.stride_w, g.pad_left, g.kernel_w, g.input_w);
        pixel(x + rows.first * row + cols.first * g.channels, y, rows.last - rows.first, cols.last - cols.first, row);
      }
    }
  }
}

template <typename T>
WHIT_ALWAYS_INLINE void average_pool2d(const Pool2d<T>& p, const Memory& m) {
  pool2d(p, m, [&p](const T* x, T* y, int32_t h, int32_t w, int32_t row) { average_pixel(p, x, y, h, w, row); });
}

template <typename T>
WHIT_ALWAYS_INLINE void max_pool2d(const Pool2d<T>& p, const Memory& m) {
  pool2d(p, m, [&p](const T* x, T* y, int32_t h, int32_t w, int32_t row) { max_pixel(p, x, y, h, w, row); });
}

WHIT_KERNEL void average_pool2d_s8(const Pool2dS8& p, const Memory& m) { average_pool2d(p, m); }
WHIT_KERNEL void average_pool2d_s16(const Pool2dS16& p, const Memory& m) { average_pool2d(p, m); }
WHIT_KERNEL void max_pool2d_s8(const Pool2dS8& p, const Memory& m) { max_pool2d(p, m); }
WHIT_KERNEL void max_pool2d_s16(const Pool2dS16& p, const Memory& m) { max_pool2d(p, m); }

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_POOL2D_S8_HPP_
