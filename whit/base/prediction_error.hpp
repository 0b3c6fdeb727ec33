// How far predictions are from what came.
#pragma once

#include <span>

namespace whit {

struct PredictionError {
  double mae = 0, rmse = 0;
  double p95 = 0;  // the absolute error that 95 % do not exceed, by nearest rank
};

// `predicted` holds `width` values for each of `wanted`, which the first of them predicts. Not empty.
PredictionError prediction_error(std::span<const float> predicted, std::span<const float> wanted, size_t width = 1);

}  // namespace whit
