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

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_WINDOW_HPP_
