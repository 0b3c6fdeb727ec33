// Forests and boosted trees, grown by XGBoost (this is its only user), as graphs with a tree_ensemble. The same samples
// and options give the same trees: one thread, seeded.
#pragma once

#include <cstdint>
#include <vector>

#include "whit/data/samples.hpp"
#include "whit/ir/graph.hpp"

namespace whit::learn {

struct ForestOptions {
  enum class Kind { random_forest, gradient_boosting };
  Kind kind = Kind::random_forest;
  // Of all classes together: with more than two, each class has trees of its own, as many as the others.
  int64_t trees = 100;
  int64_t depth = 8;            // most splits on a way
  int64_t leaves = 0;           // of a tree, at most; 0: any. The splits that gain most come first
  double learning_rate = 0.3;   // gradient_boosting
  double subsample = 0;         // share of the samples that a tree sees; 0: 0.632 of a random forest, as many
                                // different ones as a bootstrap sample has; else 1
  double feature_share = 0;     // of the features that a split chooses from; 0: sqrt(F) / F of a random forest, else 1
  double lambda = 1.0;          // L2 penalty of leaves; a random forest has 1e-5
  double min_child_weight = 1;  // least sum of second derivatives of a leaf
  uint64_t seed = 1;
  std::vector<double> class_weights;  // by class; empty: all 1
};

// `classes` 0: labels are targets, the output is [1,1]; 2: the output is the probability of class 1, [1,1]; more: the
// probabilities of all, [1,classes]. Inputs are those of the samples, flattened inside. Error bad_input without labels,
// with labels that are no classes, and when there is one class only.
ir::Graph train_forest(const data::Samples& samples, int64_t classes, const ForestOptions& options);

}  // namespace whit::learn
