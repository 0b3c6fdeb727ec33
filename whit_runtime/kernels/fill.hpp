// Fills memory with one value: the borders of a padding that pad.hpp cannot express, and masks.
// The value travels as a pattern of four bytes: an element of 1 or 2 bytes is repeated in it.
// Does not fill elements of 8 bytes whose halves differ.
#ifndef WHIT_RUNTIME_KERNELS_FILL_HPP_
#define WHIT_RUNTIME_KERNELS_FILL_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

struct Fill {
  OpHead head;
  Ref output;
  int32_t bytes;
  int32_t pattern;
  static constexpr uint8_t kRefs = 1;
};

inline bool check(const Fill& p, const Extent& e) { return writable(e, p.output, area(p.bytes)); }

WHIT_ALWAYS_INLINE void fill_pattern(uint8_t* y, int32_t bytes, uint32_t pattern) {
  if (pattern == (pattern & 0xffu) * 0x01010101u) {
    memset(y, static_cast<int>(pattern & 0xffu), static_cast<size_t>(bytes));
    return;
  }
  for (int32_t i = 0; i < bytes; ++i) y[i] = static_cast<uint8_t>(pattern >> (8 * (i & 3)));
}

WHIT_KERNEL void fill(const Fill& p, const Memory& m) {
  fill_pattern(output<uint8_t>(m, p.output), p.bytes, static_cast<uint32_t>(p.pattern));
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_FILL_HPP_
