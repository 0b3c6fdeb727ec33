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
  if (profile.target.empty() && measured.is_float) {
    need.time_unknown = "the device's MACs a cycle are of int8, the model computes with floats";
  } else if (!profile.target.empty() && !measured.has_run()) {
    need.time_unknown = "the model is too large to run in the emulator";
  }
  if (!need.time_unknown.empty()) return need;
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

Check check_of(Resource resource, const Estimate& need, double budget, bool is_known) {
  return {resource, need.mid, budget, is_known && need.low <= budget && budget < need.high, is_known};
}

// `unknown`: what a model that was not built may need beyond `need`.
Check memory_check(Resource resource, double need, double budget, double unknown) {
  return {resource, need, budget, false, unknown == 0 || need > budget || need + unknown <= budget};
}

}  // namespace

bool Fit::fits() const {
  return std::all_of(checks.begin(), checks.end(), [](const Check& check) { return check.fits(); });
}

bool Fit::is_known() const {
  return fits() || std::any_of(checks.begin(), checks.end(), [](const Check& c) { return c.is_known && !c.fits(); });
}

const Check* Fit::find(Resource resource) const {
  const auto at = std::find_if(checks.begin(), checks.end(), [&](const Check& c) { return c.resource == resource; });
  return at == checks.end() ? nullptr : &*at;
}

const Check& Fit::tightest() const {
  return *std::min_element(checks.begin(), checks.end(), [](const Check& a, const Check& b) {
    if (a.is_known != b.is_known) return a.is_known;
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
  const double code = measured.has_run() ? 0 : kMostCodeBytes;
  const double stack = measured.has_run() ? 0 : kMostStackBytes;
  fit.checks = {memory_check(Resource::ram, fit.need.ram_bytes,
                             allowed(budgets.ram_bytes, profile.ram_free_bytes, profile.ram_bytes),
                             profile.code_in == CodeIn::ram ? stack + code : stack),
                memory_check(Resource::flash, fit.need.flash_bytes,
                             allowed(budgets.flash_bytes, profile.flash_free_bytes, profile.flash_bytes), code)};
  const bool is_known = fit.need.time_unknown.empty();
  if (budgets.latency_s)
    fit.checks.push_back(check_of(Resource::latency, fit.need.latency_s, *budgets.latency_s, is_known));
  if (budgets.energy_j)
    fit.checks.push_back(check_of(Resource::energy, fit.need.energy_j, *budgets.energy_j, is_known));
  if (budgets.period_s)
    fit.checks.push_back(check_of(Resource::period, fit.need.latency_s, *budgets.period_s, is_known));
  return fit;
}

std::vector<std::string> budget_notes(const Profile& profile, const Budgets& budgets) {
  std::vector<std::string> notes;
  const auto compare = [&](const char* flag, const std::optional<double>& budget, const Figure& all) {
    if (!budget || *budget <= all.value) return;
    notes.push_back(fmt::format("{} {} is more than the device has: {} count", flag, text_of_bytes(*budget),
                                text_of_bytes(all.value)));
  };
  compare("--ram", budgets.ram_bytes, profile.ram_bytes);
  compare("--flash", budgets.flash_bytes, profile.flash_bytes);
  if (budgets.battery_mah && !profile.sleep_uw.is_given()) {
    notes.push_back("no battery life: a cloud machine runs on none");
  }
  return notes;
}

std::vector<std::string> own_notes(const Profile& profile, const Measured& measured, bool is_integer) {
  std::vector<std::string> notes;
  if (!measured.has_run()) {
    notes.push_back(fmt::format(
        "too large to be built for the emulator: RAM is shown without the stack, flash without code; to fit, "
        "{} and {} of them must find room as well",
        text_of_bytes(kMostStackBytes), text_of_bytes(kMostCodeBytes)));
  }
  if (profile.target.empty()) {
    notes.push_back(fmt::format("RAM and flash as {} for {}, an estimate: whit has no compiler for this core",
                                measured.has_run() ? "built" : "compiled", measured_target(profile).name));
  }
  if (profile.target.empty() && measured.is_float) {
    notes.push_back("latency and energy are unknown: its MACs a cycle are of int8, the model computes with floats");
  } else if (profile.target.empty()) {
    notes.push_back(fmt::format("latency from {} {:.3g} MACs a cycle of int8, within a factor of two either way",
                                profile.macs_per_cycle.is_estimate() ? "an estimated" : "the published",
                                profile.macs_per_cycle.value));
  }
  if (has(profile, "fpu") && measured.is_float && profile.target == kStandIn) {
    notes.push_back("counted as floats in software, without the core's FPU: take latency as an upper bound");
  }
  if (has(profile, "mve")) {
    notes.push_back("the code uses no vector instructions (MVE): take latency as an upper bound");
  }
  if (profile.accelerator_runs_tflite && is_integer) {
    notes.push_back(
        fmt::format("its {} takes this model ({}): at least {} an inference, estimated", profile.accelerator,
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
  if (!profile.target.empty() || !measured.is_float)
    notes.push_back("latency and energy are estimated, not measured on the device (docs/cycles.md)");
  return notes;
}

}  // namespace whit::device
