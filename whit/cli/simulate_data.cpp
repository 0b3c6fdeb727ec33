// whit simulate data BUILDING.toml -o DATA.csv [--days N] [--start DATE] [--seed N]
#include <fmt/format.h>

#include <memory>

#include "whit/base/file.hpp"
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
  verb->add_option("--days", arguments->days, "how many")->capture_default_str()->check(CLI::Range(1, 3660));
  verb->add_option("--start", arguments->start, "the first day, such as 2024-07-01, instead of the building's");
  verb->add_option("--seed", arguments->seed, "of weather, people, thermostat and noise")->capture_default_str();
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
