// 2-D convolution, int8, for cores without DSP instructions: four output pixels at a time.
// Gathers the taps of two pairs of pixels into scratch, one word for each pair of inputs; then all output channels read
// them. So it may overwrite its input as far as later pixels do not need it (the workshop computes how far).
// Does not handle weights with a zero point. Same bits as conv2d_s8.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_SWAR_CONV2D_S8_SWAR_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_SWAR_CONV2D_S8_SWAR_HPP_

#include "whit_runtime/kernels/arch/swar/dot.hpp"
#include "whit_runtime/kernels/arch/swar/requant.hpp"
#include "whit_runtime/kernels/conv_geometry.hpp"

namespace whit::rt {

struct Conv2dS8Swar {
  OpHead head;
  Ref input;        // int8 [N,H,W,I]
  Ref output;       // int8 [N,OH,OW,O]
  Ref weights;      // int8 [O,depth], KH*KW*I padded with zeros to `depth`
  Ref channels;     // swar::ChannelRecord[O]
  Ref corrections;  // int32 [correction_count]
  Ref scratch;      // int32 [depth,2]
  ConvGeometry geometry;
  int32_t depth;  // a multiple of swar::kDepthUnit
  int32_t chunk;  // 4 or 8: products added before the halves are taken apart
  int32_t correction_count;
  int32_t input_zero_point;  // what padding holds
  int32_t output_zero_point;
  int32_t output_min, output_max;
  static constexpr uint8_t kRefs = 6;
};

inline bool check(const Conv2dS8Swar& p, const Extent& e) {
  const ConvGeometry& g = p.geometry;
  if (!check_geometry(g)) return false;
  const auto taps = static_cast<int32_t>(area(g.kernel_height, g.kernel_width, g.input_channels));
  return p.depth == swar::padded_depth(taps) &&
         readable(e, p.input, area(g.batches, g.input_height, g.input_width, g.input_channels)) &&
         writable(e, p.output, area(g.batches, g.output_height, g.output_width, g.output_channels)) &&
         readable(e, p.weights, area(g.output_channels, p.depth)) &&
         swar::check_channels(e, p.channels, g.output_channels) &&
         swar::check_corrections(e, p.channels, g.output_channels, p.corrections, p.correction_count, p.depth) &&
         writable(e, p.scratch, area(p.depth, 8), 4) && (p.chunk == 4 || p.chunk == 8) &&
         within(p.input_zero_point, -128, 127) && check_output_s8(p.output_zero_point, p.output_min, p.output_max);
}

namespace swar {

// Where the taps of an output pixel begin; outside the map where it is padded.
struct Position {
  const int8_t* image;
  int32_t top, left;
};

// words[2 i] = a[i * a_step] + 65536 * b[i * b_step] for i < count.
WHIT_NOINLINE int32_t* pack_pixels(const int8_t* a, int32_t a_step, const int8_t* b, int32_t b_step, int32_t count,
                                   int32_t* words) {
  if ((a_step & b_step) != 0) {
    for (; count >= 4; count -= 4, a += 4, b += 4, words += 8) {
      words[0] = pack_pair(a[0], b[0]);
      words[2] = pack_pair(a[1], b[1]);
      words[4] = pack_pair(a[2], b[2]);
      words[6] = pack_pair(a[3], b[3]);
    }
  }
  for (; count > 0; --count, a += a_step, b += b_step, words += 2) *words = pack_pair(*a, *b);
  return words;
}

// The taps of two output pixels, pair by pair, into every other word.
WHIT_NOINLINE void gather(const Conv2dS8Swar& p, const Position& a, const Position& b, int32_t* words) {
  const ConvGeometry& g = p.geometry;
  const int8_t zero_point = static_cast<int8_t>(p.input_zero_point);
  const int32_t inner = g.input_width - (g.kernel_width - 1) * g.dilation_width;
  const bool whole_rows = g.dilation_width == 1 && a.left >= 0 && a.left < inner && b.left >= 0 && b.left < inner;
  const int32_t run = whole_rows ? g.kernel_width * g.input_channels : g.input_channels;
  const int32_t runs = whole_rows ? 1 : g.kernel_width;
  for (int32_t ky = 0; ky < g.kernel_height; ++ky) {
    const int32_t a_y = a.top + ky * g.dilation_height;
    const int32_t b_y = b.top + ky * g.dilation_height;
    const bool a_inside = a_y >= 0 && a_y < g.input_height;
    const bool b_inside = b_y >= 0 && b_y < g.input_height;
    int32_t a_x = a.left;
    int32_t b_x = b.left;
    for (int32_t i = 0; i < runs; ++i, a_x += g.dilation_width, b_x += g.dilation_width) {
      const bool a_step = a_inside && a_x >= 0 && a_x < g.input_width;
      const bool b_step = b_inside && b_x >= 0 && b_x < g.input_width;
      words = pack_pixels(a_step ? a.image + (a_y * g.input_width + a_x) * g.input_channels : &zero_point, a_step,
                          b_step ? b.image + (b_y * g.input_width + b_x) * g.input_channels : &zero_point, b_step, run,
                          words);
    }
  }
}

// What a group of four pixels and all its channels share.
struct Group {
  const int32_t* words;  // the taps
  int8_t* out[4];        // one for each pixel
  OutputRange range;
};

// Adds a channel's corrections to its four sums; returns the rest of the list.
WHIT_ALWAYS_INLINE const int32_t* correct(const int32_t* list, const int32_t* words, Sums& sums) {
  for (;;) {
    const int32_t weight = correction_weight(*list);
    const int32_t* x = words + 2 * correction_index(*list);
    sums.low0 += weight * static_cast<int16_t>(x[0]);
    sums.high0 += weight * ((x[0] + 0x8000) >> 16);
    sums.low1 += weight * static_cast<int16_t>(x[1]);
    sums.high1 += weight * ((x[1] + 0x8000) >> 16);
    if (correction_is_last(*list++)) return list;
  }
}

// Corrects, requantizes and stores one channel of four pixels; returns the rest of the corrections.
WHIT_ALWAYS_INLINE const int32_t* finish(Sums sums, const ChannelRecord& record, const int32_t* corrections,
                                         const Group& group, int32_t channel) {
  if (has_corrections(record)) corrections = correct(corrections, group.words, sums);
  const Scaling scaling = scaling_of(record, group.range);
  group.out[0][channel] = static_cast<int8_t>(requantize(sums.low0, scaling, group.range));
  group.out[1][channel] = static_cast<int8_t>(requantize(sums.high0, scaling, group.range));
  group.out[2][channel] = static_cast<int8_t>(requantize(sums.low1, scaling, group.range));
  group.out[3][channel] = static_cast<int8_t>(requantize(sums.high1, scaling, group.range));
  return corrections;
}

// All output channels of four pixels. Cores with many registers take two channels at a time.
template <int kChunk>
WHIT_NOINLINE void convolve(const Conv2dS8Swar& p, const Memory& m, const Group& group) {
  const int8_t* weights = input<int8_t>(m, p.weights);
  const ChannelRecord* record = input<ChannelRecord>(m, p.channels);
  const int32_t* corrections = input<int32_t>(m, p.corrections);
  const int32_t depth = p.depth;
  const int32_t channels = p.geometry.output_channels;
#if WHIT_SWAR_MANY_REGISTERS
  constexpr int32_t kRows = 2;
#else
  constexpr int32_t kRows = 1;
#endif
  for (int32_t c = 0; c < channels;) {
    Sums sums[2];
    const int32_t rows = channels - c < kRows ? 1 : kRows;
    if (kRows == 2) {
      dot_two<kChunk, Shared::words>(weights, group.words, depth, rows == 2 ? depth : 0, sums);
    } else {
      dot<kChunk>(weights, group.words, depth, sums);
    }
    weights += rows * depth;
    for (int32_t r = 0; r < rows; ++r) corrections = finish(sums[r], *record++, corrections, group, c++);
  }
}

}  // namespace swar

WHIT_KERNEL void conv2d_s8_swar(const Conv2dS8Swar& p, const Memory& m) {
  const ConvGeometry& g = p.geometry;
  int32_t* words = output<int32_t>(m, p.scratch);
  swar::Group group{words, {}, {2 * p.output_zero_point + 1, p.output_min, p.output_max}};
  int8_t* y = output<int8_t>(m, p.output);
  swar::Position at{input<int8_t>(m, p.input), -g.pad_top, -g.pad_left};
  int32_t left_in_row = g.output_width;
  int32_t left_in_image = g.output_width * g.output_height;
  int32_t pixels = g.batches * left_in_image;
  while (pixels > 0) {
    // After the last pixel the group is filled up with it: computed and stored again, with the same result.
    swar::Position from[4];
    for (int32_t i = 0; i < 4; ++i) {
      from[i] = at;
      group.out[i] = y;
      if (--pixels <= 0) continue;
      y += g.output_channels;
      at.left += g.stride_width;
      if (--left_in_row > 0) continue;
      left_in_image -= g.output_width;
      left_in_row = g.output_width;
      at.left = -g.pad_left;
      at.top += g.stride_height;
      if (left_in_image > 0) continue;
      left_in_image = g.output_width * g.output_height;
      at.top = -g.pad_top;
      at.image += g.input_height * g.input_width * g.input_channels;
    }
    swar::gather(p, from[0], from[1], words);
    swar::gather(p, from[2], from[3], words + 1);
    if (p.chunk == 8) {
      swar::convolve<8>(p, m, group);
    } else {
      swar::convolve<4>(p, m, group);
    }
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_ARCH_SWAR_CONV2D_S8_SWAR_HPP_
