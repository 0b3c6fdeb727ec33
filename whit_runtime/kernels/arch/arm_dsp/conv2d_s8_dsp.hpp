// 2-D convolution, int8, for Armv7E-M: 1x1 (pointwise) and any other geometry through im2col, three pixels at a time.
// With int8 or int4 weights. Same bits as conv2d_s8. Chosen by the workshop where requant.hpp's preconditions hold and
// the output channels are even. Pixels go in increasing order, and a block of three is read before its outputs are
// written: input and output may overlap as the workshop's lead (lower/arch/arm_dsp_conv2d.cpp) says.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_CONV2D_S8_DSP_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_CONV2D_S8_DSP_HPP_

#include "whit_runtime/kernels/arch/arm_dsp/gemm_2x3_w4.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/im2col.hpp"

namespace whit::rt {

// 1x1, stride 1, no padding. kBits: of a weight, 8 or 4.
template <int kBits>
struct PointwiseDsp {
  OpHead head;
  Ref input;    // int8 [pixels, I], I a multiple of 4
  Ref output;   // int8 [pixels, O], O at least 2
  Ref stream;   // as gemm_2x3 or gemm_2x3_w4 reads it
  Ref scratch;  // 6 * I bytes
  int32_t pixels;
  int32_t input_channels;
  int32_t output_channels;
  int32_t output_zero_point;
  int32_t output_min, output_max;
  static constexpr uint8_t kRefs = 4;
};

template <int kBits>
struct Conv2dDsp {
  OpHead head;
  Ref input;    // int8 [N,H,W,I]
  Ref output;   // int8 [N,H,W,O], O at least 2
  Ref stream;   // likewise, k in the order of im2col.hpp
  Ref scratch;  // conv2d_s8_dsp_scratch() bytes
  ConvGeometry geometry;
  int32_t input_zero_point;
  int32_t output_zero_point;
  int32_t output_min, output_max;
  static constexpr uint8_t kRefs = 4;
};

// Groups of four k of one pixel in the order of im2col.hpp.
inline int32_t conv2d_s8_dsp_quads(const ConvGeometry& g) {
  const int32_t row_bytes = g.kernel_width * g.input_channels;
  return g.kernel_height * (row_bytes >> 2) + ((g.kernel_height * (row_bytes & 3) + 3) >> 2);
}
// Windows at the border can be widened where they are; others are copied first.
inline bool conv2d_s8_dsp_clips(const ConvGeometry& g) { return (g.input_channels & 3) == 0 && g.dilation_width == 1; }
// The widened block and a window.
inline int64_t conv2d_s8_dsp_scratch(const ConvGeometry& g) {
  const int64_t window = (int64_t{g.kernel_height} * g.kernel_width * g.input_channels + 3) & ~int64_t{3};
  return int64_t{24} * conv2d_s8_dsp_quads(g) + (conv2d_s8_dsp_clips(g) ? 0 : window);
}
// Bytes of the stream for `channels` channels of `quads` groups of four k.
template <int kBits>
uint64_t gemm_2x3_stream_bytes(int32_t channels, int32_t quads) {
  return (area(channels) + 1) / 2 * 4 * (kBits / 4 * area(quads) + dsp::kGemmPairOverheadWords);
}

template <int kBits>
bool check(const PointwiseDsp<kBits>& p, const Extent& e) {
  return readable(e, p.input, area(p.pixels, p.input_channels)) &&
         writable(e, p.output, area(p.pixels, p.output_channels)) && within(p.input_channels, 4, 1 << 20) &&
         p.input_channels % 4 == 0 && within(p.output_channels, 2, 1 << 20) &&
         readable(e, p.stream, gemm_2x3_stream_bytes<kBits>(p.output_channels, p.input_channels / 4), 4) &&
         writable(e, p.scratch, uint64_t{6} * static_cast<uint32_t>(p.input_channels), 4) &&
         check_output_s8(p.output_zero_point, p.output_min, p.output_max);
}

template <int kBits>
bool check(const Conv2dDsp<kBits>& p, const Extent& e) {
  const ConvGeometry& g = p.geometry;
  return check_geometry(g) && area(g.kernel_height, g.kernel_width, g.input_channels) <= (1 << 20) &&
         readable(e, p.input, area(g.batches, g.input_height, g.input_width, g.input_channels)) &&
         writable(e, p.output, area(g.batches, g.output_height, g.output_width, g.output_channels)) &&
         g.output_channels >= 2 &&
         readable(e, p.stream, gemm_2x3_stream_bytes<kBits>(g.output_channels, conv2d_s8_dsp_quads(g)), 4) &&
         writable(e, p.scratch, static_cast<uint64_t>(conv2d_s8_dsp_scratch(g)), 4) &&
         within(p.input_zero_point, -128, 127) && check_output_s8(p.output_zero_point, p.output_min, p.output_max);
}

namespace dsp {

// Clamps to a fused activation's range where that is not all of int8.
WHIT_NOINLINE void clamp_output(int8_t* y, int32_t count, int32_t low, int32_t high) {
  for (int32_t i = 0; i < count; ++i) y[i] = static_cast<int8_t>(clamp(y[i], low, high));
}

template <int kBits>
WHIT_ALWAYS_INLINE void run_gemm(const GemmBlock* block) {
  kBits == 8 ? gemm_2x3(block) : gemm_2x3_w4(block);
}

// Runs the block of `pixels` (1 to 3) pixels at block.out and moves it on. Missing pixels are copies of the last one.
template <int kBits>
WHIT_ALWAYS_INLINE void run_block(GemmBlock& block, int32_t pixels, int32_t channels, int32_t low, int32_t high) {
  block.second_offset = pixels > 1 ? channels : 0;
  block.third_offset = pixels > 2 ? channels : 0;
  const int32_t even = channels & ~1;
  block.out_end = block.out + even;
  run_gemm<kBits>(&block);
  if (even != channels) {
    GemmBlock last = block;
    last.stream += (even >> 1) * (kBits / 4 * block.quads + kGemmPairOverheadWords);
    last.out = block.out + channels - 2;
    last.out_end = block.out + channels;
    run_gemm<kBits>(&last);
  }
  if (low > -128 || high < 127) clamp_output(block.out, pixels * channels, low, high);
  block.out += pixels * channels;
}

}  // namespace dsp

template <int kBits>
WHIT_ALWAYS_INLINE void pointwise_dsp(const PointwiseDsp<kBits>& p, const Memory& m) {
  const int8_t* image = input<int8_t>(m, p.input);
  uint32_t* x = output<uint32_t>(m, p.scratch);
  dsp::GemmBlock block{};
  block.stream = input<uint32_t>(m, p.stream);
  block.x = x;
  block.quads = p.input_channels >> 2;
  block.origin = dsp::requant_origin(p.output_zero_point);
  block.out = output<int8_t>(m, p.output);
  for (int32_t left = p.pixels; left > 0; left -= dsp::kGemmPixels) {
    for (int32_t i = 0; i < dsp::kGemmPixels; ++i) {
      dsp::widen_rows(image, 0, 1, block.quads, x + i);
      if (i + 1 < left) image += p.input_channels;
    }
    const int32_t pixels = left < dsp::kGemmPixels ? left : dsp::kGemmPixels;
    dsp::run_block<kBits>(block, pixels, p.output_channels, p.output_min, p.output_max);
  }
}

template <int kBits>
WHIT_ALWAYS_INLINE void conv2d_dsp(const Conv2dDsp<kBits>& p, const Memory& m) {
  const ConvGeometry& g = p.geometry;
  const int32_t row_bytes = g.kernel_width * g.input_channels;
  const int32_t row_pitch = g.input_width * g.input_channels;
  // Positions from which no tap falls outside the map.
  const int32_t last_top = g.input_height - 1 - (g.kernel_height - 1) * g.dilation_height;
  const int32_t last_left = g.dilation_width == 1 || g.kernel_width == 1 ? g.input_width - g.kernel_width : -32768;
  const int8_t* image = input<int8_t>(m, p.input);
  uint32_t* x = output<uint32_t>(m, p.scratch);
  dsp::GemmBlock block{};
  block.stream = input<uint32_t>(m, p.stream);
  block.x = x;
  block.quads = conv2d_s8_dsp_quads(g);
  block.origin = dsp::requant_origin(p.output_zero_point);
  block.out = output<int8_t>(m, p.output);
  int8_t* window = reinterpret_cast<int8_t*>(x + 6 * block.quads);
  const int32_t first_left = -g.pad_left, end_left = g.output_width * g.stride_width - g.pad_left;
  int32_t top = -g.pad_top, left = first_left, rows = g.output_height;
  int32_t todo = g.batches * g.output_height * g.output_width;
  for (; todo > 0; todo -= dsp::kGemmPixels) {
    for (int32_t i = 0; i < dsp::kGemmPixels; ++i) {
      const int8_t* source = image + (top * g.input_width + left) * g.input_channels;
      int32_t pitch = row_pitch * g.dilation_height;
      if (top < 0 || top > last_top || left < 0 || left > last_left) {
        source = nullptr;
        if (conv2d_s8_dsp_clips(g)) {
          dsp::widen_clipped(g, image, top, left, p.input_zero_point, x + i);
        } else {
          dsp::copy_window(g, image, top, left, p.input_zero_point, window);
          source = window;
          pitch = row_bytes;
        }
      }
      if (source != nullptr) dsp::widen_pixel(source, pitch, g.kernel_height, row_bytes, x + i);
      if (i + 1 >= todo) continue;  // no pixel left: once more the same
      left += g.stride_width;
      if (left < end_left) continue;
      left = first_left;
      top += g.stride_height;
      if (--rows > 0) continue;
      rows = g.output_height;
      top = -g.pad_top;
      image += g.input_height * row_pitch;
    }
    const int32_t pixels = todo < dsp::kGemmPixels ? todo : dsp::kGemmPixels;
    dsp::run_block<kBits>(block, pixels, g.output_channels, p.output_min, p.output_max);
  }
}

using PointwiseS8Dsp = PointwiseDsp<8>;
using PointwiseS8W4Dsp = PointwiseDsp<4>;
using Conv2dS8Dsp = Conv2dDsp<8>;
using Conv2dS8W4Dsp = Conv2dDsp<4>;

WHIT_KERNEL void pointwise_s8_dsp(const PointwiseS8Dsp& p, const Memory& m) { pointwise_dsp(p, m); }
WHIT_KERNEL void pointwise_s8_w4_dsp(const PointwiseS8W4Dsp& p, const Memory& m) { pointwise_dsp(p, m); }
WHIT_KERNEL void conv2d_s8_dsp(const Conv2dS8Dsp& p, const Memory& m) { conv2d_dsp(p, m); }
WHIT_KERNEL void conv2d_s8_w4_dsp(const Conv2dS8W4Dsp& p, const Memory& m) { conv2d_dsp(p, m); }

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_CONV2D_S8_DSP_HPP_
