// The readings of a simulated floor as a table to learn from.
#pragma once

#include <cstdint>
#include <string>

#include "whit/simulate/simulation.hpp"

namespace whit::simulate {

// CSV with the columns time (ISO 8601, local standard time), t_in, t_out, occupancy and hvac: a row a minute from
// `options.start_seconds` on; an empty field is a sample that is missing. The floor is under a VariedThermostat.
std::string training_csv(const SimulationOptions& options, int64_t days, uint64_t seed);

}  // namespace whit::simulate
