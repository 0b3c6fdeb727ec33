#include "whit/simulate/training_data.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace whit::simulate {
namespace {

// `start`: the last field of each row; may be empty.
void add_stretch(const SimulationOptions& options, int64_t days, uint64_t seed, const std::string& start,
                 std::string& csv) {
  Simulation simulation(options, seed);
  VariedThermostat thermostat(options.thermostat, seed);
  const auto out = std::back_inserter(csv);
  for (int64_t row = 0; row < days * 1440; ++row) {
    const Readings& r = simulation.readings();
    fmt::format_to(out, "{:%FT%T}", fmt::gmtime(static_cast<std::time_t>(r.seconds)));
    for (const float value : {r.indoor_celsius, r.outdoor_celsius, r.occupancy, r.hvac}) {
      if (std::isnan(value)) {
        csv += ',';
      } else {
        fmt::format_to(out, ",{}", value);
      }
    }
    csv += start;
    csv += '\n';
    simulation.step(thermostat.decide(r));
  }
}

}  // namespace

std::string training_csv(const SimulationOptions& options, int64_t days, uint64_t seed,
                         const std::vector<int64_t>& starts) {
  std::string csv = "time,t_in,t_out,occupancy,hvac";
  csv += starts.empty() ? "\n" : ",start\n";
  if (starts.empty()) add_stretch(options, days, seed, "", csv);
  for (const int64_t start : starts) {
    SimulationOptions own = options;
    own.start_seconds = start;
    add_stretch(own, days, seed, fmt::format(",{:%F}", fmt::gmtime(static_cast<std::time_t>(start))), csv);
  }
  return csv;
}

}  // namespace whit::simulate
