// The whole controller on an emulated machine: features, model and controller as firmware, fed with the readings of a
// closed loop on this machine. If it takes the same decision in each minute, it would have run the loop itself: the
// simulation is deterministic, so minute 1 sees the same readings, decides the same, and so causes the same minute 2.
#pragma once

#include <nlohmann/json.hpp>

#include "whit/compile/lower/lowering.hpp"
#include "whit/control/closed_loop.hpp"
#include "whit/target/target.hpp"

namespace whit::control {

struct TargetRun {
  int64_t minutes = 0, forecasts = 0;
  int64_t same_demands = 0, same_forecasts = 0;  // forecasts: to the bit; of float models within 1e-4 K
  int64_t restarted_at = 0;                      // minute of the run, from 0
  int64_t same_after_restart = 0;                // of minutes - restarted_at
  uint32_t flash_bytes = 0, weights_bytes = 0;   // of the linked image; weights: a part of it
  uint32_t arena_bytes = 0, stack_bytes = 0, window_bytes = 0, state_bytes = 0;
  uint64_t minute_instructions = 0, forecast_instructions = 0;  // of a minute without and with a forecast
  uint64_t forecast_cycles = 0;                                 // estimated, without wait states
  uint32_t ram_bytes() const { return arena_bytes + stack_bytes + window_bytes + state_bytes; }
  bool same() const {
    return same_demands == minutes && same_forecasts == forecasts && same_after_restart == minutes - restarted_at;
  }
};

// `forecaster`: its program compiled for the target's kernels. `loop`: the minutes of a closed loop with it on this
// machine, a day at least. `restart`: the image is started again there, from what it had saved. Errors as
// target::build_image, run_image and measure_image.
TargetRun run_on_target(const target::Target& target, const Forecaster& forecaster, const Options& options,
                        compile::Optimize optimize, const std::vector<Minute>& loop, int64_t restart);

// Flash, RAM and time of the whole, for people: a line each.
std::string cost_text(const TargetRun& run, const target::Target& target);

nlohmann::ordered_json to_json(const TargetRun& run, const target::Target& target);

}  // namespace whit::control
