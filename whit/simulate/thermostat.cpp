#include "whit/simulate/thermostat.hpp"

#include <cmath>

namespace whit::simulate {

Demand Thermostat::keep(const Band& band, double differential_k, float indoor_celsius) {
  if (std::isnan(indoor_celsius)) return demand_;
  const double half = differential_k / 2;
  if (indoor_celsius < band.heat_celsius - half) {
    demand_ = Demand::heat;
  } else if (indoor_celsius > band.cool_celsius + half) {
    demand_ = Demand::cool;
  } else if ((demand_ == Demand::heat && indoor_celsius >= band.heat_celsius + half) ||
             (demand_ == Demand::cool && indoor_celsius <= band.cool_celsius - half)) {
    demand_ = Demand::off;
  }
  return demand_;
}

Demand DeadbandThermostat::decide(const Readings& readings) {
  return keep(options_.occupied, options_.differential_k, readings.indoor_celsius);
}

Demand ScheduledThermostat::decide(const Readings& readings) {
  const int32_t minute = minute_of_day(readings.seconds);
  const bool occupied =
      is_workday(day_of(readings.seconds)) && minute >= options_.first_minute && minute < options_.last_minute;
  return keep(occupied ? options_.occupied : options_.vacant, options_.differential_k, readings.indoor_celsius);
}

Demand VariedThermostat::decide(const Readings& readings) {
  const int64_t day = day_of(readings.seconds);
  Random random{seed_, 0x7a51, static_cast<uint64_t>(day)};
  const double earlier = random.uniform(-1, 1) * options_.varied_start_minutes;
  const double warmer = random.uniform(-1, 1) * options_.varied_setpoint_k;
  const bool all_night = random.uniform() < 0.25;
  const int32_t minute = minute_of_day(readings.seconds);
  const bool occupied =
      is_workday(day) && (all_night || minute >= options_.first_minute - earlier) && minute < options_.last_minute;
  Band band = occupied ? options_.occupied : options_.vacant;
  band.heat_celsius += warmer;
  band.cool_celsius += warmer;
  return keep(band, options_.differential_k, readings.indoor_celsius);
}

}  // namespace whit::simulate
