// Resizing of images: nearest for any element type, bilinear for int8 and float32.
// Which input positions an output position reads, and how it weighs them, is a table that the workshop computed as
// TFLite's reference kernels do. Computes no coordinate.
#ifndef WHIT_RUNTIME_KERNELS_RESIZE_HPP_
#define WHIT_RUNTIME_KERNELS_RESIZE_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

struct ResizeNearest {
  OpHead head;
  Ref input;   // [batches, input_h, input_w, pixel_bytes]
  Ref output;  // [batches, output_h, output_w, pixel_bytes]
  Ref taps;    // constants: uint16 [output_h] input rows, then uint16 [output_w] input columns
  int32_t batches;
  int32_t input_h;
  int32_t input_w;
  int32_t output_h;
  int32_t output_w;
  int32_t pixel_bytes;
  static constexpr uint8_t kRefs = 3;
};

// The two positions between which an output position lies, and how far from the lower one: in 1/1024 (int8), or the
// bits of a float.
struct BilinearTap {
  uint16_t lower;
  uint16_t upper;
  int32_t fraction;
};
static_assert(sizeof(BilinearTap) == 8);

struct ResizeBilinearS8 {
  OpHead head;
  Ref input;   // int8 [batches, input_h, input_w, channels]
  Ref output;  // int8 [batches, output_h, output_w, channels]
  Ref taps;    // constants: BilinearTap [output_h] for rows, then [output_w] for columns
  int32_t batches;
  int32_t input_h;
  int32_t input_w;
  int32_t output_h;
  int32_t output_w;
  int32_t channels;
  static constexpr uint8_t kRefs = 3;
};

struct ResizeBilinearF32 {
  OpHead head;
  Ref input;   // float [batches, input_h, input_w, channels]
  Ref output;  // float [batches, output_h, output_w, channels]
  Ref taps;
  int32_t batches;
  int32_t input_h;
  int32_t input_w;
  int32_t output_h;
  int32_t output_w;
  int32_t channels;
  static constexpr uint8_t kRefs = 3;
};

inline bool check(const ResizeNearest& p, const Extent& e) {
  const uint64_t entries = area(p.output_h) + area(p.output_w);
  if ((p.taps & kConstantBit) == 0 || !readable(e, p.taps, 2 * entries, 2) ||
      !readable(e, p.input, area(p.batches, p.input_h, p.input_w, p.pixel_bytes)) ||
      !writable(e, p.output, area(p.batches, p.output_h, p.output_w, p.pixel_bytes))) {
    return false;
  }
  const uint16_t* taps = reinterpret_cast<const uint16_t*>(e.constants + (p.taps & ~kConstantBit));
  for (int32_t y = 0; y < p.output_h; ++y) {
    if (taps[y] >= p.input_h) return false;
  }
  for (int32_t x = 0; x < p.output_w; ++x) {
    if (taps[p.output_h + x] >= p.input_w) return false;
  }
  return true;
}

// `limit`: largest magnitude of an int8 fraction, 0 when fractions are floats.
template <typename P>
inline bool check_bilinear(const P& p, const Extent& e, uint32_t element_bytes, int32_t limit) {
  const uint64_t entries = area(p.output_h) + area(p.output_w);
  if ((p.taps & kConstantBit) == 0 || !readable(e, p.taps, sizeof(BilinearTap) * entries, 4) ||
      !readable(e, p.input, element_bytes * area(p.batches, p.input_h, p.input_w, p.channels), element_bytes) ||
      !writable(e, p.output, element_bytes * area(p.batches, p.output_h, p.output_w, p.channels), element_bytes)) {
    return false;
  }
  const BilinearTap* taps = reinterpret_cast<const BilinearTap*>(e.constants + (p.taps & ~kConstantBit));
  for (int32_t i = 0; i < p.output_h + p.output_w; ++i) {
    const int32_t size = i < p.output_h ? p.input_h : p.input_w;
    if (taps[i].lower >= size || taps[i].upper >= size) return false;
    if (limit != 0 && !within(taps[i].fraction, -limit, limit)) return false;
  }
  return true;
}
inline bool check(const ResizeBilinearS8& p, const Extent& e) { return check_bilinear(p, e, 1, 1024); }
inline bool check(const ResizeBilinearF32& p, const Extent& e) { return check_bilinear(p, e, 4, 0); }

WHIT_KERNEL void resize_nearest(const ResizeNearest& p, const Memory& m) {
  const uint8_t* x = input<uint8_t>(m, p.input);
  uint8_t* y = output<uint8_t>(m, p.output);
  const uint16_t* rows = input<uint16_t>(m, p.taps);
  const uint16_t* cols = rows + p.output_h;
  const int32_t row_bytes = p.input_w * p.pixel_bytes;
  for (int32_t b = 0; b < p.batches; ++b, x += p.input_h * row_bytes) {
    for (int32_t oy = 0; oy < p.output_h; ++oy) {
      const uint8_t* row = x + rows[oy] * row_bytes;
      for (int32_t ox = 0; ox < p.output_w; ++ox, y += p.pixel_bytes) {
        memmove(y, row + cols[ox] * p.pixel_bytes, static_cast<size_t>(p.pixel_bytes));
      }
    }
  }
}

// Calls `pixel(y, top_left, bottom_left, top_right, bottom_right, row fraction, column fraction)`.
template <typename T, typename P, typename Pixel>
WHIT_ALWAYS_INLINE void resize_bilinear(const P& p, const Memory& m, Pixel pixel) {
  const T* x = input<T>(m, p.input);
  T* y = output<T>(m, p.output);
  const BilinearTap* rows = input<BilinearTap>(m, p.taps);
  const BilinearTap* cols = rows + p.output_h;
  const int32_t row = p.input_w * p.channels;
  for (int32_t b = 0; b < p.batches; ++b, x += p.input_h * row) {
    for (int32_t oy = 0; oy < p.output_h; ++oy) {
      const T* top = x + rows[oy].lower * row;
      const T* bottom = x + rows[oy].upper * row;
      for (int32_t ox = 0; ox < p.output_w; ++ox, y += p.channels) {
        const int32_t left = cols[ox].lower * p.channels;
        const int32_t right = cols[ox].upper * p.channels;
        pixel(y, top + left, bottom + left, top + right, bottom + right, rows[oy].fraction, cols[ox].fraction);
      }
    }
  }
}

// Source: TFLite reference_ops ResizeBilinear for int8, in 10 fractional bits. |fraction| <= 1024 keeps every sum
// below 128 * 3072^2 < 2^31.
WHIT_KERNEL void resize_bilinear_s8(const ResizeBilinearS8& p, const Memory& m) {
  resize_bilinear<int8_t>(p, m,
                          [&p](int8_t* y, const int8_t* top_left, const int8_t* bottom_left, const int8_t* top_right,
                               const int8_t* bottom_right, int32_t row, int32_t col) {
                            const int32_t weight_tl = (1024 - row) * (1024 - col);
                            const int32_t weight_bl = row * (1024 - col);
                            const int32_t weight_tr = (1024 - row) * col;
                            const int32_t weight_br = row * col;
                            for (int32_t c = 0; c < p.channels; ++c) {
                              const int32_t sum = top_left[c] * weight_tl + bottom_left[c] * weight_bl +
                                                  top_right[c] * weight_tr + bottom_right[c] * weight_br;
                              y[c] = static_cast<int8_t>((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));
                            }
                          });
}

WHIT_KERNEL void resize_bilinear_f32(const ResizeBilinearF32& p, const Memory& m) {
  resize_bilinear<float>(p, m,
                         [&p](float* y, const float* top_left, const float* bottom_left, const float* top_right,
                              const float* bottom_right, int32_t row_bits, int32_t col_bits) {
                           const float row = f32_from_bits(static_cast<uint32_t>(row_bits));
                           const float col = f32_from_bits(static_cast<uint32_t>(col_bits));
                           for (int32_t c = 0; c < p.channels; ++c) {
                             y[c] = top_left[c] * (1.0f - row) * (1.0f - col) + bottom_left[c] * row * (1.0f - col) +
                                    top_right[c] * (1.0f - row) * col + bottom_right[c] * row * col;
                           }
                         });
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_RESIZE_HPP_
