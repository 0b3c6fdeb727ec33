// whit simulate data BUILDING.toml -o DATA.csv [--days N] [--start DATE] [--seed N]
#include <fmt/format.h>

#include <memory>

#include "whit/base/file.hpp"
#include "whit/cli/number.hpp"
#include "whit/cli/simulate.hpp"
#include "whit/simulate/training_data.hpp"

namespace whit::cli {
namespace {

struct Arguments {
  std::string building, output, start;
  int64_t days = 30;
  uint64_t seed = 1;
};

}  // namespace

void add_simulate_data(CLI::App& simulate) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = simulate.add_subcommand("data", "readings of a month, a row a minute, to learn from");
  verb->add_option("building", arguments->building, "building.toml: docs/guide/simulate.md")->required();
  verb->add_option("-o,--output", arguments->output, "CSV: time, t_in, t_out, occupancy, hvac")->required();
  add_number(*verb, "--days", arguments->days, {1, 3660}, "how many")->capture_default_str();
  verb->add_option("--start", arguments->start, "the first day, such as 2024-07-01, instead of the building's");
  add_number(*verb, "--seed", arguments->seed, kNotNegative, "of weather, people, thermostat and noise")
      ->capture_default_str();
  verb->callback([arguments] {
    simulate::SimulationOptions options = simulate::read_simulation(TomlTable::read(arguments->building));
    if (!arguments->start.empty()) options.start_seconds = simulate::seconds_of_date(arguments->start, "--start");
    const std::string csv = simulate::training_csv(options, arguments->days, arguments->seed);
    write_file(arguments->output, csv);
    fmt::print("{}: {} days, {} rows; weather: {}\n", arguments->output, arguments->days, arguments->days * 1440,
               options.weather ? options.weather->name : "generated");
  });
}

}  // namespace whit::cli
