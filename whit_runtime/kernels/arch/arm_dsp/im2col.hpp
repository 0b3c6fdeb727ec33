// Lays out the inputs of three pixels for gemm_2x3: widened to int16, interleaved, all taps of a pixel in one row.
// First step of the arm_dsp convolutions, once for each block of pixels.
//
// The order of k within a pixel: for each row of the kernel its bytes [KW * I] in groups of four; the up to three bytes
// left over of each row follow, all rows' together, filled up with zeros to a multiple of four.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_IM2COL_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_IM2COL_HPP_

#include "whit_runtime/kernels/arch/arm_dsp/gemm_2x3.hpp"
#include "whit_runtime/kernels/conv2d_s8.hpp"

namespace whit::rt::dsp {

// Widens 4 * quads bytes into every third word; returns where the next quad goes.
WHIT_ALWAYS_INLINE uint32_t* widen(const int8_t* source, uint32_t* x, int32_t quads) {
  for (; quads >= 2; quads -= 2, source += 8, x += 12) {
    const uint32_t first = load32(source), second = load32(source + 4);
    x[0] = sxtb16(first);
    x[3] = sxtb16_ror8(first);
    x[6] = sxtb16(second);
    x[9] = sxtb16_ror8(second);
  }
  if (quads != 0) {
    const uint32_t last = load32(source);
    x[0] = sxtb16(last);
    x[3] = sxtb16_ror8(last);
    x += 6;
  }
  return x;
}

// Copies the window of one output position, taps outside the map filled with the zero point, to `window` [KH*KW*I].
WHIT_NOINLINE void copy_window(const ConvGeometry& g, const int8_t* image, int32_t top, int32_t left,
                               int32_t zero_point, int8_t* window) {
  for (int32_t ky = 0; ky < g.kernel_height; ++ky) {
    const int32_t y = top + ky * g.dilation_height;
    for (int32_t kx = 0; kx < g.kernel_width; ++kx) {
      const int32_t x = left + kx * g.dilation_width;
      const bool inside = y >= 0 && y < g.input_height && x >= 0 && x < g.input_width;
      const int8_t* pixel = inside ? image + (y * g.input_width + x) * g.input_channels : nullptr;
      for (int32_t i = 0; i < g.input_channels; ++i) {
        *window++ = pixel != nullptr ? pixel[i] : static_cast<int8_t>(zero_point);
      }
    }
  }
}

// One pixel of the block: `rows` rows of `row_bytes`, `pitch` bytes apart. `rest` has room for 4 * ceil(rows *
// (row_bytes % 4) / 4) bytes.
WHIT_ALWAYS_INLINE void widen_pixel(const int8_t* source, int32_t pitch, int32_t rows, int32_t row_bytes, int8_t* rest,
                                    uint32_t* x) {
  const int32_t left_over = row_bytes & 3;
  const int32_t quads = row_bytes >> 2;
  int8_t* end = rest;
  for (; rows > 0; --rows, source += pitch) {
    x = widen(source, x, quads);
    for (int32_t i = 0; i < left_over; ++i) *end++ = source[4 * quads + i];
  }
  if (left_over == 0) return;
  while (((end - rest) & 3) != 0) *end++ = 0;
  widen(rest, x, static_cast<int32_t>(end - rest) >> 2);
}

}  // namespace whit::rt::dsp

#endif  // WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_IM2COL_HPP_
