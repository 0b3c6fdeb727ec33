// What an inference costs on a device: cycles, latency, energy, battery life, from what the emulator counted and the
// device's profile. Pure functions; docs/cycles.md has the model, its sources and its limits. Every result is an
// estimate with a range. Measures nothing and knows no models.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "whit/device/profile.hpp"
#include "whit/target/measure.hpp"

namespace whit::device {

// low <= mid <= high; where one number is printed it is mid.
struct Estimate {
  double low = 0, mid = 0, high = 0;

  bool operator==(const Estimate&) const = default;
};
Estimate operator+(const Estimate& a, const Estimate& b);
Estimate operator*(const Estimate& a, double factor);

// What one inference does, counted in the emulator on the target of the device.
struct Work {
  target::Cost cost;
  target::Traffic traffic;
  int64_t macs = 0;  // by the model's definition
};

// Cores that the model knows how to count for; a device with a target has one of them.
std::vector<std::string> known_cores();

// Cycles of the core with memory that never waits: the counted ones, on a core without a table of its own scaled to it.
Estimate core_cycles(const Work& work, const Profile& profile);

// Cycles that the core waits for flash. Zero where code and weights lie in RAM.
// Misses are those of an LRU cache of the device's size; low is a cache of twice the size, high one of half. Where less
// than a line is kept, low is one fetch a line, high one more for each access that stays within a line.
Estimate stall_cycles(const target::Traffic& traffic, const Profile& profile);

// Of one inference. A device without a target: MACs over the profile's macs_per_cycle, a factor of two either way.
Estimate latency_s(const Work& work, const Profile& profile);

// The device's active power while an inference lasts.
Estimate energy_j(const Estimate& latency_s, const Profile& profile);

// One inference every `period_s` seconds, asleep between them.
struct Duty {
  double period_s = 1;
  double battery_mah = 0;  // 0: not asked for
};

// 1 and more: the device does not keep up.
double busy_share(double latency_s, const Duty& duty);

// Average over a period; the device's active power where it does not keep up. The profile has supply_v and sleep_uw.
Estimate average_power_w(const Estimate& latency_s, const Profile& profile, const Duty& duty);

// Of a battery of supply_v volts that gives all of its charge to the device. low is the shortest life.
Estimate battery_life_s(const Estimate& average_power_w, const Profile& profile, const Duty& duty);

}  // namespace whit::device
