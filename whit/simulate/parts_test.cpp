// People, heat pump, sensors and thermostats, each alone.
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "whit/simulate/heat_pump.hpp"
#include "whit/simulate/occupancy.hpp"
#include "whit/simulate/sensors.hpp"
#include "whit/simulate/thermostat.hpp"

namespace whit::simulate {
namespace {

constexpr int64_t kMonday = 19737 * kDayS;  // 2024-01-15

TEST(Clock, KnowsWorkdays) {
  EXPECT_EQ(day_of(kMonday + 86399), 19737);
  EXPECT_EQ(day_of(-1), -1);
  EXPECT_EQ(minute_of_day(kMonday + 8 * 3600 + 59), 480);
  for (int64_t day = 0; day < 7; ++day) EXPECT_EQ(is_workday(19737 + day), day < 5) << day;
  EXPECT_TRUE(is_workday(0));  // a Thursday
}

OccupancyOptions office() {
  OccupancyOptions o;
  o.people = 28;
  o.attendance = 0.85;
  o.arrive_minute = 510;
  o.leave_minute = 1050;
  o.spread_minutes = 35;
  o.day_spread_minutes = 15;
  o.lunch_minute = 735;
  o.lunch_minutes = 50;
  o.lunch_probability = 0.5;
  return o;
}

TEST(Occupancy, PeopleComeWorkEatAndLeave) {
  Occupancy occupancy(office(), 1);
  double at_ten = 0, at_lunch = 0, at_four = 0;
  for (int week = 0; week < 20; ++week) {
    for (int day = 0; day < 7; ++day) {
      const int64_t midnight = kMonday + (7 * week + day) * kDayS;
      for (const int minute : {0, 180, 1380}) EXPECT_EQ(occupancy.people(midnight + 60 * minute), 0);
      const int people = occupancy.people(midnight + 10 * 3600);
      EXPECT_LE(people, day < 5 ? 28 : 0);
      at_ten += people / 100.0;
      at_lunch += occupancy.people(midnight + 12 * 3600 + 40 * 60) / 100.0;
      at_four += occupancy.people(midnight + 16 * 3600) / 100.0;
    }
  }
  EXPECT_NEAR(at_ten, 0.85 * 28, 0.8);
  EXPECT_NEAR(at_lunch, 0.85 * 28 * 0.5, 2);
  EXPECT_NEAR(at_four, 0.85 * 28, 1.5);
}

TEST(Occupancy, FollowsFromSeedAndDay) {
  Occupancy forwards(office(), 3), backwards(office(), 3), other(office(), 4);
  int64_t same = 0, count = 0;
  for (int64_t minute = 5 * 1440 - 1; minute >= 0; --minute) backwards.people(kMonday + 60 * minute);
  for (int64_t minute = 0; minute < 5 * 1440; ++minute) {
    EXPECT_EQ(forwards.people(kMonday + 60 * minute), backwards.people(kMonday + 60 * minute));
    same += forwards.people(kMonday + 60 * minute) == other.people(kMonday + 60 * minute);
    ++count;
  }
  EXPECT_LT(same, count * 9 / 10);
}

HeatPumpOptions pump() {
  HeatPumpOptions o;
  o.heating = {{-10, 0, 10}, {10, 20, 30}, {2, 3, 4}};
  o.cooling = {{20, 40}, {20, 10}, {4, 2}};
  o.min_on_minutes = 5;
  o.min_off_minutes = 3;
  o.standby_w = 50;
  return o;
}

TEST(HeatPump, CapacityAndCopFollowTheOutdoorTemperature) {
  const auto first_minute = [](Demand demand, double outdoor) { return HeatPump(pump()).step(demand, outdoor); };
  EXPECT_DOUBLE_EQ(first_minute(Demand::heat, 5).heat_w, 25000);
  EXPECT_DOUBLE_EQ(first_minute(Demand::heat, 5).electric_w, 25000 / 3.5);
  EXPECT_DOUBLE_EQ(first_minute(Demand::heat, -30).heat_w, 10000);
  EXPECT_DOUBLE_EQ(first_minute(Demand::heat, 30).heat_w, 30000);
  EXPECT_DOUBLE_EQ(first_minute(Demand::cool, 30).heat_w, -15000);
  EXPECT_DOUBLE_EQ(first_minute(Demand::cool, 30).electric_w, 5000);
  EXPECT_DOUBLE_EQ(first_minute(Demand::off, 0).electric_w, 50);
}

TEST(HeatPump, KeepsItsMinimumTimes) {
  HeatPump pump_(pump());
  const auto minutes = [&](Demand demand, int count) {
    std::string running;
    for (int i = 0; i < count; ++i) {
      pump_.step(demand, 0);
      running += "-HC"[static_cast<int>(pump_.running())];
    }
    return running;
  };
  EXPECT_EQ(minutes(Demand::heat, 1), "H");  // at once: it has stood long enough
  EXPECT_EQ(minutes(Demand::off, 6), "HHHH--");
  EXPECT_EQ(minutes(Demand::heat, 3), "-HH");
  EXPECT_EQ(minutes(Demand::cool, 8), "HHH---CC");
  EXPECT_EQ(pump_.starts(), 3);
}

// Henderson & Rengarajan 1996: with a time constant tau and N starts an hour at half load, the loss of efficiency at
// half load divided by half is the degradation coefficient C_D, of which AHRI 210/240 assumes 0.25.
TEST(HeatPump, CyclingCostsWhatTheStartTakes) {
  HeatPumpOptions options = pump();
  options.start_time_constant_s = 60;
  options.standby_w = 0;
  HeatPump pump_(options);
  double heat = 0, electric = 0;
  for (int minute = 0; minute < 600; ++minute) {  // 10 on, 10 off
    const HeatPump::Output output = pump_.step(minute % 20 < 10 ? Demand::heat : Demand::off, 0);
    heat += output.heat_w;
    electric += output.electric_w;
  }
  const double loss = 1 - heat / electric / 3;
  EXPECT_NEAR(loss, 60 * (1 - std::exp(-10.0)) / 600, 1e-9);  // the missing heat of each start over 10 minutes
  EXPECT_NEAR(loss / 0.5, 0.2, 0.01);
}

TEST(Sensors, AreNoisyAndStepped) {
  Sensors sensors({0.1, 0.2, 0.1, 0, 1}, 1);
  double sum = 0, squares = 0, out = 0;
  for (int i = 0; i < 20000; ++i) {
    const Readings r = sensors.read(60 * i, 21.03, 5, true, static_cast<Demand>(i % 3));
    EXPECT_NEAR(r.indoor_celsius * 10, std::round(r.indoor_celsius * 10), 1e-4);
    sum += r.indoor_celsius - 21.03;
    squares += (r.indoor_celsius - 21.03) * (r.indoor_celsius - 21.03);
    out += (r.outdoor_celsius - 5) * (r.outdoor_celsius - 5);
    EXPECT_EQ(r.occupancy, 1);
    EXPECT_EQ(r.hvac, (std::array{0, 1, -1}[static_cast<size_t>(i % 3)]));
    EXPECT_EQ(r.seconds, 60 * i);
  }
  EXPECT_NEAR(sum / 20000, 0, 0.005);
  EXPECT_NEAR(squares / 20000, 0.01 + 0.01 / 12, 0.0005);  // noise and quantization
  EXPECT_NEAR(out / 20000, 0.04 + 0.01 / 12, 0.002);
}

TEST(Sensors, FallSilentNowAndThen) {
  Sensors sensors({0, 0, 0, 2, 10}, 1);
  int missing = 0, gaps = 0;
  bool before = false;
  constexpr int kDays = 300;
  for (int i = 0; i < kDays * 1440; ++i) {
    const Readings r = sensors.read(60 * i, 20, 5, false, Demand::heat);
    const bool now = std::isnan(r.indoor_celsius);
    missing += now;
    gaps += now && !before;
    before = now;
    EXPECT_FALSE(std::isnan(r.hvac));
  }
  EXPECT_NEAR(gaps / double(kDays), 2, 0.25);
  EXPECT_NEAR(missing / double(gaps), 10, 1);
}

ThermostatOptions thermostat() { return {{21, 24}, {16, 27}, 1, 360, 1140, 1, 120}; }

Readings reading(int64_t seconds, float celsius) { return {seconds, celsius, 5, 0, 0}; }

TEST(Thermostat, SwitchesAHalfDifferentialBesideTheSetpoint) {
  DeadbandThermostat t(thermostat());
  EXPECT_EQ(t.decide(reading(kMonday, 20.6f)), Demand::off);
  EXPECT_EQ(t.decide(reading(kMonday, 20.4f)), Demand::heat);
  EXPECT_EQ(t.decide(reading(kMonday, 21.4f)), Demand::heat);
  EXPECT_EQ(t.decide(reading(kMonday, NAN)), Demand::heat);  // the last demand stands
  EXPECT_EQ(t.decide(reading(kMonday, 21.6f)), Demand::off);
  EXPECT_EQ(t.decide(reading(kMonday, 24.6f)), Demand::cool);
  EXPECT_EQ(t.decide(reading(kMonday, 23.6f)), Demand::cool);
  EXPECT_EQ(t.decide(reading(kMonday, 23.4f)), Demand::off);
}

TEST(Thermostat, TheScheduleSetsBackAtNightAndOnWeekends) {
  const auto demand = [](int64_t day, int minute, float celsius) {
    return ScheduledThermostat(thermostat()).decide(reading(kMonday + day * kDayS + 60 * minute, celsius));
  };
  EXPECT_EQ(demand(0, 359, 18), Demand::off);
  EXPECT_EQ(demand(0, 360, 18), Demand::heat);
  EXPECT_EQ(demand(0, 1140, 18), Demand::off);
  EXPECT_EQ(demand(0, 0, 15), Demand::heat);
  EXPECT_EQ(demand(5, 600, 18), Demand::off);
  EXPECT_EQ(demand(5, 600, 28), Demand::cool);
}

TEST(Thermostat, TheVariedOneStartsWhenItLikes) {
  int early = 0, late = 0, all_night = 0;
  for (int64_t week = 0; week < 40; ++week) {
    for (int64_t day = 0; day < 5; ++day) {
      const auto demand = [&](int minute) {
        return VariedThermostat(thermostat(), 7).decide(reading(kMonday + (7 * week + day) * kDayS + 60 * minute, 18));
      };
      EXPECT_EQ(demand(700), Demand::heat);
      all_night += demand(60) == Demand::heat;
      early += demand(60) == Demand::off && demand(330) == Demand::heat;
      late += demand(390) == Demand::off;
    }
  }
  EXPECT_NEAR(all_night, 50, 20);
  EXPECT_NEAR(early, 150 * 0.375, 20);
  EXPECT_NEAR(late, 150 * 0.375, 20);
}

}  // namespace
}  // namespace whit::simulate
