// The loop of every elementwise kernel with two operands, one of which may be repeated along some dimensions.
// The workshop merges the dimensions of a model's shapes into at most four. Does not compute anything by itself.
#ifndef WHIT_RUNTIME_KERNELS_BROADCAST_HPP_
#define WHIT_RUNTIME_KERNELS_BROADCAST_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

// Part of a record. Bit d of repeat1: operand 1 has extent 1 in dimension d and is repeated along it.
struct Broadcast {
  int32_t dims[4];  // of the output, outermost first
  int32_t repeat1;
  int32_t repeat2;
};

inline uint64_t output_elements(const Broadcast& b) { return area(b.dims[0], b.dims[1], b.dims[2], b.dims[3]); }

// Elements of an operand that is repeated along the dimensions of `repeat`.
inline uint64_t operand_elements(const int32_t* dims, int32_t repeat) {
  return area((repeat & 1) != 0 ? 1 : dims[0], (repeat & 2) != 0 ? 1 : dims[1], (repeat & 4) != 0 ? 1 : dims[2],
              (repeat & 8) != 0 ? 1 : dims[3]);
}

// True when operands of `input_size` and an output of `output_size` bytes an element lie within the memories.
inline bool check_broadcast(const Broadcast& b, Ref input1, Ref input2, Ref output, uint32_t input_size,
                            uint32_t output_size, const Extent& e) {
  return within(b.repeat1, 0, 15) && within(b.repeat2, 0, 15) &&
         readable(e, input1, operand_elements(b.dims, b.repeat1) * input_size, input_size) &&
         readable(e, input2, operand_elements(b.dims, b.repeat2) * input_size, input_size) &&
         writable(e, output, output_elements(b) * output_size, output_size);
}

// Distance in elements between neighbours of an operand along each dimension, 0 where it is repeated.
inline void operand_strides(const int32_t* dims, int32_t repeat, int32_t* strides) {
  int32_t stride = 1;
  for (int32_t d = 3; d >= 0; --d) {
    const bool repeated = ((repeat >> d) & 1) != 0;
    strides[d] = repeated ? 0 : stride;
    if (!repeated) stride *= dims[d];
  }
}

// y = f(x1, x2) for each element in C order, each element of an operand read before the output passes it.
template <typename In, typename Out, typename F>
WHIT_ALWAYS_INLINE void broadcast(const Broadcast& b, const In* x1, const In* x2, Out* y, F f) {
  int32_t s1[4], s2[4];
  operand_strides(b.dims, b.repeat1, s1);
  operand_strides(b.dims, b.repeat2, s2);
  for (int32_t i = 0; i < b.dims[0]; ++i) {
    for (int32_t j = 0; j < b.dims[1]; ++j) {
      for (int32_t k = 0; k < b.dims[2]; ++k) {
        const In* u = x1 + i * s1[0] + j * s1[1] + k * s1[2];
        const In* v = x2 + i * s2[0] + j * s2[1] + k * s2[2];
        for (int32_t n = 0; n < b.dims[3]; ++n, u += s1[3], v += s2[3]) *y++ = f(*u, *v);
      }
    }
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_BROADCAST_HPP_
