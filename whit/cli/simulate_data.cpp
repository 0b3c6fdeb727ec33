// whit simulate data BUILDING.toml -o DATA.csv [--days N] [--start DATE ...] [--seed N]
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "whit/base/file.hpp"
#include "whit/cli/number.hpp"
#include "whit/cli/simulate.hpp"
#include "whit/simulate/training_data.hpp"

namespace whit::cli {
namespace {

struct Arguments {
  std::string building, output;
  std::vector<std::string> starts;
  int64_t days = 30;
  uint64_t seed = 1;
};

}  // namespace

void add_simulate_data(CLI::App& simulate) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = simulate.add_subcommand("data", "readings of a month, a row a minute, to learn from");
  verb->add_option("building", arguments->building, "building.toml: docs/guide/simulate.md")->required();
  verb->add_option("-o,--output", arguments->output, "CSV: time, t_in, t_out, occupancy, hvac, and start of several")
      ->required();
  add_number(*verb, "--days", arguments->days, {1, 3660}, "how many")->capture_default_str();
  verb->add_option("--start", arguments->starts,
                   "first day, such as 2024-07-01, instead of the building's; several: so many days from each, with a "
                   "column 'start' that tells them apart")
      ->allow_extra_args(false);
  add_number(*verb, "--seed", arguments->seed, kNotNegative, "of weather, people, thermostat and noise")
      ->capture_default_str();
  verb->callback([arguments] {
    simulate::SimulationOptions options = simulate::read_simulation(TomlTable::read(arguments->building));
    std::vector<int64_t> starts;
    for (const std::string& start : arguments->starts) starts.push_back(simulate::seconds_of_date(start, "--start"));
    if (starts.size() == 1) {
      options.start_seconds = starts[0];
      starts.clear();
    }
    write_file(arguments->output, simulate::training_csv(options, arguments->days, arguments->seed, starts));
    const int64_t days = arguments->days * std::max<int64_t>(1, static_cast<int64_t>(starts.size()));
    fmt::print("{}: {} days, {} rows; weather: {}\n", arguments->output, days, days * 1440,
               options.weather ? options.weather->name : "generated");
  });
}

}  // namespace whit::cli
