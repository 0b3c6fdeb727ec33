#include "whit/compress/recurrent_probe.hpp"

#include <algorithm>
#include <cstring>

#include "whit/compile/compile.hpp"
#include "whit/ir/kept_state.hpp"

namespace whit::compress {
namespace {

ir::TensorId add(ir::Graph& graph, const char* name, ir::Shape shape) {
  ir::Tensor tensor;
  tensor.name = name;
  tensor.shape = std::move(shape);
  return graph.add_tensor(std::move(tensor));
}

compile::Program step_program(const ir::Graph& from, const ir::Node& layer) {
  const auto& a = ir::attributes<ir::RecurrentAttributes>(layer);
  const ir::Shape& in = from.tensor(layer.inputs[0]).shape;
  const int32_t batch = in[a.time_major ? 1 : 0], units = from.tensor(layer.inputs[1]).shape[0];
  ir::Graph graph;
  graph.name = from.name;
  ir::Node step = layer;
  for (size_t i = 1; i < step.inputs.size(); ++i) {
    if (layer.inputs[i] != ir::kNoTensor) step.inputs[i] = graph.add_tensor(from.tensor(layer.inputs[i]));
  }
  step.inputs[0] = add(graph, "x", {1, batch, in[2]});
  graph.inputs = {step.inputs[0]};
  step.outputs = {add(graph, "y", {1, batch, units})};
  for (const ir::StateOperands& s : ir::state_operands(layer.op)) {
    step.inputs[s.input] = add(graph, "state", {batch, units});
    graph.inputs.push_back(step.inputs[s.input]);
    step.outputs.push_back(add(graph, "next", {batch, units}));
    graph.outputs.push_back(step.outputs.back());
  }
  auto& attributes = ir::attributes<ir::RecurrentAttributes>(step);
  attributes.time_major = true;
  attributes.reverse = false;
  graph.nodes = {step};
  return compile::compile(std::move(graph), {}, {}).program;
}

std::span<const uint8_t> bytes(const std::vector<float>& values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(float)};
}

}  // namespace

bool is_recurrent(const ir::Node& node) { return node.op == ir::Op::lstm || node.op == ir::Op::gru; }

RecurrentProbe::RecurrentProbe(const ir::Graph& graph, const ir::Node& node)
    : attributes_(ir::attributes<ir::RecurrentAttributes>(node)),
      program_(step_program(graph, node)),
      player_(program_) {
  const ir::Shape& in = graph.tensor(node.inputs[0]).shape;
  steps_ = static_cast<size_t>(in[attributes_.time_major ? 0 : 1]);
  batch_ = static_cast<size_t>(in[attributes_.time_major ? 1 : 0]);
  input_size_ = static_cast<size_t>(in[2]);
  units_ = static_cast<size_t>(graph.tensor(node.inputs[1]).shape[0]);
}

std::vector<RecurrentProbe::Step> RecurrentProbe::run(std::span<const float> sequence, std::span<const float> hidden,
                                                      std::span<const float> cell) {
  std::vector<std::vector<float>> states = {{hidden.begin(), hidden.end()}, {cell.begin(), cell.end()}};
  states.resize(program_.outputs().size());
  for (std::vector<float>& state : states) state.resize(batch_ * units_);
  std::vector<Step> steps;
  std::vector<float> x(batch_ * input_size_);
  for (size_t t = 0; t < steps_; ++t) {
    const size_t at = attributes_.reverse ? steps_ - 1 - t : t;
    Step step;
    for (size_t b = 0; b < batch_; ++b) {
      const size_t row = attributes_.time_major ? at * batch_ + b : b * steps_ + at;
      const auto input = sequence.subspan(row * input_size_, input_size_);
      std::copy(input.begin(), input.end(), x.begin() + static_cast<ptrdiff_t>(b * input_size_));
      step.operands.insert(step.operands.end(), input.begin(), input.end());
      const auto h = std::span(states[0]).subspan(b * units_, units_);
      step.operands.insert(step.operands.end(), h.begin(), h.end());
    }
    player_.set_input(0, bytes(x));
    for (size_t s = 0; s < states.size(); ++s) player_.set_input(1 + s, bytes(states[s]));
    player_.invoke();
    for (size_t s = 0; s < states.size(); ++s) {
      const std::vector<uint8_t> next = player_.output(s);
      std::memcpy(states[s].data(), next.data(), next.size());
    }
    step.state = states.back();
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace whit::compress
