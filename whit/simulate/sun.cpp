#include "whit/simulate/sun.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>

namespace whit::simulate {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
constexpr double kSolarConstant = 1367;  // W/m2, Duffie & Beckman section 1.2

}  // namespace

Sun sun_at(int64_t seconds, const Place& place) {
  const auto days = std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(std::chrono::seconds(seconds)));
  const std::chrono::year_month_day date{days};
  const auto day_of_year = (days - std::chrono::sys_days(date.year() / 1 / 1)).count();
  const double hour = static_cast<double>(seconds - days.time_since_epoch().count() * 86400LL) / 3600;
  const double b = 2 * std::numbers::pi * (static_cast<double>(day_of_year) + hour / 24) / 365;
  const double c1 = std::cos(b), s1 = std::sin(b), c2 = c1 * c1 - s1 * s1, s2 = 2 * s1 * c1;
  const double c3 = c2 * c1 - s2 * s1, s3 = s2 * c1 + c2 * s1;
  const double declination =
      0.006918 - 0.399912 * c1 + 0.070257 * s1 - 0.006758 * c2 + 0.000907 * s2 - 0.002697 * c3 + 0.00148 * s3;
  const double equation_minutes = 229.18 * (0.000075 + 0.001868 * c1 - 0.032077 * s1 - 0.014615 * c2 - 0.04089 * s2);
  const double solar_hour = hour + place.longitude_deg / 15 - place.zone_hours + equation_minutes / 60;
  const double hour_angle = (solar_hour - 12) * 15 * kDegree;
  const double sin_latitude = std::sin(place.latitude_deg * kDegree),
               cos_latitude = std::cos(place.latitude_deg * kDegree);
  const double sin_declination = std::sin(declination), cos_declination = std::cos(declination);
  const double cos_hour = std::cos(hour_angle);
  Sun sun;
  sun.sin_height = sin_latitude * sin_declination + cos_latitude * cos_declination * cos_hour;
  sun.cos_azimuth = cos_latitude * sin_declination - sin_latitude * cos_declination * cos_hour;
  sun.sin_azimuth = -cos_declination * std::sin(hour_angle);
  sun.extraterrestrial_w_m2 = kSolarConstant * (1.00011 + 0.034221 * c1 + 0.00128 * s1 + 0.000719 * c2 + 0.000077 * s2);
  return sun;
}

Irradiance on_surface(Facing facing, const Sun& sun, const Sky& sky, double albedo) {
  Irradiance on;
  switch (facing) {
    case Facing::north:
      on.cos_incidence = sun.cos_azimuth;
      break;
    case Facing::east:
      on.cos_incidence = sun.sin_azimuth;
      break;
    case Facing::south:
      on.cos_incidence = -sun.cos_azimuth;
      break;
    case Facing::west:
      on.cos_incidence = -sun.sin_azimuth;
      break;
    case Facing::up:
      on.cos_incidence = sun.sin_height;
      break;
  }
  const bool is_day = sun.sin_height > 0;
  on.cos_incidence = is_day ? std::max(0.0, on.cos_incidence) : 0;
  on.beam = sky.direct_normal * on.cos_incidence;
  if (facing == Facing::up) {
    on.diffuse = sky.diffuse_horizontal;
  } else {
    const double ground = sky.diffuse_horizontal + (is_day ? sky.direct_normal * sun.sin_height : 0);
    on.diffuse = 0.5 * sky.diffuse_horizontal + 0.5 * albedo * ground;
  }
  return on;
}

double through_glass(const Irradiance& irradiance) {
  constexpr double kB0 = 0.1;
  // Below a cosine of b0 / (1 + b0) nothing is left.
  const double beam = irradiance.cos_incidence > 0 ? std::max(0.0, 1 - kB0 * (1 / irradiance.cos_incidence - 1)) : 0;
  return irradiance.beam * beam + irradiance.diffuse * (1 - kB0);
}

}  // namespace whit::simulate
