// Strided copies of any element type: what transpose, slice, concat, tile, space to depth and depth to space become.
// Copies dims[0] x ... runs of `run_bytes` in order; each run is read whole before it is written, so a run may overlap
// itself. Strides count bytes and may be negative or, on the input's side, 0. Does not convert.
#ifndef WHIT_RUNTIME_KERNELS_COPY_HPP_
#define WHIT_RUNTIME_KERNELS_COPY_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

struct Copy3d {
  OpHead head;
  Ref input;
  Ref output;
  int32_t input_offset;  // bytes from the start of the operand to the run of index 0
  int32_t output_offset;
  int32_t run_bytes;
  int32_t dims[3];
  int32_t input_stride[3];
  int32_t output_stride[3];
  static constexpr uint8_t kRefs = 2;
};

struct Copy6d {
  OpHead head;
  Ref input;
  Ref output;
  int32_t input_offset;
  int32_t output_offset;
  int32_t run_bytes;
  int32_t dims[6];
  int32_t input_stride[6];
  int32_t output_stride[6];
  static constexpr uint8_t kRefs = 2;
};

// Bytes [0, end) that a strided walk touches; negative when it leaves the operand downwards or is too large.
inline int64_t strided_end(int32_t offset, int32_t run_bytes, const int32_t* dims, const int32_t* stride,
                           int32_t rank) {
  if (run_bytes <= 0) return -1;
  int64_t low = offset;
  int64_t high = offset;
  for (int32_t d = 0; d < rank; ++d) {
    const int64_t reach = static_cast<int64_t>(stride[d]) * (dims[d] - 1);
    (reach < 0 ? low : high) += reach;
    if (high > (int64_t{1} << 40) || low < 0) return -1;
  }
  return high + run_bytes;
}

template <typename P>
inline bool check_copy(const P& p, const Extent& e, int32_t rank) {
  uint64_t bytes = area(p.run_bytes);
  for (int32_t d = 0; d < rank; ++d) {
    if (p.dims[d] <= 0) return false;
    bytes *= static_cast<uint64_t>(p.dims[d]);
    if (bytes > e.arena_bytes) return false;  // a copy writes no byte twice; also bounds the work
  }
  const int64_t read = strided_end(p.input_offset, p.run_bytes, p.dims, p.input_stride, rank);
  const int64_t written = strided_end(p.output_offset, p.run_bytes, p.dims, p.output_stride, rank);
  return read > 0 && written > 0 && readable(e, p.input, static_cast<uint64_t>(read)) &&
         writable(e, p.output, static_cast<uint64_t>(written));
}

inline bool check(const Copy3d& p, const Extent& e) { return check_copy(p, e, 3); }
inline bool check(const Copy6d& p, const Extent& e) { return check_copy(p, e, 6); }

template <typename T>
WHIT_ALWAYS_INLINE void copy_elements(uint8_t* y, const uint8_t* x, int32_t count, int32_t x_stride, int32_t y_stride) {
  for (int32_t i = 0; i < count; ++i, x += x_stride, y += y_stride) {
    T element;
    memcpy(&element, x, sizeof element);
    memcpy(y, &element, sizeof element);
  }
}

template <int32_t kRank, typename P>
WHIT_ALWAYS_INLINE void copy_strided(const P& p, const Memory& m) {
  const uint8_t* x = input<uint8_t>(m, p.input) + p.input_offset;
  uint8_t* y = output<uint8_t>(m, p.output) + p.output_offset;
  const int32_t count = p.dims[kRank - 1];
  const int32_t x_stride = p.input_stride[kRank - 1];
  const int32_t y_stride = p.output_stride[kRank - 1];
  int32_t index[kRank] = {};
  for (;;) {
    if (p.run_bytes == 1) {
      copy_elements<uint8_t>(y, x, count, x_stride, y_stride);
    } else if (p.run_bytes == 4) {
      copy_elements<uint32_t>(y, x, count, x_stride, y_stride);
    } else {
      for (int32_t i = 0; i < count; ++i) memmove(y + i * y_stride, x + i * x_stride, p.run_bytes);
    }
    int32_t d = kRank - 2;
    for (; d >= 0; --d) {
      x += p.input_stride[d];
      y += p.output_stride[d];
      if (++index[d] < p.dims[d]) break;
      x -= p.input_stride[d] * p.dims[d];
      y -= p.output_stride[d] * p.dims[d];
      index[d] = 0;
    }
    if (d < 0) return;
  }
}

WHIT_KERNEL void copy_3d(const Copy3d& p, const Memory& m) { copy_strided<3>(p, m); }
WHIT_KERNEL void copy_6d(const Copy6d& p, const Memory& m) { copy_strided<6>(p, m); }

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_COPY_HPP_
