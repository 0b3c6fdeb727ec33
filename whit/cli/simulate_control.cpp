// whit simulate control BUILDING.toml --model MODEL --data FOLDER [--seeds N] [--days N] [--seasons A,B] [-o FILE]
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <numeric>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/base/nearest.hpp"
#include "whit/base/progress.hpp"
#include "whit/cli/number.hpp"
#include "whit/cli/simulate.hpp"
#include "whit/control/compare.hpp"
#include "whit/control/tables.hpp"

namespace whit::cli {
namespace {

struct Arguments {
  ControlFlags control;
  std::vector<std::string> seasons;
  size_t seeds = 10;
  int64_t days = 28;
  std::string output;
  bool json = false;
};

void run(const Arguments& arguments) {
  const ControlFlags& flags = arguments.control;
  const ControlSetup setup =
      load_control(flags.building, load_program(flags.model, {}, compile::KernelSet::host).program, flags.data);
  control::Plan plan;
  plan.seeds.resize(arguments.seeds);
  std::iota(plan.seeds.begin(), plan.seeds.end(), arguments.control.seed);
  plan.days = arguments.days;
  for (const std::string& name : arguments.seasons) plan.seasons.push_back(season_of(setup, name));
  if (plan.seasons.empty()) plan.seasons = setup.options.seasons;
  ProgressBar bar("simulating");
  const auto results = control::compare(plan, setup.simulation, setup.options, *setup.forecaster,
                                        [&](int64_t done, int64_t total) { bar.show(done, total); });
  bar.hide();
  const nlohmann::ordered_json json = control::to_json(results, plan, setup.options);
  if (!arguments.output.empty()) write_file(arguments.output, json.dump(1) + "\n");
  if (arguments.json) return fmt::print("{}\n", json.dump(2));
  fmt::print(
      "{} days, {} seeds ({} to {}); discomfort is outside of {:.1f} to {:.1f} degC while somebody is there\n\n{}\n{}",
      plan.days, plan.seeds.size(), plan.seeds.front(), plan.seeds.back(), setup.options.device.comfort.low,
      setup.options.device.comfort.high, report::to_text(control::figures_table(json)),
      report::to_text(control::savings_table(json)));
  fmt::print("{}\n{}",
             plan.seeds.size() > 1 ? "in brackets: 95 % confidence intervals of the paired differences\n" : "",
             report::to_text(control::money_table(json)));
  fmt::print("a year: the mean of {}, at ${:.2f} a kWh; a gateway costs ${:.0f}\n",
             plan.seasons.size() == 1 ? "the one season" : "the seasons", setup.options.price_kwh,
             setup.options.device_cost);
  const std::string few = control::few_seeds(json);
  if (!few.empty()) fmt::print("{}; more seeds: --seeds 10\n", few);
}

}  // namespace

void add_control_flags(CLI::App& verb, ControlFlags& flags) {
  verb.add_option("building", flags.building, "building.toml with a table [control]: docs/guide/control.md")
      ->required();
  verb.add_option("--model", flags.model, "that forecasts the temperature")->required();
  verb.add_option("--data", flags.data, "data.json of `whit data -o`, or its folder")->required();
  add_number(verb, "--seed", flags.seed, kNotNegative,
             "of weather, people and noise, the first one; those below 101 are for training and for choosing options")
      ->capture_default_str();
}

ControlSetup load_control(const std::string& building, compile::Program program, const std::string& data) {
  const TomlTable root = TomlTable::read(building);
  ControlSetup setup;
  setup.simulation = simulate::read_simulation(root);
  setup.forecaster = control::make_forecaster(std::move(program), data);
  setup.options = control::read_options(root, setup.simulation, setup.forecaster->features.horizon_s);
  return setup;
}

control::Season season_of(const ControlSetup& setup, const std::string& name) {
  std::vector<std::string> names;
  for (const control::Season& season : setup.options.seasons) {
    if (season.name == name) return season;
    names.push_back(season.name);
  }
  throw Error(ErrorCode::usage, fmt::format("there is no season '{}'", name), "",
              fmt::format("did you mean '{}'? They stand in [control] seasons", nearest(name, names)));
}

void add_simulate_control(CLI::App& simulate) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb =
      simulate.add_subcommand("control", "the predictive controller against thermostats, in a closed loop");
  add_control_flags(*verb, arguments->control);
  add_number(*verb, "--seeds", arguments->seeds, {1, 1000}, "how many years of weather and people")
      ->capture_default_str();
  add_number(*verb, "--days", arguments->days, {1, 366}, "of each")->capture_default_str();
  verb->add_option("--seasons", arguments->seasons, "some of [control] seasons instead of all")->delimiter(',');
  verb->add_option("-o,--output", arguments->output, "control.json: docs/formats/control.md");
  verb->add_flag("--json", arguments->json, "machine-readable");
  verb->callback([arguments] { run(*arguments); });
}

}  // namespace whit::cli
