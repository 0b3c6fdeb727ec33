#include "whit/decide/cost.hpp"

#include <algorithm>
#include <limits>

namespace whit::decide {

double Cost::cloud_of(double devices) const { return std::max(cloud_floor, cloud * devices); }

double Cost::total(double devices) const { return once() + per_device() * devices + cloud_of(devices); }

Cost cost_of(const Scenario& scenario, Option option, const Effect& effect) {
  const double years = scenario.fleet.lifetime_years;
  const double days = years * kDaysPerYear;
  const double releases = years * scenario.fleet.updates_per_year;
  Cost cost;
  if (option != Option::cloud) {
    cost.development += scenario.edge.development_usd;
    cost.updates += releases * scenario.edge.usd_per_update;
  }
  if (option != Option::edge) {
    cost.development += scenario.cloud.development_usd;
    cost.updates += releases * scenario.cloud.usd_per_update;
    cost.cloud_floor = scenario.cloud.floor_usd_per_month * 12 * years;
  }
  cost.device = option == Option::cloud ? scenario.cloud.device_usd : scenario.device.usd;
  // Whoever never sends or receives needs no link.
  if (effect.bytes_up + effect.bytes_down > 0) {
    cost.link = scenario.link.module_usd + scenario.link.usd_per_month * 12 * years +
                (effect.bytes_up + effect.bytes_down) * days / 1e6 * scenario.link.usd_per_mb;
  }
  cost.energy = effect.energy_mj * days / 3.6e9 * scenario.power.usd_per_kwh;
  if (scenario.power.battery) cost.energy += days / effect.battery_days * scenario.power.battery->usd_per_change;
  cost.cloud = effect.cloud_usd * days;
  return cost;
}

std::vector<Crossing> break_even(const Cost& first, const Cost& second) {
  // The difference is linear between the fleets at which a cloud's use reaches its floor.
  std::vector<double> bounds = {1};
  for (const Cost* cost : {&first, &second}) {
    if (cost->cloud > 0 && cost->cloud_floor > cost->cloud) bounds.push_back(cost->cloud_floor / cost->cloud);
  }
  std::sort(bounds.begin(), bounds.end());
  const auto difference = [&](double devices) { return first.total(devices) - second.total(devices); };
  std::vector<Crossing> crossings;
  for (size_t i = 0; i < bounds.size(); ++i) {
    const bool is_last = i + 1 == bounds.size();
    const double from = bounds[i];
    const double to = is_last ? 2 * from : bounds[i + 1];
    if (to <= from) continue;
    const double slope = (difference(to) - difference(from)) / (to - from);
    const double at = from - difference(from) / slope;
    if (!(at > from) || !(is_last || at <= to) || at > 1e12) continue;  // parallel: no number
    crossings.push_back({at, slope < 0});
  }
  return crossings;
}

}  // namespace whit::decide
