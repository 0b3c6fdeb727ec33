// Lookup, one byte to one byte: y[i] = table[x[i]]. Every unary int8 or uint8 op is this kernel with its own table,
// which the workshop computes. Does not know what the table means.
#ifndef WHIT_RUNTIME_KERNELS_LOOKUP_S8_HPP_
#define WHIT_RUNTIME_KERNELS_LOOKUP_S8_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

struct LookupS8 {
  OpHead head;
  Ref input;   // bytes [count]
  Ref output;  // bytes [count], may be the input or start before it
  Ref table;   // bytes [256], by the input's bits taken as unsigned
  int32_t count;
  static constexpr uint8_t kRefs = 3;
};

inline bool check(const LookupS8& p, const Extent& e) {
  return readable(e, p.input, area(p.count)) && writable(e, p.output, area(p.count)) && readable(e, p.table, 256);
}

WHIT_KERNEL void lookup_s8(const LookupS8& p, const Memory& m) {
  const uint8_t* x = input<uint8_t>(m, p.input);
  const uint8_t* table = input<uint8_t>(m, p.table);
  uint8_t* y = output<uint8_t>(m, p.output);
  int32_t left = p.count;
  for (; left >= 4; left -= 4, x += 4, y += 4) {
    uint32_t four;  // read before written: the output may start before the input
    __builtin_memcpy(&four, x, 4);
    y[0] = table[four & 0xff];
    y[1] = table[(four >> 8) & 0xff];
    y[2] = table[(four >> 16) & 0xff];
    y[3] = table[four >> 24];
  }
  for (; left > 0; --left) *y++ = table[*x++];
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_LOOKUP_S8_HPP_
