#include "whit/compress/round_weights.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace whit::compress {
namespace {

std::vector<float> random_row(std::mt19937& random, size_t k) {
  std::normal_distribution<float> normal;
  std::vector<float> row(k);
  for (float& value : row) value = normal(random);
  return row;
}

// E[x x^T] of inputs that hang together: x = A z.
std::vector<float> correlated_gram(std::mt19937& random, size_t k) {
  std::vector<float> a = random_row(random, k * k), gram(k * k);
  for (size_t i = 0; i < k; ++i) {
    for (size_t j = 0; j < k; ++j) {
      for (size_t m = 0; m < k; ++m) gram[i * k + j] += a[i * k + m] * a[j * k + m];
    }
  }
  return gram;
}

TEST(RoundWeights, NearestSaturates) {
  const std::vector<float> row = {1.1f, -2.0f, 0.26f, 0.24f};
  const Grid grid = max_grid(row, 7);
  EXPECT_FLOAT_EQ(grid.scale, 2.0f / 7);
  EXPECT_EQ(round_nearest(row, grid), (std::vector<int8_t>{4, -7, 1, 1}));
  EXPECT_EQ(round_nearest(row, {0.1f, 7}), (std::vector<int8_t>{7, -7, 3, 2}));
}

TEST(RoundWeights, ARowOfZerosAsksForNoScale) {
  const std::vector<float> row(4);
  EXPECT_EQ(max_grid(row, 127).scale, 0.0f);
  EXPECT_EQ(round_nearest(row, max_grid(row, 127)), std::vector<int8_t>(4));
}

TEST(RoundWeights, AdaptiveTakesFloorOrCeilingAndNeverMoreError) {
  std::mt19937 random(7);
  double nearest_error = 0, adaptive_error = 0;
  for (int round = 0; round < 20; ++round) {
    const size_t k = 24;
    const std::vector<float> row = random_row(random, k), gram = correlated_gram(random, k);
    const Grid grid = max_grid(row, 7);
    const std::vector<int8_t> nearest = round_nearest(row, grid), adaptive = round_adaptive(row, gram, grid);
    for (size_t i = 0; i < k; ++i) EXPECT_LT(std::abs(row[i] / grid.scale - adaptive[i]), 1.0001f);
    nearest_error += output_error(row, nearest, grid, gram);
    adaptive_error += output_error(row, adaptive, grid, gram);
  }
  EXPECT_LT(adaptive_error, 0.5 * nearest_error);
}

TEST(RoundWeights, AdaptiveFindsTheBestOfAllRoundingsOfASmallRow) {
  std::mt19937 random(3);
  const size_t k = 8;
  int best_found = 0;
  for (int round = 0; round < 50; ++round) {
    const std::vector<float> row = random_row(random, k), gram = correlated_gram(random, k);
    const Grid grid = max_grid(row, 7);
    double least = INFINITY;
    for (uint32_t choice = 0; choice < 1u << k; ++choice) {
      std::vector<int8_t> rounded(k);
      for (size_t i = 0; i < k; ++i) {
        const float floor = std::floor(row[i] / grid.scale);
        rounded[i] = static_cast<int8_t>(std::min(7.0f, floor + static_cast<float>(choice >> i & 1)));
      }
      least = std::min(least, output_error(row, rounded, grid, gram));
    }
    best_found += output_error(row, round_adaptive(row, gram, grid), grid, gram) <= 1.5 * least + 1e-9;
  }
  EXPECT_GE(best_found, 25);  // a local minimum is not always the best one
}

TEST(RoundWeights, AWeightWhoseInputIsAlwaysZeroIsCutOff) {
  std::mt19937 random(5);
  const size_t k = 16;
  std::vector<float> row = random_row(random, k);
  row[3] = 200.0f;
  std::vector<float> gram(k * k);
  for (size_t i = 0; i < k; ++i) gram[i * k + i] = i == 3 ? 0.0f : 1.0f;
  const Grid full = max_grid(row, 127), cut = least_error_grid(row, gram, 127);
  EXPECT_LT(cut.scale, 0.1f * full.scale);
  EXPECT_LT(output_error(row, round_nearest(row, cut), cut, gram),
            0.05 * output_error(row, round_nearest(row, full), full, gram));
}

}  // namespace
}  // namespace whit::compress
