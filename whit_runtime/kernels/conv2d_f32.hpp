// Convolution, depthwise convolution and fully connected, float32; weights float32 or stored as float16 (w16).
// Each result is one sum in the order of TFLite's reference kernels (rows, columns, channels), then the bias, so that
// any compiler that neither reorders nor contracts gives the same bits. Taps outside the map are skipped.
#ifndef WHIT_RUNTIME_KERNELS_CONV2D_F32_HPP_
#define WHIT_RUNTIME_KERNELS_CONV2D_F32_HPP_

#include "whit_runtime/half.hpp"
#include "whit_runtime/kernels/conv_geometry.hpp"
#include "whit_runtime/kernels/pool2d_f32.hpp"

namespace whit::rt {

template <typename W>  // float or Half
struct Conv2dFloat {
  using Weight = W;
  OpHead head;
  Ref input;    // float [N,H,W,I]
  Ref output;   // float [N,H,W,O]
  Ref weights;  // W [O,KH,KW,I]
  Ref bias;     // float [O], or kNoRef
  ConvGeometry geometry;
  int32_t output_min_bits;  // fused activation
  int32_t output_max_bits;
  static constexpr uint8_t kRefs = 4;
};
using Conv2dF32 = Conv2dFloat<float>;
using Conv2dF32W16 = Conv2dFloat<Half>;

template <typename W>  // float or Half
struct DepthwiseConv2dFloat {
  using Weight = W;
  OpHead head;
  Ref input;    // float [N,H,W,I]
  Ref output;   // float [N,H,W,O], O = I * depth multiplier
  Ref weights;  // W [KH,KW,O]
  Ref bias;     // float [O], or kNoRef
  ConvGeometry geometry;
  int32_t output_min_bits;
  int32_t output_max_bits;
  static constexpr uint8_t kRefs = 4;
};
using DepthwiseConv2dF32 = DepthwiseConv2dFloat<float>;
using DepthwiseConv2dF32W16 = DepthwiseConv2dFloat<Half>;

template <typename W>  // float or Half
struct FullyConnectedFloat {
  using Weight = W;
  OpHead head;
  Ref input;    // float [batches, input_depth]
  Ref output;   // float [batches, output_depth]
  Ref weights;  // W [output_depth, input_depth]
  Ref bias;     // float [output_depth], or kNoRef
  int32_t batches;
  int32_t input_depth;
  int32_t output_depth;
  int32_t output_min_bits;
  int32_t output_max_bits;
  static constexpr uint8_t kRefs = 4;
};
using FullyConnectedF32 = FullyConnectedFloat<float>;
using FullyConnectedF32W16 = FullyConnectedFloat<Half>;

// One dimension of a convolution: every coordinate that the kernels compute fits in 32 bits. Longer maps than
// check_geometry allows: float models convolve over raw audio.
inline bool check_coordinates(int32_t out, int32_t stride, int32_t pad, int32_t kernel, int32_t dilation) {
  const int32_t limit = 1 << 24;
  return within(out, 1, limit) && within(stride, 1, limit) && within(pad, 0, limit) && within(kernel, 1, limit) &&
         within(dilation, 1, limit) &&
         static_cast<int64_t>(out) * stride + static_cast<int64_t>(kernel) * dilation < INT32_MAX;
}

inline bool check_conv_f32(const ConvGeometry& g, Ref in, Ref out, Ref bias, const Extent& e) {
  return check_coordinates(g.output_height, g.stride_height, g.pad_top, g.kernel_height, g.dilation_height) &&
         check_coordinates(g.output_width, g.stride_width, g.pad_left, g.kernel_width, g.dilation_width) &&
         readable(e, in, 4 * area(g.batches, g.input_height, g.input_width, g.input_channels), 4) &&
         writable(e, out, 4 * area(g.batches, g.output_height, g.output_width, g.output_channels), 4) &&
         (bias == kNoRef || readable(e, bias, 4 * area(g.output_channels), 4));
}

template <typename W>
inline bool check(const Conv2dFloat<W>& p, const Extent& e) {
  const ConvGeometry& g = p.geometry;
  return check_conv_f32(g, p.input, p.output, p.bias, e) &&
         readable(e, p.weights, sizeof(W) * area(g.output_channels, g.kernel_height, g.kernel_width, g.input_channels),
                  sizeof(W));
}

template <typename W>
inline bool check(const DepthwiseConv2dFloat<W>& p, const Extent& e) {
  const ConvGeometry& g = p.geometry;
  return check_conv_f32(g, p.input, p.output, p.bias, e) && g.output_channels % g.input_channels == 0 &&
         readable(e, p.weights, sizeof(W) * area(g.kernel_height, g.kernel_width, g.output_channels), sizeof(W));
}

template <typename W>
inline bool check(const FullyConnectedFloat<W>& p, const Extent& e) {
  return readable(e, p.input, 4 * area(p.batches, p.input_depth), 4) &&
         writable(e, p.output, 4 * area(p.batches, p.output_depth), 4) &&
         readable(e, p.weights, sizeof(W) * area(p.output_depth, p.input_depth), sizeof(W)) &&
         (p.bias == kNoRef || readable(e, p.bias, 4 * area(p.output_depth), 4));
}

// The taps of one dimension that lie inside the map: [first, last), for a window that starts at `start`.
WHIT_ALWAYS_INLINE Window taps_inside(int32_t start, int32_t dilation, int32_t kernel, int32_t size) {
  int32_t first = 0;
  while (first < kernel && start + first * dilation < 0) ++first;
  int32_t last = kernel;
  while (last > first && start + (last - 1) * dilation >= size) --last;
  return {first, last};
}

// Four output channels at a time: their sums are independent, which hides the latency of the additions.
template <typename W>
WHIT_ALWAYS_INLINE void conv2d_float(const Conv2dFloat<W>& p, const Memory& m) {
  const ConvGeometry& g = p.geometry;
  const float* image = input<float>(m, p.input);
  const W* weights = input<W>(m, p.weights);
  const float* bias = p.bias == kNoRef ? nullptr : input<float>(m, p.bias);
  float* y = output<float>(m, p.output);
  const float low = f32_from_bits(static_cast<uint32_t>(p.output_min_bits));
  const float high = f32_from_bits(static_cast<uint32_t>(p.output_max_bits));
  const int32_t depth = g.kernel_height * g.kernel_width * g.input_channels;
  for (int32_t n = 0; n < g.batches; ++n, image += g.input_height * g.input_width * g.input_channels) {
    for (int32_t oy = 0; oy < g.output_height; ++oy) {
      const int32_t top = oy * g.stride_height - g.pad_top;
      const Window rows = taps_inside(top, g.dilation_height, g.kernel_height, g.input_height);
      for (int32_t ox = 0; ox < g.output_width; ++ox, y += g.output_channels) {
        const int32_t left = ox * g.stride_width - g.pad_left;
        const Window cols = taps_inside(left, g.dilation_width, g.kernel_width, g.input_width);
        for (int32_t c = 0; c < g.output_channels; c += 4) {
          const int32_t lanes = g.output_channels - c < 4 ? g.output_channels - c : 4;
          // Lanes beyond the last channel repeat it; their sums are dropped.
          const W* w0 = weights + c * depth;
          const W* w1 = w0 + (lanes > 1 ? depth : 0);
          const W* w2 = w1 + (lanes > 2 ? depth : 0);
          const W* w3 = w2 + (lanes > 3 ? depth : 0);
          float sum0 = 0.0f, sum1 = 0.0f, sum2 = 0.0f, sum3 = 0.0f;
          for (int32_t ky = rows.first; ky < rows.last; ++ky) {
            for (int32_t kx = cols.first; kx < cols.last; ++kx) {
              const float* x = image + ((top + ky * g.dilation_height) * g.input_width + left + kx * g.dilation_width) *
                                           g.input_channels;
              const int32_t at = (ky * g.kernel_width + kx) * g.input_channels;
              for (int32_t i = 0; i < g.input_channels; ++i) {
                sum0 += x[i] * to_f32(w0[at + i]);
                sum1 += x[i] * to_f32(w1[at + i]);
                sum2 += x[i] * to_f32(w2[at + i]);
                sum3 += x[i] * to_f32(w3[at + i]);
              }
            }
          }
          const float sum[4] = {sum0, sum1, sum2, sum3};
          for (int32_t lane = 0; lane < lanes; ++lane) {
            y[c + lane] = clamp_f32(sum[lane] + (bias != nullptr ? bias[c + lane] : 0.0f), low, high);
          }
        }
      }
    }
  }
}

WHIT_KERNEL void conv2d_f32(const Conv2dF32& p, const Memory& m) { conv2d_float(p, m); }
WHIT_KERNEL void conv2d_f32_w16(const Conv2dF32W16& p, const Memory& m) { conv2d_float(p, m); }

template <typename W>
WHIT_ALWAYS_INLINE void depthwise_conv2d_float(const DepthwiseConv2dFloat<W>& p, const Memory& m) {
  const ConvGeometry& g = p.geometry;
  const float* image = input<float>(m, p.input);
  const W* weights = input<W>(m, p.weights);
  const float* bias = p.bias == kNoRef ? nullptr : input<float>(m, p.bias);
  float* y = output<float>(m, p.output);
  const float low = f32_from_bits(static_cast<uint32_t>(p.output_min_bits));
  const float high = f32_from_bits(static_cast<uint32_t>(p.output_max_bits));
  const int32_t multiplier = g.output_channels / g.input_channels;
  for (int32_t n = 0; n < g.batches; ++n, image += g.input_height * g.input_width * g.input_channels) {
    for (int32_t oy = 0; oy < g.output_height; ++oy) {
      const int32_t top = oy * g.stride_height - g.pad_top;
      const Window rows = taps_inside(top, g.dilation_height, g.kernel_height, g.input_height);
      for (int32_t ox = 0; ox < g.output_width; ++ox) {
        const int32_t left = ox * g.stride_width - g.pad_left;
        const Window cols = taps_inside(left, g.dilation_width, g.kernel_width, g.input_width);
        for (int32_t c = 0; c < g.output_channels; ++c) {
          const int32_t channel = multiplier == 1 ? c : c / multiplier;
          float sum = 0.0f;
          for (int32_t ky = rows.first; ky < rows.last; ++ky) {
            const float* row = image + (top + ky * g.dilation_height) * g.input_width * g.input_channels + channel;
            const W* w = weights + ky * g.kernel_width * g.output_channels + c;
            for (int32_t kx = cols.first; kx < cols.last; ++kx) {
              sum += row[(left + kx * g.dilation_width) * g.input_channels] * to_f32(w[kx * g.output_channels]);
            }
          }
          *y++ = clamp_f32(sum + (bias != nullptr ? bias[c] : 0.0f), low, high);
        }
      }
    }
  }
}

WHIT_KERNEL void depthwise_conv2d_f32(const DepthwiseConv2dF32& p, const Memory& m) { depthwise_conv2d_float(p, m); }
WHIT_KERNEL void depthwise_conv2d_f32_w16(const DepthwiseConv2dF32W16& p, const Memory& m) {
  depthwise_conv2d_float(p, m);
}

template <typename W>
WHIT_ALWAYS_INLINE void fully_connected_float(const FullyConnectedFloat<W>& p, const Memory& m) {
  const float* x = input<float>(m, p.input);
  const float* bias = p.bias == kNoRef ? nullptr : input<float>(m, p.bias);
  float* y = output<float>(m, p.output);
  const float low = f32_from_bits(static_cast<uint32_t>(p.output_min_bits));
  const float high = f32_from_bits(static_cast<uint32_t>(p.output_max_bits));
  for (int32_t b = 0; b < p.batches; ++b, x += p.input_depth) {
    const W* w = input<W>(m, p.weights);
    for (int32_t o = 0; o < p.output_depth; ++o, w += p.input_depth) {
      float sum = 0.0f;
      for (int32_t i = 0; i < p.input_depth; ++i) sum += x[i] * to_f32(w[i]);
      *y++ = clamp_f32(sum + (bias != nullptr ? bias[o] : 0.0f), low, high);
    }
  }
}

WHIT_KERNEL void fully_connected_f32(const FullyConnectedF32& p, const Memory& m) { fully_connected_float(p, m); }
WHIT_KERNEL void fully_connected_f32_w16(const FullyConnectedF32W16& p, const Memory& m) {
  fully_connected_float(p, m);
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_CONV2D_F32_HPP_
