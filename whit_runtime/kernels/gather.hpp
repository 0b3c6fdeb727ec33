// Gather along one dimension: out[b,o,i,:] = in[b,o, index[b,i], :] for elements of any type.
// Indices may be computed at run time: those outside [0, axis_size) are clamped, TFLite's interpreter fails on them.
// Does not gather N-dimensional coordinates.
#ifndef WHIT_RUNTIME_KERNELS_GATHER_HPP_
#define WHIT_RUNTIME_KERNELS_GATHER_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

struct Gather {
  OpHead head;
  Ref input;    // [batches, outer, axis_size, inner_bytes]
  Ref indices;  // int32 [batches, count]
  Ref output;   // [batches, outer, count, inner_bytes]
  int32_t batches;
  int32_t outer;
  int32_t axis_size;
  int32_t count;
  int32_t inner_bytes;
  static constexpr uint8_t kRefs = 3;
};

inline bool check(const Gather& p, const Extent& e) {
  return readable(e, p.input, area(p.batches, p.outer, p.axis_size, p.inner_bytes)) &&
         readable(e, p.indices, 4 * area(p.batches, p.count), 4) &&
         writable(e, p.output, area(p.batches, p.outer, p.count, p.inner_bytes));
}

WHIT_KERNEL void gather(const Gather& p, const Memory& m) {
  const uint8_t* x = input<uint8_t>(m, p.input);
  const int32_t* indices = input<int32_t>(m, p.indices);
  uint8_t* y = output<uint8_t>(m, p.output);
  for (int32_t b = 0; b < p.batches; ++b, indices += p.count) {
    for (int32_t o = 0; o < p.outer; ++o, x += p.axis_size * p.inner_bytes) {
      for (int32_t i = 0; i < p.count; ++i, y += p.inner_bytes) {
        const int32_t index = clamp(indices[i], 0, p.axis_size - 1);
        memmove(y, x + index * p.inner_bytes, static_cast<size_t>(p.inner_bytes));
      }
    }
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_GATHER_HPP_
