// 3x3 convolution with stride 1, int8, by integer Winograd F(2x2,3x3): 16 multiplications instead of 36 for four output
// pixels. For cores with many registers and plain 32-bit multiplication (RV32IMC).
// Does not handle other kernels, strides or dilations, nor weights with a zero point. Same bits as conv2d_s8.
//
// With 2G instead of G everything is an integer: |U| <= 9 * 128, |V| <= 4 * 128, and the result is exactly 4 times the
// accumulator, which is what requantization starts from. Tiles of 4x4 inputs are transformed some at a time (V); then,
// for four channels at a time, four tiles at a time, each of the 16 positions is a 4x4 matrix product over the inputs.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_SWAR_WINOGRAD_S8_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_SWAR_WINOGRAD_S8_HPP_

#include "whit_runtime/kernels/arch/swar/dot.hpp"
#include "whit_runtime/kernels/arch/swar/requant.hpp"
#include "whit_runtime/kernels/conv_geometry.hpp"

namespace whit::rt {

struct WinogradS8 {
  OpHead head;
  Ref input;     // int8 [1,H,W,I], I a multiple of 4
  Ref output;    // int8 [1,OH,OW,O], O a multiple of 4
  Ref weights;   // int8 [O,3,3,I]; if `transformed`, int16 [O/4,I,16,4]
  Ref channels;  // swar::ChannelRecord[O], without corrections
  Ref scratch;   // swar::winograd_scratch_bytes()
  ConvGeometry geometry;
  int32_t transformed;       // 0: the weights are transformed at run time, anew for each `tiles` tiles
  int32_t tiles;             // a multiple of 4: so many are transformed together
  int32_t input_zero_point;  // what padding holds
  int32_t output_zero_point;
  int32_t output_min, output_max;
  static constexpr uint8_t kRefs = 5;
};

namespace swar {

// Elements of four channels' transformed filters, or of four transformed tiles.
inline constexpr int32_t winograd_block(int32_t input_channels) { return 64 * input_channels; }

// Transformed tiles, transformed filters, then 16 products of 4x4 or one tile with its padding.
inline constexpr int64_t winograd_scratch_bytes(int32_t input_channels, int32_t tiles, bool transformed) {
  const int64_t blocks = tiles / 4 + (transformed ? 0 : 1);
  return blocks * 2 * winograd_block(input_channels) + (input_channels > 64 ? 16 * input_channels : 1024);
}

}  // namespace swar

inline bool check(const WinogradS8& p, const Extent& e) {
  const ConvGeometry& g = p.geometry;
  if (!check_geometry(g) || !within(p.tiles, 4, 1024) || !within(p.transformed, 0, 1)) return false;
  const uint64_t weights = area(g.output_channels, g.input_channels) * (p.transformed != 0 ? 32 : 9);
  const int64_t scratch = swar::winograd_scratch_bytes(g.input_channels, p.tiles, p.transformed != 0);
  return g.batches == 1 && g.kernel_height == 3 && g.kernel_width == 3 && g.stride_height == 1 && g.stride_width == 1 &&
         g.dilation_height == 1 && g.dilation_width == 1 && g.input_channels % 4 == 0 && g.output_channels % 4 == 0 &&
         p.tiles % 4 == 0 && readable(e, p.input, area(g.input_height, g.input_width, g.input_channels)) &&
         writable(e, p.output, area(g.output_height, g.output_width, g.output_channels)) &&
         readable(e, p.weights, weights, p.transformed != 0 ? 2 : 1) &&
         swar::check_channels(e, p.channels, g.output_channels) &&
         writable(e, p.scratch, static_cast<uint64_t>(scratch), 4) && within(p.input_zero_point, -128, 127) &&
         check_output_s8(p.output_zero_point, p.output_min, p.output_max);
}

namespace swar {

// One dimension of B^T d, of 2G g and of A^T m.
struct Four {
  int32_t a, b, c, d;
};
WHIT_ALWAYS_INLINE Four input_transform(int32_t x0, int32_t x1, int32_t x2, int32_t x3) {
  return {x0 - x2, x1 + x2, x2 - x1, x1 - x3};
}
WHIT_ALWAYS_INLINE Four weight_transform(int32_t w0, int32_t w1, int32_t w2) {
  return {2 * w0, w0 + w2 + w1, w0 + w2 - w1, 2 * w2};
}

// Row i of a 4x4 matrix, into a block [channels,16,4].
WHIT_ALWAYS_INLINE void store_row(int16_t* block, int i, const Four& row) {
  block[16 * i] = static_cast<int16_t>(row.a);
  block[16 * i + 4] = static_cast<int16_t>(row.b);
  block[16 * i + 8] = static_cast<int16_t>(row.c);
  block[16 * i + 12] = static_cast<int16_t>(row.d);
}

// B^T d B of all channels of a tile: position i of channel k to v[(16 k + i) * 4].
WHIT_NOINLINE void transform_tile(const int8_t* tile, int32_t row_bytes, int32_t channels, int16_t* v) {
  for (int32_t k = 0; k < channels; ++k, ++tile, v += 64) {
    Four column[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const int8_t* x = tile + i * channels;
      column[i] = input_transform(x[0], x[row_bytes], x[2 * row_bytes], x[3 * row_bytes]);
    }
    store_row(v, 0, input_transform(column[0].a, column[1].a, column[2].a, column[3].a));
    store_row(v, 1, input_transform(column[0].b, column[1].b, column[2].b, column[3].b));
    store_row(v, 2, input_transform(column[0].c, column[1].c, column[2].c, column[3].c));
    store_row(v, 3, input_transform(column[0].d, column[1].d, column[2].d, column[3].d));
  }
}

// 2G g (2G)^T of all filters of one output channel: position i of input k to u[(16 k + i) * 4].
WHIT_NOINLINE void transform_filters(const int8_t* weights, int32_t channels, int16_t* u) {
  for (int32_t k = 0; k < channels; ++k, ++weights, u += 64) {
    Four column[3];
#pragma GCC unroll 3
    for (int i = 0; i < 3; ++i) {
      const int8_t* w = weights + i * channels;
      column[i] = weight_transform(w[0], w[3 * channels], w[6 * channels]);
    }
    store_row(u, 0, weight_transform(column[0].a, column[1].a, column[2].a));
    store_row(u, 1, weight_transform(column[0].b, column[1].b, column[2].b));
    store_row(u, 2, weight_transform(column[0].c, column[1].c, column[2].c));
    store_row(u, 3, weight_transform(column[0].d, column[1].d, column[2].d));
  }
}

// products[16 i + 4 c + t] = sum over k of u[k][i][c] * v[k][i][t]. `channels` is a multiple of 4.
WHIT_NOINLINE void multiply_positions(const int16_t* v, const int16_t* u, int32_t channels, int32_t* products) {
  for (int32_t i = 0; i < 16; ++i, v += 4, u += 4, products += 16) {
    uint32_t sum[16] = {};  // unsigned: columns of tiles that do not exist hold anything
    const int16_t* x = v;
    const int16_t* w = u;
    const int16_t* const end = x + 64 * channels;
    do {
#pragma GCC unroll 4
      for (int k = 0; k < 256; k += 64) {
        const int32_t x0 = x[k], x1 = x[k + 1], x2 = x[k + 2], x3 = x[k + 3];
#pragma GCC unroll 4
        for (int c = 0; c < 4; ++c) {
          sum[4 * c] += static_cast<uint32_t>(w[k + c] * x0);
          sum[4 * c + 1] += static_cast<uint32_t>(w[k + c] * x1);
          sum[4 * c + 2] += static_cast<uint32_t>(w[k + c] * x2);
          sum[4 * c + 3] += static_cast<uint32_t>(w[k + c] * x3);
          step_ends(sum[4 * c], sum[4 * c + 1], sum[4 * c + 2], sum[4 * c + 3]);
        }
      }
      x += 256;
      w += 256;
    } while (x != end);
#pragma GCC unroll 16
    for (int j = 0; j < 16; ++j) products[j] = static_cast<int32_t>(sum[j]);
  }
}

// Where a tile of 2x2 outputs lies.
struct Tile {
  int32_t y, x;
};

WHIT_ALWAYS_INLINE Tile next_tile(Tile tile, int32_t output_width) {
  tile.x += 2;
  return tile.x < output_width ? tile : Tile{tile.y + 2, 0};
}

// Transforms a tile, through a copy when it reaches over the border of the map.
WHIT_NOINLINE void gather_tile(const WinogradS8& p, const int8_t* image, Tile tile, int8_t* copy, int16_t* v) {
  const ConvGeometry& g = p.geometry;
  const int32_t top = tile.y - g.pad_top;
  const int32_t left = tile.x - g.pad_left;
  const int32_t channels = g.input_channels;
  const int8_t* inside = image + (top * g.input_width + left) * channels;
  if (top >= 0 && left >= 0 && top + 4 <= g.input_height && left + 4 <= g.input_width) {
    return transform_tile(inside, g.input_width * channels, channels, v);
  }
  int8_t* to = copy;
  for (int32_t y = top; y < top + 4; ++y) {
    for (int32_t x = left; x < left + 4; ++x, to += channels) {
      if (y >= 0 && y < g.input_height && x >= 0 && x < g.input_width) {
        memmove(to, image + (y * g.input_width + x) * channels, static_cast<size_t>(channels));
      } else {
        memset(to, p.input_zero_point, static_cast<size_t>(channels));
      }
    }
  }
  transform_tile(copy, 4 * channels, channels, v);
}

// A^T m A, requantized: one channel of a tile of 2x2 outputs, those that lie in the map.
WHIT_ALWAYS_INLINE void store_tile(const WinogradS8& p, const int32_t* products, Tile tile, const Scaling& scaling,
                                   const OutputRange& range, int8_t* y) {
  const ConvGeometry& g = p.geometry;
  int32_t upper[4], lower[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const int32_t m0 = products[16 * i], m1 = products[64 + 16 * i], m2 = products[128 + 16 * i],
                  m3 = products[192 + 16 * i];
    upper[i] = m0 + m1 + m2;
    lower[i] = m1 - m2 - m3;
  }
  const bool right = tile.x + 1 < g.output_width;
  int8_t* out = y + (tile.y * g.output_width + tile.x) * g.output_channels;
  out[0] = static_cast<int8_t>(requantize_x4(upper[0] + upper[1] + upper[2], scaling, range));
  if (right)
    out[g.output_channels] = static_cast<int8_t>(requantize_x4(upper[1] - upper[2] - upper[3], scaling, range));
  if (tile.y + 1 >= g.output_height) return;
  out += g.output_width * g.output_channels;
  out[0] = static_cast<int8_t>(requantize_x4(lower[0] + lower[1] + lower[2], scaling, range));
  if (right)
    out[g.output_channels] = static_cast<int8_t>(requantize_x4(lower[1] - lower[2] - lower[3], scaling, range));
}

}  // namespace swar

WHIT_KERNEL void winograd_s8(const WinogradS8& p, const Memory& m) {
  const ConvGeometry& g = p.geometry;
  const int32_t block = swar::winograd_block(g.input_channels);
  int16_t* const v = output<int16_t>(m, p.scratch);
  int16_t* const filters = v + p.tiles / 4 * block;
  int32_t* const products = reinterpret_cast<int32_t*>(p.transformed != 0 ? filters : filters + block);
  const int8_t* const image = input<int8_t>(m, p.input);
  int8_t* const y = output<int8_t>(m, p.output);
  const swar::OutputRange range{2 * p.output_zero_point + 1, p.output_min, p.output_max};
  swar::Tile first{0, 0};
  while (first.y < g.output_height) {
    swar::Tile end = first;
    int32_t tiles = 0;
    for (; tiles < p.tiles && end.y < g.output_height; ++tiles, end = swar::next_tile(end, g.output_width)) {
      swar::gather_tile(p, image, end, reinterpret_cast<int8_t*>(products), v + (tiles >> 2) * block + (tiles & 3));
    }
    const swar::ChannelRecord* record = input<swar::ChannelRecord>(m, p.channels);
    for (int32_t c = 0; c < g.output_channels; c += 4, record += 4) {
      const int16_t* u = filters;
      if (p.transformed != 0) {
        u = input<int16_t>(m, p.weights) + c / 4 * block;
      } else {
        const int8_t* w = input<int8_t>(m, p.weights) + c * 9 * g.input_channels;
        for (int32_t i = 0; i < 4; ++i, w += 9 * g.input_channels) {
          swar::transform_filters(w, g.input_channels, filters + i);
        }
      }
      swar::Tile group = first;
      for (int32_t t = 0; t < tiles; t += 4) {
        swar::multiply_positions(v + (t >> 2) * block, u, g.input_channels, products);
        swar::Tile tile = group;
        for (int32_t j = 0; j < 4; ++j) {
          const swar::Scaling scaling = swar::scaling_of(record[j], range);
          tile = group;
          for (int32_t i = 0; i < 4 && t + i < tiles; ++i, tile = swar::next_tile(tile, g.output_width)) {
            swar::store_tile(p, products + 4 * j + i, tile, scaling, range, y + c + j);
          }
        }
        group = tile;
      }
    }
    first = end;
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_ARCH_SWAR_WINOGRAD_S8_HPP_
