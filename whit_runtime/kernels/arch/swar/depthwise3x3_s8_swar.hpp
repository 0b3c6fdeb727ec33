// Depthwise 3x3, int8, depth multiplier 1, stride 1 or 2, for cores without DSP instructions.
// One channel at a time: three rows of it lie widened in scratch, column by column, so that the nine pixels of an
// output are neighbours. In place: a row is written when all rows that later ones need are still to come or in scratch.
// Not for padding of more than 1, dilation, batches: depthwise_conv2d_s8 does those. Same bits as depthwise_conv2d_s8.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_SWAR_DEPTHWISE3X3_S8_SWAR_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_SWAR_DEPTHWISE3X3_S8_SWAR_HPP_

#include "whit_runtime/kernels/arch/swar/requant.hpp"

namespace whit::rt {

struct Depthwise3x3S8Swar {
  OpHead head;
  Ref input;     // int8 [1,H,W,C]
  Ref output;    // int8 [1,OH,OW,C]
  Ref weights;   // int8 [C,3,3]
  Ref requants;  // swar::ChannelRecord[C]
  Ref scratch;   // int32 [(OW - 1) * stride + 3, 3]
  int32_t input_height, input_width;
  int32_t output_height, output_width;
  int32_t channels;
  int32_t stride;
  int32_t pad_top, pad_left;
  int32_t input_zero_point;  // what padding holds
  int32_t output_zero_point;
  int32_t output_min, output_max;
  static constexpr uint8_t kRefs = 5;
};

namespace swar {

inline bool check_depthwise_axis(int32_t in, int32_t out, int32_t stride, int32_t pad) {
  return within(in, 1, 32767) && within(out, 1, 32767) && within(pad, 0, 1) && (out - 1) * stride + 3 - pad <= in + 1;
}

}  // namespace swar

inline bool check(const Depthwise3x3S8Swar& p, const Extent& e) {
  return within(p.stride, 1, 2) && within(p.channels, 1, 32767) &&
         swar::check_depthwise_axis(p.input_height, p.output_height, p.stride, p.pad_top) &&
         swar::check_depthwise_axis(p.input_width, p.output_width, p.stride, p.pad_left) &&
         readable(e, p.input, area(p.input_height, p.input_width, p.channels)) &&
         writable(e, p.output, area(p.output_height, p.output_width, p.channels)) &&
         readable(e, p.weights, area(p.channels, 9)) && swar::check_channels(e, p.requants, p.channels) &&
         writable(e, p.scratch, area((p.output_width - 1) * p.stride + 3, 12), 4) &&
         within(p.input_zero_point, -128, 127) && within(p.output_zero_point, -128, 127) &&
         within(p.output_min, -128, 127) && within(p.output_max, p.output_min, 127);
}

namespace swar {

// Row `y` of a channel into one of the three rows in scratch: `columns` pixels from -pad_left on.
WHIT_NOINLINE void widen_row(const Depthwise3x3S8Swar& p, const int8_t* channel, int32_t y, int32_t columns,
                             int32_t* row) {
  const int32_t padding = p.input_zero_point;
  int32_t* const end = row + 3 * columns;
  if (y >= 0 && y < p.input_height) {
    if (p.pad_left != 0) {
      *row = padding;
      row += 3;
      --columns;
    }
    const int32_t step = p.channels;
    const int8_t* pixel = channel + y * p.input_width * step;
    int32_t count = columns < p.input_width ? columns : p.input_width;
    for (; count >= 2; count -= 2, row += 6, pixel += step) {
      row[0] = *pixel;
      pixel += step;
      row[3] = *pixel;
    }
    if (count > 0) {
      *row = *pixel;
      row += 3;
    }
  }
  for (; row < end; row += 3) *row = padding;
}

// One row of outputs: each the product of nine neighbouring words and the nine weights.
template <int kStride>
WHIT_NOINLINE void sweep_row(const int32_t* x, const int32_t* weights, int8_t* out, int32_t step, int32_t count,
                             const Scaling& scaling, const OutputRange& range) {
  const Scaling s = scaling;
  const OutputRange r = range;
#if defined(__ARM_ARCH_6M__)
  for (; count > 0; --count, x += 3 * kStride, out += step) {
    int32_t sum = 0;
#pragma GCC unroll 9
    for (int32_t i = 0; i < 9; ++i) sum += x[i] * weights[i];
    *out = static_cast<int8_t>(requantize(sum, s, r));
  }
#else
  int32_t w[9];
#pragma GCC unroll 9
  for (int32_t i = 0; i < 9; ++i) w[i] = weights[i];
  for (; count > 1; count -= 2, x += 6 * kStride) {
    int32_t sum0 = 0, sum1 = 0;
#pragma GCC unroll 15
    for (int32_t i = 0; i < 9 + 3 * kStride; ++i) {
      const int32_t pixel = x[i];
      if (i < 9) sum0 += pixel * w[i];
      if (i >= 3 * kStride) sum1 += pixel * w[i - 3 * kStride];
    }
    *out = static_cast<int8_t>(requantize(sum0, s, r));
    out += step;
    *out = static_cast<int8_t>(requantize(sum1, s, r));
    out += step;
  }
  if (count > 0) {
    int32_t sum = 0;
#pragma GCC unroll 9
    for (int32_t i = 0; i < 9; ++i) sum += x[i] * w[i];
    *out = static_cast<int8_t>(requantize(sum, s, r));
  }
#endif
}

}  // namespace swar

WHIT_KERNEL void depthwise3x3_s8_swar(const Depthwise3x3S8Swar& p, const Memory& m) {
  const swar::OutputRange range{2 * p.output_zero_point + 1, p.output_min, p.output_max};
  int32_t* scratch = output<int32_t>(m, p.scratch);
  const int32_t columns = (p.output_width - 1) * p.stride + 3;
  for (int32_t c = 0; c < p.channels; ++c) {
    const int8_t* taps = input<int8_t>(m, p.weights) + 9 * c;
    const swar::Scaling scaling = swar::scaling_of(input<swar::ChannelRecord>(m, p.requants)[c], range);
    // The rows in scratch take turns: the weights as they are when the topmost is in slot 0, 1, 2.
    int32_t weights[3][9];
    for (int32_t top = 0; top < 3; ++top) {
      for (int32_t ky = 0; ky < 3; ++ky) {
        const int32_t slot = top + ky < 3 ? top + ky : top + ky - 3;
        for (int32_t kx = 0; kx < 3; ++kx) weights[top][3 * kx + slot] = taps[3 * ky + kx];
      }
    }
    const int8_t* channel = input<int8_t>(m, p.input) + c;
    int8_t* out = output<int8_t>(m, p.output) + c;
    int32_t next = -p.pad_top;  // row to be widened
    int32_t slot = 0;           // and where to
    int32_t missing = 3;
    for (int32_t oy = 0; oy < p.output_height; ++oy) {
      for (; missing > 0; --missing, ++next) {
        swar::widen_row(p, channel, next, columns, scratch + slot);
        slot = slot == 2 ? 0 : slot + 1;
      }
      missing = p.stride;
      if (p.stride == 1) {
        swar::sweep_row<1>(scratch, weights[slot], out, p.channels, p.output_width, scaling, range);
      } else {
        swar::sweep_row<2>(scratch, weights[slot], out, p.channels, p.output_width, scaling, range);
      }
      out += p.output_width * p.channels;
    }
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_ARCH_SWAR_DEPTHWISE3X3_S8_SWAR_HPP_
