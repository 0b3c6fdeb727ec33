#include "whit/simulate/simulation.hpp"

#include <algorithm>
#include <cmath>

namespace whit::simulate {
namespace {

constexpr double kStepS = 60;
constexpr double kOuterFilmWM2K = 25;   // ISO 6946, table 7
constexpr double kRoofRadiatesK = 3.9;  // to the clear sky: ASHRAE Handbook of Fundamentals, sol-air temperature
constexpr double kStartCelsius = 20;    // of everything, before the warm-up

std::shared_ptr<const WeatherYear> weather_of(const SimulationOptions& options, uint64_t seed) {
  if (options.weather) return options.weather;
  return std::make_shared<const WeatherYear>(generate_weather(options.generator, seed));
}

}  // namespace

Simulation::Simulation(const SimulationOptions& options, uint64_t seed)
    : options_(options),
      weather_(weather_of(options, seed)),
      seconds_(options.start_seconds - options.warm_up_days * kDayS),
      anomaly_random_{seed, 0xa503},
      anomaly_(options.weather ? options.anomaly_k * anomaly_random_.normal() : 0),
      building_(options.network, {kStartCelsius, kStartCelsius, kStartCelsius, kStartCelsius}),
      occupancy_(options.occupancy, seed),
      heat_pump_(options.heat_pump),
      sensors_(options.sensors, seed) {
  truth_.air_celsius = kStartCelsius;
  truth_.outdoor_celsius = weather_at(*weather_, seconds_).outdoor_celsius + anomaly_;
  truth_.people = occupancy_.people(seconds_);
  readings_ = sensors_.read(seconds_, truth_.air_celsius, truth_.outdoor_celsius, truth_.people > 0, Demand::off);
  ScheduledThermostat thermostat(options.thermostat);
  while (seconds_ < options.start_seconds) step(thermostat.decide(readings_));
  building_.restart_balance();
  sources_ = {};
  truth_.electric_kwh = truth_.peak_kw = quarter_kwh_ = 0;
  truth_.starts = 0;
  starts_before_ = heat_pump_.starts();
}

Boundary Simulation::boundary(const WeatherNow& now, int32_t people, double pump_w) {
  const Envelope& e = options_.envelope;
  Boundary b;
  b.outside_celsius = now.outdoor_celsius;
  b.ground_celsius = now.ground_celsius;
  double sun_w = 0, wall_sun_w = 0, wall_m2 = 0;
  for (int32_t i = 0; i < kWalls; ++i) {
    const Irradiance on = on_surface(static_cast<Facing>(i), now.sun, now.sky, options_.ground_albedo);
    const auto at = static_cast<size_t>(i);
    sun_w += e.solar_heat_gain * e.window_m2[at] * through_glass(on);
    wall_sun_w += e.wall_m2[at] * on.total();
    wall_m2 += e.wall_m2[at];
  }
  const double roof_sun = on_surface(Facing::up, now.sun, now.sky, options_.ground_albedo).total();
  b.wall_surface_celsius =
      now.outdoor_celsius + (wall_m2 > 0 ? e.wall_absorptance * wall_sun_w / wall_m2 / kOuterFilmWM2K : 0);
  b.roof_surface_celsius = now.outdoor_celsius + e.roof_absorptance * roof_sun / kOuterFilmWM2K - kRoofRadiatesK;
  const double infiltration = e.infiltration_m3_s * now.wind_m_s * (people > 0 ? e.infiltration_occupied : 1);
  const double ventilation = people > 0 ? e.ventilation_m3_s + people * e.ventilation_person_m3_s : 0;
  b.air_change_w_k = kAirHeatJM3K * (infiltration + ventilation);
  const double people_w = people * e.person_w;
  const double there = options_.occupancy.people > 0 ? double(people) / options_.occupancy.people : 0;
  const double devices_w = e.devices_w * (e.devices_vacant + (1 - e.devices_vacant) * there);
  for (size_t i = 0; i < kNodes; ++i) b.heat_w[i] = sun_w * e.solar_share[i] + (people_w + devices_w) * e.gain_share[i];
  b.heat_w[kAir] += pump_w;
  sources_.sun += kStepS * sun_w;
  sources_.people += kStepS * people_w;
  sources_.devices += kStepS * devices_w;
  sources_.heat_pump += kStepS * pump_w;
  return b;
}

void Simulation::step(Demand demand) {
  WeatherNow now = weather_at(*weather_, seconds_ + 30);
  if (options_.weather && options_.anomaly_k > 0) {
    const double keep = std::exp(-1 / (60 * options_.anomaly_hours));
    anomaly_ = keep * anomaly_ + std::sqrt(1 - keep * keep) * options_.anomaly_k * anomaly_random_.normal();
  }
  now.outdoor_celsius += anomaly_;
  const HeatPump::Output output = heat_pump_.step(demand, now.outdoor_celsius);
  building_.step(boundary(now, occupancy_.people(seconds_), output.heat_w), kStepS);
  seconds_ += 60;

  truth_.air_celsius = building_.celsius()[kAir];
  truth_.outdoor_celsius = now.outdoor_celsius;
  truth_.people = occupancy_.people(seconds_);
  truth_.running = heat_pump_.running();
  truth_.electric_w = output.electric_w;
  const double kwh = output.electric_w / 60e3;
  truth_.electric_kwh += kwh;
  quarter_kwh_ += kwh;
  if (seconds_ % 900 == 0) {
    truth_.peak_kw = std::max(truth_.peak_kw, 4 * quarter_kwh_);
    quarter_kwh_ = 0;
  }
  truth_.starts = heat_pump_.starts() - starts_before_;
  readings_ = sensors_.read(seconds_, truth_.air_celsius, truth_.outdoor_celsius, truth_.people > 0, truth_.running);
}

}  // namespace whit::simulate
