// What a trained model says of samples, for a student to learn from. Knows no torch: the host player runs the teacher.
#pragma once

#include <vector>

#include "whit/base/cache.hpp"
#include "whit/data/samples.hpp"
#include "whit/ir/graph.hpp"
#include "whit/learn/train.hpp"

namespace whit::learn {

// For each sample the numbers of the teacher's first output, [samples, outputs]. For cross_entropy its logits: what a
// softmax or logistic at its end starts from, or, where its outputs are probabilities that it computes in another way,
// their logarithms (of one output p: log(p / (1 - p))). Remembered in `cache` by teacher and samples. Error bad_input
// when the samples do not fit the teacher.
std::vector<float> teacher_outputs(const ir::Graph& teacher, const data::Samples& samples, Loss loss,
                                   const Cache& cache);

}  // namespace whit::learn
