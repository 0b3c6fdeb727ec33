// Fully connected, int8 (fully_connected_s8, with int4 weights fully_connected_s8_w4) and int16 activations
// (fully_connected_s16), portable: out[b,o] = requantize(bias[o] + sum_i x[b,i] * w[o,i]). The reference among the
// fully connected kernels: packed twins in arch/ must give the same bits. Does not handle weights with a zero point;
// the workshop refuses those.
#ifndef WHIT_RUNTIME_KERNELS_FULLY_CONNECTED_S8_HPP_
#define WHIT_RUNTIME_KERNELS_FULLY_CONNECTED_S8_HPP_

#include "whit_runtime/kernels/activations.hpp"
#include "whit_runtime/kernels/weights.hpp"

namespace whit::rt {

template <typename T, typename S, int kBits = 8>  // of activations, of sums, of a weight
struct FullyConnected {
  using Sum = S;
  static constexpr int kWeightBits = kBits;
  OpHead head;
  Ref input;    // T [batches, input_depth]
  Ref output;   // T [batches, output_depth]
  Ref weights;  // int8 or int4 [output_depth, input_depth], see weights.hpp
  Ref requant;  // Requant[output_depth] or RequantWide[output_depth], bias with -zero_point * sum(w) folded in
  int32_t batches;
  int32_t input_depth;
  int32_t output_depth;
  int32_t output_zero_point;
  int32_t output_min;  // fused activation, in the range of T
  int32_t output_max;
  static constexpr uint8_t kRefs = 4;
};

template <typename T, typename Sum, int kBits>
inline bool check(const FullyConnected<T, Sum, kBits>& p, const Extent& e) {
  return readable(e, p.input, sizeof(T) * area(p.batches, p.input_depth), sizeof(T)) &&
         writable(e, p.output, sizeof(T) * area(p.batches, p.output_depth), sizeof(T)) &&
         readable(e, p.weights, area(p.output_depth, run_bytes<kBits>(p.input_depth))) &&
         check_requant_of<Sum>(e, p.requant, p.output_depth) && check_output<T>(p);
}

template <typename T, typename Sum, int kBits>
WHIT_ALWAYS_INLINE void fully_connected(const FullyConnected<T, Sum, kBits>& p, const Memory& m) {
  const T* x = input<T>(m, p.input);
  T* y = output<T>(m, p.output);
  for (int32_t b = 0; b < p.batches; ++b, x += p.input_depth) {
    const int8_t* w = input<int8_t>(m, p.weights);
    const auto* requant = input<typename RequantOf<Sum>::Type>(m, p.requant);
    for (int32_t o = 0; o < p.output_depth; ++o, ++requant, w += run_bytes<kBits>(p.input_depth)) {
      const Sum sum = add_products<kBits>(static_cast<Sum>(requant->bias), x, w, p.input_depth);
      *y++ = layer_output<T, Sum>(p, *requant, sum);
    }
  }
}

using FullyConnectedS8 = FullyConnected<int8_t, int32_t>;
using FullyConnectedS8W4 = FullyConnected<int8_t, int32_t, 4>;
using FullyConnectedS16 = FullyConnected<int16_t, int64_t>;
using FullyConnectedS16B32 = FullyConnected<int16_t, int32_t>;

WHIT_KERNEL void fully_connected_s8(const FullyConnectedS8& p, const Memory& m) { fully_connected(p, m); }
WHIT_KERNEL void fully_connected_s8_w4(const FullyConnectedS8W4& p, const Memory& m) { fully_connected(p, m); }
WHIT_KERNEL void fully_connected_s16(const FullyConnectedS16& p, const Memory& m) { fully_connected(p, m); }
WHIT_KERNEL void fully_connected_s16_b32(const FullyConnectedS16B32& p, const Memory& m) { fully_connected(p, m); }

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_FULLY_CONNECTED_S8_HPP_
