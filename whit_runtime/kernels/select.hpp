// Select: y = condition ? x1 : x2, element by element with broadcasting of all three; elements of 1, 2, 4 or 8 bytes.
// Moves bytes only. Does not rescale: the workshop sees to it that all three share their quantization.
#ifndef WHIT_RUNTIME_KERNELS_SELECT_HPP_
#define WHIT_RUNTIME_KERNELS_SELECT_HPP_

#include "whit_runtime/kernels/broadcast.hpp"
#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

struct Select {
  OpHead head;
  Ref condition;  // bool, the dimensions of `broadcast` as its `repeat_condition` says
  Ref input1;     // elements of element_bytes
  Ref input2;
  Ref output;  // may be an input1 or input2 of the same shape or start before it
  Broadcast broadcast;
  int32_t repeat_condition;
  int32_t element_bytes;
  static constexpr uint8_t kRefs = 4;
};

inline bool check(const Select& p, const Extent& e) {
  const int32_t size = p.element_bytes;
  return (size == 1 || size == 2 || size == 4 || size == 8) && within(p.repeat_condition, 0, 15) &&
         readable(e, p.condition, operand_elements(p.broadcast.dims, p.repeat_condition)) &&
         within(p.broadcast.repeat1, 0, 15) && within(p.broadcast.repeat2, 0, 15) &&
         readable(e, p.input1, operand_elements(p.broadcast.dims, p.broadcast.repeat1) * size) &&
         readable(e, p.input2, operand_elements(p.broadcast.dims, p.broadcast.repeat2) * size) &&
         writable(e, p.output, output_elements(p.broadcast) * size);
}

WHIT_KERNEL void select(const Select& p, const Memory& m) {
  const Broadcast& b = p.broadcast;
  const int32_t size = p.element_bytes;
  int32_t sc[4], s1[4], s2[4];
  operand_strides(b.dims, p.repeat_condition, sc);
  operand_strides(b.dims, b.repeat1, s1);
  operand_strides(b.dims, b.repeat2, s2);
  uint8_t* y = output<uint8_t>(m, p.output);
  for (int32_t i = 0; i < b.dims[0]; ++i) {
    for (int32_t j = 0; j < b.dims[1]; ++j) {
      for (int32_t k = 0; k < b.dims[2]; ++k) {
        const uint8_t* c = input<uint8_t>(m, p.condition) + i * sc[0] + j * sc[1] + k * sc[2];
        const uint8_t* u = input<uint8_t>(m, p.input1) + (i * s1[0] + j * s1[1] + k * s1[2]) * size;
        const uint8_t* v = input<uint8_t>(m, p.input2) + (i * s2[0] + j * s2[1] + k * s2[2]) * size;
        for (int32_t n = 0; n < b.dims[3]; ++n, c += sc[3], u += s1[3] * size, v += s2[3] * size, y += size) {
          uint64_t element;  // through a register: input and output may overlap by part of an element
          memcpy(&element, *c != 0 ? u : v, static_cast<size_t>(size));
          memcpy(y, &element, static_cast<size_t>(size));
        }
      }
    }
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_SELECT_HPP_
