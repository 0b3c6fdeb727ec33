#include "whit/compress/round_weights.hpp"

#include <algorithm>
#include <cmath>

namespace whit::compress {
namespace {

int8_t saturate(float value, int32_t limit) {
  return static_cast<int8_t>(std::clamp(value, static_cast<float>(-limit), static_cast<float>(limit)));
}

}  // namespace

Grid max_grid(std::span<const float> weights, int32_t limit) {
  float largest = 0.0f;
  for (const float weight : weights) largest = std::max(largest, std::abs(weight));
  return {largest / static_cast<float>(limit), limit};
}

std::vector<int8_t> round_nearest(std::span<const float> weights, Grid grid) {
  std::vector<int8_t> rounded(weights.size());
  if (!(grid.scale > 0)) return rounded;
  for (size_t i = 0; i < weights.size(); ++i) rounded[i] = saturate(std::round(weights[i] / grid.scale), grid.limit);
  return rounded;
}

double output_error(std::span<const float> weights, const std::vector<int8_t>& quantized, Grid grid,
                    std::span<const float> gram) {
  const size_t k = weights.size();
  std::vector<float> d(k);
  for (size_t i = 0; i < k; ++i) d[i] = grid.scale * static_cast<float>(quantized[i]) - weights[i];
  double error = 0;
  for (size_t i = 0; i < k; ++i) {
    if (gram.empty()) {
      error += static_cast<double>(d[i]) * static_cast<double>(d[i]);
      continue;
    }
    const float* row = gram.data() + i * k;
    float dot = 0;
    for (size_t j = 0; j < k; ++j) dot += row[j] * d[j];
    error += static_cast<double>(d[i]) * static_cast<double>(dot);
  }
  return error;
}

Grid least_error_grid(std::span<const float> weights, std::span<const float> gram, int32_t limit) {
  const Grid full = max_grid(weights, limit);
  Grid best = full;
  double least = output_error(weights, round_nearest(weights, full), full, gram);
  // Each step cuts 3 % of what is left: after 128 a scale is 2 % of the first, as an outlier 50 times too large needs.
  Grid grid = full;
  for (int step = 0; step < 128; ++step) {
    grid.scale *= 0.97f;
    const double error = output_error(weights, round_nearest(weights, grid), grid, gram);
    if (error < least) least = error, best = grid;
  }
  return best;
}

std::vector<int8_t> round_adaptive(std::span<const float> weights, std::span<const float> gram, Grid grid) {
  const size_t k = weights.size();
  std::vector<int8_t> rounded = round_nearest(weights, grid);
  // Directions that the data never shows must not be free to take any error: 1 % of the mean power in each.
  double power = 0;
  for (size_t i = 0; i < k; ++i) power += static_cast<double>(gram[i * k + i]);
  const auto damping = static_cast<float>(0.01 * power / static_cast<double>(k));
  std::vector<float> error(k), slope(k);
  for (size_t i = 0; i < k; ++i) error[i] = grid.scale * static_cast<float>(rounded[i]) - weights[i];
  for (size_t i = 0; i < k; ++i) {
    slope[i] = damping * error[i];
    for (size_t j = 0; j < k; ++j) slope[i] += gram[i * k + j] * error[j];
  }
  // The flip that gains most, until none gains. Each lowers the error by a finite step, so this ends; the bound is for
  // gains that are rounding noise.
  for (size_t flips = 0; flips < 8 * k; ++flips) {
    size_t best = k;
    float best_gain = -1e-7f * damping * grid.scale * grid.scale, best_step = 0;
    for (size_t i = 0; i < k; ++i) {
      // The other neighbour of the real weight.
      const float step = error[i] > 0 ? -grid.scale : grid.scale;
      const int32_t flipped = rounded[i] + (step > 0 ? 1 : -1);
      if (std::abs(error[i]) >= grid.scale || std::abs(flipped) > grid.limit) continue;
      const float gain = 2 * step * slope[i] + step * step * (gram[i * k + i] + damping);
      if (gain < best_gain) best_gain = gain, best = i, best_step = step;
    }
    if (best == k) break;
    rounded[best] = static_cast<int8_t>(rounded[best] + (best_step > 0 ? 1 : -1));
    error[best] += best_step;
    slope[best] += best_step * damping;
    for (size_t j = 0; j < k; ++j) slope[j] += best_step * gram[best * k + j];
  }
  return rounded;
}

}  // namespace whit::compress
