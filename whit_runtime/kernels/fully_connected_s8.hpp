// Fully connected, int8, portable: out[b,o] = requantize(bias[o] + sum_i x[b,i] * w[o,i]).
// The reference among the fully connected kernels: packed twins in arch/ must give the same bits.
// Does not handle weights with a zero point; the workshop refuses those.
#ifndef WHIT_RUNTIME_KERNELS_FULLY_CONNECTED_S8_HPP_
#define WHIT_RUNTIME_KERNELS_FULLY_CONNECTED_S8_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

struct FullyConnectedS8 {
  OpHead head;
  Ref input;    // int8 [batches, input_depth]
  Ref output;   // int8 [batches, output_depth]
  Ref weights;  // int8 [output_depth, input_depth]
  Ref requant;  // Requant[output_depth], bias with -zero_point * sum(w) folded in
  int32_t batches;
  int32_t input_depth;
  int32_t output_depth;
  int32_t output_zero_point;
  int32_t output_min;  // fused activation, [-128, 127]
  int32_t output_max;
  static constexpr uint8_t kRefs = 4;
};

inline bool check(const FullyConnectedS8& p, const Extent& e) {
  return readable(e, p.input, area(p.batches, p.input_depth)) &&
         writable(e, p.output, area(p.batches, p.output_depth)) &&
         readable(e, p.weights, area(p.output_depth, p.input_depth)) && check_requant(e, p.requant, p.output_depth) &&
         check_output_s8(p.output_zero_point, p.output_min, p.output_max);
}

WHIT_KERNEL void fully_connected_s8(const FullyConnectedS8& p, const Memory& m) {
  const int8_t* x = input<int8_t>(m, p.input);
  int8_t* y = output<int8_t>(m, p.output);
  for (int32_t b = 0; b < p.batches; ++b, x += p.input_depth) {
    const int8_t* w = input<int8_t>(m, p.weights);
    const Requant* requant = input<Requant>(m, p.requant);
    for (int32_t o = 0; o < p.output_depth; ++o, ++requant, w += p.input_depth) {
      int32_t sum = requant->bias;
      for (int32_t i = 0; i < p.input_depth; ++i) sum += x[i] * w[i];
      const int32_t scaled = multiply_by_quantized_multiplier(sum, requant->multiplier, requant->shift);
      *y++ = static_cast<int8_t>(clamp(scaled + p.output_zero_point, p.output_min, p.output_max));
    }
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_FULLY_CONNECTED_S8_HPP_
