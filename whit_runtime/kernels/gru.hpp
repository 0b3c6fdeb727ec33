// GRU over a sequence with quantized activations: gru_s8 (int8) and gru_s16 (int16), int8 weights, int16 gates and
// state. Formulas: ir::RecurrentAttributes. TFLite has no integer GRU: the arithmetic is that of lstm.hpp, sum by sum.
// The state is kept in Q0.15; its rounding to the output's type is what the recurrent weights see.
#ifndef WHIT_RUNTIME_KERNELS_GRU_HPP_
#define WHIT_RUNTIME_KERNELS_GRU_HPP_

#include "whit_runtime/kernels/fixed_point_16.hpp"
#include "whit_runtime/kernels/recurrent.hpp"

namespace whit::rt {

template <typename T>  // of the activations
struct Gru {
  OpHead head;
  Ref input;           // T [.., input_size]
  Ref output;          // T [.., units]
  Ref hidden;          // int16 [batches, units], Q0.15
  Ref initial_hidden;  // as hidden; kNoRef: zeros
  Ref scratch;         // 4 * units bytes: int16 gates; then 2 * units * sizeof(T): the state as the weights see it
  Ref weights;         // int8; three matrices [units, input_size], three [units, units]: update, reset, candidate
  Ref bias;            // int32 (gru_s16: int64) [6, units], in the order of the matrices, zero points folded in
  RecurrentShape shape;
  int32_t multiplier[6];  // of the matrices: to gates in Q3.12
  int32_t shift[6];
  int32_t output_multiplier, output_shift, output_zero_point;  // from Q0.15
  int32_t linear_before_reset;
  static constexpr uint8_t kRefs = 7;
};

template <typename T>
inline bool check(const Gru<T>& p, const Extent& e) {
  const RecurrentShape& s = p.shape;
  using Sum = typename RowSum<T>::Type;
  if (!check_recurrent_shape(s) || !check_sequences(s, e, p.input, p.output, sizeof(T)) ||
      !check_state(s, e, p.initial_hidden, p.hidden, 2)) {
    return false;
  }
  for (int32_t i = 0; i < 6; ++i) {
    if (p.multiplier[i] < 0 || !within(p.shift[i], -31, sizeof(T) == 1 ? 30 : 7)) return false;
  }
  return writable(e, p.scratch, area(s.units) * (4 + 2 * sizeof(T)), 2) &&
         readable(e, p.weights, area(3, s.units, s.input_size) + area(3, s.units, s.units)) &&
         readable(e, p.bias, area(6, s.units) * sizeof(Sum), sizeof(Sum)) && p.output_multiplier >= 0 &&
         within(p.output_shift, -31, 30) &&
         within(p.output_zero_point, -(1 << (8 * sizeof(T) - 1)), (1 << (8 * sizeof(T) - 1)) - 1) &&
         within(p.linear_before_reset, 0, 1);
}

// A number in Q0.15 as the output's type.
template <typename T>
inline T gru_output(const Gru<T>& p, int32_t x) {
  constexpr int32_t kMost = (1 << (8 * sizeof(T) - 1)) - 1;
  const int32_t scaled = multiply_by_quantized_multiplier(x, p.output_multiplier, p.output_shift);
  return static_cast<T>(clamp(scaled + p.output_zero_point, -kMost - 1, kMost));
}

// Row `u` of matrix `matrix` times `x`, in Q3.12.
template <typename T>
WHIT_KERNEL int32_t gru_row(const Gru<T>& p, const Memory& m, int32_t matrix, int32_t u, const T* x) {
  const RecurrentShape& s = p.shape;
  const int32_t depth = matrix < 3 ? s.input_size : s.units;
  const int32_t first =
      matrix < 3 ? matrix * s.units * s.input_size : 3 * s.units * s.input_size + (matrix - 3) * s.units * s.units;
  const int8_t* w = input<int8_t>(m, p.weights) + first + u * depth;
  using Sum = typename RowSum<T>::Type;
  const Sum sum = dot(x, w, depth, input<Sum>(m, p.bias)[matrix * s.units + u]);
  return saturate_16(multiply_by_quantized_multiplier(sum, p.multiplier[matrix], p.shift[matrix]));
}

// One step of one batch: the state in place, and as the output to y.
template <typename T>
WHIT_KERNEL void gru_step(const Gru<T>& p, const Memory& m, const T* x, int16_t* state, T* y) {
  const int32_t units = p.shape.units;
  int16_t* update = output<int16_t>(m, p.scratch);
  int16_t* reset = update + units;
  T* h = reinterpret_cast<T*>(reset + units);
  T* gated = h + units;  // reset * h
  for (int32_t u = 0; u < units; ++u) h[u] = gru_output(p, state[u]);
  for (int32_t u = 0; u < units; ++u) {
    update[u] = static_cast<int16_t>(logistic_16(saturate_16(gru_row(p, m, 0, u, x) + gru_row(p, m, 3, u, h))));
    reset[u] = static_cast<int16_t>(logistic_16(saturate_16(gru_row(p, m, 1, u, x) + gru_row(p, m, 4, u, h))));
    gated[u] = gru_output(p, rounding_divide_by_pot(reset[u] * state[u], 15));
  }
  for (int32_t u = 0; u < units; ++u) {
    const int32_t recurrent = gru_row(p, m, 5, u, p.linear_before_reset != 0 ? h : gated);
    const int32_t part = p.linear_before_reset != 0 ? rounding_divide_by_pot(reset[u] * recurrent, 15) : recurrent;
    const int32_t candidate = tanh_16(saturate_16(gru_row(p, m, 2, u, x) + part), 12);
    // n + z * (h - n): one rounding
    const int64_t mixed = (int64_t{candidate} << 15) + int64_t{update[u]} * (state[u] - candidate);
    state[u] = static_cast<int16_t>(saturate_16(static_cast<int32_t>((mixed + (1 << 14)) >> 15)));
    y[u] = gru_output(p, state[u]);
  }
}

template <typename T>
WHIT_ALWAYS_INLINE void gru_sequence(const Gru<T>& p, const Memory& m) {
  const RecurrentShape& s = p.shape;
  begin_state<int16_t>(s, m, p.initial_hidden, p.hidden, 0);
  walk_sequence<T>(s, m, p.input, p.output, [&](const T* x, T* y, int32_t first) {
    gru_step(p, m, x, output<int16_t>(m, p.hidden) + first, y);
  });
}

using GruS8 = Gru<int8_t>;
using GruS16 = Gru<int16_t>;

WHIT_KERNEL void gru_s8(const GruS8& p, const Memory& m) { gru_sequence(p, m); }
WHIT_KERNEL void gru_s16(const GruS16& p, const Memory& m) { gru_sequence(p, m); }

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_GRU_HPP_
