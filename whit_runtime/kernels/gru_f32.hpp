// GRU over a sequence, float32. Formulas: ir::RecurrentAttributes, which are those of ONNX.
#ifndef WHIT_RUNTIME_KERNELS_GRU_F32_HPP_
#define WHIT_RUNTIME_KERNELS_GRU_F32_HPP_

#include <math.h>

#include "whit_runtime/kernels/recurrent.hpp"
#include "whit_runtime/kernels/unary_f32.hpp"

namespace whit::rt {

struct GruF32 {
  OpHead head;
  Ref input;           // [.., input_size]
  Ref output;          // [.., units]
  Ref hidden;          // [batches, units]
  Ref initial_hidden;  // [batches, units]; kNoRef: zeros
  Ref scratch;         // 3 * units floats
  Ref weights;         // three matrices [units, input_size], three [units, units]: update, reset, candidate
  Ref bias;            // [6, units], in the order of the matrices
  RecurrentShape shape;
  int32_t linear_before_reset;
  static constexpr uint8_t kRefs = 7;
};

inline bool check(const GruF32& p, const Extent& e) {
  const RecurrentShape& s = p.shape;
  return check_recurrent_shape(s) && check_sequences(s, e, p.input, p.output, 4) &&
         check_state(s, e, p.initial_hidden, p.hidden, 4) && writable(e, p.scratch, area(3, s.units) * 4, 4) &&
         readable(e, p.weights, (area(3, s.units, s.input_size) + area(3, s.units, s.units)) * 4, 4) &&
         readable(e, p.bias, area(6, s.units) * 4, 4) && within(p.linear_before_reset, 0, 1);
}

// Row `u` of matrix `matrix` times `x`, with its bias.
WHIT_KERNEL float gru_f32_row(const GruF32& p, const Memory& m, int32_t matrix, int32_t u, const float* x) {
  const RecurrentShape& s = p.shape;
  const int32_t depth = matrix < 3 ? s.input_size : s.units;
  const int32_t first =
      matrix < 3 ? matrix * s.units * s.input_size : 3 * s.units * s.input_size + (matrix - 3) * s.units * s.units;
  return dot_f32(x, input<float>(m, p.weights) + first + u * depth, depth) +
         input<float>(m, p.bias)[matrix * s.units + u];
}

// One step of one batch: the state in place.
WHIT_KERNEL void gru_f32_step(const GruF32& p, const Memory& m, const float* x, float* h) {
  const int32_t units = p.shape.units;
  float* update = output<float>(m, p.scratch);
  float* reset = update + units;
  float* gated = reset + units;  // reset * h
  for (int32_t u = 0; u < units; ++u) {
    update[u] = logistic_value(gru_f32_row(p, m, 0, u, x) + gru_f32_row(p, m, 3, u, h));
    reset[u] = logistic_value(gru_f32_row(p, m, 1, u, x) + gru_f32_row(p, m, 4, u, h));
    gated[u] = reset[u] * h[u];
  }
  // The candidates need the whole state: they take the place of the reset gates.
  for (int32_t u = 0; u < units; ++u) {
    const float recurrent =
        p.linear_before_reset != 0 ? reset[u] * gru_f32_row(p, m, 5, u, h) : gru_f32_row(p, m, 5, u, gated);
    reset[u] = tanhf(gru_f32_row(p, m, 2, u, x) + recurrent);
  }
  for (int32_t u = 0; u < units; ++u) h[u] = (1.0f - update[u]) * reset[u] + update[u] * h[u];
}

WHIT_KERNEL void gru_f32(const GruF32& p, const Memory& m) {
  const RecurrentShape& s = p.shape;
  begin_state<float>(s, m, p.initial_hidden, p.hidden, 0.0f);
  walk_sequence<float>(s, m, p.input, p.output, [&](const float* x, float* y, int32_t first) {
    float* h = output<float>(m, p.hidden) + first;
    gru_f32_step(p, m, x, h);
    memmove(y, h, static_cast<size_t>(s.units) * 4);
  });
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_GRU_F32_HPP_
