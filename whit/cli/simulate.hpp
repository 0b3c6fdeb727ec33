// The subcommands of `whit simulate`, one file each, and what those of the controller have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "whit/cli/model.hpp"
#include "whit/control/target_run.hpp"

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
ControlSetup load_control(const std::string& building, compile::Program program, const std::string& data);

// By its name in [control] seasons. Error usage.
control::Season season_of(const ControlSetup& setup, const std::string& name);

// Days of the closed loop on this machine, and then of its readings on `target`, restarted in between. The program is
// compiled for the target's kernels.
control::TargetRun run_on_target(const ControlSetup& setup, const target::Target& target, compile::Optimize optimize,
                                 const control::Season& season, uint64_t seed, int64_t days);

// Error gate_failed when the target decides otherwise than this machine.
void check_same(const control::TargetRun& run, const target::Target& target);

}  // namespace whit::cli
