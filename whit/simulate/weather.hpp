// Weather of a year by the hour, and between the hours.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "whit/simulate/sun.hpp"

namespace whit::simulate {

struct WeatherHour {
  double outdoor_celsius, wind_m_s;  // at the end of the hour
  Sky sky;                           // means of the hour
};

// A year of 365 days that stands for every year.
struct WeatherYear {
  std::string name;  // where it comes from, for people
  Place place;
  std::vector<WeatherHour> hours;              // 8760; the first ends at 1 o'clock of January 1st
  std::array<double, 12> ground_celsius = {};  // in the middle of each month, at half a metre
};

// An EnergyPlus weather file (.epw or .epw.xz), as the EnergyPlus Auxiliary Programs manual has it. Error bad_input
// with the line for what is no such file.
WeatherYear read_epw(const std::string& file);

// Weather without a file. Temperature: a mean with a yearly and a daily sine (coldest on 21 January, warmest at half
// past two) plus an Ornstein-Uhlenbeck process. Sun: the clear sky of Haurwitz (1945), times a clearness drawn anew
// each day and smooth within it; split into direct and diffuse by Erbs, Klein & Duffie (1982). Wind: lognormal,
// correlated over hours.
struct WeatherGenerator {
  Place place;
  double mean_celsius = 0;
  double yearly_swing_k = 0, daily_swing_k = 0;     // from mean to peak
  double anomaly_k = 0, anomaly_hours = 0;          // deviation and correlation time of the process
  double clearness_mean = 0, clearness_spread = 0;  // of the clear sky's radiation; uniform around the mean
  double wind_mean_m_s = 0;
};
WeatherYear generate_weather(const WeatherGenerator& generator, uint64_t seed);

struct WeatherNow {
  double outdoor_celsius, wind_m_s, ground_celsius;
  Sky sky;
  Sun sun;
};

// At a moment of local standard time; 29 February is 28 February again. Temperature and wind are linear between the
// hours. Radiation is linear between the middles of the hours and 0 at night, as EnergyPlus does it.
WeatherNow weather_at(const WeatherYear& year, int64_t seconds);

}  // namespace whit::simulate
