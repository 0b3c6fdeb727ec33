// The controllers that a forecast has to beat, and the one that makes training data.
#pragma once

#include <cstdint>

#include "whit/base/random.hpp"
#include "whit/simulate/readings.hpp"

namespace whit::simulate {

// Setpoints of heating and of cooling.
struct Band {
  double heat_celsius = 0, cool_celsius = 0;
};

struct ThermostatOptions {
  Band occupied, vacant;
  double differential_k = 1;                  // between switching on and off; half of it on each side of the setpoint
  int32_t first_minute = 0, last_minute = 0;  // of workdays: the occupied band holds in [first, last)
  // For VariedThermostat.
  double varied_setpoint_k = 0;
  int32_t varied_start_minutes = 0;
};

class Thermostat {
 public:
  virtual ~Thermostat() = default;
  // Once a minute. Minimum on and off times are the heat pump's own affair. While the indoor temperature is missing the
  // last demand stands.
  virtual Demand decide(const Readings& readings) = 0;

 protected:
  Demand keep(const Band& band, double differential_k, float indoor_celsius);

 private:
  Demand demand_ = Demand::off;
};

// The occupied band day and night.
class DeadbandThermostat : public Thermostat {
 public:
  explicit DeadbandThermostat(const ThermostatOptions& options) : options_(options) {}
  Demand decide(const Readings& readings) override;

 private:
  ThermostatOptions options_;
};

// The occupied band by the clock, the vacant one in between.
class ScheduledThermostat : public Thermostat {
 public:
  explicit ScheduledThermostat(const ThermostatOptions& options) : options_(options) {}
  Demand decide(const Readings& readings) override;

 private:
  ThermostatOptions options_;
};

// As a floor that people set as they like: each day begins up to `varied_start_minutes` earlier or later, its setpoints
// lie up to `varied_setpoint_k` higher or lower, and one workday in four keeps the occupied band all night before. So
// the data shows early starts, late starts and drifting floors. Uniform; follows from seed and day alone.
class VariedThermostat : public Thermostat {
 public:
  VariedThermostat(const ThermostatOptions& options, uint64_t seed) : options_(options), seed_(seed) {}
  Demand decide(const Readings& readings) override;

 private:
  ThermostatOptions options_;
  uint64_t seed_;
};

}  // namespace whit::simulate
