// Each node of a graph as a differentiable function of torch tensors. Private to Module.
//
// A tensor of the graph of shape [d0, d1, ...] runs as [N, d0, d1, ...] for a batch of N samples, whatever d0 means:
// no op mixes samples, and a graph whose shapes say "one sample" runs on many without a change of its attributes.
// Constants have no batch dimension.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "whit/ir/graph.hpp"
#include "whit/learn/torch.hpp"

namespace whit::learn {

// What one pass over the graph carries along.
struct Frame {
  int64_t batch = 1;
  bool training = false;
  Tensors variables;  // [N, shape...] by index in Graph::variables
};

// Outputs of the node for its inputs, in the node's order; absent inputs are undefined tensors.
using Function = std::function<Tensors(const Tensors& inputs, Frame& frame)>;

// Normalisation of a layer's output while training (docs/adr/0008-training-beside-the-ir.md): per channel
// gamma * (x - mean) / sqrt(variance + kEpsilon) + beta, between the layer's products and its activation.
struct BatchNorm {
  static constexpr double kEpsilon = 1e-3, kMomentum = 0.1;
  at::Tensor gamma, beta, mean, variance;  // [C]
};

// How the kernel of a quantized recurrent layer rounds between its steps, and its logistic and tanh of what is rounded
// so (quantization.hpp).
struct RecurrentRounding {
  using Step = std::function<at::Tensor(const at::Tensor&)>;
  Step gate, state, output;  // state: an lstm's cell, a gru's hidden state
  Step gate_logistic, gate_tanh, state_tanh;
};

// A node, with what its function is made from.
struct Site {
  const ir::Graph& graph;
  const ir::Node& node;
  std::optional<BatchNorm> norm;
  std::optional<RecurrentRounding> rounding;

  bool has(size_t i) const { return i < node.inputs.size() && node.inputs[i] != ir::kNoTensor; }
  const ir::Tensor& in(size_t i) const { return graph.tensor(node.inputs[i]); }
  const ir::Tensor& out() const { return graph.tensor(node.outputs[0]); }
  template <typename A>
  const A& attributes() const {
    return ir::attributes<A>(node);
  }
  [[noreturn]] void refuse(const std::string& what, const std::string& hint = "") const;
};

// Is input `i` a weight that training changes, if it is a constant?
bool is_weight(ir::Op op, size_t i);

// True when input `i` is given as it is where it is a constant; else it is given as one for each sample.
bool takes_constant(ir::Op op, size_t i);

// Error unsupported, naming the node, for an op or a type that has no gradient worth the name.
Function function_of(const Site& site);

// The parts of it. Undefined for ops of other parts.
Function layer_function(const Site& site);        // ops with weights and windows
Function elementwise_function(const Site& site);  // arithmetic, activations, comparisons, softmax and its kin
Function movement_function(const Site& site);     // reductions, and what only moves values
Function recurrent_function(const Site& site);    // lstm, gru, svdf, variables

// Helpers of the parts.
at::Tensor activate(const at::Tensor& x, ir::Activation activation);
std::vector<int64_t> with_batch(int64_t batch, const ir::Shape& shape);  // {batch, shape...}
at::ScalarType scalar_type(const Site& site, ir::DType type);            // Error unsupported for quantized types
// Operands of a lower rank than the output get dimensions of 1 behind that of the batch, so that they broadcast as in
// the graph; constants do so without help. How many dimensions each operand misses, and adding them.
std::vector<size_t> missing_ranks(const Site& site);
at::Tensor aligned(at::Tensor x, size_t missing);
at::Tensor indices(const std::vector<int64_t>& values);  // [count], int64

}  // namespace whit::learn
