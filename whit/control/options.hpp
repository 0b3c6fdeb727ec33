// [control] of a building.toml: what the predictive controller is to hold, and what energy and the device cost.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "whit/base/toml.hpp"
#include "whit/data/feature_table.hpp"
#include "whit/simulate/simulation.hpp"
#include "whit_runtime/control/controller.hpp"

namespace whit::control {

struct Season {
  std::string name;  // "heating"
  int64_t start_seconds = 0;
};

struct Options {
  rt::ControlOptions device;
  std::vector<Season> seasons;
  double price_kwh = 0;    // of electricity, $
  double device_cost = 0;  // of a gateway, $
};

// `root`: the whole building.toml; the heat pump's minimum times are its own. `horizon_s`: of the model's target. Error
// bad_input at file, line and key.
Options read_options(const TomlTable& root, const simulate::SimulationOptions& simulation, double horizon_s);

// Which sensor each channel of the window is, by the names of the columns: t_in, t_out, occupancy, hvac. Error
// bad_input at `where` for another name, when the rows are not a minute apart, and when the model's target is not t_in.
std::vector<int32_t> sensors_of(const data::FeatureTable& table, const std::string& where);

}  // namespace whit::control
