// The results of `whit fit` as text, Markdown (for a comment on a pull request) and JSON.
#pragma once

#include <string>
#include <vector>

#include "whit/device/advise.hpp"
#include "whit/device/fit.hpp"

namespace whit::device {

struct FitReport {
  std::string model;
  Profile profile;
  Budgets budgets;
  Measured measured;
  Fit fit;
  std::vector<std::string> notes;
  std::vector<Advice> advice;  // when it does not fit
};

// One device of a table over all of them.
struct DeviceFit {
  const Profile* profile;
  std::optional<Fit> fit;
  std::string failure;             // why there is none
  std::vector<std::string> notes;  // own_notes()
};

struct DevicesReport {
  std::string model;
  std::vector<DeviceFit> devices;
};

std::string fit_text(const FitReport& report);
std::string fit_markdown(const FitReport& report);
std::string fit_json(const FitReport& report);

std::string devices_text(const DevicesReport& report);
std::string devices_markdown(const DevicesReport& report);
std::string devices_json(const DevicesReport& report);

// "RAM 37.2 KB of 32.0 KB, latency 61.8 ms of 50.0 ms": what is over its budget, or unknown and why.
std::string violations(const Fit& fit);

}  // namespace whit::device
