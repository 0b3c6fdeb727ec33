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
  Ref scratch;   // int32 [(OW - 1) * stride + 3, 3], with OH when transposed
  int32_t input_height, input_width;
  int32_t output_height, output_width;
  int32_t channels;
  int32_t stride;
  int32_t pad_top, pad_left;
  int32_t transposed;        // 1: go down the columns
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
         writable(e, p.scratch, area(((p.transposed != 0 ? p.output_height : p.output_width) - 1) * p.stride + 3, 12),
                  4) &&
         within(p.transposed, 0, 1) && within(p.input_zero_point, -128, 127) &&
         check_output_s8(p.output_zero_point, p.output_min, p.output_max);
}

namespace swar {

// The map, or its transpose if that has the longer rows. Steps are bytes between neighbours.
struct DepthwiseMap {
  int32_t in_width, in_height, out_width, out_height;
  int32_t in_column, in_row, out_column, out_row;
  int32_t pad_left, pad_top;
  int32_t columns;  // of a row in scratch
};

// Row `y` of a channel into one of the three rows in scratch, from -pad_left on.
WHIT_ALWAYS_INLINE void widen_row(const DepthwiseMap& map, const int8_t* channel, int32_t y, int32_t padding,
                                  int32_t* row) {
  int32_t* const end = row + 3 * map.columns;
  if (y >= 0 && y < map.in_height) {
    if (map.pad_left != 0) {
      *row = padding;
      row += 3;
    }
    const int32_t step = map.in_column;
    const int8_t* pixel = channel + y * map.in_row;
    int32_t count = map.columns - map.pad_left;
    if (count > map.in_width) count = map.in_width;
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
WHIT_ALWAYS_INLINE void sweep_row(const int32_t* x, const int32_t* w, int8_t* out, int32_t step, int32_t count,
                                  const Scaling& s, const OutputRange& r) {
#if defined(__ARM_ARCH_6M__)
  for (; count > 0; --count, x += 3 * kStride, out += step) {
    int32_t sum = 0;
#pragma GCC unroll 9
    for (int32_t i = 0; i < 9; ++i) sum += x[i] * w[i];
    *out = static_cast<int8_t>(requantize(sum, s, r));
  }
#else
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

// One channel. `taps`: its weights, [across, along] the rows: tap (a, b) at a * across + b * along.
template <int kStride>
WHIT_NOINLINE void sweep_channel(const DepthwiseMap& map, const int8_t* channel, const int8_t* taps, int32_t across,
                                 int32_t padding, int32_t* scratch, int8_t* out, const Scaling& scaling,
                                 const OutputRange& range) {
  const Scaling s = scaling;
  const OutputRange r = range;
  const int32_t along = 4 - across;
  int32_t next = -map.pad_top;  // row to be widened
  int32_t slot = 0;             // and where to: the rows in scratch take turns
  int32_t missing = 3;
  for (int32_t oy = 0; oy < map.out_height; ++oy, out += map.out_row) {
    for (; missing > 0; --missing, ++next) {
      widen_row(map, channel, next, padding, scratch + slot);
      slot = slot == 2 ? 0 : slot + 1;
    }
    missing = kStride;
    // The topmost row is in `slot` now; the weights in the order of the slots.
    const int8_t* row0 = taps + (slot == 0 ? 0 : 3 - slot) * across;
    const int8_t* row1 = taps + (slot == 2 ? 2 : 1 - slot) * across;
    const int8_t* row2 = taps + (2 - slot) * across;
    int32_t w[9];
#pragma GCC unroll 3
    for (int32_t b = 0; b < 3; ++b) {
      w[3 * b] = row0[b * along];
      w[3 * b + 1] = row1[b * along];
      w[3 * b + 2] = row2[b * along];
    }
    sweep_row<kStride>(scratch, w, out, map.out_column, map.out_width, s, r);
  }
}

}  // namespace swar

WHIT_KERNEL void depthwise3x3_s8_swar(const Depthwise3x3S8Swar& p, const Memory& m) {
  const swar::OutputRange range{2 * p.output_zero_point + 1, p.output_min, p.output_max};
  const int32_t c = p.channels;
  swar::DepthwiseMap map{p.input_width,
                         p.input_height,
                         p.output_width,
                         p.output_height,
                         c,
                         p.input_width * c,
                         c,
                         p.output_width * c,
                         p.pad_left,
                         p.pad_top,
                         0};
  if (p.transposed != 0) {
    map = {p.input_height,
           p.input_width,
           p.output_height,
           p.output_width,
           p.input_width * c,
           c,
           p.output_width * c,
           c,
           p.pad_top,
           p.pad_left,
           0};
  }
  map.columns = (map.out_width - 1) * p.stride + 3;
  const int32_t across = p.transposed != 0 ? 1 : 3;
  for (int32_t i = 0; i < c; ++i) {
    const swar::Scaling scaling = swar::scaling_of(input<swar::ChannelRecord>(m, p.requants)[i], range);
    const auto sweep = p.stride == 1 ? swar::sweep_channel<1> : swar::sweep_channel<2>;
    sweep(map, input<int8_t>(m, p.input) + i, input<int8_t>(m, p.weights) + 9 * i, across, p.input_zero_point,
          output<int32_t>(m, p.scratch), output<int8_t>(m, p.output) + i, scaling, range);
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_ARCH_SWAR_DEPTHWISE3X3_S8_SWAR_HPP_
