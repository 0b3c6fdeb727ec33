// Recurrent layers. TFLite keeps their state in variable tensors that begin at zero and that only the layer sees: a
// Variable of the graph becomes one when it is read before the layer, assigned after it, and not used otherwise.
#include <algorithm>
#include <cmath>

#include "whit/formats/tflite/export.hpp"

namespace whit::tflite {
namespace {

using Code = BuiltinOperator;

// The inputs of a node that are states; state i comes out as output 1 + i.
std::vector<size_t> state_inputs(ir::Op op) {
  if (op == ir::Op::lstm) return {ir::LstmInput::hidden, ir::LstmInput::cell};
  return op == ir::Op::svdf ? std::vector<size_t>{4} : std::vector<size_t>{};
}

int64_t uses(const ir::Graph& graph, ir::TensorId id) {
  int64_t count = std::count(graph.outputs.begin(), graph.outputs.end(), id);
  for (const ir::Node& node : graph.nodes) count += std::count(node.inputs.begin(), node.inputs.end(), id);
  return count;
}

bool begins_at_zero(const ir::Variable& variable) {
  const bool shifted = variable.type == ir::DType::i8 && !variable.quantization.empty();
  const auto zero = static_cast<uint8_t>(shifted ? variable.quantization.zero_point[0] : 0);
  return std::all_of(variable.initial.begin(), variable.initial.end(), [&](uint8_t byte) { return byte == zero; });
}

// The nodes that read or assign each variable.
std::vector<std::vector<const ir::Node*>> nodes_of_variables(const ir::Graph& graph) {
  std::vector<std::vector<const ir::Node*>> nodes(graph.variables.size());
  for (const ir::Node& node : graph.nodes) {
    if (const auto* a = std::get_if<ir::VariableAttributes>(&node.attributes)) {
      nodes[static_cast<size_t>(a->variable)].push_back(&node);
    }
  }
  return nodes;
}

int32_t bias_or_zeros(NodeExport& node, size_t i, int32_t size, const char* suffix) {
  if (node.has(i)) return node.input(i);
  ir::Tensor zeros;
  zeros.type = node.in(0).type == ir::DType::f32 ? ir::DType::f32 : ir::DType::i32;
  zeros.shape = {size};
  zeros.data.resize(static_cast<size_t>(ir::bytes_of(zeros)));
  return node.constant(suffix, std::move(zeros));
}

// Gates are computed with 3 integer bits; the hidden state is that of the output, as there is no projection.
std::vector<int32_t> quantized_steps(NodeExport& node) {
  ir::Tensor gate;
  gate.type = ir::DType::i16;
  gate.quantization = {{std::ldexp(1.0F, -12)}, {0}, 0};
  std::vector<int32_t> steps;
  for (const char* name : {"/input_gate", "/forget_gate", "/cell_gate", "/output_gate"}) {
    steps.push_back(node.step(name, gate, {}));
  }
  steps.push_back(node.step("/hidden", node.out(), {}));
  return steps;
}

}  // namespace

void Export::find_layer_states() {
  in_layer_.assign(graph_.variables.size(), false);
  const auto nodes = nodes_of_variables(graph_);
  for (const ir::Node& layer : graph_.nodes) {
    const std::vector<size_t> states = state_inputs(layer.op);
    for (size_t i = 0; i < states.size(); ++i) {
      const ir::TensorId before = states[i] < layer.inputs.size() ? layer.inputs[states[i]] : ir::kNoTensor;
      const ir::TensorId after = layer.outputs[1 + i];
      if (before == ir::kNoTensor || uses(graph_, before) != 1 || uses(graph_, after) != 1) continue;
      for (size_t v = 0; v < nodes.size(); ++v) {
        in_layer_[v] =
            in_layer_[v] || (nodes[v].size() == 2 && nodes[v][0]->outputs == std::vector{before} &&
                             nodes[v][1]->inputs == std::vector{after} && begins_at_zero(graph_.variables[v]));
        if (in_layer_[v] && nodes[v][0]->outputs == std::vector{before}) {
          Written state = written(graph_.tensor(before));
          state.is_variable = true;
          index_[static_cast<size_t>(before)] = main_.add(std::move(state));
        }
      }
    }
  }
}

int32_t NodeExport::state(size_t i) {
  const int32_t index = has(i) ? input(i) : -1;
  if (index < 0 || !export_.main_.tensors[static_cast<size_t>(index)].is_variable) {
    unsupported("a state that TFLite cannot keep in the layer",
                "read it from a variable that begins at zero, and assign it after the layer; nothing else may use it");
  }
  return index;
}

void export_lstm(NodeExport& node) {
  using In = ir::LstmInput;
  const auto& a = node.attributes<ir::RecurrentAttributes>();
  if (a.reverse) node.unsupported("TFLite has no lstm that runs from last to first", "reverse the sequence before");
  const int32_t size = node.in(In::recurrent).shape[0];
  std::vector<int32_t> inputs(24, -1);  // projection and layer normalization stay absent
  inputs[0] = node.input(In::sequence);
  for (size_t gate = 0; gate < 4; ++gate) {
    inputs[1 + gate] = node.input(In::weights + gate);
    inputs[5 + gate] = node.input(In::recurrent + gate);
    inputs[12 + gate] = bias_or_zeros(node, In::bias + gate, size, "/bias");
  }
  for (size_t gate = 0; gate < 3; ++gate) inputs[9 + gate] = node.input(In::peephole + gate);
  inputs[18] = node.state(In::hidden);
  inputs[19] = node.state(In::cell);
  const auto options =
      CreateUnidirectionalSequenceLSTMOptions(node.fbb(), Activation::TANH, a.cell_clip, 0.0F, a.time_major);
  const bool quantized = node.out().type != ir::DType::f32;
  node.write_with_steps(Code::UNIDIRECTIONAL_SEQUENCE_LSTM, inputs, {node.output()}, options,
                        quantized ? quantized_steps(node) : std::vector<int32_t>{});
}

void export_svdf(NodeExport& node) {
  const auto& a = node.attributes<ir::SvdfAttributes>();
  const Activation activation = node.activation(a.activation);
  const std::vector<int32_t> inputs = {node.input(0), node.input(1), node.input(2), node.input(3), node.state(4)};
  node.write(Code::SVDF, inputs, {node.output()}, CreateSVDFOptions(node.fbb(), a.rank, activation));
}

}  // namespace whit::tflite
