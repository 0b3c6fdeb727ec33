#include "whit/simulate/training_data.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace whit::simulate {

std::string training_csv(const SimulationOptions& options, int64_t days, uint64_t seed) {
  Simulation simulation(options, seed);
  VariedThermostat thermostat(options.thermostat, seed);
  std::string csv = "time,t_in,t_out,occupancy,hvac\n";
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
    csv += '\n';
    simulation.step(thermostat.decide(r));
  }
  return csv;
}

}  // namespace whit::simulate
