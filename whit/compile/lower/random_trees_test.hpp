// Random tree ensembles, and what they should give by the words of ir::TreeInput.
#pragma once

#include <random>

#include "whit/ir/trees.hpp"

namespace whit::compile {

// Trees of up to `most_nodes` nodes over features whose thresholds lie on a grid of 1/8 in [-8, 8].
inline ir::Trees random_trees(uint32_t seed, int32_t tree_count, int32_t features, int32_t outputs, int32_t width,
                              int32_t most_nodes) {
  std::mt19937 random(seed);
  const auto pick = [&](int32_t count) { return static_cast<int32_t>(random() % static_cast<uint32_t>(count)); };
  ir::Trees trees;
  trees.width = width;
  for (int32_t k = 0; k < outputs; ++k) trees.base.push_back(static_cast<float>(pick(33) - 16) / 8);
  const int32_t rows = 5 + pick(20);
  for (int32_t i = 0; i < rows * width; ++i) trees.leaves.push_back(static_cast<float>(pick(255) - 127) / 64);
  for (int32_t t = 0; t < tree_count; ++t) {
    std::vector<ir::TreeStep> steps(1);
    const int32_t splits = pick(most_nodes + 1);
    std::vector<size_t> leaves = {0};
    for (int32_t s = 0; s < splits; ++s) {  // a random leaf becomes a node with two leaves
      const auto l = static_cast<size_t>(pick(static_cast<int32_t>(leaves.size())));
      ir::TreeStep& step = steps[leaves[l]];
      step = {pick(features), static_cast<float>(pick(129) - 64) / 8, static_cast<int32_t>(steps.size()),
              static_cast<int32_t>(steps.size()) + 1};
      leaves[l] = steps.size();
      leaves.push_back(steps.size() + 1);
      steps.resize(steps.size() + 2);
    }
    for (const size_t leaf : leaves) steps[leaf] = {-1, 0, pick(rows), 0};
    add_tree(trees, steps, 0, pick(outputs - width + 1));
  }
  return trees;
}

// The row of leaves that each tree ends at.
inline std::vector<int32_t> reached_rows(const ir::Trees& trees, const float* x) {
  std::vector<int32_t> rows;
  for (int32_t t = 0; t < trees.tree_count(); ++t) {
    int32_t n = trees.trees[static_cast<size_t>(2 * t)];
    while (n >= 0) {
      const auto i = static_cast<size_t>(n);
      const bool at_most = x[trees.split_features[i]] <= trees.thresholds[i];
      n = trees.children[2 * i + (at_most ? 0 : 1)];
    }
    rows.push_back(~n);
  }
  return rows;
}

// base + the rows, summed in double.
inline std::vector<double> tree_sums(const ir::Trees& trees, const float* x) {
  std::vector<double> sums(trees.base.begin(), trees.base.end());
  const std::vector<int32_t> rows = reached_rows(trees, x);
  for (size_t t = 0; t < rows.size(); ++t) {
    for (int32_t i = 0; i < trees.width; ++i) {
      const auto output = static_cast<size_t>(trees.trees[2 * t + 1] + i);
      sums[output] += static_cast<double>(trees.leaves[static_cast<size_t>(rows[t] * trees.width + i)]);
    }
  }
  return sums;
}

}  // namespace whit::compile
