// Arg max and arg min along one dimension, int8 and float32: out[o,i] = index of the first largest (smallest) element
// of in[o,:,i]. Output int32. A NaN is never the extreme unless all are. Does not write int64.
#ifndef WHIT_RUNTIME_KERNELS_ARG_EXTREME_HPP_
#define WHIT_RUNTIME_KERNELS_ARG_EXTREME_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

struct ArgExtremeS8 {
  OpHead head;
  Ref input;   // int8 [outer, axis_size, inner]
  Ref output;  // int32 [outer, inner]
  int32_t outer;
  int32_t axis_size;
  int32_t inner;
  int32_t smallest;  // 0: arg max; 1: arg min
  static constexpr uint8_t kRefs = 2;
};

struct ArgExtremeF32 {
  OpHead head;
  Ref input;   // float [outer, axis_size, inner]
  Ref output;  // int32 [outer, inner]
  int32_t outer;
  int32_t axis_size;
  int32_t inner;
  int32_t smallest;
  static constexpr uint8_t kRefs = 2;
};

template <typename P>
inline bool check_arg_extreme(const P& p, const Extent& e, uint32_t element_bytes) {
  return readable(e, p.input, element_bytes * area(p.outer, p.axis_size, p.inner), element_bytes) &&
         writable(e, p.output, 4 * area(p.outer, p.inner), 4) && within(p.smallest, 0, 1);
}
inline bool check(const ArgExtremeS8& p, const Extent& e) { return check_arg_extreme(p, e, 1); }
inline bool check(const ArgExtremeF32& p, const Extent& e) { return check_arg_extreme(p, e, 4); }

template <typename T, typename P>
WHIT_ALWAYS_INLINE void arg_extreme(const P& p, const Memory& m) {
  const T* x = input<T>(m, p.input);
  int32_t* y = output<int32_t>(m, p.output);
  for (int32_t o = 0; o < p.outer; ++o, x += p.axis_size * p.inner) {
    for (int32_t i = 0; i < p.inner; ++i) {
      T best = x[i];
      int32_t index = 0;
      for (int32_t a = 1; a < p.axis_size; ++a) {
        const T element = x[a * p.inner + i];
        const bool better = p.smallest != 0 ? element < best : element > best;
        if (better || (best != best && element == element)) {  // best != best: it is a NaN
          best = element;
          index = a;
        }
      }
      *y++ = index;
    }
  }
}

WHIT_KERNEL void arg_extreme_s8(const ArgExtremeS8& p, const Memory& m) { arg_extreme<int8_t>(p, m); }
WHIT_KERNEL void arg_extreme_f32(const ArgExtremeF32& p, const Memory& m) { arg_extreme<float>(p, m); }

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_ARG_EXTREME_HPP_
