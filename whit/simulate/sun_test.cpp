#include "whit/simulate/sun.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <numbers>

namespace whit::simulate {
namespace {

constexpr double kDegree = std::numbers::pi / 180;

int64_t seconds(int year, unsigned month, unsigned day, int64_t of_day) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  return std::chrono::sys_days(date).time_since_epoch().count() * 86400LL + of_day;
}

double height_deg(const Sun& sun) { return std::asin(sun.sin_height) / kDegree; }
double azimuth_deg(const Sun& sun) {
  const double azimuth = std::atan2(sun.sin_azimuth, sun.cos_azimuth) / kDegree;
  return azimuth < 0 ? azimuth + 360 : azimuth;
}

// The example of Reda & Andreas 2004 (NREL/TP-560-34302, table A5.1): zenith 50.11 degrees, azimuth 194.34 degrees.
TEST(Sun, StandsWhereTheReferenceAlgorithmSays) {
  const Sun sun = sun_at(seconds(2003, 10, 17, 12 * 3600 + 30 * 60 + 30), {39.742476, -105.1786, -7});
  EXPECT_NEAR(90 - height_deg(sun), 50.11, 0.3);
  EXPECT_NEAR(azimuth_deg(sun), 194.34, 0.3);
}

TEST(Sun, IsOverheadAtTheTropicInJuneAndDownAtNight) {
  const Place tropic{23.44, 0, 0};
  EXPECT_NEAR(height_deg(sun_at(seconds(2023, 6, 21, 12 * 3600 + 120), tropic)), 90, 0.5);
  EXPECT_LT(sun_at(seconds(2023, 6, 21, 0), tropic).sin_height, -0.5);
  // Four days after perihelion 3.3 % more than the mean of 1367 W/m2.
  EXPECT_NEAR(sun_at(seconds(2023, 1, 7, 43200), tropic).extraterrestrial_w_m2, 1367 * 1.034, 3);
}

TEST(Sun, ShinesOnTheEastInTheMorningAndOnTheSouthAtNoon) {
  const Place place{40, 0, 0};
  const Sky sky{800, 100};
  const auto beam = [&](Facing facing, int64_t of_day) {
    return on_surface(facing, sun_at(seconds(2023, 3, 21, of_day), place), sky, 0.2).beam;
  };
  EXPECT_GT(beam(Facing::east, 8 * 3600), 600);
  EXPECT_EQ(beam(Facing::west, 8 * 3600), 0);
  EXPECT_GT(beam(Facing::west, 16 * 3600), 600);
  // At the equinox's noon the sun stands 50 degrees high.
  EXPECT_NEAR(beam(Facing::south, 12 * 3600 + 450), 800 * std::cos(50 * kDegree), 8);
  EXPECT_NEAR(beam(Facing::up, 12 * 3600 + 450), 800 * std::sin(50 * kDegree), 8);
  EXPECT_EQ(beam(Facing::north, 12 * 3600), 0);
  EXPECT_EQ(beam(Facing::south, 0), 0);
}

TEST(Sun, WallsSeeHalfOfTheSkyAndHalfOfTheGround) {
  const Sun sun = sun_at(seconds(2023, 3, 21, 43200), {40, 0, 0});
  const Sky sky{500, 120};
  const double ground = 120 + 500 * sun.sin_height;
  EXPECT_NEAR(on_surface(Facing::north, sun, sky, 0.2).diffuse, 60 + 0.1 * ground, 1e-9);
  EXPECT_NEAR(on_surface(Facing::up, sun, sky, 0.2).total(), ground, 1e-9);
}

TEST(Sun, GlassTurnsAwayWhatComesFlat) {
  EXPECT_DOUBLE_EQ(through_glass({100, 0, 1}), 100);
  EXPECT_NEAR(through_glass({100, 0, 0.5}), 90, 1e-9);
  EXPECT_EQ(through_glass({100, 0, 0.05}), 0);
  EXPECT_NEAR(through_glass({0, 100, 0}), 90, 1e-9);
}

}  // namespace
}  // namespace whit::simulate
