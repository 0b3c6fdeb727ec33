// An air-source heat pump of one speed, on or off, that heats or cools.
#pragma once

#include <cstdint>
#include <vector>

#include "whit/simulate/readings.hpp"

namespace whit::simulate {

// At full load, by outdoor temperature: linear between the points, constant beyond them.
struct Performance {
  std::vector<double> outdoor_celsius;  // rising
  std::vector<double> capacity_kw;      // heat brought into the room, or sensible heat taken out of it
  std::vector<double> cop;              // of it, over all electricity: compressor, fans, control
};

struct HeatPumpOptions {
  Performance heating, cooling;
  int32_t min_on_minutes = 0, min_off_minutes = 0;
  // After a start the capacity rises as 1 - exp(-t / this), at full power from the first second (Henderson & Rengarajan
  // 1996): what makes cycling cost energy. 0: at once.
  double start_time_constant_s = 0;
  double standby_w = 0;  // crankcase heater and control while it is off
};

class HeatPump {
 public:
  explicit HeatPump(const HeatPumpOptions& options) : options_(options), minutes_(options.min_off_minutes) {}

  struct Output {
    double heat_w = 0;  // into the room; negative when it cools
    double electric_w = 0;
  };
  // Means of the next minute. The demand waits while the minimum on or off time is not over; between heating and
  // cooling it is off.
  Output step(Demand demand, double outdoor_celsius);

  Demand running() const { return running_; }
  int64_t starts() const { return starts_; }

 private:
  HeatPumpOptions options_;
  Demand running_ = Demand::off;
  int64_t minutes_;  // since it was switched
  int64_t starts_ = 0;
};

}  // namespace whit::simulate
