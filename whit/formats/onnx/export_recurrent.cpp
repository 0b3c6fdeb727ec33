// LSTM and GRU, float32. ONNX Runtime's recurrent ops want time first, so a sequence with the batch first is turned.
#include "whit/formats/onnx/export.hpp"

namespace whit::onnx {
namespace {

using ::onnx::NodeProto;

// Constants of the node one behind the other, at inputs first + order[i]; zeros of `absent` elements for one that is
// not there.
std::vector<float> joined(const NodeExport& node, size_t first, const std::vector<size_t>& order, size_t absent) {
  std::vector<float> values;
  for (const size_t i : order) {
    if (!node.has(first + i)) {
      values.resize(values.size() + absent);
      continue;
    }
    const ir::Tensor& tensor = node.in(first + i);
    const auto* begin = ir::data<float>(tensor);
    values.insert(values.end(), begin, begin + ir::elements(tensor.shape));
  }
  return values;
}

std::string turned(NodeExport& node, const std::string& sequence) {
  NodeProto& transpose = node.append("Transpose", {sequence});
  set(transpose, "perm", std::vector<int64_t>{1, 0, 2});
  return transpose.output(0);
}

std::string reshaped(NodeExport& node, const std::string& x, const ir::Shape& shape) {
  return node.op("Reshape", {x, node.integers({shape.begin(), shape.end()})});
}

}  // namespace

void export_recurrent(NodeExport& node) {
  const auto& a = ir::attributes<ir::RecurrentAttributes>(node.node());
  const bool lstm = node.node().op == ir::Op::lstm;
  if (node.out().type != ir::DType::f32) node.unsupported("a quantized recurrent layer", "write a .tflite file");
  if (a.cell_clip > 0) node.unsupported("a clipped cell state", "ONNX clips the gates instead; write a .tflite file");
  const int32_t gates = lstm ? 4 : 3, inputs = node.in(1).shape[1], units = node.in(1).shape[0];
  const ir::Shape& in = node.in(0).shape;
  const int32_t steps = in[a.time_major ? 0 : 1], batch = in[a.time_major ? 1 : 0];
  // ONNX has the gates of an lstm in the order input, output, forget, cell, peepholes as input, output, forget.
  const std::vector<size_t> order = lstm ? std::vector<size_t>{0, 3, 1, 2} : std::vector<size_t>{0, 1, 2};
  const auto first = [&](size_t of_lstm, size_t of_gru) { return lstm ? of_lstm : of_gru; };
  const auto vector_size = static_cast<size_t>(units);
  std::vector<float> bias = joined(node, first(ir::LstmInput::bias, ir::GruInput::bias), order, vector_size);
  std::vector<float> recurrent_bias(bias.size());
  if (!lstm) recurrent_bias = joined(node, ir::GruInput::recurrent_bias, order, vector_size);
  bias.insert(bias.end(), recurrent_bias.begin(), recurrent_bias.end());

  const std::string x = node.input(0);
  std::vector<std::string> operands = {
      a.time_major ? x : turned(node, x), node.reals("/weights", {1, gates * units, inputs}, joined(node, 1, order, 0)),
      node.reals("/recurrent_weights", {1, gates * units, units},
                 joined(node, first(ir::LstmInput::recurrent, ir::GruInput::recurrent), order, 0)),
      node.reals("/bias", {1, 2 * gates * units}, bias), ""};
  const auto state = [&](size_t i) {
    operands.push_back(node.has(i) ? reshaped(node, node.input(i), {1, batch, units}) : "");
  };
  state(first(ir::LstmInput::hidden, ir::GruInput::hidden));
  if (lstm) {
    state(ir::LstmInput::cell);
    const size_t p = ir::LstmInput::peephole;
    if (node.has(p) || node.has(p + 1) || node.has(p + 2)) {
      operands.push_back(node.reals("/peepholes", {1, 3 * units}, joined(node, p, {0, 2, 1}, vector_size)));
    }
  }
  NodeProto& layer = node.append(lstm ? "LSTM" : "GRU", operands);
  set(layer, "hidden_size", int64_t{units});
  if (a.reverse) set(layer, "direction", "reverse");
  if (a.linear_before_reset) set(layer, "linear_before_reset", int64_t{1});
  const std::string sequence = reshaped(node, layer.output(0), {steps, batch, units});
  std::vector<std::string> states;
  for (size_t o = 1; o < node.node().outputs.size(); ++o) states.push_back(node.add_output(layer));
  node.result(a.time_major ? sequence : turned(node, sequence));
  for (size_t o = 0; o < states.size(); ++o) {
    node.result(reshaped(node, states[o], {batch, units}), Order::plain, o + 1);
  }
}

}  // namespace whit::onnx
