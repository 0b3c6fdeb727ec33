// What sensors make of the truth: noise, steps, missing samples.
#pragma once

#include <cstdint>

#include "whit/base/random.hpp"
#include "whit/simulate/readings.hpp"

namespace whit::simulate {

struct SensorOptions {
  double indoor_noise_k = 0, outdoor_noise_k = 0;  // standard deviation of each sample
  double step_k = 0;                               // readings are multiples of this; 0: any
  // Indoor, outdoor and occupancy sensors fall silent independently of each other.
  double gaps_a_day = 0;
  double gap_minutes = 1;  // mean; lengths are geometric
};

class Sensors {
 public:
  Sensors(const SensorOptions& options, uint64_t seed) : options_(options), random_{seed, 0x5e50} {}
  // Of the next minute.
  Readings read(int64_t seconds, double indoor_celsius, double outdoor_celsius, bool occupied, Demand running);

 private:
  bool silent(int32_t sensor);

  SensorOptions options_;
  Random random_;
  bool silent_[3] = {};
};

}  // namespace whit::simulate
