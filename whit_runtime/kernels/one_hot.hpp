// One-hot: out[o,d,i] = d == indices[o,i] ? on : off, for elements of 1, 2, 4 or 8 bytes.
// An index outside [0, depth) gives a row of off values. Indices are int32.
#ifndef WHIT_RUNTIME_KERNELS_ONE_HOT_HPP_
#define WHIT_RUNTIME_KERNELS_ONE_HOT_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

struct OneHot {
  OpHead head;
  Ref indices;  // int32 [outer, inner]
  Ref on;       // one element
  Ref off;      // one element
  Ref output;   // [outer, depth, inner]
  int32_t outer;
  int32_t depth;
  int32_t inner;
  int32_t element_bytes;
  static constexpr uint8_t kRefs = 4;
};

inline bool check(const OneHot& p, const Extent& e) {
  return within(p.element_bytes, 1, 8) && readable(e, p.indices, 4 * area(p.outer, p.inner), 4) &&
         readable(e, p.on, area(p.element_bytes)) && readable(e, p.off, area(p.element_bytes)) &&
         writable(e, p.output, area(p.outer, p.depth, p.inner, p.element_bytes));
}

WHIT_KERNEL void one_hot(const OneHot& p, const Memory& m) {
  const int32_t* indices = input<int32_t>(m, p.indices);
  const uint8_t* on = input<uint8_t>(m, p.on);
  const uint8_t* off = input<uint8_t>(m, p.off);
  uint8_t* y = output<uint8_t>(m, p.output);
  for (int32_t o = 0; o < p.outer; ++o, indices += p.inner) {
    for (int32_t d = 0; d < p.depth; ++d) {
      for (int32_t i = 0; i < p.inner; ++i, y += p.element_bytes) {
        memmove(y, indices[i] == d ? on : off, static_cast<size_t>(p.element_bytes));
      }
    }
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_ONE_HOT_HPP_
