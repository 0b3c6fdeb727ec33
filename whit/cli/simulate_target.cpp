// whit simulate target BUILDING.toml --model MODEL --data FOLDER [--target NAME] [--days N] [--season NAME] [-o FILE]
#include <fmt/format.h>

#include <memory>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/cli/number.hpp"
#include "whit/cli/simulate.hpp"

namespace whit::cli {
namespace {

struct Arguments {
  ControlFlags control;
  std::string target = "qemu-cortex-m4";
  std::string season, output;
  int64_t days = 2;
  bool json = false;
};

void print(const control::TargetRun& run, const target::Target& target) {
  fmt::print("{}: {} of {} decisions and {} of {} forecasts as on this machine\n", target.name, run.same_demands,
             run.minutes, run.same_forecasts, run.forecasts);
  fmt::print("restarted at minute {} from what it had saved: {} of {} decisions the same\n", run.restarted_at,
             run.same_after_restart, run.minutes - run.restarted_at);
  fmt::print("{}", control::cost_text(run, target));
}

void run(const Arguments& arguments) {
  const target::Target& target = target::find_emulated_target(arguments.target);
  const ControlFlags& flags = arguments.control;
  const ControlSetup setup = load_control(
      flags.building, load_program(flags.model, {}, compile::kernel_set(target.kernels)).program, flags.data);
  const control::Season season =
      arguments.season.empty() ? setup.options.seasons[0] : season_of(setup, arguments.season);
  const control::TargetRun result =
      run_on_target(setup, target, compile::Optimize::balanced, season, flags.seed, arguments.days);
  nlohmann::ordered_json json = control::to_json(result, target);
  json["season"] = season.name;
  json["seed"] = arguments.control.seed;
  if (!arguments.output.empty()) write_file(arguments.output, json.dump(1) + "\n");
  if (arguments.json) {
    fmt::print("{}\n", json.dump(2));
  } else {
    print(result, target);
  }
  check_same(result, target);
}

}  // namespace

control::TargetRun run_on_target(const ControlSetup& setup, const target::Target& target, compile::Optimize optimize,
                                 const control::Season& season, uint64_t seed, int64_t days) {
  simulate::SimulationOptions simulation = setup.simulation;
  simulation.start_seconds = season.start_seconds;
  const control::LoopResult loop = control::run_loop(control::Controller::predictive, simulation, seed, days,
                                                     setup.options, setup.forecaster.get(), true);
  return control::run_on_target(target, *setup.forecaster, setup.options, optimize, loop.minutes,
                                (days / 2) * rt::kDayMinutes + rt::kDayMinutes / 2);
}

void check_same(const control::TargetRun& run, const target::Target& target) {
  if (run.same()) return;
  throw Error(ErrorCode::gate_failed, "the firmware decides otherwise than this machine", target.name,
              "report this with the model, please");
}

void add_simulate_target(CLI::App& simulate) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = simulate.add_subcommand(
      "target", "the controller as firmware on an emulated machine: the same decisions, and what it costs");
  add_control_flags(*verb, arguments->control);
  verb->add_option("--target", arguments->target, "an emulated machine")->capture_default_str();
  add_number(*verb, "--days", arguments->days, {1, 60}, "of the closed loop")->capture_default_str();
  verb->add_option("--season", arguments->season, "of [control] seasons; the first if not given");
  verb->add_option("-o,--output", arguments->output, "target.json: docs/formats/control.md");
  verb->add_flag("--json", arguments->json, "machine-readable");
  verb->callback([arguments] { run(*arguments); });
}

}  // namespace whit::cli
