#include "whit_runtime/control/minute.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace whit::rt {
namespace {

constexpr int32_t kStart = 4 * kDayMinutes + 5 * 60;
constexpr uint32_t kFirmware = 0x1234;

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
  Demand minute(int32_t minute, float indoor, float occupancy = 1) {
    return control_minute(options(), table_, kSensorOf, memory(), {minute, {indoor, 5, occupancy, 0}},
                          [&](const float* window, int64_t, float planned, float* features) {
                            ++asked_;
                            float input[2];
                            write_input(table_, window, 0, planned, features, input);
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
  EXPECT_NEAR(loop.state_.controller.forecast.at[0], 21.0f + 0.3f, 1e-4f);
}

TEST(ControlMinute, AsksWhatIfWhenTheModelIsToldWhatIsPlanned) {
  const LagFeature lags[] = {{LagKind::value, 0, 0}, {LagKind::planned, 2, 0}};
  FeatureTable t = table();
  t.lags = lags;
  std::vector<float> asked;
  const Forecast f = ask(t, {nullptr, nullptr, nullptr}, 0, [&](const float*, int64_t, float planned, float*) {
    asked.push_back(planned);
    return 20 + 3 * planned;
  });
  EXPECT_EQ(asked, (std::vector<float>{0, 0.5f, -0.5f}));
  EXPECT_EQ(f.at[0], 20);
  EXPECT_EQ(f.at[1], 23);  // all of the time
  EXPECT_EQ(f.at[2], 17);
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
  EXPECT_FALSE(is_number(loop.state_.controller.forecast.at[0]));
  loop.minute(kStart + 20, 20);  // when one is due
  EXPECT_TRUE(is_number(loop.state_.controller.forecast.at[0]));
  EXPECT_EQ(loop.state_.controller.forecast_age, 1);
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
  seal(table(), first.memory(), kFirmware);
  second.state_ = first.state_;
  memcpy(second.window_, first.window_, sizeof first.window_);
  ASSERT_TRUE(is_sound(table(), second.memory(), kFirmware));
  EXPECT_FALSE(is_sound(table(), second.memory(), kFirmware + 1));
  for (int32_t m = 200; m < 400; ++m) EXPECT_EQ(second.minute(kStart + m, indoor(m)), demands[static_cast<size_t>(m)]);
  second.window_[3] += 1;
  EXPECT_FALSE(is_sound(table(), second.memory(), kFirmware));
}

// The night before: a room that is cold enough for a pre-start, whose readings then stop until after closing time.
TEST(ControlMinute, AGapInAPreStartEndsIt) {
  for (const int32_t back : {18 * 60 + 30, 23 * 60, kDayMinutes + 60}) {
    Loop loop;
    constexpr int32_t kMidnight = 4 * kDayMinutes;
    for (int32_t m = kMidnight + 6 * 60; m < kMidnight + 7 * 60 + 40; ++m) loop.minute(m, 18, 0);
    ASSERT_EQ(loop.state_.controller.preparing, Demand::heat);
    ASSERT_EQ(loop.state_.controller.demand, Demand::heat);
    const float learned = loop.state_.controller.rates[0];
    for (int32_t m = kMidnight + back; m < kMidnight + back + 240; ++m) {
      EXPECT_EQ(loop.minute(m, 18.5f, 0), Demand::off) << back << ", " << m;
    }
    EXPECT_EQ(loop.state_.controller.preparing, Demand::off);
    EXPECT_EQ(loop.state_.controller.prepared_minutes, -1);
    EXPECT_EQ(loop.state_.controller.rates[0], learned);
  }
}

TEST(ControlMinute, AgesByTheMinutesThatPassed) {
  Loop loop;
  const ControllerState& s = loop.state_.controller;
  constexpr int32_t kNight = 4 * kDayMinutes + 60;
  loop.minute(kNight, 20, 1);
  EXPECT_EQ(loop.minute(kNight + 1, 20, 0), Demand::heat);  // somebody was there
  EXPECT_EQ(s.unseen_minutes, 1);
  EXPECT_EQ(loop.minute(kNight + 11, 20, 0), Demand::heat);
  EXPECT_EQ(s.unseen_minutes, 11);
  EXPECT_EQ(loop.minute(kNight + 111, 20, 0), Demand::off);  // and the machine ran long enough
  EXPECT_EQ(s.unseen_minutes, 111);
  EXPECT_EQ(s.demand_minutes, 0);
  loop.minute(kNight + 100, 20, 0);  // set back
  EXPECT_EQ(s.unseen_minutes, 112);
  loop.minute(kNight + 100, 20, 0);  // stands still
  EXPECT_EQ(s.unseen_minutes, 113);
  EXPECT_EQ(s.demand_minutes, 2);
  loop.minute(kNight + 50 * kDayMinutes, 20, 0);
  EXPECT_EQ(s.unseen_minutes, kDayMinutes);
  EXPECT_EQ(s.demand_minutes, kDayMinutes);
}

TEST(ControlMinute, RestsWithoutAClock) {
  Loop loop;
  for (const int32_t minute : {-1, -7, INT32_MIN, INT32_MAX, INT32_MAX - 16 * kDayMinutes + 1}) {
    for (int32_t m = 0; m < 20; ++m) loop.minute(kStart + 5 * 60 + m, 15);
    ASSERT_EQ(loop.state_.controller.demand, Demand::heat);
    EXPECT_EQ(loop.minute(minute, 15), Demand::off);
    EXPECT_EQ(loop.state_.minute, 0);  // anew
    EXPECT_EQ(loop.state_.filled, 0);
    // Set again: the machine rests its time first.
    EXPECT_EQ(loop.minute(kStart + 5 * 60, 15), Demand::off);
    EXPECT_EQ(loop.state_.filled, 1);
  }
  loop.minute(INT32_MAX - 16 * kDayMinutes, 15);
  EXPECT_EQ(loop.state_.filled, 1);
}

}  // namespace
}  // namespace whit::rt
