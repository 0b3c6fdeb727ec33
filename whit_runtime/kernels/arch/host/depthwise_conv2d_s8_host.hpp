// Depthwise convolution, int8, for PCs: eight channels at a time, two taps in one multiplication.
// Weights stand as the loop reads them: [channels / 8][taps / 2][8][2] int16, filled up with zeros.
// The same bits as depthwise_conv2d_s8. Takes a depth multiplier of 1 and a multiple of 8 channels.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_HOST_DEPTHWISE_CONV2D_S8_HOST_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_HOST_DEPTHWISE_CONV2D_S8_HOST_HPP_

#include "whit_runtime/kernels/arch/host/vector.hpp"
#include "whit_runtime/kernels/conv_geometry.hpp"

namespace whit::rt {

struct DepthwiseConv2dS8Host {
  OpHead head;
  Ref input;    // int8 [N,H,W,C]
  Ref output;   // int8 [N,H,W,C]
  Ref weights;  // int16 [C/8][taps/2][8][2], taps rounded up
  Ref requant;  // Requant[C], bias with -zero_point * sum(w) folded in
  Ref scratch;  // int8 [C]: what padding holds
  ConvGeometry geometry;
  int32_t input_zero_point;
  int32_t output_zero_point;
  int32_t output_min, output_max;
  static constexpr uint8_t kRefs = 5;
};

inline constexpr int32_t kMaxDepthwiseTapsHost = 128;

inline bool check(const DepthwiseConv2dS8Host& p, const Extent& e) {
  const ConvGeometry& g = p.geometry;
  if (!check_geometry(g) || g.output_channels != g.input_channels || g.output_channels % 8 != 0) return false;
  const int32_t taps = g.kernel_height * g.kernel_width;
  return taps <= kMaxDepthwiseTapsHost &&
         readable(e, p.input, area(g.batches, g.input_height, g.input_width, g.input_channels)) &&
         writable(e, p.output, area(g.batches, g.output_height, g.output_width, g.output_channels)) &&
         readable(e, p.weights, 32 * area(g.output_channels / 8, (taps + 1) / 2)) &&
         writable(e, p.scratch, area(g.output_channels)) && check_requant(e, p.requant, g.output_channels) &&
         within(p.input_zero_point, -128, 127) && check_output_s8(p.output_zero_point, p.output_min, p.output_max);
}

// One output pixel; `taps[t]` is where tap t reads its channels.
WHIT_ALWAYS_INLINE void depthwise_pixel_host(const DepthwiseConv2dS8Host& p, const int8_t* const* taps, int32_t pairs,
                                             const int16_t* w, const Requant* requant, int8_t* y) {
  for (int32_t c = 0; c < p.geometry.output_channels; c += 8) {
    Int32x4 low = {};
    Int32x4 high = {};
    for (int32_t k = 0; k < pairs; ++k, w += 16) {
      const Int16x8 a = widen(taps[2 * k] + c);
      const Int16x8 b = widen(taps[2 * k + 1] + c);
      const Int16x8 front = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
      const Int16x8 back = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
      low += multiply_add_pairs(front, load_vector<Int16x8>(w));
      high += multiply_add_pairs(back, load_vector<Int16x8>(w + 8));
    }
    int32_t lanes[8];
    memcpy(lanes, &low, sizeof low);
    memcpy(lanes + 4, &high, sizeof high);
    for (int32_t i = 0; i < 8; ++i) {
      const Requant& r = requant[c + i];
      y[c + i] = requantize_host(lanes[i] + r.bias, r, p.output_zero_point, p.output_min, p.output_max);
    }
  }
}

WHIT_KERNEL void depthwise_conv2d_s8_host(const DepthwiseConv2dS8Host& p, const Memory& m) {
  const ConvGeometry& g = p.geometry;
  const int8_t* image = input<int8_t>(m, p.input);
  const int16_t* weights = input<int16_t>(m, p.weights);
  const Requant* requant = input<Requant>(m, p.requant);
  int8_t* y = output<int8_t>(m, p.output);
  int8_t* padding = output<int8_t>(m, p.scratch);
  memset(padding, p.input_zero_point, static_cast<size_t>(g.input_channels));
  const int32_t count = g.kernel_height * g.kernel_width;
  const int8_t* taps[kMaxDepthwiseTapsHost + 1];
  taps[count] = padding;  // the partner of an odd last tap; its weights are 0
  for (int32_t n = 0; n < g.batches; ++n, image += g.input_height * g.input_width * g.input_channels) {
    for (int32_t oy = 0; oy < g.output_height; ++oy) {
      for (int32_t ox = 0; ox < g.output_width; ++ox, y += g.output_channels) {
        int32_t tap = 0;
        for (int32_t ky = 0; ky < g.kernel_height; ++ky) {
          const int32_t iy = oy * g.stride_height - g.pad_top + ky * g.dilation_height;
          for (int32_t kx = 0; kx < g.kernel_width; ++kx) {
            const int32_t ix = ox * g.stride_width - g.pad_left + kx * g.dilation_width;
            const bool inside = iy >= 0 && iy < g.input_height && ix >= 0 && ix < g.input_width;
            taps[tap++] = inside ? image + (iy * g.input_width + ix) * g.input_channels : padding;
          }
        }
        depthwise_pixel_host(p, taps, (count + 1) / 2, weights, requant, y);
      }
    }
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_ARCH_HOST_DEPTHWISE_CONV2D_S8_HOST_HPP_
