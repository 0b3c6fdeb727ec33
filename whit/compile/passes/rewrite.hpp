// What passes do to graphs again and again: who uses a tensor, redirect its uses, drop nodes.
// For passes only. Decides nothing about meaning: the caller knows that a change is right.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "whit/ir/graph.hpp"

namespace whit::compile {

inline constexpr int32_t kNoNode = -1;

// Where every tensor comes from and goes to, by tensor id. A snapshot: stale after a change.
struct Uses {
  explicit Uses(const ir::Graph& graph);
  std::vector<int32_t> producer;                // index of the node, or kNoNode
  std::vector<std::vector<int32_t>> consumers;  // indices of nodes, once for each use
  std::vector<bool> is_input;
  std::vector<bool> is_output;

  // The one node that reads `id`, when there is exactly one use and `id` is no output of the graph; else kNoNode.
  int32_t only_consumer(ir::TensorId id) const;
};

// All nodes and graph outputs that read `from` read `to` instead.
void replace_uses(ir::Graph& graph, ir::TensorId from, ir::TensorId to);

// Removes nodes n with dead[n].
void erase_nodes(ir::Graph& graph, const std::vector<bool>& dead);

// Makes the value of `source` appear where `result` (the output of `node`, which computes nothing but that) was, so
// that `node` may go. Where `result` is an output of the graph and cannot be replaced, nothing happens: false.
bool bypass(ir::Graph& graph, int32_t node, ir::TensorId source);

// A new constant; `like` gives name and quantization.
ir::TensorId add_constant(ir::Graph& graph, const ir::Tensor& like, ir::DType type, ir::Shape shape,
                          std::vector<uint8_t> data);

// `tensor` with the indices `kept` of dimension `axis` alone, and their scales where it has one for each. A constant
// without data (a graph of shapes) stays without.
ir::Tensor keep_indices(const ir::Tensor& tensor, size_t axis, const std::vector<int32_t>& kept);

// The indices below `count` that are among `kept` modulo `period`: of flattened positions of `period` channels each.
std::vector<int32_t> repeated(const std::vector<int32_t>& kept, int32_t period, int32_t count);

// The bytes of numbers.
template <typename T>
std::vector<uint8_t> bytes_of_values(const std::vector<T>& values) {
  const auto* begin = reinterpret_cast<const uint8_t*>(values.data());
  return {begin, begin + values.size() * sizeof(T)};
}

// The elements of a constant of type T.
template <typename T>
std::vector<T> values_of(const ir::Tensor& tensor) {
  const T* begin = ir::data<T>(tensor);
  return {begin, begin + tensor.data.size() / sizeof(T)};
}

}  // namespace whit::compile
