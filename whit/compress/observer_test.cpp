#include "whit/compress/observer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "whit/base/error.hpp"

namespace whit::compress {
namespace {

RangeObserver observed(const std::vector<std::vector<float>>& samples) {
  RangeObserver observer;
  for (const auto& sample : samples) observer.see_extent(sample);
  for (const auto& sample : samples) observer.see_histogram(sample);
  return observer;
}

// Values of a normal distribution and one outside.
std::vector<float> normal_with_outlier(size_t count, float outlier) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  values.push_back(outlier);
  return values;
}

TEST(RangeObserver, MinMaxHoldsAllAndZero) {
  EXPECT_EQ(observed({{1, 2}, {0.5, 3}}).range(Observer::min_max, 256, 0), (Range{0, 3}));
  EXPECT_EQ(observed({{-1, 2}, {-4, 1}}).range(Observer::min_max, 256, 0), (Range{-4, 2}));
}

TEST(RangeObserver, MovingAverageForgetsSlowly) {
  const Range range = observed({{10}, {20}}).range(Observer::moving_average, 256, 0);
  EXPECT_NEAR(range.high, 10 + 0.01 * (20 - 10), 1e-5);
}

TEST(RangeObserver, PercentileCutsBothEnds) {
  std::vector<float> values;
  for (int i = -1000; i <= 1000; ++i) values.push_back(static_cast<float>(i));
  const Range range = observed({values}).range(Observer::percentile, 256, 90.0);
  EXPECT_NEAR(range.low, -900, 2);
  EXPECT_NEAR(range.high, 900, 2);
}

TEST(RangeObserver, EntropyCutsOffAnOutlier) {
  const Range range = observed({normal_with_outlier(10000, 20.0f)}).range(Observer::entropy, 256, 0);
  EXPECT_LT(range.high, 10.0f);
  EXPECT_GT(range.high, 2.0f);
}

TEST(RangeObserver, MseCutsOffAnOutlierWhereTheOthersGainMore) {
  const auto high = [](size_t count) {
    return observed({normal_with_outlier(count, 12.0f)}).range(Observer::mse, 256, 0).high;
  };
  EXPECT_LT(high(500000), 9.0f);
  EXPECT_GT(high(1000), 11.0f);
}

TEST(RangeObserver, WithoutOutliersMseKeepsNearlyAll) {
  std::vector<float> values;
  for (int i = 0; i < 10000; ++i) values.push_back(static_cast<float>(i % 1000));
  EXPECT_GT(observed({values}).range(Observer::mse, 256, 0).high, 980.0f);
}

TEST(RangeObserver, AllZeroIsAnEmptyRange) {
  for (const Observer kind : {Observer::min_max, Observer::percentile, Observer::entropy, Observer::mse}) {
    EXPECT_EQ(observed({{0, 0, 0}}).range(kind, 256, 99.0), (Range{0, 0})) << name_of(kind);
  }
}

TEST(RangeObserver, CountsWhatIsNotFinite) {
  const RangeObserver observer = observed({{1, NAN, std::numeric_limits<float>::infinity()}});
  EXPECT_EQ(observer.not_finite(), 2);
  EXPECT_EQ(observer.range(Observer::min_max, 256, 0), (Range{0, 1}));
}

TEST(RangeObserver, UnknownNameListsTheNames) {
  try {
    observer_from_name("kl");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage);
    EXPECT_NE(error.hint().find("entropy"), std::string::npos);
  }
}

}  // namespace
}  // namespace whit::compress
