#include "whit_runtime/control/controller.hpp"

#include <gtest/gtest.h>

namespace whit::rt {
namespace {

constexpr int32_t kMonday = 4 * kDayMinutes;  // 1970-01-05 0:00
constexpr int32_t kEight = kMonday + 8 * 60;

ControlOptions options() {
  return {{21, 24}, {16, 28}, 0.5f, 0.2f, {8 * 60, 18 * 60, 0b11111}, 120, 30, 10, 10, 30, 45, 60, 5, 15, 1.0f, 0.1f};
}

// A room that neither gains nor loses, and a forecast that is always the same.
class Room {
 public:
  explicit Room(int32_t minute) : minute_(minute) { reset_controller(options_, state_); }
  Demand live(int32_t minutes, float celsius, float forecast) {
    return live(minutes, celsius, Forecast{{forecast, forecast, forecast}});
  }
  Demand live(int32_t minutes, float celsius, const Forecast& forecast) {
    for (int32_t i = 0; i < minutes; ++i, ++minute_) {
      if (is_forecast_due(options_, minute_)) take_forecast(options_, state_, minute_, forecast, celsius);
      decide(options_, state_, minute_, celsius, occupied_);
    }
    return state_.demand;
  }
  // Minutes before `until` at which the machine was started; -1: never.
  int32_t start_before(int32_t until, float celsius, float forecast) {
    return start_before(until, celsius, Forecast{{forecast, forecast, forecast}});
  }
  int32_t start_before(int32_t until, float celsius, const Forecast& forecast) {
    while (minute_ < until) {
      if (live(1, celsius, forecast) != Demand::off) return until - minute_ + 1;
    }
    return -1;
  }
  void skip(int32_t minutes) { minute_ += minutes; }
  ControllerState& state() { return state_; }
  void occupy(bool occupied) { occupied_ = occupied; }
  int32_t minute() const { return minute_; }

 private:
  ControlOptions options_ = rt::options();
  ControllerState state_;
  int32_t minute_;
  bool occupied_ = false;
};

TEST(Schedule, KnowsDaysAndHours) {
  const Schedule s = options().schedule;
  EXPECT_FALSE(is_open(s, kEight - 1));
  EXPECT_TRUE(is_open(s, kEight));
  EXPECT_FALSE(is_open(s, kMonday + 18 * 60));
  EXPECT_EQ(minutes_to_open(s, kMonday), 8 * 60);
  EXPECT_EQ(minutes_to_open(s, kEight + 60), 0);
  EXPECT_EQ(minutes_to_close(s, kEight), 600);
  const int32_t friday_evening = kMonday + 4 * kDayMinutes + 18 * 60;
  EXPECT_EQ(minutes_to_open(s, friday_evening), 62 * 60);
  EXPECT_EQ(minutes_to_open({480, 1080, 0}, kMonday), 8 * kDayMinutes);
}

TEST(Trend, IsALineOfLeastSquares) {
  Trend trend{};
  EXPECT_EQ(line_of(trend).level, 0);
  push(trend, 20);
  EXPECT_EQ(line_of(trend).level, 20);
  EXPECT_EQ(line_of(trend).slope, 0);
  for (int i = 0; i < 30; ++i) push(trend, 20.0f + 0.01f * static_cast<float>(i));
  EXPECT_NEAR(line_of(trend).level, 20.29f, 1e-4f);
  EXPECT_NEAR(line_of(trend).slope, 0.01f, 1e-5f);
}

TEST(Controller, StartsAsLateAsTheRoomStillGetsWarm) {
  // 4 K at 0.1 K a minute: 40 minutes.
  EXPECT_NEAR(Room(kEight - 120).start_before(kEight, 17, 17), 40, 1);
  // Little is missing: the shortest lead. More than it can do: the longest.
  EXPECT_EQ(Room(kEight - 120).start_before(kEight, 20.5f, 20.5f), 30);
  EXPECT_EQ(Room(kEight - 45).start_before(kEight, 16.6f, 15), 45);
  // Comfortable, and it stays so; a hot room is cooled.
  EXPECT_EQ(Room(kEight - 120).start_before(kEight, 22, 22), -1);
  EXPECT_EQ(Room(kEight - 120).start_before(kEight, 24.5f, 24.5f), 30);
}

TEST(Controller, StartsEarlierForAForecastOfCold) {
  EXPECT_EQ(Room(kEight - 60).start_before(kEight, 19, 19), 30);
  EXPECT_EQ(Room(kEight - 45).start_before(kEight, 19, 14), 45);
}

TEST(Controller, StartsAsEarlyAsTheGainThatIsForeseenNeeds) {
  // 3 K are missing; running is foreseen to gain 6 K an hour, or 4.5.
  EXPECT_NEAR(Room(kEight - 120).start_before(kEight, 18, {{18, 24, 18}}), 30, 1);
  EXPECT_NEAR(Room(kEight - 120).start_before(kEight, 18, {{18, 22.5f, 18}}), 40, 1);
  EXPECT_NEAR(Room(kEight - 120).start_before(kEight, 27, {{27, 27, 22.5f}}), 40, 1);
}

TEST(Controller, HoldsAtNightWhatTheLongestStartMakesGood) {
  // 2 K an hour: 1.5 K in 45 minutes, less what is lost meanwhile. Two days ahead the same temperature is no harm, nor
  // on an open day on which nobody is there.
  Room cold(kEight - 180), weekend(kMonday + 5 * kDayMinutes);
  EXPECT_EQ(cold.live(20, 19.6f, {{19.6f, 21.6f, 19.6f}}), Demand::off);
  EXPECT_EQ(cold.live(20, 19.4f, {{19.4f, 21.4f, 19.4f}}), Demand::heat);
  EXPECT_EQ(weekend.live(20, 19.4f, {{19.4f, 21.4f, 19.4f}}), Demand::off);
  Room losing(kEight - 180), holiday(kEight + 240);
  EXPECT_EQ(losing.live(20, 19.6f, {{19, 21, 19}}), Demand::heat);
  EXPECT_EQ(holiday.live(20, 19.4f, {{19.4f, 21.4f, 19.4f}}), Demand::off);
  Room hot(kEight - 180);  // and cools by itself
  EXPECT_EQ(hot.live(20, 26, {{25.5f, 25.5f, 24.5f}}), Demand::off);
  EXPECT_EQ(hot.live(20, 26, {{26.5f, 26.5f, 25.5f}}), Demand::cool);
}

TEST(Controller, BelievesNoForecastThatCannotBe) {
  // Heating that gains nothing: past mornings know better.
  EXPECT_NEAR(Room(kEight - 120).start_before(kEight, 17, {{17, 17.04f, 17}}), 40, 1);
  Room broken(kEight);
  broken.live(10, 22, {{22, kNoNumber, 22}});
  EXPECT_EQ(broken.state().mode, Mode::thermostat);
}

TEST(Controller, HoldsAForecastAgainstWhatItDidSince) {
  Room room(kEight);
  room.occupy(true);
  room.live(200, 20, {{18, 22, 10}});  // it heats all the time
  EXPECT_NEAR(room.state().drift, 2, 1e-5f);
  room.live(600, 22, {{22, 25, 18}});  // it rests
  EXPECT_LT(room.state().drift, 0.2f);
}

TEST(Controller, LearnsWhatAMinuteGains) {
  Room room(kEight - 120);
  EXPECT_NEAR(room.start_before(kEight, 17, 17), 40, 1);
  for (float celsius = 17; room.minute() < kEight; celsius += 0.2f) room.live(1, celsius, 21);
  EXPECT_GT(room.state().rates[0], 0.105f);
  EXPECT_EQ(room.state().rates[1], 0.1f);
}

TEST(Controller, EndsAPreStartWhoseOpeningIsFar) {
  Room room(kEight - 30);
  EXPECT_EQ(room.live(20, 18, 18), Demand::heat);
  room.skip(12 * 60);  // it is evening
  EXPECT_EQ(room.live(20, 18, 18), Demand::off);
  EXPECT_EQ(room.state().preparing, Demand::off);
}

TEST(Controller, HoldsTheSetbackBandOutsideOfHours) {
  Room room(kMonday);
  EXPECT_EQ(room.live(20, 16.5f, 16.5f), Demand::off);
  EXPECT_EQ(room.live(20, 15.5f, 16.5f), Demand::heat);
  EXPECT_EQ(room.live(20, 17.5f, 17.5f), Demand::off);
  EXPECT_EQ(room.live(20, 29.0f, 29), Demand::cool);
}

TEST(Controller, HoldsComfortForWhoIsExpectedAndWhoIsThere) {
  Room nobody(kEight);
  EXPECT_EQ(nobody.live(60, 20, 20), Demand::heat);
  EXPECT_EQ(nobody.live(90, 20, 20), Demand::off);  // nobody came
  nobody.occupy(true);
  EXPECT_EQ(nobody.live(15, 20, 20), Demand::heat);
  nobody.occupy(false);
  EXPECT_EQ(nobody.live(20, 20, 20), Demand::heat);  // perhaps they are back soon
  EXPECT_EQ(nobody.live(20, 20, 20), Demand::off);
  Room night(kMonday);
  EXPECT_EQ(night.live(20, 20, 20), Demand::off);
  night.occupy(true);
  EXPECT_EQ(night.live(20, 20, 20), Demand::heat);
}

TEST(Controller, DoesWithoutANeedlessStart) {
  Room warming(kEight), cooling(kEight);
  EXPECT_EQ(warming.live(30, 20.9f, 21.5f), Demand::off);  // 0.1 K outside, and it will be warmer
  EXPECT_EQ(warming.live(10, 20.7f, 21.5f), Demand::heat);
  EXPECT_EQ(cooling.live(10, 20.9f, 20.5f), Demand::heat);
}

TEST(Controller, RestsBeforeClosingTime) {
  Room late(kMonday + 17 * 60 + 40), early(kMonday + 12 * 60);
  late.occupy(true);
  early.occupy(true);
  EXPECT_EQ(late.live(12, 20.95f, 20.7f), Demand::off);  // 0.05 K less until it closes
  EXPECT_EQ(early.live(12, 20.95f, 20.7f), Demand::heat);
}

TEST(Controller, RespectsTheMachine) {
  Room room(kEight);
  EXPECT_EQ(room.live(20, 20, 20), Demand::heat);
  room.state().demand_minutes = 0;
  room.state().trend.count = 0;
  EXPECT_EQ(room.live(9, 23, 23), Demand::heat);  // at least 10 minutes on
  EXPECT_EQ(room.live(1, 23, 23), Demand::off);
  room.state().trend.count = 0;
  EXPECT_EQ(room.live(9, 20, 20), Demand::off);  // and 10 off
  EXPECT_EQ(room.live(1, 20, 20), Demand::heat);
}

TEST(Controller, IsAThermostatWhenTheForecastDrifts) {
  Room room(kMonday + 60);
  room.live(130, 18, 23);  // what comes is 5 K off
  EXPECT_GT(room.state().drift, 4);
  EXPECT_EQ(room.state().mode, Mode::thermostat);
  EXPECT_EQ(room.start_before(kEight, 20.5f, 23), 45);
  room.live(400, 22, 22);  // it mends
  EXPECT_EQ(room.state().mode, Mode::predictive);
}

TEST(Controller, IsAThermostatWithoutAForecast) {
  EXPECT_EQ(Room(kEight - 120).start_before(kEight, 20.5f, kNoNumber), 45);
}

TEST(Controller, RestsWhenItIsBlind) {
  Room room(kEight);
  room.live(20, 20, 20);
  EXPECT_EQ(room.live(20, kNoNumber, kNoNumber), Demand::off);
  EXPECT_EQ(room.state().mode, Mode::blind);
}

}  // namespace
}  // namespace whit::rt
