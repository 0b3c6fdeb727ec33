#include "whit_runtime/control/minute.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace whit::rt {
namespace {

constexpr int32_t kStart = 4 * kDayMinutes + 5 * 60;

ControlOptions options() {
  return {{21, 24}, {16, 28}, 0.5f, 0.2f, {8 * 60, 18 * 60, 0b11111}, 120, 30, 10, 10, 30, 45, 60, 5, 15, 1.0f, 0.1f};
}

const LagFeature kLags[] = {{LagKind::value, 0, 0}, {LagKind::delta, 0, 3}};
const int32_t kSensorOf[] = {0, 1, 3};

FeatureTable table() {
  FeatureTable t{};
  t.kind = FeatureKind::lags;
  t.channels = 3;
  t.rows = 4;
  t.lags = kLags;
  t.lag_count = 2;
  t.steps = t.every = 1;
  t.change_of = -1;
  return t;
}

class Loop {
 public:
  Loop() { reset_control(options(), table_, memory()); }
  ControlMemory memory() { return {&state_, window_, features_}; }
  Demand minute(int32_t minute, float indoor) {
    return control_minute(options(), table_, kSensorOf, memory(), {minute, {indoor, 5, 1, 0}},
                          [&](const float* window, int64_t, float* features) {
                            ++asked_;
                            float input[2];
                            write_input(table_, window, 0, features, input);
                            return input[0] + input[1];
                          });
  }
  ControlState state_;
  float window_[12], features_[kMotionFeatures];
  int32_t asked_ = 0;

 private:
  FeatureTable table_ = table();
};

TEST(ControlMinute, AsksTheModelWhenTheWindowIsFull) {
  Loop loop;
  for (int32_t m = 0; m < 3; ++m) loop.minute(kStart + m, 20);
  EXPECT_EQ(loop.asked_, 0);
  for (int32_t m = 3; m < 13; ++m) loop.minute(kStart + m, 20 + 0.1f * static_cast<float>(m));
  EXPECT_EQ(loop.asked_, 2);
  EXPECT_NEAR(loop.state_.controller.forecast, 21.0f + 0.3f, 1e-4f);
}

TEST(ControlMinute, HoldsAMissingValueForAWhile) {
  Loop loop;
  for (int32_t m = 0; m < 10; ++m) loop.minute(kStart + m, 20);
  for (int32_t m = 10; m < 25; ++m) loop.minute(kStart + m, kNoNumber);
  EXPECT_EQ(loop.state_.filled, 4);
  EXPECT_EQ(loop.state_.controller.mode, Mode::predictive);
  loop.minute(kStart + 25, kNoNumber);
  EXPECT_EQ(loop.state_.filled, 0);
  EXPECT_EQ(loop.state_.controller.mode, Mode::blind);
  loop.minute(kStart + 26, 20);
  EXPECT_EQ(loop.state_.filled, 1);
  EXPECT_EQ(loop.state_.controller.mode, Mode::thermostat);  // no forecast until the window is full again
  for (int32_t m = 27; m < 31; ++m) loop.minute(kStart + m, 20);
  EXPECT_EQ(loop.state_.filled, 4);
}

TEST(ControlMinute, BeginsAnewAfterAGap) {
  Loop loop;
  for (int32_t m = 0; m < 10; ++m) loop.minute(kStart + m, 20);
  loop.minute(kStart + 13, 20);  // a short one is filled
  EXPECT_EQ(loop.state_.filled, 4);
  loop.minute(kStart + 60, 20);
  EXPECT_EQ(loop.state_.filled, 1);
  loop.minute(kStart, 20);  // time goes back
  EXPECT_EQ(loop.state_.filled, 1);
}

TEST(ControlMinute, GoesOnAfterARestart) {
  Loop through, first, second;
  std::vector<Demand> demands;
  const auto indoor = [](int32_t m) { return 17.0f + 0.01f * static_cast<float>(m * 7919 % 500); };
  for (int32_t m = 0; m < 400; ++m) demands.push_back(through.minute(kStart + m, indoor(m)));
  for (int32_t m = 0; m < 200; ++m) first.minute(kStart + m, indoor(m));
  seal(table(), first.memory());
  second.state_ = first.state_;
  memcpy(second.window_, first.window_, sizeof first.window_);
  ASSERT_TRUE(is_sound(table(), second.memory()));
  for (int32_t m = 200; m < 400; ++m) EXPECT_EQ(second.minute(kStart + m, indoor(m)), demands[static_cast<size_t>(m)]);
  second.window_[3] += 1;
  EXPECT_FALSE(is_sound(table(), second.memory()));
}

}  // namespace
}  // namespace whit::rt
