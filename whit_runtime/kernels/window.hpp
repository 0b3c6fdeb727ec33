// A sliding window over one dimension, clipped to the input: what pooling and float convolutions share.
// Padding is never stored: positions outside the input are skipped.
// Does not know dilation; see conv2d_f32.hpp for that.
#ifndef WHIT_RUNTIME_KERNELS_WINDOW_HPP_
#define WHIT_RUNTIME_KERNELS_WINDOW_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

// Positions [first, last) of the input that the window of one output position covers.
struct Window {
  int32_t first;
  int32_t last;
};

WHIT_ALWAYS_INLINE Window window(int32_t out, int32_t stride, int32_t pad, int32_t kernel, int32_t size) {
  const int32_t start = out * stride - pad;
  const int32_t end = start + kernel;
  return {start < 0 ? 0 : start, end > size ? size : end};
}

// True when every one of `out` windows covers at least one position of the input and no sum overflows.
inline bool check_windows(int32_t out, int32_t stride, int32_t pad, int32_t kernel, int32_t size) {
  const int32_t limit = 1 << 24;
  if (!within(out, 1, limit) || !within(stride, 1, limit) || !within(kernel, 1, limit) || !within(size, 1, limit)) {
    return false;
  }
  const int64_t last = static_cast<int64_t>(out - 1) * stride - pad;
  return pad >= 0 && pad < kernel && last < size;
}

// The geometry of a pooling op over an NHWC map, part of its record.
struct PoolGeometry {
  int32_t batches;
  int32_t input_h;
  int32_t input_w;
  int32_t channels;
  int32_t output_h;
  int32_t output_w;
  int32_t kernel_h;
  int32_t kernel_w;
  int32_t stride_h;
  int32_t stride_w;
  int32_t pad_top;
  int32_t pad_left;
};

// True when all windows cover something, and maps of `element_bytes` an element lie within the memories.
inline bool check_pool(const PoolGeometry& g, Ref input, Ref output, uint32_t element_bytes, const Extent& e) {
  return readable(e, input, element_bytes * area(g.batches, g.input_h, g.input_w, g.channels), element_bytes) &&
         writable(e, output, element_bytes * area(g.batches, g.output_h, g.output_w, g.channels), element_bytes) &&
         check_windows(g.output_h, g.stride_h, g.pad_top, g.kernel_h, g.input_h) &&
         check_windows(g.output_w, g.stride_w, g.pad_left, g.kernel_w, g.input_w);
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_WINDOW_HPP_
