#include "whit/learn/augment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace whit::learn {
namespace {

// 1, 2, ... of [3, 4, 2], augmented with each of 200 seeds.
std::set<std::vector<float>> seen(const Augmentation& augmentation) {
  std::set<std::vector<float>> results;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    std::vector<float> sample(24);
    for (size_t i = 0; i < sample.size(); ++i) sample[i] = static_cast<float>(i + 1);
    Random random({seed});
    augment(sample, {3, 4, 2}, augmentation, random);
    results.insert(sample);
  }
  return results;
}

TEST(Augment, FlipMirrorsTheSecondDimension) {
  const auto results = seen({.flip = true});
  ASSERT_EQ(results.size(), 2u);
  const std::vector<float> mirrored = *results.rbegin();
  EXPECT_EQ(std::vector<float>(mirrored.begin(), mirrored.begin() + 8), (std::vector<float>{7, 8, 5, 6, 3, 4, 1, 2}));
}

TEST(Augment, ShiftMovesByEveryStepAndFillsWithZero) {
  const auto results = seen({.shift_first = 1, .shift_second = 2});
  EXPECT_EQ(results.size(), 3u * 5u);
  // Down by one and right by two: the first row is empty, the second begins with two empty positions.
  const std::vector<float> moved = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 9, 10, 11, 12};
  EXPECT_EQ(results.count(moved), 1u);
  // Farther than the sample is long: nothing is left, nothing outside is read.
  EXPECT_EQ(seen({.shift_first = 50}).count(std::vector<float>(24)), 1u);
}

TEST(Augment, MaskClearsConsecutiveRows) {
  for (const std::vector<float>& sample : seen({.mask = 2})) {
    const auto zeros = std::count(sample.begin(), sample.end(), 0.0f);
    EXPECT_EQ(zeros % 8, 0);
    EXPECT_LE(zeros, 16);
  }
  EXPECT_EQ(seen({.mask = 2}).size(), 1u + 3u + 2u);  // nowhere, one row in three places, two in two
  EXPECT_EQ(seen({.mask = 50}).count(std::vector<float>(24)), 1u);
}

TEST(Augment, NoiseHasItsDeviation) {
  std::vector<float> sample(10000);
  Random random({1});
  augment(sample, {10000}, {.noise = 0.5}, random);
  double square = 0;
  for (const float value : sample) square += value * value;
  EXPECT_NEAR(square / 10000, 0.25, 0.02);
}

}  // namespace
}  // namespace whit::learn
