// Post-training quantization: a float graph and its calibration become a graph of integers.
// The graph must have been through prepare(). Nodes that stay float get dequantize and quantize nodes round them, so
// any mixture of precisions is a sound graph. Follows the TFLite 8-bit (weights also of 4 bits) and 16x8 quantization
// specifications, so that the result runs on every runtime that reads them. Does not measure what it cost: evaluate.hpp
// and blame.hpp do.
#pragma once

#include <map>
#include <string>

#include "whit/compress/calibrate.hpp"
#include "whit/compress/observer.hpp"
#include "whit/ir/graph.hpp"

namespace whit::compress {

enum class Precision {
  f32,
  int8,     // activations and weights int8
  int16x8,  // activations int16, weights int8
  float16,  // activations float32, weights of layers halves; biases and recurrent layers stay float32
  int8_w4,  // activations int8, weights of conv2d and fully_connected int4
};
enum class Rounding { nearest, adaround };
enum class WeightScales {
  per_tensor,
  convolutions,  // one for each output channel; fully connected layers have one for all, which runs faster
  per_channel,   // of every layer
};
enum class WeightRange {
  max,          // the largest weight fits
  least_error,  // large weights are cut off where that lowers the expected output error
};

const char* name_of(Precision precision);
// Error usage for an unknown name, with those that there are.
Precision precision_from_name(const std::string& name);
WeightScales weight_scales_from_name(const std::string& name);

// How one node is quantized.
struct Recipe {
  Precision precision = Precision::int8;
  Observer observer = Observer::percentile;  // of its output
  WeightScales weight_scales = WeightScales::convolutions;
  WeightRange weight_range = WeightRange::max;
  Rounding rounding = Rounding::nearest;
  bool bias_correction = false;
  bool operator==(const Recipe&) const = default;
};

struct QuantizeOptions {
  Recipe recipe;                        // of every node
  std::map<std::string, Recipe> nodes;  // exceptions, by the name of the node's output
  double percentile = 99.99;            // for Observer::percentile
  bool float_io = false;                // keep the model's inputs and outputs float32

  const Recipe& of(const ir::Graph& graph, const ir::Node& node) const;
  bool needs_moments() const;  // of calibrate()
  bool needs_ranges() const;   // calibrate() without data will do otherwise
};

// The passes that bring a float graph into the form that is quantized: batch norm folded, activations fused, ...
// Error unsupported when the graph is quantized already.
void prepare(ir::Graph& graph);

// Tensors keep their names. Error usage for a node in the options that the graph does not have; bad_input when an
// activation was never finite, and for a weight that float16 cannot hold.
ir::Graph quantize(const ir::Graph& graph, const Calibration& calibration, const QuantizeOptions& options);

// Of all constants, weights and others, as files store them.
int64_t constant_bytes(const ir::Graph& graph);

}  // namespace whit::compress
