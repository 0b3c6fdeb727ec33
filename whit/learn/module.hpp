// A float graph as a differentiable module on libtorch, and back: the weights flow both ways. Any graph of float32 ops:
// of an architecture, or imported. Private to this folder; train.hpp is what others use.
//
// Parameters are the constants that training changes: weights and biases of layers, slopes of prelu, constant operands
// of batch_matmul, tables of gather. Other constants (scales, offsets, indices) stay as they are.
#pragma once

#include <string>
#include <vector>

#include "whit/ir/graph.hpp"
#include "whit/learn/differentiable.hpp"

namespace whit::learn {

struct Parameter {
  std::string name;  // of the constant, in its layout; of batch norm: the layer's output and ":gamma", ":beta"
  at::Tensor value;  // contiguous float32
  ir::TensorId constant = ir::kNoTensor;  // in the graph; none of batch norm
};

class Module {
 public:
  // `normalised`: outputs of conv2d, depthwise_conv2d, transpose_conv2d or fully_connected nodes with a bias; there a
  // batch norm takes the place of the bias while training. `wanted`: the tensors that forward() gives; empty: the
  // graph's outputs. `maker`: makes the function of each node. Error unsupported, naming the node, for what has no
  // gradient.
  using Maker = std::function<Function(const Site&)>;
  explicit Module(ir::Graph graph, const std::vector<ir::TensorId>& normalised = {},
                  std::vector<ir::TensorId> wanted = {}, const Maker& maker = function_of);
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  // One tensor [N, shape...] of each input of the graph to one of each wanted tensor. `training`: batch norm uses the
  // statistics of the batch, and keeps running ones.
  Tensors forward(const Tensors& inputs, bool training);

  std::vector<Parameter>& parameters() { return parameters_; }  // leaves that gather gradients
  const std::vector<Parameter>& parameters() const { return parameters_; }
  std::vector<Parameter>& statistics() { return statistics_; }  // running mean and variance of batch norms

  // The graph with the parameters as they are now, batch norms folded into their layers.
  ir::Graph graph() const;

 private:
  struct Step {
    const ir::Node* node;
    Function function;
    std::vector<bool> expanded;  // by input: a constant that is given once for each sample
    bool constant;               // all inputs are constants, given as they are
  };
  struct Normalised {
    const ir::Node* node;
    BatchNorm norm;
  };

  void add_parameters(const ir::Node& node, bool normalised);
  BatchNorm add_norm(const ir::Node& node);
  void add_step(const ir::Node& node, const std::optional<BatchNorm>& norm, const Maker& maker);

  ir::Graph graph_;
  std::vector<ir::TensorId> wanted_;
  Tensors constants_;          // by TensorId; undefined for what is computed
  Tensors initial_variables_;  // [shape...]
  std::vector<Step> steps_;
  std::vector<Normalised> norms_;
  std::vector<Parameter> parameters_, statistics_;
};

}  // namespace whit::learn
