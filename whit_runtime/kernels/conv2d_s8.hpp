// 2-D convolution, int8 (conv2d_s8, with int4 weights conv2d_s8_w4) and int16 activations (conv2d_s16), portable: the
// reference among the convolution kernels and the fallback for every shape. Packed twins in arch/ must give the same
// bits. Does not handle weights with a zero point.
#ifndef WHIT_RUNTIME_KERNELS_CONV2D_S8_HPP_
#define WHIT_RUNTIME_KERNELS_CONV2D_S8_HPP_

#include "whit_runtime/kernels/activations.hpp"
#include "whit_runtime/kernels/conv_geometry.hpp"
#include "whit_runtime/kernels/weights.hpp"

namespace whit::rt {

template <typename T, typename S, int kBits = 8>  // of activations, of sums, of a weight
struct Conv2d {
  using Sum = S;
  static constexpr int kWeightBits = kBits;
  OpHead head;
  Ref input;    // T [N,H,W,I]
  Ref output;   // T [N,H,W,O]
  Ref weights;  // int8 or int4 [O,KH,KW,I], runs of I as in weights.hpp
  Ref requant;  // Requant[O] or RequantWide[O], bias with -zero_point * sum(w) folded in
  ConvGeometry geometry;
  int32_t input_zero_point;  // what padding holds
  int32_t output_zero_point;
  int32_t output_min, output_max;
  static constexpr uint8_t kRefs = 4;
};

template <typename T, typename Sum, int kBits>
inline bool check(const Conv2d<T, Sum, kBits>& p, const Extent& e) {
  const ConvGeometry& g = p.geometry;
  const uint64_t element = sizeof(T);
  return check_geometry(g) &&
         readable(e, p.input, element * area(g.batches, g.input_height, g.input_width, g.input_channels), sizeof(T)) &&
         writable(e, p.output, element * area(g.batches, g.output_height, g.output_width, g.output_channels),
                  sizeof(T)) &&
         readable(e, p.weights,
                  area(g.output_channels, g.kernel_height, g.kernel_width, run_bytes<kBits>(g.input_channels))) &&
         check_requant_of<Sum>(e, p.requant, g.output_channels) && check_ranges<T>(p);
}

// Sum over the taps of one output position of one channel; taps outside the map read the zero point.
template <typename T, typename Sum, int kBits>
WHIT_KERNEL Sum conv2d_sum(const Conv2d<T, Sum, kBits>& p, const T* image, const int8_t* w, int32_t top, int32_t left) {
  const ConvGeometry& g = p.geometry;
  Sum sum = 0;
  for (int32_t ky = 0; ky < g.kernel_height; ++ky) {
    const int32_t y = top + ky * g.dilation_height;
    for (int32_t kx = 0; kx < g.kernel_width; ++kx, w += run_bytes<kBits>(g.input_channels)) {
      const int32_t x = left + kx * g.dilation_width;
      if (y < 0 || y >= g.input_height || x < 0 || x >= g.input_width) {
        sum = add_products_of_one<kBits>(sum, p.input_zero_point, w, g.input_channels);
      } else {
        const T* pixel = image + (y * g.input_width + x) * g.input_channels;
        sum = add_products<kBits>(sum, pixel, w, g.input_channels);
      }
    }
  }
  return sum;
}

template <typename T, typename Sum, int kBits>
WHIT_ALWAYS_INLINE void conv2d(const Conv2d<T, Sum, kBits>& p, const Memory& m) {
  const ConvGeometry& g = p.geometry;
  const T* image = input<T>(m, p.input);
  const int8_t* weights = input<int8_t>(m, p.weights);
  const auto* requant = input<typename RequantOf<Sum>::Type>(m, p.requant);
  T* y = output<T>(m, p.output);
  const int32_t depth = g.kernel_height * g.kernel_width * run_bytes<kBits>(g.input_channels);
  for (int32_t n = 0; n < g.batches; ++n, image += g.input_height * g.input_width * g.input_channels) {
    for (int32_t oy = 0; oy < g.output_height; ++oy) {
      for (int32_t ox = 0; ox < g.output_width; ++ox) {
        const int32_t top = oy * g.stride_height - g.pad_top;
        const int32_t left = ox * g.stride_width - g.pad_left;
        for (int32_t c = 0; c < g.output_channels; ++c) {
          const Sum sum = requant[c].bias + conv2d_sum(p, image, weights + c * depth, top, left);
          *y++ = layer_output<T, Sum>(p, requant[c], sum);
        }
      }
    }
  }
}

using Conv2dS8 = Conv2d<int8_t, int32_t>;
using Conv2dS8W4 = Conv2d<int8_t, int32_t, 4>;
using Conv2dS16 = Conv2d<int16_t, int64_t>;
using Conv2dS16B32 = Conv2d<int16_t, int32_t>;

WHIT_KERNEL void conv2d_s8(const Conv2dS8& p, const Memory& m) { conv2d(p, m); }
WHIT_KERNEL void conv2d_s8_w4(const Conv2dS8W4& p, const Memory& m) { conv2d(p, m); }
WHIT_KERNEL void conv2d_s16(const Conv2dS16& p, const Memory& m) { conv2d(p, m); }
WHIT_KERNEL void conv2d_s16_b32(const Conv2dS16B32& p, const Memory& m) { conv2d(p, m); }

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_CONV2D_S8_HPP_
