// A float tree_ensemble under construction, and taken from a graph again: for readers of files, training, quantization.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "whit/ir/graph.hpp"

namespace whit::ir {

// The constants of TreeInput, row by row.
struct Trees {
  int32_t width = 1;  // of a row of leaves
  std::vector<int32_t> trees, split_features, children;
  std::vector<float> thresholds, leaves, base;

  int32_t tree_count() const { return static_cast<int32_t>(trees.size() / 2); }
  int32_t node_count() const { return static_cast<int32_t>(split_features.size()); }
  // Node behind the last one of tree t.
  int32_t end_of(int32_t t) const {
    return t + 1 < tree_count() ? trees[2 * static_cast<size_t>(t) + 2] : node_count();
  }
};

// A node of one tree, in any order.
struct TreeStep {
  int32_t feature = -1;  // -1: a leaf
  float threshold = 0;
  int32_t at_most = 0, more = 0;  // indices of TreeSteps; of a leaf: at_most is the row of Trees::leaves
};

// Appends the tree that begins at steps[root], parents first. False when the steps are no tree: a child that there is
// not, or one that is reached twice.
bool add_tree(Trees& trees, std::span<const TreeStep> steps, int32_t root, int32_t first_output);

// The inputs of the node behind the features, in their order, unnamed.
std::vector<Tensor> constants_of(const Trees& trees);

// Appends a node that decides on `features` [B,F]; the id of its output `name`.
TensorId add_tree_ensemble(Graph& graph, TensorId features, const Trees& trees, const std::string& name);

// Of a float tree_ensemble.
Trees trees_of(const Graph& graph, const Node& node);

}  // namespace whit::ir
