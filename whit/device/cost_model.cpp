#include "whit/device/cost_model.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <numeric>
#include <string_view>

namespace whit::device {
namespace {

constexpr double kBitsPerByte = 8;
constexpr double kSecondsPerHour = 3600;

// Cores whose manuals give no table of cycles. They run the Cortex-M4's code. CoreMark/MHz: Arm's table of Cortex-M
// processors; it tells how much more of the same work they do a cycle.
struct ScaledCore {
  std::string_view name;
  double coremark_per_mhz;
  double issue;  // instructions a cycle at most
};
constexpr double kCoremarkM4 = 3.42;
constexpr ScaledCore kScaledCores[] = {
    {"cortex-m33", 4.02, 1}, {"cortex-m7", 5.01, 2}, {"cortex-m55", 4.40, 2}, {"cortex-m85", 6.28, 2}};

// How far a network's MACs a cycle may be from those of the network that the profile's figure is of.
constexpr double kMacRateFactor = 2;

// Those whose cycles are taken as the target's table counts them.
constexpr const char* kTableCores[] = {"cortex-m0plus", "cortex-m3",     "cortex-m4",   "rv32imc",
                                       "esp-rv32imc",   "esp-rv32imafc", "gap9-rv32imc"};

// Accesses that miss in a cache of `bytes`; without a cache the line of the last access is still at hand.
double misses(const target::Reuse& reuse, double bytes) {
  size_t held = 0;
  while (held + 1 < reuse.size() && (uint64_t{target::kLineBytes} << held) <= static_cast<uint64_t>(bytes)) ++held;
  return static_cast<double>(
      std::accumulate(reuse.begin() + static_cast<ptrdiff_t>(std::max<size_t>(held, 1)), reuse.end(), uint64_t{0}));
}

// Fetches from flash past a cache of `bytes`, `per_line` of them for a line that is read from end to end.
Estimate fetches(const target::Reuse& reuse, double bytes, double per_line) {
  if (bytes >= target::kLineBytes) {
    return Estimate{misses(reuse, 2 * bytes), misses(reuse, bytes), misses(reuse, bytes / 2)} * per_line;
  }
  // Less than a line is kept: prefetch hides all but the first fetch of a line, or each access fetches again.
  const double missed = misses(reuse, bytes);
  return {missed, missed * per_line, missed * per_line + static_cast<double>(reuse[0])};
}

}  // namespace

Estimate operator+(const Estimate& a, const Estimate& b) { return {a.low + b.low, a.mid + b.mid, a.high + b.high}; }

Estimate operator*(const Estimate& a, double factor) { return {a.low * factor, a.mid * factor, a.high * factor}; }

std::vector<std::string> known_cores() {
  std::vector<std::string> names(std::begin(kTableCores), std::end(kTableCores));
  for (const ScaledCore& core : kScaledCores) names.emplace_back(core.name);
  return names;
}

Estimate core_cycles(const Work& work, const Profile& profile) {
  const Estimate counted{static_cast<double>(work.cost.cycles[0]), static_cast<double>(work.cost.cycles[1]),
                         static_cast<double>(work.cost.cycles[2])};
  for (const ScaledCore& core : kScaledCores) {
    if (profile.core != core.name) continue;
    const double mid = counted.mid * kCoremarkM4 / core.coremark_per_mhz;
    return {std::min(mid, static_cast<double>(work.cost.instructions) / core.issue), mid, counted.high};
  }
  return counted;
}

Estimate stall_cycles(const target::Traffic& traffic, const Profile& profile) {
  if (profile.code_in == CodeIn::ram || profile.flash_wait_states.value == 0) return {};
  const double per_line = std::max(1.0, target::kLineBytes * kBitsPerByte / profile.flash_fetch_bits.value);
  const Estimate all = profile.dcache_bytes.value > 0 ? fetches(traffic.code, profile.icache_bytes.value, per_line) +
                                                            fetches(traffic.data, profile.dcache_bytes.value, per_line)
                                                      : fetches(traffic.both, profile.icache_bytes.value, per_line);
  return all * profile.flash_wait_states.value;
}

Estimate latency_s(const Work& work, const Profile& profile) {
  if (profile.target.empty()) {
    const double seconds = static_cast<double>(work.macs) / profile.macs_per_cycle.value / profile.clock_hz.value;
    return {seconds / kMacRateFactor, seconds, seconds * kMacRateFactor};
  }
  return (core_cycles(work, profile) + stall_cycles(work.traffic, profile)) * (1 / profile.clock_hz.value);
}

Estimate energy_j(const Estimate& latency_s, const Profile& profile) {
  return latency_s * (profile.active_mw.value * 1e-3);
}

double busy_share(double latency_s, const Duty& duty) { return latency_s / duty.period_s; }

Estimate average_power_w(const Estimate& latency_s, const Profile& profile, const Duty& duty) {
  const auto power = [&](double seconds) {
    const double busy = std::min(1.0, busy_share(seconds, duty));
    return busy * profile.active_mw.value * 1e-3 + (1 - busy) * profile.sleep_uw.value * 1e-6;
  };
  return {power(latency_s.low), power(latency_s.mid), power(latency_s.high)};
}

Estimate battery_life_s(const Estimate& average_power_w, const Profile& profile, const Duty& duty) {
  const double joules = duty.battery_mah * 1e-3 * kSecondsPerHour * profile.supply_v.value;
  return {joules / average_power_w.high, joules / average_power_w.mid, joules / average_power_w.low};
}

}  // namespace whit::device
