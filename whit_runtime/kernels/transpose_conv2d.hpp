// Transposed convolution, int8, int16 activations and float32: out[y,x,o] gathers the taps (ky,kx) for which y +
// pad_top - ky and x + pad_left - kx are multiples of the stride that lie inside the input; each output is written
// once, so no scratch. Float sums run in the order of TFLite's reference kernel: input rows, columns, channels. Knows
// no dilation.
#ifndef WHIT_RUNTIME_KERNELS_TRANSPOSE_CONV2D_HPP_
#define WHIT_RUNTIME_KERNELS_TRANSPOSE_CONV2D_HPP_

#include "whit_runtime/kernels/activations.hpp"
#include "whit_runtime/kernels/conv2d_f32.hpp"

namespace whit::rt {

template <typename T, typename S>  // of activations and sums
struct TransposeConv2d {
  using Sum = S;
  OpHead head;
  Ref input;    // T [N,H,W,I]
  Ref output;   // T [N,H,W,O]
  Ref weights;  // int8 [O,KH,KW,I]
  Ref requant;  // Requant[O] or RequantWide[O], bias without the zero point: how many taps count depends on the place
  ConvGeometry geometry;
  int32_t input_zero_point;
  int32_t output_zero_point;
  int32_t output_min, output_max;
  static constexpr uint8_t kRefs = 4;
};

template <typename W>  // float or Half
struct TransposeConv2dFloat {
  using Weight = W;
  OpHead head;
  Ref input;    // float [N,H,W,I]
  Ref output;   // float [N,H,W,O]
  Ref weights;  // W [O,KH,KW,I]
  Ref bias;     // float [O], or kNoRef
  ConvGeometry geometry;
  int32_t output_min_bits;
  int32_t output_max_bits;
  static constexpr uint8_t kRefs = 4;
};
using TransposeConv2dF32 = TransposeConv2dFloat<float>;
using TransposeConv2dF32W16 = TransposeConv2dFloat<Half>;

template <typename T, typename Sum>
inline bool check(const TransposeConv2d<T, Sum>& p, const Extent& e) {
  const ConvGeometry& g = p.geometry;
  const uint64_t element = sizeof(T);
  return check_geometry(g) && g.dilation_height == 1 && g.dilation_width == 1 &&
         readable(e, p.input, element * area(g.batches, g.input_height, g.input_width, g.input_channels), sizeof(T)) &&
         writable(e, p.output, element * area(g.batches, g.output_height, g.output_width, g.output_channels),
                  sizeof(T)) &&
         readable(e, p.weights, area(g.output_channels, g.kernel_height, g.kernel_width, g.input_channels)) &&
         check_requant_of<Sum>(e, p.requant, g.output_channels) && check_ranges<T>(p);
}

template <typename W>
inline bool check(const TransposeConv2dFloat<W>& p, const Extent& e) {
  const ConvGeometry& g = p.geometry;
  return check_conv_f32(g, p.input, p.output, p.bias, e) && g.dilation_height == 1 && g.dilation_width == 1 &&
         readable(e, p.weights, sizeof(W) * area(g.output_channels, g.kernel_height, g.kernel_width, g.input_channels),
                  sizeof(W));
}

// Input positions [first, last) that reach output position `out` through a kernel of `kernel` taps.
WHIT_ALWAYS_INLINE Window transposed_window(int32_t out, int32_t stride, int32_t pad, int32_t kernel, int32_t size) {
  const int32_t reach = out + pad;  // tap = reach - position * stride must be in [0, kernel)
  const int32_t first = reach < kernel ? 0 : (reach - kernel) / stride + 1;
  const int32_t last = reach / stride + 1;
  return {first, last < size ? last : size};
}

// Calls `result(y, channel, sum)` for each output, where `sum` adds `product(x, w)` over all taps.
template <typename T, typename W, typename Sum, typename Product, typename Result>
WHIT_ALWAYS_INLINE void transposed_walk(const ConvGeometry& g, const T* image, const W* weights, Product product,
                                        Result result) {
  const int32_t depth = g.kernel_height * g.kernel_width * g.input_channels;
  for (int32_t n = 0; n < g.batches; ++n, image += g.input_height * g.input_width * g.input_channels) {
    for (int32_t oy = 0; oy < g.output_height; ++oy) {
      const Window rows = transposed_window(oy, g.stride_height, g.pad_top, g.kernel_height, g.input_height);
      for (int32_t ox = 0; ox < g.output_width; ++ox) {
        const Window cols = transposed_window(ox, g.stride_width, g.pad_left, g.kernel_width, g.input_width);
        for (int32_t c = 0; c < g.output_channels; ++c) {
          Sum sum = 0;
          for (int32_t iy = rows.first; iy < rows.last; ++iy) {
            const int32_t ky = oy + g.pad_top - iy * g.stride_height;
            for (int32_t ix = cols.first; ix < cols.last; ++ix) {
              const int32_t kx = ox + g.pad_left - ix * g.stride_width;
              const T* x = image + (iy * g.input_width + ix) * g.input_channels;
              const W* w = weights + c * depth + (ky * g.kernel_width + kx) * g.input_channels;
              for (int32_t i = 0; i < g.input_channels; ++i) sum += product(x[i], w[i]);
            }
          }
          result(c, sum);
        }
      }
    }
  }
}

template <typename T, typename Sum>
WHIT_ALWAYS_INLINE void transpose_conv2d(const TransposeConv2d<T, Sum>& p, const Memory& m) {
  const auto* requant = input<typename RequantOf<Sum>::Type>(m, p.requant);
  T* y = output<T>(m, p.output);
  transposed_walk<T, int8_t, Sum>(
      p.geometry, input<T>(m, p.input), input<int8_t>(m, p.weights),
      [&p](T x, int8_t w) { return (x - p.input_zero_point) * w; },
      [&](int32_t c, Sum sum) { *y++ = layer_output<T, Sum>(p, requant[c], sum + requant[c].bias); });
}

using TransposeConv2dS8 = TransposeConv2d<int8_t, int32_t>;
using TransposeConv2dS16 = TransposeConv2d<int16_t, int64_t>;
using TransposeConv2dS16B32 = TransposeConv2d<int16_t, int32_t>;

WHIT_KERNEL void transpose_conv2d_s8(const TransposeConv2dS8& p, const Memory& m) { transpose_conv2d(p, m); }
WHIT_KERNEL void transpose_conv2d_s16(const TransposeConv2dS16& p, const Memory& m) { transpose_conv2d(p, m); }
WHIT_KERNEL void transpose_conv2d_s16_b32(const TransposeConv2dS16B32& p, const Memory& m) { transpose_conv2d(p, m); }

template <typename W>
WHIT_ALWAYS_INLINE void transpose_conv2d_float(const TransposeConv2dFloat<W>& p, const Memory& m) {
  const float* bias = p.bias == kNoRef ? nullptr : input<float>(m, p.bias);
  const float low = f32_from_bits(static_cast<uint32_t>(p.output_min_bits));
  const float high = f32_from_bits(static_cast<uint32_t>(p.output_max_bits));
  float* y = output<float>(m, p.output);
  transposed_walk<float, W, float>(
      p.geometry, input<float>(m, p.input), input<W>(m, p.weights), [](float x, W w) { return x * to_f32(w); },
      [&](int32_t c, float sum) { *y++ = clamp_f32(sum + (bias != nullptr ? bias[c] : 0.0f), low, high); });
}

WHIT_KERNEL void transpose_conv2d_f32(const TransposeConv2dF32& p, const Memory& m) { transpose_conv2d_float(p, m); }
WHIT_KERNEL void transpose_conv2d_f32_w16(const TransposeConv2dF32W16& p, const Memory& m) {
  transpose_conv2d_float(p, m);
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_TRANSPOSE_CONV2D_HPP_
