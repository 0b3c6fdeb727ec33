// 2-D convolution, int8, portable: the reference among the convolution kernels and the fallback for every shape.
// Packed twins in arch/ must give the same bits. Does not handle weights with a zero point.
#ifndef WHIT_RUNTIME_KERNELS_CONV2D_S8_HPP_
#define WHIT_RUNTIME_KERNELS_CONV2D_S8_HPP_

#include "whit_runtime/kernels/conv_geometry.hpp"

namespace whit::rt {

struct Conv2dS8 {
  OpHead head;
  Ref input;    // int8 [N,H,W,I]
  Ref output;   // int8 [N,H,W,O]
  Ref weights;  // int8 [O,KH,KW,I]
  Ref requant;  // Requant[O], bias with -zero_point * sum(w) folded in
  ConvGeometry geometry;
  int32_t input_zero_point;  // what padding holds
  int32_t output_zero_point;
  int32_t output_min, output_max;
  static constexpr uint8_t kRefs = 4;
};

inline bool check(const Conv2dS8& p, const Extent& e) {
  const ConvGeometry& g = p.geometry;
  return check_geometry(g) && readable(e, p.input, area(g.batches, g.input_height, g.input_width, g.input_channels)) &&
         writable(e, p.output, area(g.batches, g.output_height, g.output_width, g.output_channels)) &&
         readable(e, p.weights, area(g.output_channels, g.kernel_height, g.kernel_width, g.input_channels)) &&
         check_requant(e, p.requant, g.output_channels) && within(p.input_zero_point, -128, 127) &&
         check_output_s8(p.output_zero_point, p.output_min, p.output_max);
}

// Sum over the taps of one output position of one channel; taps outside the map read the zero point.
WHIT_KERNEL int32_t conv2d_s8_sum(const Conv2dS8& p, const int8_t* image, const int8_t* w, int32_t top, int32_t left) {
  const ConvGeometry& g = p.geometry;
  int32_t sum = 0;
  for (int32_t ky = 0; ky < g.kernel_height; ++ky) {
    const int32_t y = top + ky * g.dilation_height;
    for (int32_t kx = 0; kx < g.kernel_width; ++kx, w += g.input_channels) {
      const int32_t x = left + kx * g.dilation_width;
      if (y < 0 || y >= g.input_height || x < 0 || x >= g.input_width) {
        for (int32_t i = 0; i < g.input_channels; ++i) sum += p.input_zero_point * w[i];
      } else {
        const int8_t* pixel = image + (y * g.input_width + x) * g.input_channels;
        for (int32_t i = 0; i < g.input_channels; ++i) sum += pixel[i] * w[i];
      }
    }
  }
  return sum;
}

WHIT_KERNEL void conv2d_s8(const Conv2dS8& p, const Memory& m) {
  const ConvGeometry& g = p.geometry;
  const int8_t* image = input<int8_t>(m, p.input);
  const int8_t* weights = input<int8_t>(m, p.weights);
  const Requant* requant = input<Requant>(m, p.requant);
  int8_t* y = output<int8_t>(m, p.output);
  const int32_t depth = g.kernel_height * g.kernel_width * g.input_channels;
  for (int32_t n = 0; n < g.batches; ++n, image += g.input_height * g.input_width * g.input_channels) {
    for (int32_t oy = 0; oy < g.output_height; ++oy) {
      for (int32_t ox = 0; ox < g.output_width; ++ox) {
        const int32_t top = oy * g.stride_height - g.pad_top;
        const int32_t left = ox * g.stride_width - g.pad_left;
        for (int32_t c = 0; c < g.output_channels; ++c) {
          const int32_t sum = requant[c].bias + conv2d_s8_sum(p, image, weights + c * depth, top, left);
          const int32_t scaled = multiply_by_quantized_multiplier(sum, requant[c].multiplier, requant[c].shift);
          *y++ = static_cast<int8_t>(clamp(scaled + p.output_zero_point, p.output_min, p.output_max));
        }
      }
    }
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_CONV2D_S8_HPP_
