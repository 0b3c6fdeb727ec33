#include "whit/base/prediction_error.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace whit {
namespace {

TEST(PredictionError, CountsTheFirstOfEachWidth) {
  const std::vector<float> predicted = {1, 9, 4, 9}, wanted = {2, 2};
  const PredictionError error = prediction_error(predicted, wanted, 2);
  EXPECT_DOUBLE_EQ(error.mae, 1.5);
  EXPECT_DOUBLE_EQ(error.rmse, std::sqrt(2.5));
  EXPECT_DOUBLE_EQ(error.p95, 2);
}

TEST(PredictionError, NineteenOfTwentyAreBelowThePercentile) {
  std::vector<float> predicted, wanted(20);
  for (int i = 20; i > 0; --i) predicted.push_back(static_cast<float>(i));
  EXPECT_DOUBLE_EQ(prediction_error(predicted, wanted).p95, 19);
}

}  // namespace
}  // namespace whit
