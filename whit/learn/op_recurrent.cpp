// Layers with a state, and variables. Formulas: ir::RecurrentAttributes, ir::SvdfAttributes. A sample begins with the
// first values of the variables, as each inference does after a reset.
#include "whit/learn/differentiable.hpp"

namespace whit::learn {
namespace {

using ir::GruInput;
using ir::LstmInput;

// A sequence of the graph [N, B, T, F] or [N, T, B, F] as [N * B, T, F], in the order of the steps, and back.
struct Sequence {
  ir::RecurrentAttributes attributes;
  ir::Shape in, out;  // of one sample

  at::Tensor enter(const at::Tensor& x) const {
    at::Tensor y = (attributes.time_major ? x.transpose(1, 2) : x).flatten(0, 1);
    return attributes.reverse ? y.flip({1}) : y;
  }
  at::Tensor leave(const at::Tensor& y, int64_t batch) const {
    at::Tensor x = attributes.reverse ? y.flip({1}) : y;
    if (!attributes.time_major) return x.view(with_batch(batch, out));
    return x.view({batch, out[1], out[0], out[2]}).transpose(1, 2);
  }
};

Sequence sequence_of(const Site& site) {
  return {site.attributes<ir::RecurrentAttributes>(), site.in(0).shape, site.out().shape};
}

// Weights or biases `first`, first + 1, ... of the gates in `order`, one below the other; absent ones are zero.
at::Tensor stacked(const Tensors& inputs, size_t first, std::initializer_list<size_t> order, int64_t units) {
  Tensors parts;
  for (const size_t gate : order) {
    const at::Tensor& part = inputs[first + gate];
    parts.push_back(part.defined() ? part : at::zeros({units}));
  }
  return at::cat(parts);
}

bool any(const Tensors& inputs, size_t first, size_t count) {
  for (size_t i = first; i < first + count; ++i) {
    if (inputs[i].defined()) return true;
  }
  return false;
}

// A state [N, B, H] as [N * B, H]; zero when absent.
at::Tensor state_of(const at::Tensor& state, int64_t rows, int64_t units) {
  return state.defined() ? state.reshape({rows, units}) : at::zeros({rows, units});
}

// What is as it is in a layer that is not quantized.
RecurrentRounding rounding_of(const Site& site) {
  const auto exact = [](const at::Tensor& x) { return x; };
  const auto logistic = [](const at::Tensor& x) { return at::sigmoid(x); };
  const auto tanh = [](const at::Tensor& x) { return at::tanh(x); };
  return site.rounding.value_or(RecurrentRounding{exact, exact, exact, logistic, tanh, tanh});
}

// Step by step, for what torch's own layer has not: peepholes, a clipped cell, rounding.
Tensors lstm_by_steps(const Tensors& inputs, const at::Tensor& x, at::Tensor h, at::Tensor c, float clip,
                      const RecurrentRounding& round) {
  const int64_t units = h.size(1);
  const at::Tensor products =
      round.gate(at::linear(x, stacked(inputs, LstmInput::weights, {0, 1, 2, 3}, units),
                            stacked(inputs, LstmInput::bias, {0, 1, 2, 3}, units)));  // [rows, T, 4 * units]
  const at::Tensor recurrent = stacked(inputs, LstmInput::recurrent, {0, 1, 2, 3}, units);
  const auto peephole = [&](size_t i, const at::Tensor& gate, const at::Tensor& cell) {
    const at::Tensor& weights = inputs[LstmInput::peephole + i];
    return round.gate_logistic(weights.defined() ? gate + weights * cell : gate);
  };
  Tensors outputs;
  for (int64_t t = 0; t < x.size(1); ++t) {
    const Tensors gates = round.gate(products.select(1, t) + round.gate(at::linear(h, recurrent))).chunk(4, 1);
    const at::Tensor kept = round.state(peephole(1, gates[1], c) * c);
    c = round.state(kept + round.state(peephole(0, gates[0], c) * round.gate_tanh(gates[2])));
    if (clip > 0) c = at::clamp(c, -clip, clip);
    h = round.output(peephole(2, gates[3], c) * round.state_tanh(c));
    outputs.push_back(h);
  }
  return {at::stack(outputs, 1), h, c};
}

Function lstm(const Site& site) {
  return [sequence = sequence_of(site), rounded = site.rounding.has_value(), round = rounding_of(site)](
             const Tensors& inputs, Frame& frame) -> Tensors {
    const at::Tensor x = sequence.enter(inputs[0]);
    const int64_t units = sequence.out[2], rows = x.size(0);
    const at::Tensor h = state_of(inputs[LstmInput::hidden], rows, units);
    const at::Tensor c = state_of(inputs[LstmInput::cell], rows, units);
    Tensors result;
    if (rounded || any(inputs, LstmInput::peephole, 3) || sequence.attributes.cell_clip > 0) {
      result = lstm_by_steps(inputs, x, h, c, sequence.attributes.cell_clip, round);
    } else {
      Tensors weights = {stacked(inputs, LstmInput::weights, {0, 1, 2, 3}, units),
                         stacked(inputs, LstmInput::recurrent, {0, 1, 2, 3}, units)};
      const bool biased = any(inputs, LstmInput::bias, 4);
      if (biased) {
        weights.push_back(stacked(inputs, LstmInput::bias, {0, 1, 2, 3}, units));
        weights.push_back(at::zeros({4 * units}));
      }
      auto [y, last_h, last_c] =
          at::lstm(x, Tensors{h.unsqueeze(0), c.unsqueeze(0)}, weights, biased, 1, 0.0, frame.training, false, true);
      result = {y, last_h, last_c};
    }
    const std::vector<int64_t> state = {frame.batch, rows / frame.batch, units};
    return {sequence.leave(result[0], frame.batch), result[1].view(state), result[2].view(state)};
  };
}

// Step by step, for the form in which the reset gate meets the state before the recurrent weights do.
Tensors gru_by_steps(const Tensors& inputs, const at::Tensor& x, at::Tensor h) {
  const int64_t units = h.size(1);
  const at::Tensor products = at::linear(
      x, stacked(inputs, GruInput::weights, {0, 1, 2}, units),
      stacked(inputs, GruInput::bias, {0, 1, 2}, units) + stacked(inputs, GruInput::recurrent_bias, {0, 1, 2}, units));
  const at::Tensor gates = stacked(inputs, GruInput::recurrent, {0, 1}, units);
  const at::Tensor& candidate = inputs[GruInput::recurrent + 2];
  Tensors outputs;
  for (int64_t t = 0; t < x.size(1); ++t) {
    const at::Tensor product = products.select(1, t);
    const Tensors zr = at::sigmoid(product.slice(1, 0, 2 * units) + at::linear(h, gates)).chunk(2, 1);
    const at::Tensor n = at::tanh(product.slice(1, 2 * units) + at::linear(zr[1] * h, candidate));
    h = n + zr[0] * (h - n);
    outputs.push_back(h);
  }
  return {at::stack(outputs, 1), h};
}

// As the integer kernel: the recurrent weights see the state as the output has it.
Tensors gru_rounded(const Tensors& inputs, const at::Tensor& x, at::Tensor h, bool linear_before_reset,
                    const RecurrentRounding& round) {
  const int64_t units = h.size(1);
  const at::Tensor products = round.gate(at::linear(x, stacked(inputs, GruInput::weights, {0, 1, 2}, units),
                                                    stacked(inputs, GruInput::bias, {0, 1, 2}, units)));
  const at::Tensor gates = stacked(inputs, GruInput::recurrent, {0, 1}, units);
  const at::Tensor biases = stacked(inputs, GruInput::recurrent_bias, {0, 1, 2}, units);
  const auto candidate = [&](const at::Tensor& y) {
    return round.gate(at::linear(y, inputs[GruInput::recurrent + 2], biases.slice(0, 2 * units)));
  };
  Tensors outputs;
  for (int64_t t = 0; t < x.size(1); ++t) {
    const at::Tensor product = products.select(1, t), y = round.output(h);
    const at::Tensor recurrent = round.gate(at::linear(y, gates, biases.slice(0, 0, 2 * units)));
    const Tensors zr = round.gate_logistic(round.gate(product.slice(1, 0, 2 * units) + recurrent)).chunk(2, 1);
    const at::Tensor part =
        linear_before_reset ? round.gate(zr[1] * candidate(y)) : candidate(round.output(round.state(zr[1] * h)));
    const at::Tensor n = round.gate_tanh(round.gate(product.slice(1, 2 * units) + part));
    h = round.state(n + zr[0] * (h - n));
    outputs.push_back(round.output(h));
  }
  return {at::stack(outputs, 1), h};
}

Function gru(const Site& site) {
  return [sequence = sequence_of(site), rounded = site.rounding.has_value(), round = rounding_of(site)](
             const Tensors& inputs, Frame& frame) -> Tensors {
    const at::Tensor x = sequence.enter(inputs[0]);
    const int64_t units = sequence.out[2], rows = x.size(0);
    const at::Tensor h = state_of(inputs[GruInput::hidden], rows, units);
    Tensors result;
    if (rounded) {
      result = gru_rounded(inputs, x, h, sequence.attributes.linear_before_reset, round);
    } else if (!sequence.attributes.linear_before_reset) {
      result = gru_by_steps(inputs, x, h);
    } else {
      // torch's order of gates: reset, update, candidate.
      const Tensors weights = {stacked(inputs, GruInput::weights, {1, 0, 2}, units),
                               stacked(inputs, GruInput::recurrent, {1, 0, 2}, units),
                               stacked(inputs, GruInput::bias, {1, 0, 2}, units),
                               stacked(inputs, GruInput::recurrent_bias, {1, 0, 2}, units)};
      auto [y, last] = at::gru(x, h.unsqueeze(0), weights, true, 1, 0.0, frame.training, false, true);
      result = {y, last};
    }
    return {sequence.leave(result[0], frame.batch), result[1].view({frame.batch, rows / frame.batch, units})};
  };
}

Function svdf(const Site& site) {
  const auto& a = site.attributes<ir::SvdfAttributes>();
  const int64_t batches = site.in(0).shape[0], depth = site.in(0).shape[1];
  const int64_t filters = site.in(2).shape[0], memory = site.in(2).shape[1];
  return [=](const Tensors& inputs, Frame& frame) -> Tensors {
    const int64_t rows = frame.batch * batches;
    const at::Tensor feature = at::linear(inputs[0].reshape({rows, depth}), inputs[1]).unsqueeze(2);
    const at::Tensor before = inputs[4].reshape({rows, filters, memory});
    const at::Tensor state = at::cat({before.slice(2, 1), feature}, 2);
    at::Tensor y = (state * inputs[2]).sum(2).view({rows, filters / a.rank, a.rank}).sum(2);
    if (inputs[3].defined()) y = y + inputs[3];
    return {activate(y, a.activation).view({frame.batch, batches, filters / a.rank}),
            state.view({frame.batch, batches, filters * memory})};
  };
}

}  // namespace

Function recurrent_function(const Site& site) {
  switch (site.node.op) {
    case ir::Op::lstm:
      return lstm(site);
    case ir::Op::gru:
      return gru(site);
    case ir::Op::svdf:
      return svdf(site);
    case ir::Op::read_variable:
      return [i = static_cast<size_t>(site.attributes<ir::VariableAttributes>().variable)](
                 const Tensors&, Frame& frame) -> Tensors { return {frame.variables[i]}; };
    case ir::Op::assign_variable:
      return [i = static_cast<size_t>(site.attributes<ir::VariableAttributes>().variable)](const Tensors& inputs,
                                                                                           Frame& frame) -> Tensors {
        frame.variables[i] = inputs[0];
        return {};
      };
    default:
      return nullptr;
  }
}

}  // namespace whit::learn
