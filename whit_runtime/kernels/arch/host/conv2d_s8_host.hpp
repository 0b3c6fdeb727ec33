// Convolution and fully connected, int8, for PCs: two patches at a time widened to int16, eight channels at a time.
// Weights stand as the loop reads them: [channels / 8][depth / 2][8][2] int16, filled up with zeros.
// The same bits as conv2d_s8. Not for microcontrollers: the weights take twice the flash.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_HOST_CONV2D_S8_HOST_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_HOST_CONV2D_S8_HOST_HPP_

#include "whit_runtime/kernels/arch/host/vector.hpp"
#include "whit_runtime/kernels/conv_geometry.hpp"

namespace whit::rt {

struct Conv2dS8Host {
  OpHead head;
  Ref input;    // int8 [N,H,W,I]
  Ref output;   // int8 [N,H,W,O]
  Ref weights;  // int16 [O/8][depth/2][8][2], both rounded up
  Ref requant;  // Requant[O], bias with -zero_point * sum(w) folded in
  Ref scratch;  // int16 [2][depth rounded up to 2]
  ConvGeometry geometry;
  int32_t input_zero_point;
  int32_t output_zero_point;
  int32_t output_min, output_max;
  static constexpr uint8_t kRefs = 5;
};

inline bool check(const Conv2dS8Host& p, const Extent& e) {
  const ConvGeometry& g = p.geometry;
  if (!check_geometry(g)) return false;
  const int32_t pairs = (g.kernel_height * g.kernel_width * g.input_channels + 1) / 2;
  return readable(e, p.input, area(g.batches, g.input_height, g.input_width, g.input_channels)) &&
         writable(e, p.output, area(g.batches, g.output_height, g.output_width, g.output_channels)) &&
         readable(e, p.weights, 32 * area((g.output_channels + 7) / 8, pairs)) &&
         writable(e, p.scratch, 8 * area(pairs), 4) && check_requant(e, p.requant, g.output_channels) &&
         within(p.input_zero_point, -128, 127) && check_output_s8(p.output_zero_point, p.output_min, p.output_max);
}

WHIT_ALWAYS_INLINE int16_t* widen_run(int16_t* to, const int8_t* from, int32_t count) {
  int32_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const Int16x8 wide = widen(from + i);
    memcpy(to + i, &wide, sizeof wide);
  }
  for (; i < count; ++i) to[i] = from[i];
  return to + count;
}

WHIT_ALWAYS_INLINE int16_t* fill_run(int16_t* to, int32_t value, int32_t count) {
  for (int32_t i = 0; i < count; ++i) to[i] = static_cast<int16_t>(value);
  return to + count;
}

// The inputs of output pixel `index` (over batches, rows and columns) in the order of the weights.
WHIT_ALWAYS_INLINE void widen_patch(const Conv2dS8Host& p, const int8_t* image, int32_t index, int16_t* to) {
  const ConvGeometry& g = p.geometry;
  const int32_t left = index % g.output_width * g.stride_width - g.pad_left;
  const int32_t row = index / g.output_width;
  const int32_t top = row % g.output_height * g.stride_height - g.pad_top;
  const int32_t row_bytes = g.input_width * g.input_channels;
  image += row / g.output_height * g.input_height * row_bytes;
  const bool whole_rows =
      g.dilation_width == 1 && left >= 0 && left + g.kernel_width <= g.input_width;  // no tap left or right of the map
  for (int32_t ky = 0; ky < g.kernel_height; ++ky) {
    const int32_t y = top + ky * g.dilation_height;
    if (y < 0 || y >= g.input_height) {
      to = fill_run(to, p.input_zero_point, g.kernel_width * g.input_channels);
    } else if (whole_rows) {
      to = widen_run(to, image + y * row_bytes + left * g.input_channels, g.kernel_width * g.input_channels);
    } else {
      for (int32_t kx = 0; kx < g.kernel_width; ++kx) {
        const int32_t x = left + kx * g.dilation_width;
        to = x < 0 || x >= g.input_width
                 ? fill_run(to, p.input_zero_point, g.input_channels)
                 : widen_run(to, image + y * row_bytes + x * g.input_channels, g.input_channels);
      }
    }
  }
}

WHIT_ALWAYS_INLINE Int16x8 broadcast_pair(const int16_t* pair) {
  const int32_t both = load_vector<int32_t>(pair);
  const Int32x4 lanes = {both, both, both, both};
  return load_vector<Int16x8>(&lanes);
}

WHIT_KERNEL void conv2d_s8_host(const Conv2dS8Host& p, const Memory& m) {
  const ConvGeometry& g = p.geometry;
  const int8_t* image = input<int8_t>(m, p.input);
  const Requant* requant = input<Requant>(m, p.requant);
  int8_t* y = output<int8_t>(m, p.output);
  const int32_t depth = g.kernel_height * g.kernel_width * g.input_channels;
  const int32_t pairs = (depth + 1) / 2;
  int16_t* first = output<int16_t>(m, p.scratch);
  int16_t* second = first + 2 * pairs;
  first[2 * pairs - 1] = second[2 * pairs - 1] = 0;  // where the depth is odd; its weights are 0
  const int32_t pixels = g.batches * g.output_height * g.output_width;
  for (int32_t pixel = 0; pixel < pixels; pixel += 2) {
    const int32_t taken = pixels - pixel < 2 ? 1 : 2;
    widen_patch(p, image, pixel, first);
    if (taken == 2) widen_patch(p, image, pixel + 1, second);
    const int16_t* w = input<int16_t>(m, p.weights);
    for (int32_t c = 0; c < g.output_channels; c += 8) {
      Int32x4 sums[2][2] = {};
      for (int32_t k = 0; k < pairs; ++k, w += 16) {
        const Int16x8 x0 = broadcast_pair(first + 2 * k);
        const Int16x8 x1 = broadcast_pair(second + 2 * k);
        const Int16x8 w0 = load_vector<Int16x8>(w);
        const Int16x8 w1 = load_vector<Int16x8>(w + 8);
        sums[0][0] += multiply_add_pairs(x0, w0);
        sums[0][1] += multiply_add_pairs(x0, w1);
        sums[1][0] += multiply_add_pairs(x1, w0);
        sums[1][1] += multiply_add_pairs(x1, w1);
      }
      int32_t lanes[2][8];
      memcpy(lanes, sums, sizeof lanes);
      const int32_t channels = g.output_channels - c < 8 ? g.output_channels - c : 8;
      for (int32_t t = 0; t < taken; ++t) {
        int8_t* out = y + (pixel + t) * g.output_channels + c;
        for (int32_t i = 0; i < channels; ++i) {
          const Requant& r = requant[c + i];
          out[i] = requantize_host(lanes[t][i] + r.bias, r, p.output_zero_point, p.output_min, p.output_max);
        }
      }
    }
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_ARCH_HOST_CONV2D_S8_HOST_HPP_
