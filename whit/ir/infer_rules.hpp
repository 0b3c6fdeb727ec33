// What the rules on shapes share. Private to infer_shapes().
#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "whit/base/error.hpp"
#include "whit/ir/verify.hpp"

namespace whit::ir {

// The node in hand, with what each rule needs of it.
struct Inference {
  const Graph& graph;
  const Node& node;

  const Shape& in(size_t i) const { return graph.tensor(node.inputs[i]).shape; }
  const Shape& out() const { return graph.tensor(node.outputs[0]).shape; }
  bool has(size_t i) const { return i < node.inputs.size() && node.inputs[i] != kNoTensor; }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorCode::bad_input, what, place_of(graph, node));
  }
  void require(bool good, const char* what) const {
    if (!good) fail(what);
  }
  void require_rank(size_t i, size_t rank) const {
    if (in(i).size() != rank) fail(fmt::format("input {} has shape {}, but needs rank {}", i, to_string(in(i)), rank));
  }
};

inline int32_t checked(const Inference& x, int64_t dim) {
  if (dim < 1 || dim > 0x7FFFFFFF) x.fail(fmt::format("the output would have a dimension of {}", dim));
  return static_cast<int32_t>(dim);
}

inline void check_positive(const Inference& x, std::initializer_list<int32_t> values, const char* what) {
  for (const int32_t value : values) {
    if (value < 1 || value > 0xFFFF) x.fail(fmt::format("{} of {}", what, value));
  }
}

inline void check_pads(const Inference& x, std::initializer_list<int32_t> values) {
  for (const int32_t value : values) {
    if (value < 0 || value > 0xFFFF) x.fail(fmt::format("padding of {}", value));
  }
}

// infer_layers.cpp: layers with weights or windows. The shape of their output, or of each.
Shape conv_shape(const Inference& x);  // conv2d, depthwise_conv2d
Shape transpose_conv_shape(const Inference& x);
Shape fully_connected_shape(const Inference& x);
Shape pool_shape(const Inference& x);
std::vector<Shape> recurrent_shapes(const Inference& x);  // lstm, gru: the sequence, then one state or two
std::vector<Shape> svdf_shapes(const Inference& x);
Shape tree_ensemble_shape(const Inference& x);

}  // namespace whit::ir
