// Lays out the inputs of three pixels for gemm_2x3: widened to int16, interleaved, all taps of a pixel in one row.
// First step of the arm_dsp convolutions, once for each block of pixels.
//
// The order of k within a pixel: for each row of the kernel its bytes [KW * I] in groups of four; the up to three bytes
// left over of each row follow, all rows' together, filled up with zeros to a multiple of four.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_IM2COL_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_IM2COL_HPP_

#include "whit_runtime/kernels/arch/arm_dsp/gemm_2x3.hpp"
#include "whit_runtime/kernels/conv_geometry.hpp"

namespace whit::rt::dsp {

// One group of four bytes into two of every third words.
WHIT_ALWAYS_INLINE void widen_quad(uint32_t bytes, uint32_t* x) {
  x[0] = sxtb16(bytes);
  x[3] = sxtb16_ror8(bytes);
}

// Widens `rows` rows of 4 * quads bytes, `pitch` bytes apart, into every third word. Returns where the next quad goes.
WHIT_NOINLINE uint32_t* widen_rows(const int8_t* source, int32_t pitch, int32_t rows, int32_t quads, uint32_t* x) {
  pitch -= 4 * quads;
  for (; rows > 0; --rows, source += pitch) {
    for (int32_t n = quads >> 2; n > 0; --n, source += 16, x += 24) {
      const uint32_t a = load32(source), b = load32(source + 4), c = load32(source + 8), d = load32(source + 12);
      widen_quad(a, x);
      widen_quad(b, x + 6);
      widen_quad(c, x + 12);
      widen_quad(d, x + 18);
    }
    if ((quads & 2) != 0) {
      const uint32_t a = load32(source), b = load32(source + 4);
      widen_quad(a, x);
      widen_quad(b, x + 6);
      source += 8;
      x += 12;
    }
    if ((quads & 1) != 0) {
      widen_quad(load32(source), x);
      source += 4;
      x += 6;
    }
  }
  return x;
}

// Widens `count` (1 to 3) bytes of each of `rows` rows, all together, filled up with zeros to a multiple of four.
WHIT_ALWAYS_INLINE void widen_left_over(const int8_t* source, int32_t pitch, int32_t rows, int32_t count, uint32_t* x) {
  uint32_t bytes = 0;
  int32_t shift = 0;
  for (; rows > 0; --rows, source += pitch) {
    for (int32_t i = 0; i < count; ++i) {
      bytes |= (static_cast<uint32_t>(source[i]) & 0xffu) << shift;
      shift += 8;
      if (shift < 32) continue;
      widen_quad(bytes, x);
      x += 6;
      bytes = 0;
      shift = 0;
    }
  }
  if (shift != 0) widen_quad(bytes, x);
}

// The window of a 3x3 kernel over three channels, the first layer of most networks for images, without a loop.
WHIT_ALWAYS_INLINE void widen_3x3x3(const int8_t* source, int32_t pitch, uint32_t* x) {
  const int8_t* second = source + pitch;
  const int8_t* third = second + pitch;
  widen_quad(load32(source), x);
  widen_quad(load32(source + 4), x + 6);
  widen_quad(load32(second), x + 12);
  widen_quad(load32(second + 4), x + 18);
  widen_quad(load32(third), x + 24);
  widen_quad(load32(third + 4), x + 30);
  x[36] = halves(source[8], third[8]);
  x[39] = halves(second[8], 0);
}

// One pixel of the block: `rows` rows of `row_bytes`, `pitch` bytes apart.
WHIT_ALWAYS_INLINE void widen_pixel(const int8_t* source, int32_t pitch, int32_t rows, int32_t row_bytes, uint32_t* x) {
  if (row_bytes == 9 && rows == 3) return widen_3x3x3(source, pitch, x);
  x = widen_rows(source, pitch, rows, row_bytes >> 2, x);
  if ((row_bytes & 3) != 0) widen_left_over(source + (row_bytes & ~3), pitch, rows, row_bytes & 3, x);
}

// `quads` groups of four bytes that all widen to `fill`.
WHIT_ALWAYS_INLINE uint32_t* widen_fill(uint32_t* x, int32_t quads, uint32_t fill) {
  for (; quads > 0; --quads, x += 6) {
    x[0] = fill;
    x[3] = fill;
  }
  return x;
}

// One pixel whose window lies partly outside the map; channels a multiple of four, no dilation along the row.
WHIT_NOINLINE void widen_clipped(const ConvGeometry& g, const int8_t* image, int32_t top, int32_t left,
                                 int32_t zero_point, uint32_t* x) {
  const uint32_t fill = halves(zero_point, zero_point);
  const int32_t quads = g.input_channels >> 2;
  // Taps [first, end) of a row are inside the map.
  const int32_t first = clamp(-left, 0, g.kernel_width);
  const int32_t end = clamp(g.input_width - left, first, g.kernel_width);
  for (int32_t ky = 0; ky < g.kernel_height; ++ky) {
    const int32_t y = top + ky * g.dilation_height;
    if (y < 0 || y >= g.input_height || first == end) {
      x = widen_fill(x, g.kernel_width * quads, fill);
      continue;
    }
    x = widen_fill(x, first * quads, fill);
    x = widen_rows(image + (y * g.input_width + left + first) * g.input_channels, 0, 1, (end - first) * quads, x);
    x = widen_fill(x, (g.kernel_width - end) * quads, fill);
  }
}

// Copies `count` bytes from `source`, or `count` times the byte in `fill` when it is null. Returns the end.
WHIT_NOINLINE int8_t* copy_or_fill(int8_t* to, const int8_t* source, int32_t count, uint32_t fill) {
  if (source != nullptr) {
    for (; count >= 4; count -= 4, to += 4, source += 4) __builtin_memcpy(to, source, 4);
    for (; count > 0; --count) *to++ = *source++;
  } else {
    for (; count >= 4; count -= 4, to += 4) __builtin_memcpy(to, &fill, 4);
    for (; count > 0; --count) *to++ = static_cast<int8_t>(fill);
  }
  return to;
}

// Copies the window of one output position, taps outside the map filled with the zero point, to `window` [KH*KW*I].
WHIT_NOINLINE void copy_window(const ConvGeometry& g, const int8_t* image, int32_t top, int32_t left,
                               int32_t zero_point, int8_t* window) {
  const uint32_t fill = (static_cast<uint32_t>(zero_point) & 0xffu) * 0x01010101u;
  // Taps [first, end) of a row are inside the map.
  int32_t first = 0, end = g.kernel_width;
  while (first < end && left + first * g.dilation_width < 0) ++first;
  while (end > first && left + (end - 1) * g.dilation_width >= g.input_width) --end;
  // Neighbouring taps lie side by side without dilation.
  const int32_t taps = g.dilation_width == 1 ? end - first : 1;
  for (int32_t ky = 0; ky < g.kernel_height; ++ky) {
    const int32_t y = top + ky * g.dilation_height;
    if (y < 0 || y >= g.input_height || first == end) {
      window = copy_or_fill(window, nullptr, g.kernel_width * g.input_channels, fill);
      continue;
    }
    if (first > 0) window = copy_or_fill(window, nullptr, first * g.input_channels, fill);
    for (int32_t kx = first; kx < end; kx += taps) {
      const int8_t* source = image + (y * g.input_width + left + kx * g.dilation_width) * g.input_channels;
      window = copy_or_fill(window, source, taps * g.input_channels, 0);
    }
    if (end < g.kernel_width) window = copy_or_fill(window, nullptr, (g.kernel_width - end) * g.input_channels, fill);
  }
}

}  // namespace whit::rt::dsp

#endif  // WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_IM2COL_HPP_
