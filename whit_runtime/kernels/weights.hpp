// Runs of weights beside a run of inputs: int8, or int4, two a byte with the first in the low half. What the portable
// kernels of layers share. A run of int4 weights begins at a byte; an odd one leaves the last half byte empty.
#ifndef WHIT_RUNTIME_KERNELS_WEIGHTS_HPP_
#define WHIT_RUNTIME_KERNELS_WEIGHTS_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

// Bytes of a run of `count` weights of kBits (8 or 4) bits.
template <int kBits>
constexpr int32_t run_bytes(int32_t count) {
  return kBits == 8 ? count : (count + 1) / 2;
}

inline int32_t low_i4(int8_t both) { return static_cast<int8_t>(static_cast<uint8_t>(both) << 4) >> 4; }
inline int32_t high_i4(int8_t both) { return both >> 4; }

// sum + x[0] * w[0] + ... of `count` products.
template <int kBits, typename T, typename Sum>
WHIT_ALWAYS_INLINE Sum add_products(Sum sum, const T* x, const int8_t* w, int32_t count) {
  if (kBits == 8) {
    for (int32_t i = 0; i < count; ++i) sum += x[i] * w[i];
    return sum;
  }
  for (; count > 1; count -= 2, x += 2, ++w) sum += x[0] * low_i4(*w) + x[1] * high_i4(*w);
  return count == 0 ? sum : sum + x[0] * low_i4(*w);
}

// sum + x * w[0] + x * w[1] + ...
template <int kBits, typename Sum>
WHIT_ALWAYS_INLINE Sum add_products_of_one(Sum sum, int32_t x, const int8_t* w, int32_t count) {
  if (kBits == 8) {
    for (int32_t i = 0; i < count; ++i) sum += x * w[i];
    return sum;
  }
  for (; count > 1; count -= 2, ++w) sum += x * (low_i4(*w) + high_i4(*w));
  return count == 0 ? sum : sum + x * low_i4(*w);
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_WEIGHTS_HPP_
