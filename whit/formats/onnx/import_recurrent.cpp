// LSTM and GRU, forward, reverse and bidirectional, in float32. Weights are constants; states are inputs and outputs.
#include <algorithm>

#include "whit/formats/onnx/import.hpp"

namespace whit::onnx {
namespace {

struct Sizes {
  int32_t steps, batch, units, directions;
  int32_t gates;
  bool batch_first;
};

// Rows of gate `gate` and direction `d` of a constant [directions, n * units, ...].
Value gate_of(NodeImport& op, const Value& x, const Sizes& s, int32_t d, int32_t gate) {
  if (x.constant == nullptr)
    op.unsupported("weights computed at run time", "weights need to be constants (initializers)");
  const Value part = op.slice_axis(op.slice_axis(x, 0, d, 1), 1, gate * s.units, s.units);
  return op.reshape(part, {part.shape.begin() + 1, part.shape.end()});
}

ir::TensorId constant_of(NodeImport& op, const Value& x) { return op.tensor(x, plain_layout(x.rank())); }

// [directions,B,H], or [B,directions,H]: the state of one direction, [B,H]. None when it is absent or 0.
ir::TensorId state_of(NodeImport& op, size_t input, const Sizes& s, int32_t d) {
  if (!op.has(input)) return ir::kNoTensor;
  const Value x = op.input(input);
  const ir::Shape wanted =
      s.batch_first ? ir::Shape{s.batch, s.directions, s.units} : ir::Shape{s.directions, s.batch, s.units};
  op.require(x.shape == wanted, "a first state of another shape");
  if (x.constant != nullptr) {
    bool zero = true;
    for (int64_t i = 0; i < x.constant->count(); ++i) zero = zero && x.constant->real(i) == 0;
    if (zero) return ir::kNoTensor;
  }
  const Value own = op.reshape(op.slice_axis(x, s.batch_first ? 1 : 0, d, 1), {s.batch, s.units});
  return op.tensor(own, plain_layout(2));
}

void check_shape(NodeImport& op, size_t input, const ir::Shape& shape) {
  if (op.has(input)) op.require(op.stored(input).shape == shape, "weights, biases or peepholes of another shape");
}

// The file's order of gates is input, output, forget, cell; the IR's input, forget, cell, output. Those of peepholes
// are input, output, forget, and input, forget, output.
std::vector<ir::TensorId> lstm_inputs(NodeImport& op, ir::TensorId sequence, const Sizes& s, int32_t d) {
  using Input = ir::LstmInput;
  std::vector<ir::TensorId> inputs(Input::count, ir::kNoTensor);
  inputs[Input::sequence] = sequence;
  constexpr int32_t kGates[] = {0, 2, 3, 1}, kPeepholes[] = {0, 2, 1};
  for (size_t g = 0; g < 4; ++g) {
    inputs[Input::weights + g] = constant_of(op, gate_of(op, op.input(1), s, d, kGates[g]));
    inputs[Input::recurrent + g] = constant_of(op, gate_of(op, op.input(2), s, d, kGates[g]));
    if (!op.has(3)) continue;
    const Value bias = op.input(3);
    const Value sum =
        op.binary(ir::Op::add, gate_of(op, bias, s, d, kGates[g]), gate_of(op, bias, s, d, kGates[g] + 4));
    inputs[Input::bias + g] = constant_of(op, sum);
  }
  for (size_t g = 0; g < 3 && op.has(7); ++g) {
    inputs[Input::peephole + g] = constant_of(op, gate_of(op, op.input(7), s, d, kPeepholes[g]));
  }
  inputs[Input::hidden] = state_of(op, 5, s, d);
  inputs[Input::cell] = state_of(op, 6, s, d);
  return inputs;
}

std::vector<ir::TensorId> gru_inputs(NodeImport& op, ir::TensorId sequence, const Sizes& s, int32_t d) {
  using Input = ir::GruInput;
  std::vector<ir::TensorId> inputs(Input::count, ir::kNoTensor);
  inputs[Input::sequence] = sequence;
  for (size_t g = 0; g < 3; ++g) {
    const auto gate = static_cast<int32_t>(g);
    inputs[Input::weights + g] = constant_of(op, gate_of(op, op.input(1), s, d, gate));
    inputs[Input::recurrent + g] = constant_of(op, gate_of(op, op.input(2), s, d, gate));
    if (!op.has(3)) continue;
    inputs[Input::bias + g] = constant_of(op, gate_of(op, op.input(3), s, d, gate));
    inputs[Input::recurrent_bias + g] = constant_of(op, gate_of(op, op.input(3), s, d, gate + 3));
  }
  inputs[Input::hidden] = state_of(op, 5, s, d);
  return inputs;
}

void check_attributes(NodeImport& op, const Sizes& s) {
  const bool lstm = op.is("LSTM");
  const std::vector<std::string> usual =
      lstm ? std::vector<std::string>{"Sigmoid", "Tanh", "Tanh"} : std::vector<std::string>{"Sigmoid", "Tanh"};
  const std::vector<std::string> given = op.texts("activations");
  for (size_t i = 0; i < given.size(); ++i) {
    if (given[i] != usual[i % usual.size()])
      op.unsupported("other activations", "supported: Sigmoid and Tanh as by default");
  }
  op.ignore("activation_alpha"), op.ignore("activation_beta"), op.ignore("output_sequence");
  if (op.has_attribute("clip")) op.unsupported("clipped gates", "export without the attribute 'clip'");
  if (op.integer("input_forget", 0) != 0) op.unsupported("coupled input and forget gates");
  op.require(op.integer("hidden_size", s.units) == s.units, "hidden_size is not that of the weights");
  if (!op.has(4)) return;
  for (const int64_t length : op.integers(4, "sequence_lens")) {
    if (length != s.steps) op.unsupported("sequences shorter than the input", "leave out sequence_lens");
  }
}

}  // namespace

void import_recurrent(NodeImport& op) {
  const bool lstm = op.is("LSTM");
  const Value x = op.input(0);
  const Value weights = op.input(1), recurrent = op.input(2);
  op.require(x.rank() == 3 && weights.rank() == 3 && recurrent.rank() == 3, "input and weights need rank 3");
  if (x.type != TensorProto::FLOAT || x.constant != nullptr)
    op.unsupported("an input that is constant, or not float32");
  Sizes s{};
  s.batch_first = op.integer("layout", 0) != 0;
  s.steps = x.shape[s.batch_first ? 1 : 0], s.batch = x.shape[s.batch_first ? 0 : 1];
  s.directions = weights.shape[0], s.units = recurrent.shape[2], s.gates = lstm ? 4 : 3;
  const std::string direction = op.text("direction", "forward");
  op.require(direction == "forward" || direction == "reverse" || direction == "bidirectional", "an unknown direction");
  op.require(s.directions == (direction == "bidirectional" ? 2 : 1), "weights for another number of directions");
  check_shape(op, 1, {s.directions, s.gates * s.units, x.shape[2]});
  check_shape(op, 2, {s.directions, s.gates * s.units, s.units});
  check_shape(op, 3, {s.directions, 2 * s.gates * s.units});
  if (lstm) check_shape(op, 7, {s.directions, 3 * s.units});
  check_attributes(op, s);
  ir::RecurrentAttributes attributes;
  attributes.time_major = !s.batch_first;
  if (!lstm) attributes.linear_before_reset = op.integer("linear_before_reset", 0) != 0;

  const ir::TensorId sequence = op.plain(x);
  std::vector<Value> results[3];
  for (int32_t d = 0; d < s.directions; ++d) {
    attributes.reverse = direction == "reverse" || d == 1;
    const auto inputs = lstm ? lstm_inputs(op, sequence, s, d) : gru_inputs(op, sequence, s, d);
    const std::vector<ir::TensorId> outputs =
        op.add_all(lstm ? ir::Op::lstm : ir::Op::gru, inputs, attributes, lstm ? 3 : 2);
    for (size_t i = 0; i < outputs.size(); ++i) {
      const ir::Shape shape = op.graph().tensor(outputs[i]).shape;
      const Value value = op.value_of(outputs[i], shape, plain_layout(shape.size()), x);
      // Directions are a dimension of the file: of the sequence the third or second, of a state the first or second.
      ir::Shape with_direction = shape;
      with_direction.insert(with_direction.begin() + (i == 0 ? (s.batch_first ? 2 : 1) : (s.batch_first ? 1 : 0)), 1);
      results[i].push_back(op.reshape(value, with_direction));
    }
  }
  for (size_t i = 0; i < (lstm ? 3 : 2); ++i) {
    const int32_t axis = i == 0 ? (s.batch_first ? 2 : 1) : (s.batch_first ? 1 : 0);
    if (op.has_output(i)) op.output(i, s.directions == 1 ? results[i][0] : op.concat(results[i], axis));
  }
}

}  // namespace whit::onnx
