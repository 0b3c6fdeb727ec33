// What a training is: by it a checkpoint is known to be of the same one.
#pragma once

#include <nlohmann/json.hpp>

#include "whit/learn/train.hpp"

namespace whit::learn {

// All that the weights depend on, by the recipe's keys, and digests of model and data under names that are words:
// for differences().
nlohmann::ordered_json fingerprint(const Model& model, const data::Samples& training, const data::Samples& validation,
                                   const TrainOptions& options);

}  // namespace whit::learn
