// Recurrent layers. TFLite keeps their state in variable tensors that begin at zero and that only the layer sees: a
// Variable of the graph becomes one when it is read before the layer, assigned after it, and not used otherwise. What
// the builtin op cannot say (no state, a first state, reverse, gru) is written as a custom op.
#include <flatbuffers/flexbuffers.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "whit/formats/tflite/export.hpp"
#include "whit/ir/kept_state.hpp"

namespace whit::tflite {
namespace {

using Code = BuiltinOperator;

bool begins_at_zero(const ir::Variable& variable) {
  const bool shifted = variable.type == ir::DType::i8 && !variable.quantization.empty();
  const auto zero = static_cast<uint8_t>(shifted ? variable.quantization.zero_point[0] : 0);
  return std::all_of(variable.initial.begin(), variable.initial.end(), [&](uint8_t byte) { return byte == zero; });
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

// TFLite's lstm keeps both states itself, begins at zero and runs forward only; the integer one is that of int8.
bool is_builtin(const ir::Graph& graph, const ir::Node& node, size_t kept_states) {
  if (node.op == ir::Op::svdf) return true;
  const ir::DType type = graph.tensor(node.outputs[0]).type;
  return node.op == ir::Op::lstm && kept_states == 2 && !ir::attributes<ir::RecurrentAttributes>(node).reverse &&
         (type == ir::DType::f32 || type == ir::DType::i8);
}

// A node that no builtin op says: operands are those of the node, options its attributes. See docs/adr/0007.
void export_custom(NodeExport& node, const char* name) {
  std::vector<int32_t> inputs, outputs;
  for (size_t i = 0; i < node.node().inputs.size(); ++i) inputs.push_back(node.input(i));
  for (size_t i = 0; i < node.node().outputs.size(); ++i) outputs.push_back(node.output(i));
  flexbuffers::Builder options;
  options.Map([&] {
    if (node.op() == ir::Op::tree_ensemble) return;  // it has none
    ir::RecurrentAttributes a = node.attributes<ir::RecurrentAttributes>();
    a.fields([&](const char* field, const auto& value) { options.Add(field, value); });
  });
  options.Finish();
  node.write_custom({name, options.GetBuffer()}, inputs, outputs);
}

}  // namespace

void Export::find_layer_states() {
  in_layer_.assign(graph_.variables.size(), false);
  std::map<size_t, std::vector<ir::KeptState>> layers;  // by node
  for (const ir::KeptState& kept : ir::kept_states(graph_)) {
    if (begins_at_zero(graph_.variables[static_cast<size_t>(kept.variable)])) layers[kept.layer].push_back(kept);
  }
  for (const auto& [layer, states] : layers) {
    if (!is_builtin(graph_, graph_.nodes[layer], states.size())) continue;
    for (const ir::KeptState& kept : states) {
      in_layer_[static_cast<size_t>(kept.variable)] = true;
      const ir::TensorId before = graph_.nodes[kept.read].outputs[0];
      Written state = written(graph_.tensor(before));
      state.is_variable = true;
      index_[static_cast<size_t>(before)] = main_.add(std::move(state));
    }
  }
}

bool NodeExport::has_layer_state(size_t i) const {
  const int32_t index = has(i) ? export_.index_[static_cast<size_t>(node_.inputs[i])] : -1;
  return index >= 0 && export_.main_.tensors[static_cast<size_t>(index)].is_variable;
}

int32_t NodeExport::state(size_t i) {
  if (!has_layer_state(i)) {
    unsupported("a state that TFLite cannot keep in the layer",
                "read it from a variable that begins at zero, and assign it after the layer; nothing else may use it");
  }
  return input(i);
}

void export_gru(NodeExport& node) { export_custom(node, kGruOp); }
void export_tree_ensemble(NodeExport& node) { export_custom(node, kTreesOp); }

void export_lstm(NodeExport& node) {
  using In = ir::LstmInput;
  const auto& a = node.attributes<ir::RecurrentAttributes>();
  if (!node.has_layer_state(In::hidden)) return export_custom(node, kLstmOp);
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
