#include "whit/device/fit.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "whit/base/units.hpp"

namespace whit::device {
namespace {

constexpr const char* kStandIn = "qemu-riscv32";

bool has(const Profile& profile, const std::string& feature) {
  return std::find(profile.isa.begin(), profile.isa.end(), feature) != profile.isa.end();
}

Need need_of(const Measured& measured, const Profile& profile, const Budgets& budgets) {
  Need need;
  need.ram_bytes = measured.ram_bytes();
  need.flash_bytes = measured.flash_bytes();
  if (profile.code_in == CodeIn::ram) need.ram_bytes += measured.flash_bytes();
  if (!profile.target.empty()) {
    need.core_cycles = core_cycles(measured.work, profile);
    need.stall_cycles = stall_cycles(measured.work.traffic, profile);
  }
  need.latency_s = latency_s(measured.work, profile);
  need.energy_j = energy_j(need.latency_s, profile);
  if (!budgets.period_s || !profile.sleep_uw.is_given()) return need;
  const Duty duty{*budgets.period_s, budgets.battery_mah.value_or(0)};
  need.average_power_w = average_power_w(need.latency_s, profile, duty);
  if (budgets.battery_mah) need.battery_life_s = battery_life_s(*need.average_power_w, profile, duty);
  return need;
}

Check check_of(Resource resource, const Estimate& need, double budget) {
  return {resource, need.mid, budget, need.low <= budget && budget < need.high};
}

}  // namespace

bool Fit::fits() const {
  return std::all_of(checks.begin(), checks.end(), [](const Check& check) { return check.fits(); });
}

const Check* Fit::find(Resource resource) const {
  const auto at = std::find_if(checks.begin(), checks.end(), [&](const Check& c) { return c.resource == resource; });
  return at == checks.end() ? nullptr : &*at;
}

const Check& Fit::tightest() const {
  return *std::min_element(checks.begin(), checks.end(), [](const Check& a, const Check& b) {
    return a.margin() / a.budget < b.margin() / b.budget;
  });
}

const target::Target& measured_target(const Profile& profile) {
  return target::find_emulated_target(profile.target.empty() ? kStandIn : profile.target);
}

Fit fit(const Measured& measured, const Profile& profile, const Budgets& budgets) {
  Fit fit;
  fit.need = need_of(measured, profile, budgets);
  const auto allowed = [](const std::optional<double>& budget, const Figure& free, const Figure& all) {
    return budget ? std::min(*budget, all.value) : free.value;
  };
  fit.checks = {
      {Resource::ram, fit.need.ram_bytes, allowed(budgets.ram_bytes, profile.ram_free_bytes, profile.ram_bytes)},
      {Resource::flash, fit.need.flash_bytes,
       allowed(budgets.flash_bytes, profile.flash_free_bytes, profile.flash_bytes)}};
  if (budgets.latency_s) fit.checks.push_back(check_of(Resource::latency, fit.need.latency_s, *budgets.latency_s));
  if (budgets.energy_j) fit.checks.push_back(check_of(Resource::energy, fit.need.energy_j, *budgets.energy_j));
  if (budgets.period_s) fit.checks.push_back(check_of(Resource::period, fit.need.latency_s, *budgets.period_s));
  return fit;
}

std::vector<std::string> own_notes(const Profile& profile, const Measured& measured, bool is_integer) {
  std::vector<std::string> notes;
  if (measured.work.cost.instructions == 0) {
    notes.push_back("too large to be built for the emulator: RAM without the stack, flash without code");
  }
  if (profile.target.empty() && !is_integer) {
    notes.push_back("its latency is that of an int8 model: with floats it is longer");
  }
  if (profile.accelerator_runs_tflite && is_integer) {
    notes.push_back(
        fmt::format("its {} takes this model ({}): about {} an inference, estimated", profile.accelerator,
                    profile.accelerator_accepts,
                    text_of_seconds(static_cast<double>(measured.work.macs) / profile.accelerator_macs_per_s.value)));
  } else if (profile.has_accelerator()) {
    notes.push_back(
        fmt::format("its {}, not counted here, takes: {}", profile.accelerator, profile.accelerator_accepts));
  }
  return notes;
}

std::vector<std::string> notes(const Profile& profile, const Measured& measured, bool is_integer) {
  std::vector<std::string> notes = own_notes(profile, measured, is_integer);
  if (profile.target.empty()) {
    notes.push_back(
        fmt::format("latency from the device's published {:.3g} MACs a cycle; RAM and flash as built for {}, an "
                    "estimate: whit has no compiler for this core",
                    profile.macs_per_cycle.value, measured_target(profile).name));
  } else {
    notes.push_back("latency and energy are estimated, not measured on the device (docs/cycles.md)");
  }
  if (has(profile, "mve"))
    notes.push_back("the code uses no vector instructions (MVE): take latency as an upper bound");
  return notes;
}

}  // namespace whit::device
