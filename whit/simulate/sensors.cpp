#include "whit/simulate/sensors.hpp"

#include <cmath>
#include <limits>

namespace whit::simulate {

bool Sensors::silent(int32_t sensor) {
  const double changes = silent_[sensor] ? 1 / options_.gap_minutes : options_.gaps_a_day / 1440;
  if (random_.uniform() < changes) silent_[sensor] = !silent_[sensor];
  return silent_[sensor];
}

Readings Sensors::read(int64_t seconds, double indoor_celsius, double outdoor_celsius, bool occupied, Demand running) {
  constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();
  const auto measured = [&](double truth, double noise) {
    const double value = truth + noise * random_.normal();
    return static_cast<float>(options_.step_k > 0 ? options_.step_k * std::round(value / options_.step_k) : value);
  };
  // All is drawn each minute, so that what one sensor does moves no other.
  const float indoor = measured(indoor_celsius, options_.indoor_noise_k);
  const float outdoor = measured(outdoor_celsius, options_.outdoor_noise_k);
  const bool silent_indoor = silent(0), silent_outdoor = silent(1), silent_occupancy = silent(2);
  return {seconds, silent_indoor ? kMissing : indoor, silent_outdoor ? kMissing : outdoor,
          silent_occupancy ? kMissing
          : occupied       ? 1.0f
                           : 0.0f,
          running == Demand::heat   ? 1.0f
          : running == Demand::cool ? -1.0f
                                    : 0.0f};
}

}  // namespace whit::simulate
