// What would make a model fit: each change with the figures of the changed model, built and counted where whit can
// build it, else predicted and marked so. Does not train, and does not know what a change costs in accuracy.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "whit/device/fit.hpp"
#include "whit/device/subject.hpp"

namespace whit::device {

struct Advice {
  std::string change;      // "int4 weights"
  std::string how;         // what to do: "whit quantize --precision int8_w4"
  std::optional<Fit> fit;  // on the same device; of another one where the change is the device
  bool is_predicted = false;
  std::string note;  // why there are no figures, or what a prediction rests on
};

// For a model that does not fit. Changes that lessen nothing of what is over its budget are left out; those that make
// it fit come first.
std::vector<Advice> advise(const Subject& subject, const Profile& profile, const Budgets& budgets,
                           const Measured& measured, const MeasurementCache& cache);

}  // namespace whit::device
