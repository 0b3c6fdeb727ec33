#pragma once

#include <string>

#include "whit/learn/classical.hpp"

namespace whit::cli {

// Trains, evaluates on the training and validation samples, writes `output` and says how it went. `seed` below 0: the
// recipe's.
void train_classical(learn::ClassicalRecipe recipe, const std::string& output, int64_t seed, bool json);

}  // namespace whit::cli
