// Quantization-aware training: the integers' graph that compress makes of a float graph, played in real numbers that
// are rounded as its integers are. Private to this folder; quantize.hpp is what others use.
//
// compress::quantize() alone decides what is quantized how and which tensors share a scale. Its graph, every tensor
// float again, is what is trained; each value is rounded to the grid of the tensor that it stands for, and each weight
// as compress will round it. What compress makes of the trained weights and of the ranges in use is then the graph that
// training saw. Weights and biases of layers are trained; other constants (tables, operands of sums) stay as they are.
//
// Ranges begin as calibration found them. Each follows the least and largest value of the batches as a moving average
// (Jacob et al., CVPR 2018); at the ends of the first half of the epochs the averages become the ranges in use, which
// then stay.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "whit/compress/quantize.hpp"
#include "whit/learn/fake_quantize.hpp"
#include "whit/learn/module.hpp"

namespace whit::learn {

class Quantization {
 public:
  // `graph` has been through compress::prepare(); `options` have one recipe for all nodes. Error bad_input as of
  // compress::quantize(); unsupported when nothing of the graph becomes integers.
  Quantization(ir::Graph graph, const compress::Calibration& calibration, const compress::QuantizeOptions& options);

  // What the module is made of: float32, with the nodes of the quantized graph.
  const ir::Graph& graph() const { return rounded_; }
  // A node of graph() between roundings.
  Function function_of(const Site& site);

  // The ranges in use and the averages, [tensors, 2] each, which change in place. After they were set from outside:
  // restored().
  std::vector<Parameter> state() const;
  void restored() { use_ranges(); }
  void end_epoch(bool adopt_averages);

  // compress's graph of the weights of `trained`, a copy of graph() with others.
  ir::Graph quantized(const ir::Graph& trained) const;

 private:
  struct Layer {  // weights, bias (or -1) and the tensor whose scale the bias has: indices of operands, a TensorId
    size_t weights;
    int bias;
    ir::TensorId scale;
    WeightFormat format;
  };

  compress::Calibration ranges() const;
  ir::Graph quantize(const ir::Graph& graph) const;
  void make_rounded(const ir::Graph& quantized);
  void add_node(const ir::Graph& quantized, ir::Node node, std::map<std::string, ir::TensorId>& constants);
  std::vector<Layer> layers_of(const ir::Graph& quantized, const ir::Node& node) const;
  void use_ranges();
  void observe(ir::TensorId id, const at::Tensor& values);
  // `scales`: of the weights of the last of `layers`, by channel.
  Tensors round_operands(const ir::Node& node, const std::vector<Layer>& layers, Tensors operands,
                         std::vector<float>& scales) const;
  std::vector<float> inner(const ir::Node& node, const std::vector<float>& weight_scales) const;
  at::Tensor round(ir::TensorId id, const at::Tensor& values, Halves halves = Halves::real,
                   const std::vector<float>& inner = {}) const;
  RecurrentRounding recurrent_rounding(const ir::Node& node) const;

  ir::Graph float_;  // tensors have their ids as names: "t7"
  std::vector<std::string> names_;
  compress::QuantizeOptions options_;
  std::vector<bool> observed_;  // by tensor of float_: has a range
  at::Tensor used_, averages_;  // [tensors of float_, 2]
  ir::Graph rounded_;
  std::map<ir::TensorId, Grid> grids_;            // of tensors of rounded_ that are integers
  std::map<ir::TensorId, ir::TensorId> origins_;  // tensors of rounded_ whose values are those of a tensor of float_
  std::map<ir::TensorId, std::vector<Layer>> layers_;  // by the first output of the node
  std::string structure_;                              // of the quantized graph, without its scales
};

}  // namespace whit::learn
