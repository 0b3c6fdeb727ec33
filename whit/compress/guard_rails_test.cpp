#include "whit/compress/guard_rails.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace whit::compress {
namespace {

// `count` different samples of two values, their labels going round 0, 1, 2.
data::Samples samples(int64_t count, float first = 0.0f) {
  data::Samples result;
  result.shape = {2};
  for (int64_t i = 0; i < count; ++i) {
    result.values.insert(result.values.end(), {first + static_cast<float>(i), 1.0f});
    result.labels.push_back(static_cast<float>(i % 3));
  }
  return result;
}

TEST(CalibrationProblems, NoneForSoundData) {
  EXPECT_TRUE(calibration_problems(samples(100), "calibration", 3, samples(50, 1000)).empty());
}

TEST(CalibrationProblems, NamesEach) {
  const data::Samples test = samples(50, 1000);
  const auto only = [](const std::vector<std::string>& problems) { return problems.size() == 1 ? problems[0] : ""; };
  EXPECT_NE(only(calibration_problems(samples(100), "train", 3, test)).find("training split"), std::string::npos);
  EXPECT_NE(only(calibration_problems(samples(99), "0:99", 3, test)).find("99 samples"), std::string::npos);
  EXPECT_NE(only(calibration_problems(samples(100), "", 4, test)).find("class 3"), std::string::npos);
  data::Samples broken = samples(100);
  broken.values[7] = NAN;
  EXPECT_NE(only(calibration_problems(broken, "", 3, test)).find("1 values"), std::string::npos);
  EXPECT_NE(only(calibration_problems(samples(100), "", 3, samples(50, 90))).find("10 samples"), std::string::npos);
}

}  // namespace
}  // namespace whit::compress
