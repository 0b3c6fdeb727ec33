// Does a model fit a device? What it needs, against what the device leaves or a budget allows, with the margins.
// The core of `whit fit`; after target/bench on a model's way. What would make it fit is advise.hpp's, printing
// fit_print.hpp's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "whit/device/cost_model.hpp"
#include "whit/device/measured.hpp"
#include "whit/device/profile.hpp"

namespace whit::device {

// What the user allows; RAM and flash default to what the device leaves free, and are never more than it has.
struct Budgets {
  std::optional<double> ram_bytes, flash_bytes, latency_s, energy_j;
  std::optional<double> period_s;     // an inference each period
  std::optional<double> battery_mah;  // needs period_s
};

// What one model needs on one device.
struct Need {
  double ram_bytes = 0;    // arena (inputs and outputs lie in it) and stack; code and weights too where they run in RAM
  double flash_bytes = 0;  // of the linked image
  Estimate core_cycles, stall_cycles;                       // at work and waiting for flash; zero without a target
  Estimate latency_s, energy_j;                             // zero when unknown
  std::string time_unknown;                                 // why latency, energy and power are; empty: they are known
  std::optional<Estimate> average_power_w, battery_life_s;  // under the duty cycle, when one is given
};

enum class Resource { ram, flash, latency, energy, period };

struct Check {
  Resource resource = Resource::ram;
  double need = 0;  // mid of an estimate
  double budget = 0;
  bool is_uncertain = false;  // the budget lies within the range of the estimate
  bool is_known = true;       // false: need is 0, or only a part of it

  double margin() const { return budget - need; }
  bool fits() const { return is_known && need <= budget; }
};

struct Fit {
  Need need;
  std::vector<Check> checks;  // of all that has a budget

  bool fits() const;                           // all do, for certain
  bool is_known() const;                       // it fits, or something is known not to
  const Check* find(Resource resource) const;  // null without a budget
  const Check& tightest() const;               // of the least margin for its budget
};

// Target whose build stands for the device: its own, or, for a device that whit has no compiler for, a 32-bit one whose
// sizes are close (then memory figures are estimates too).
const target::Target& measured_target(const Profile& profile);

Fit fit(const Measured& measured, const Profile& profile, const Budgets& budgets);

// Budgets that do not count as they stand, or not at all, on this device.
std::vector<std::string> budget_notes(const Profile& profile, const Budgets& budgets);

// What is peculiar to this device: what its accelerator would do with the model, what its figures stand for.
// `is_integer`: all that the model computes is int8.
std::vector<std::string> own_notes(const Profile& profile, const Measured& measured, bool is_integer);

// The same, and that figures are estimated.
std::vector<std::string> notes(const Profile& profile, const Measured& measured, bool is_integer);

}  // namespace whit::device
