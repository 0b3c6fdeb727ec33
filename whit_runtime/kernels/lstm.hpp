// LSTM over a sequence with quantized activations: lstm_s8 (int8) and lstm_s16 (int16), int8 weights, int16 gates and
// cell state. Formulas: ir::RecurrentAttributes. Source of the arithmetic: TFLite lstm_eval.cc, EvalInteger8x8_16; of
// int16 activations TFLite Micro's lstm_eval, but with the same logistic and tanh as int8. Does not handle peepholes,
// projection or layer normalization.
#ifndef WHIT_RUNTIME_KERNELS_LSTM_HPP_
#define WHIT_RUNTIME_KERNELS_LSTM_HPP_

#include "whit_runtime/kernels/fixed_point_16.hpp"
#include "whit_runtime/kernels/recurrent.hpp"

namespace whit::rt {

template <typename T>  // of the activations
struct Lstm {
  OpHead head;
  Ref input;           // int8 or int16 [.., input_size]
  Ref output;          // as the input [.., units]
  Ref hidden;          // as the output [batches, units]
  Ref cell;            // int16 [batches, units]
  Ref initial_hidden;  // as hidden; kNoRef: zeros
  Ref initial_cell;
  Ref weights;  // int8; of each unit rows of input, forget, cell and output gate: four of input_size, four of units
  Ref bias;     // int32 (lstm_s16: int64) [units, 8], in the order of the rows, zero points folded in
  RecurrentShape shape;
  int32_t multiplier[8];  // of the rows: to gates in Q3.12
  int32_t shift[8];
  int32_t cell_fraction_bits;  // the scale of the cell state is 2^-this, [9, 15]
  int32_t cell_clip;           // [0, 32767]; 0: none
  int32_t hidden_multiplier, hidden_shift, hidden_zero_point;
  static constexpr uint8_t kRefs = 8;
};

template <typename T>
inline bool check(const Lstm<T>& p, const Extent& e) {
  const RecurrentShape& s = p.shape;
  if (!check_recurrent_shape(s) || !check_sequences(s, e, p.input, p.output, sizeof(T)) ||
      !check_state(s, e, p.initial_hidden, p.hidden, sizeof(T)) || !check_state(s, e, p.initial_cell, p.cell, 2)) {
    return false;
  }
  for (int32_t i = 0; i < 8; ++i) {
    if (p.multiplier[i] < 0 || !within(p.shift[i], -31, sizeof(T) == 1 ? 30 : 7)) return false;
  }
  using Sum = typename RowSum<T>::Type;
  return readable(e, p.weights, (area(4, s.units, s.input_size) + area(4, s.units, s.units))) &&
         readable(e, p.bias, area(8, s.units) * sizeof(Sum), sizeof(Sum)) && within(p.cell_fraction_bits, 9, 15) &&
         within(p.cell_clip, 0, 32767) && p.hidden_multiplier >= 0 && within(p.hidden_shift, -31, 30) &&
         within(p.hidden_zero_point, -(1 << (8 * sizeof(T) - 1)), (1 << (8 * sizeof(T) - 1)) - 1);
}

// One step of one batch: gates from x and h, cell state in place, the new hidden state to y.
template <typename T>
WHIT_KERNEL void lstm_step(const Lstm<T>& p, const Memory& m, const T* x, const T* h, int16_t* cell, T* y) {
  using Sum = typename RowSum<T>::Type;
  const RecurrentShape& s = p.shape;
  const int8_t* w = input<int8_t>(m, p.weights);
  const Sum* bias = input<Sum>(m, p.bias);
  constexpr int32_t kMost = (1 << (8 * sizeof(T) - 1)) - 1;
  for (int32_t u = 0; u < s.units; ++u, bias += 8) {
    int32_t gate[4];
    Sum sums[4] = {bias[0], bias[1], bias[2], bias[3]};
    dot_4_rows(x, w, s.input_size, sums);
    w += 4 * s.input_size;
    for (int32_t g = 0; g < 4; ++g) {
      gate[g] = saturate_16(multiply_by_quantized_multiplier(sums[g], p.multiplier[g], p.shift[g]));
      sums[g] = bias[4 + g];
    }
    dot_4_rows(h, w, s.units, sums);
    w += 4 * s.units;
    for (int32_t g = 0; g < 4; ++g) {
      const int32_t scaled = multiply_by_quantized_multiplier(sums[g], p.multiplier[4 + g], p.shift[4 + g]);
      gate[g] = saturate_16(gate[g] + (sizeof(T) == 1 ? scaled : saturate_16(scaled)));
    }
    const int32_t kept = rounding_divide_by_pot(logistic_16(gate[1]) * cell[u], 15);
    const int32_t added =
        rounding_divide_by_pot(logistic_16(gate[0]) * tanh_16(gate[2], 12), 30 - p.cell_fraction_bits);
    int32_t next = saturate_16(kept + added);
    if (p.cell_clip > 0) next = clamp(next, -p.cell_clip, p.cell_clip);
    cell[u] = static_cast<int16_t>(next);
    const int32_t product = logistic_16(gate[3]) * tanh_16(next, p.cell_fraction_bits);
    const int32_t scaled = multiply_by_quantized_multiplier(product, p.hidden_multiplier, p.hidden_shift);
    y[u] = static_cast<T>(clamp(scaled + p.hidden_zero_point, -kMost - 1, kMost));
  }
}

template <typename T>
WHIT_ALWAYS_INLINE void lstm_sequence(const Lstm<T>& p, const Memory& m) {
  const RecurrentShape& s = p.shape;
  begin_state<T>(s, m, p.initial_hidden, p.hidden, static_cast<T>(p.hidden_zero_point));
  begin_state<int16_t>(s, m, p.initial_cell, p.cell, 0);
  walk_sequence<T>(s, m, p.input, p.output, [&](const T* x, T* y, int32_t first) {
    T* h = output<T>(m, p.hidden) + first;
    lstm_step(p, m, x, h, output<int16_t>(m, p.cell) + first, y);
    memmove(h, y, static_cast<size_t>(s.units) * sizeof(T));
  });
}

using LstmS8 = Lstm<int8_t>;
using LstmS16 = Lstm<int16_t>;

WHIT_KERNEL void lstm_s8(const LstmS8& p, const Memory& m) { lstm_sequence(p, m); }
WHIT_KERNEL void lstm_s16(const LstmS16& p, const Memory& m) { lstm_sequence(p, m); }

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_LSTM_HPP_
