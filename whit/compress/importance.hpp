// Permutation importance: how much worse a model is when one value is mixed up among the samples (Breiman, "Random
// forests", 2001). Of the values of the last dimension, each at all steps of a sequence at once.
#pragma once

#include <vector>

#include "whit/compress/evaluate.hpp"

namespace whit::compress {

// By value: the metric's mean change over `repeats` permutations, positive when the model becomes worse. An accuracy
// falls, an error rises. `base`: evaluate() of the same. Samples of one input. The same seed, the same result.
std::vector<double> permutation_importance(const ir::Graph& graph, const data::Samples& samples, const Evaluation& base,
                                           int repeats, uint64_t seed, const Progress& progress = nullptr);

}  // namespace whit::compress
