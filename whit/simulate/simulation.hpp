// A floor of a building with its people, its heat pump and its sensors, minute by minute: what a controller is tried
// on. docs/guide/simulate.md has the equations, the sources of the parameters, and what was checked.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "whit/base/random.hpp"
#include "whit/base/toml.hpp"
#include "whit/simulate/building.hpp"
#include "whit/simulate/heat_pump.hpp"
#include "whit/simulate/occupancy.hpp"
#include "whit/simulate/readings.hpp"
#include "whit/simulate/sensors.hpp"
#include "whit/simulate/thermostat.hpp"
#include "whit/simulate/weather.hpp"

namespace whit::simulate {

constexpr double kAirHeatJM3K = 1206;  // density times heat capacity of air at 20 degrees

// How weather and people act on the network.
struct Envelope {
  std::array<double, kWalls> window_m2 = {}, wall_m2 = {};  // by Facing
  double solar_heat_gain = 0;                               // of the windows at normal incidence, frames included
  double wall_absorptance = 0, roof_absorptance = 0;
  double infiltration_m3_s = 0;               // at a wind of 1 m/s
  double infiltration_occupied = 1;           // share of it while the ventilation keeps the floor at a higher pressure
  double ventilation_m3_s = 0;                // while somebody is there
  double ventilation_person_m3_s = 0;         // ... for each
  double person_w = 0;                        // sensible heat
  double devices_w = 0;                       // lights and plugs when everybody is there
  double devices_vacant = 0;                  // share of it when nobody is
  PerNode solar_share = {}, gain_share = {};  // where the sun, and the heat of people and devices, arrive; sum 1
};

struct SimulationOptions {
  int64_t start_seconds = 0;  // local standard time since 1970, at midnight
  int32_t warm_up_days = 0;   // before that, under the scheduled thermostat: so that walls and slab know the season
  Network network;
  Envelope envelope;
  double ground_albedo = 0.2;
  std::shared_ptr<const WeatherYear> weather;  // none: generated anew for each seed
  WeatherGenerator generator;
  // Added to the temperatures of `weather`, so that each seed has a year of its own: an Ornstein-Uhlenbeck process.
  double anomaly_k = 0, anomaly_hours = 1;
  OccupancyOptions occupancy;
  HeatPumpOptions heat_pump;
  SensorOptions sensors;
  ThermostatOptions thermostat;
};

// The tables [building], [weather], [occupancy], [heat_pump], [sensors] and [thermostat] of a building.toml, and its
// `start` and `warm_up_days`; other tables are the caller's. Error bad_input at file, line and key.
SimulationOptions read_simulation(const TomlTable& root);

// A time of the day, "07:30", in minutes; "24:00" is 1440. Error bad_input.
int32_t minute_of_day(const TomlTable& table, const std::string& key);

// The midnight that begins a date such as "2024-01-15". Error bad_input at `where`.
int64_t seconds_of_date(const std::string& date, const std::string& where);

// What no controller sees. Sums begin after the warm-up.
struct Truth {
  double air_celsius = 0, outdoor_celsius = 0;
  int32_t people = 0;
  Demand running = Demand::off;
  double electric_w = 0;    // mean of the last minute, of the heat pump
  double electric_kwh = 0;  // of the heat pump
  double peak_kw = 0;       // highest mean of a quarter of an hour by the clock
  int64_t starts = 0;       // of the heat pump
};

// Where the heat of HeatBalance.heat came from [J].
struct HeatSources {
  double sun = 0, people = 0, devices = 0, heat_pump = 0;
};

class Simulation {
 public:
  // The same options and seed give the same weather, people and noise, whatever the controller does.
  Simulation(const SimulationOptions& options, uint64_t seed);

  const Readings& readings() const { return readings_; }
  // The next minute.
  void step(Demand demand);

  const Truth& truth() const { return truth_; }
  double electric_kwh() const { return truth_.electric_kwh; }
  const Building& building() const { return building_; }
  const HeatSources& heat_sources() const { return sources_; }

 private:
  Boundary boundary(const WeatherNow& now, int32_t people, double pump_w);

  SimulationOptions options_;
  std::shared_ptr<const WeatherYear> weather_;
  int64_t seconds_;
  Random anomaly_random_;
  double anomaly_;
  Building building_;
  Occupancy occupancy_;
  HeatPump heat_pump_;
  Sensors sensors_;
  Readings readings_;
  Truth truth_;
  HeatSources sources_;
  double quarter_kwh_ = 0;
  int64_t starts_before_ = 0;
};

}  // namespace whit::simulate
