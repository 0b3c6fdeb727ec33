// Depthwise 3x3, int8, depth multiplier 1, stride 1 or 2, on Armv7E-M: the same bits as depthwise_conv2d_s8.
// The workshop (lower/arch/arm_dsp_depthwise.cpp) packs for it and checks per channel that its arithmetic is exact.
// Not for fewer than 4 channels, padding of more than 1, dilation, batches: depthwise_conv2d_s8 does those.
//
// Four channels at a time over one tile after the other; a tile's input is in planes before its first output is
// written, so a map that is one tile is done in place. Works on the map or its transpose, whichever has longer rows.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_DEPTHWISE3X3_S8_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_DEPTHWISE3X3_S8_HPP_

#include "whit_runtime/kernels/arch/arm_dsp/depthwise_planes.hpp"

namespace whit::rt {

// Per channel: the bias, scaled as the sum is, and the multiplier. The bias's lowest three bits are s where that is
// more than 1 and the bias a multiple of 8; else s is 1 and they are 0 or 1 for a bias of 0 or 4 modulo 8.
struct Depthwise3x3Scale {
  int32_t bias;
  int32_t multiplier;
};

// Sizes are (width | height << 16); width runs along the rows of the planes: the map's own width, or its height when
// `transposed`. A tile's size is in outputs.
struct Depthwise3x3Dsp {
  OpHead head;
  Ref input;    // int8 [1,H,W,C]
  Ref output;   // int8 [1,OH,OW,C]
  Ref weights;  // int8 [C,3,3], rows along the width
  Ref scale;    // Depthwise3x3Scale[C]; out = SSAT8(SMMLA(sum << (s + 1), multiplier, rounding) >> 10), s in [1, 7]
  Ref scratch;  // planes of a tile
  int32_t channels;
  int32_t input_size, output_size, tile_size;
  int32_t layout;  // bytes: padding left, padding top, transposed, 0
  int32_t values;  // bytes: input zero point, output zero point, output min, output max
  static constexpr uint8_t kRefs = 5;
};

// Number in kernels.def of the kernel that moves two pixels from output to output; the other one moves one.
inline constexpr uint16_t kDepthwise3x3Stride2 = 231;

// Bytes of scratch for a tile of `height` output rows: its planes and the word behind the last one.
constexpr int32_t depthwise3x3_scratch_bytes(int32_t stride, int32_t height) {
  return ((height - 1) * stride + 3) * dsp::kRowBytes + 4;
}

namespace dsp {

inline int32_t byte_of(int32_t word, int32_t index) { return static_cast<int8_t>(word >> 8 * index & 0xff); }
inline int32_t width_of(int32_t size) { return size & 0xffff; }
inline int32_t height_of(int32_t size) { return size >> 16 & 0xffff; }

// A dimension: the tiles' columns fit the planes and no output is further right than the padding of one column.
inline bool check_depthwise_axis(int32_t in, int32_t out, int32_t pad, int32_t stride) {
  return within(in, 1, 32767) && within(out, 1, 32767) && within(pad, 0, 1) && (out - 1) * stride + 3 - pad <= in + 1;
}

inline bool check_depthwise(const Depthwise3x3Dsp& p, const Extent& e, int32_t stride) {
  const int32_t width = width_of(p.input_size), height = height_of(p.input_size);
  const int32_t out_width = width_of(p.output_size), out_height = height_of(p.output_size);
  const int32_t tile_width = width_of(p.tile_size), tile_height = height_of(p.tile_size);
  const int32_t left = byte_of(p.layout, 0), top = byte_of(p.layout, 1);
  if (!check_depthwise_axis(width, out_width, left, stride) || !check_depthwise_axis(height, out_height, top, stride) ||
      !within(byte_of(p.layout, 2), 0, 1) || !within(p.channels, 4, 32767) || !within(tile_width, 1, 25) ||
      !within(tile_height, 1, out_height)) {
    return false;
  }
  // The 27th column is the padding that begins the next plane's row: only there when one tile holds the map's width.
  const int32_t columns = (tile_width - 1) * stride + 3;
  const bool shared =
      columns == kPlaneColumns + 1 && tile_width == out_width && left == 1 && width == kPlaneColumns - 1;
  return (columns <= kPlaneColumns || shared) && readable(e, p.input, area(width, height, p.channels)) &&
         writable(e, p.output, area(out_width, out_height, p.channels)) &&
         readable(e, p.weights, area(p.channels, 9)) && (p.scale & kConstantBit) != 0 &&
         readable(e, p.scale, area(p.channels) * sizeof(Depthwise3x3Scale), 4) &&
         writable(e, p.scratch, static_cast<uint64_t>(depthwise3x3_scratch_bytes(stride, tile_height)), 4) &&
         within(byte_of(p.values, 2), -128, byte_of(p.values, 3));
}

WHIT_ALWAYS_INLINE void unpack_depthwise(const int8_t* w, const Depthwise3x3Scale& scale, int32_t zero_point,
                                         PlaneSweep& sweep) {
  const int32_t field = scale.bias & 7;
  const int32_t s = field < 2 ? 1 : field;
  sweep.bias = scale.bias - field + (field == 1 ? 4 : 0);
  sweep.multiplier = scale.multiplier;
  sweep.rounding = (1 << (s - 1)) + (2 * zero_point + 1) * (1 << (kSweepShift - 1));
  const int32_t twice = 2 << s;
#pragma GCC unroll 3
  for (int32_t row = 0; row < 3; ++row, w += 3) {
    const uint32_t w1 = static_cast<uint32_t>(w[1] * twice);
    sweep.weights[2 * row] = pkhbt(static_cast<uint32_t>(w[0] * twice), w1);
    sweep.weights[2 * row + 1] = pkhbt(w1, static_cast<uint32_t>(w[2] * twice));
  }
}

// What ReLU leaves when int8 is wider than the activation.
WHIT_NOINLINE void clamp_bytes(int8_t* bytes, int32_t count, int32_t low, int32_t high) {
  for (int32_t i = 0; i < count; ++i) bytes[i] = static_cast<int8_t>(clamp(bytes[i], low, high));
}

WHIT_NOINLINE void depthwise3x3(const Depthwise3x3Dsp& p, const Memory& m, int32_t stride,
                                void (*run)(const PlaneSweep*)) {
  const int32_t out_width = width_of(p.output_size), out_height = height_of(p.output_size);
  const int32_t tile_width = width_of(p.tile_size), tile_height = height_of(p.tile_size);
  const int32_t left = byte_of(p.layout, 0), top = byte_of(p.layout, 1);
  const bool transposed = byte_of(p.layout, 2) != 0;
  const int32_t channels = p.channels;
  PlaneTile tile;
  tile.planes = output<uint8_t>(m, p.scratch);
  tile.width = width_of(p.input_size), tile.height = height_of(p.input_size);
  tile.column_step = transposed ? tile.height * channels : channels;
  tile.row_step = transposed ? channels : tile.width * channels;
  tile.padding = static_cast<uint32_t>(byte_of(p.values, 0) & 0xff) * 0x01010101u;
  const int32_t column_step = transposed ? out_height * channels : channels;
  const int32_t row_step = transposed ? channels : out_width * channels;
  // Right padding of the last plane's last row.
  const uint32_t padding = sxtb16(tile.padding);
  memcpy(tile.planes + depthwise3x3_scratch_bytes(stride, tile_height) - 4, &padding, 4);

  bool all = true;
  for (int32_t done = 0; done < channels; done += 4) {
    // The last group looks back at channels that are done: all four lie within a pixel.
    const int32_t group = done + 4 <= channels ? done : channels - 4;
    tile.input = input<int8_t>(m, p.input) + group;
    PlaneSweep sweeps[4];
    for (int32_t c = done - group; c < 4; ++c) {
      PlaneSweep& sweep = sweeps[c];
      unpack_depthwise(input<int8_t>(m, p.weights) + 9 * (group + c), input<Depthwise3x3Scale>(m, p.scale)[group + c],
                       byte_of(p.values, 1), sweep);
      sweep.plane = tile.planes + c * kPlaneBytes;
      sweep.column_step = column_step;
      sweep.row_step = row_step;
    }
    for (int32_t y = 0; y < out_height; y += tile_height) {
      for (int32_t x = 0; x < out_width; x += tile_width) {
        const int32_t columns = out_width - x < tile_width ? out_width - x : tile_width;
        const int32_t rows = out_height - y < tile_height ? out_height - y : tile_height;
        tile.left = x * stride - left;
        tile.top = y * stride - top;
        tile.words = ((columns - 1) * stride + 4) >> 1;
        if (tile.words > kPlaneColumns / 2) tile.words = kPlaneColumns / 2;
        tile.rows = (rows - 1) * stride + 3;
        fill_planes(tile, all);
        int8_t* out = output<int8_t>(m, p.output) + group + y * row_step + x * column_step;
        for (int32_t c = done - group; c < 4; ++c) {
          sweeps[c].output = out + c;
          sweeps[c].columns = columns;
          sweeps[c].rows = rows;
          run(&sweeps[c]);
        }
      }
    }
    // With a single tile the rows of padding stay what they are.
    all = tile_width < out_width || tile_height < out_height;
  }
  const int32_t low = byte_of(p.values, 2), high = byte_of(p.values, 3);
  if (low > -128 || high < 127) clamp_bytes(output<int8_t>(m, p.output), out_width * out_height * channels, low, high);
}

}  // namespace dsp

inline bool check(const Depthwise3x3Dsp& p, const Extent& e) {
  return dsp::check_depthwise(p, e, p.head.kernel == kDepthwise3x3Stride2 ? 2 : 1);
}

WHIT_KERNEL void depthwise3x3_s8_stride1_dsp(const Depthwise3x3Dsp& p, const Memory& m) {
  dsp::depthwise3x3(p, m, 1, dsp::sweep_plane_stride1);
}
WHIT_KERNEL void depthwise3x3_s8_stride2_dsp(const Depthwise3x3Dsp& p, const Memory& m) {
  dsp::depthwise3x3(p, m, 2, dsp::sweep_plane_stride2);
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_DEPTHWISE3X3_S8_HPP_
