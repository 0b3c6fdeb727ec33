#include "whit/simulate/heat_pump.hpp"

#include <algorithm>
#include <cmath>

namespace whit::simulate {
namespace {

double interpolate(const std::vector<double>& x, const std::vector<double>& y, double at) {
  const auto above = std::upper_bound(x.begin(), x.end(), at);
  if (above == x.begin()) return y.front();
  if (above == x.end()) return y.back();
  const auto i = static_cast<size_t>(above - x.begin());
  return y[i - 1] + (y[i] - y[i - 1]) * (at - x[i - 1]) / (x[i] - x[i - 1]);
}

}  // namespace

HeatPump::Output HeatPump::step(Demand demand, double outdoor_celsius) {
  if (demand != running_) {
    const bool is_off = running_ == Demand::off;
    if (minutes_ >= (is_off ? options_.min_off_minutes : options_.min_on_minutes)) {
      running_ = is_off ? demand : Demand::off;
      starts_ += is_off;
      minutes_ = 0;
    }
  }
  const double begin_s = 60.0 * static_cast<double>(minutes_++);
  if (running_ == Demand::off) return {0, options_.standby_w};
  const bool heats = running_ == Demand::heat;
  const Performance& performance = heats ? options_.heating : options_.cooling;
  const double full_w = 1000 * interpolate(performance.outdoor_celsius, performance.capacity_kw, outdoor_celsius);
  const double cop = interpolate(performance.outdoor_celsius, performance.cop, outdoor_celsius);
  double risen = 1;  // mean of 1 - exp(-t / tau) over the minute
  if (const double tau = options_.start_time_constant_s; tau > 0) {
    risen -= tau / 60 * (std::exp(-begin_s / tau) - std::exp(-(begin_s + 60) / tau));
  }
  return {(heats ? full_w : -full_w) * risen, full_w / cop};
}

}  // namespace whit::simulate
