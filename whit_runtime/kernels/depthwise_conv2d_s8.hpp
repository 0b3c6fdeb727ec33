// Depthwise 2-D convolution, int8, portable: the reference among the depthwise kernels and the fallback for every
// shape. Packed twins in arch/ must give the same bits. Output channel c reads input channel c / depth_multiplier.
#ifndef WHIT_RUNTIME_KERNELS_DEPTHWISE_CONV2D_S8_HPP_
#define WHIT_RUNTIME_KERNELS_DEPTHWISE_CONV2D_S8_HPP_

#include "whit_runtime/kernels/activations.hpp"
#include "whit_runtime/kernels/conv_geometry.hpp"

namespace whit::rt {

template <typename T, typename S>  // of activations and sums
struct DepthwiseConv2d {
  using Sum = S;
  OpHead head;
  Ref input;    // T [N,H,W,I]
  Ref output;   // T [N,H,W,O], O = I * depth multiplier
  Ref weights;  // int8 [O,KH,KW]
  Ref requant;  // Requant[O] or RequantWide[O], bias with -zero_point * sum(w) folded in
  ConvGeometry geometry;
  int32_t input_zero_point;
  int32_t output_zero_point;
  int32_t output_min, output_max;
  static constexpr uint8_t kRefs = 4;
};

template <typename T, typename Sum>
inline bool check(const DepthwiseConv2d<T, Sum>& p, const Extent& e) {
  const ConvGeometry& g = p.geometry;
  const uint64_t element = sizeof(T);
  return check_geometry(g) && g.output_channels % g.input_channels == 0 &&
         readable(e, p.input, element * area(g.batches, g.input_height, g.input_width, g.input_channels), sizeof(T)) &&
         writable(e, p.output, element * area(g.batches, g.output_height, g.output_width, g.output_channels),
                  sizeof(T)) &&
         readable(e, p.weights, area(g.output_channels, g.kernel_height, g.kernel_width)) &&
         check_requant_of<Sum>(e, p.requant, g.output_channels) && check_ranges<T>(p);
}

template <typename T, typename Sum>
WHIT_ALWAYS_INLINE void depthwise_conv2d(const DepthwiseConv2d<T, Sum>& p, const Memory& m) {
  const ConvGeometry& g = p.geometry;
  const T* image = input<T>(m, p.input);
  const int8_t* weights = input<int8_t>(m, p.weights);
  const auto* requant = input<typename RequantOf<Sum>::Type>(m, p.requant);
  T* out = output<T>(m, p.output);
  const int32_t taps = g.kernel_height * g.kernel_width;
  const int32_t multiplier = g.output_channels / g.input_channels;
  for (int32_t n = 0; n < g.batches; ++n, image += g.input_height * g.input_width * g.input_channels) {
    for (int32_t oy = 0; oy < g.output_height; ++oy) {
      for (int32_t ox = 0; ox < g.output_width; ++ox) {
        for (int32_t c = 0; c < g.output_channels; ++c) {
          const int8_t* w = weights + c * taps;
          Sum sum = requant[c].bias;
          for (int32_t ky = 0; ky < g.kernel_height; ++ky) {
            const int32_t y = oy * g.stride_height - g.pad_top + ky * g.dilation_height;
            for (int32_t kx = 0; kx < g.kernel_width; ++kx) {
              const int32_t x = ox * g.stride_width - g.pad_left + kx * g.dilation_width;
              const bool inside = y >= 0 && y < g.input_height && x >= 0 && x < g.input_width;
              const int32_t pixel =
                  inside ? image[(y * g.input_width + x) * g.input_channels + c / multiplier] : p.input_zero_point;
              sum += pixel * *w++;
            }
          }
          *out++ = layer_output<T, Sum>(p, requant[c], sum);
        }
      }
    }
  }
}

using DepthwiseConv2dS8 = DepthwiseConv2d<int8_t, int32_t>;
using DepthwiseConv2dS16 = DepthwiseConv2d<int16_t, int64_t>;
using DepthwiseConv2dS16B32 = DepthwiseConv2d<int16_t, int32_t>;

WHIT_KERNEL void depthwise_conv2d_s8(const DepthwiseConv2dS8& p, const Memory& m) { depthwise_conv2d(p, m); }
WHIT_KERNEL void depthwise_conv2d_s16(const DepthwiseConv2dS16& p, const Memory& m) { depthwise_conv2d(p, m); }
WHIT_KERNEL void depthwise_conv2d_s16_b32(const DepthwiseConv2dS16B32& p, const Memory& m) { depthwise_conv2d(p, m); }

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_DEPTHWISE_CONV2D_S8_HPP_
