#include "whit/base/prediction_error.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace whit {

PredictionError prediction_error(std::span<const float> predicted, std::span<const float> wanted, size_t width) {
  PredictionError result;
  std::vector<double> errors;
  for (size_t i = 0; i < wanted.size(); ++i) {
    errors.push_back(std::abs(static_cast<double>(predicted[i * width] - wanted[i])));
    result.mae += errors.back();
    result.rmse += errors.back() * errors.back();
  }
  const auto count = static_cast<double>(wanted.size());
  result.mae /= count;
  result.rmse = std::sqrt(result.rmse / count);
  const auto rank = static_cast<std::ptrdiff_t>(std::ceil(0.95 * count)) - 1;
  std::nth_element(errors.begin(), errors.begin() + rank, errors.end());
  result.p95 = errors[static_cast<size_t>(rank)];
  return result;
}

}  // namespace whit
