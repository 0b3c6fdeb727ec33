// LSTM over a sequence, float32. Formulas: ir::RecurrentAttributes. Source: TFLite lstm_eval.cc, EvalFloat.
#ifndef WHIT_RUNTIME_KERNELS_LSTM_F32_HPP_
#define WHIT_RUNTIME_KERNELS_LSTM_F32_HPP_

#include <math.h>

#include "whit_runtime/kernels/recurrent.hpp"
#include "whit_runtime/kernels/unary_f32.hpp"

namespace whit::rt {

struct LstmF32 {
  OpHead head;
  Ref input;           // [.., input_size]
  Ref output;          // [.., units]
  Ref hidden;          // [batches, units]
  Ref cell;            // [batches, units]
  Ref initial_hidden;  // [batches, units]; kNoRef: zeros
  Ref initial_cell;
  Ref weights;   // of each unit rows of input, forget, cell and output gate: four of input_size, four of units
  Ref bias;      // [units, 4]
  Ref peephole;  // [units, 3]: of input, forget and output gate; kNoRef: none
  RecurrentShape shape;
  int32_t cell_clip_bits;  // 0: none
  static constexpr uint8_t kRefs = 9;
};

inline bool check(const LstmF32& p, const Extent& e) {
  const RecurrentShape& s = p.shape;
  return check_recurrent_shape(s) && check_sequences(s, e, p.input, p.output, 4) &&
         check_state(s, e, p.initial_hidden, p.hidden, 4) && check_state(s, e, p.initial_cell, p.cell, 4) &&
         readable(e, p.weights, (area(4, s.units, s.input_size) + area(4, s.units, s.units)) * 4, 4) &&
         readable(e, p.bias, area(4, s.units) * 4, 4) &&
         (p.peephole == kNoRef || readable(e, p.peephole, area(3, s.units) * 4, 4));
}

// One step of one batch: cell state in place, the new hidden state to y.
WHIT_KERNEL void lstm_f32_step(const LstmF32& p, const Memory& m, const float* x, const float* h, float* cell,
                               float* y) {
  const RecurrentShape& s = p.shape;
  const float* w = input<float>(m, p.weights);
  const float* bias = input<float>(m, p.bias);
  const float* peephole = p.peephole == kNoRef ? nullptr : input<float>(m, p.peephole);
  const float clip = f32_from_bits(static_cast<uint32_t>(p.cell_clip_bits));
  for (int32_t u = 0; u < s.units; ++u, bias += 4) {
    float gate[4];
    for (int32_t g = 0; g < 4; ++g, w += s.input_size) gate[g] = bias[g] + dot_f32(x, w, s.input_size);
    for (int32_t g = 0; g < 4; ++g, w += s.units) gate[g] += dot_f32(h, w, s.units);
    if (peephole != nullptr) {
      gate[0] += peephole[3 * u] * cell[u];
      gate[1] += peephole[3 * u + 1] * cell[u];
    }
    float next = logistic_value(gate[1]) * cell[u] + logistic_value(gate[0]) * tanhf(gate[2]);
    if (clip > 0.0f) next = clamp_f32(next, -clip, clip);
    if (peephole != nullptr) gate[3] += peephole[3 * u + 2] * next;
    cell[u] = next;
    y[u] = logistic_value(gate[3]) * tanhf(next);
  }
}

WHIT_KERNEL void lstm_f32(const LstmF32& p, const Memory& m) {
  const RecurrentShape& s = p.shape;
  begin_state<float>(s, m, p.initial_hidden, p.hidden, 0.0f);
  begin_state<float>(s, m, p.initial_cell, p.cell, 0.0f);
  walk_sequence<float>(s, m, p.input, p.output, [&](const float* x, float* y, int32_t first) {
    float* h = output<float>(m, p.hidden) + first;
    lstm_f32_step(p, m, x, h, output<float>(m, p.cell) + first, y);
    memmove(h, y, static_cast<size_t>(s.units) * 4);
  });
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_LSTM_F32_HPP_
