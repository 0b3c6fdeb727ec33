// The subcommands of `whit simulate`, one file each, and what those of the controller have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "whit/cli/model.hpp"
#include "whit/control/closed_loop.hpp"

namespace whit::cli {

void add_simulate_data(CLI::App& simulate);
void add_simulate_control(CLI::App& simulate);
void add_simulate_target(CLI::App& simulate);

struct ControlFlags {
  std::string building, model, data;
  // Data to learn from is made with smaller seeds, and options were chosen on them: what is reported is of others.
  uint64_t seed = 101;
};
void add_control_flags(CLI::App& verb, ControlFlags& flags);

// A building, its controller, and the model that forecasts for it.
struct ControlSetup {
  simulate::SimulationOptions simulation;
  std::unique_ptr<control::Forecaster> forecaster;
  control::Options options;
};
ControlSetup load_control(const ControlFlags& flags, compile::KernelSet kernels);

// By its name in [control] seasons. Error usage.
control::Season season_of(const ControlSetup& setup, const std::string& name);

}  // namespace whit::cli
