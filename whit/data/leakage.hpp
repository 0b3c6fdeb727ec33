// Whether the test can be trusted: what the training has seen must not come back in validation or test.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "whit/data/collection.hpp"
#include "whit/data/split.hpp"

namespace whit::data {

// One sentence for each way in which parts share what they must not: a random split of rows that follow each other in
// time; a group (subject, recording) in two parts, unless the split is chronological, which asks about the same ones
// later; windows that share rows; samples with equal values, in a time series at the same time. Each names one
// example. Empty: none was found.
std::vector<std::string> find_leaks(const Collection& all, const std::vector<Part>& parts, SplitBy by);

// Pairs (i in a, j in b) of samples with the same bits, at most one for each i.
std::vector<std::pair<int64_t, int64_t>> shared_samples(const Samples& a, const Samples& b);

}  // namespace whit::data
