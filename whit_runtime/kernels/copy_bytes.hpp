// Copy: bytes from one place to another, such as from and to a variable's state. The two may overlap anyhow.
// Does not reorder; strided copies are another kernel.
#ifndef WHIT_RUNTIME_KERNELS_COPY_BYTES_HPP_
#define WHIT_RUNTIME_KERNELS_COPY_BYTES_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

struct CopyBytes {
  OpHead head;
  Ref input;   // bytes [count]
  Ref output;  // bytes [count]
  int32_t count;
  static constexpr uint8_t kRefs = 2;
};

inline bool check(const CopyBytes& p, const Extent& e) {
  return readable(e, p.input, area(p.count)) && writable(e, p.output, area(p.count));
}

WHIT_KERNEL void copy_bytes(const CopyBytes& p, const Memory& m) {
  memmove(output<uint8_t>(m, p.output), input<uint8_t>(m, p.input), static_cast<size_t>(p.count));
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_COPY_BYTES_HPP_
