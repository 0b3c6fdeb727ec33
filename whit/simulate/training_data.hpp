// The readings of a simulated floor as a table to learn from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "whit/simulate/simulation.hpp"

namespace whit::simulate {

// CSV with the columns time (ISO 8601, local standard time), t_in, t_out, occupancy and hvac: a row a minute for so
// many days from `options.start_seconds` on; an empty field is a sample that is missing. The floor is under a
// VariedThermostat. With `starts` (midnights, as seconds_of_date gives them): so many days from each of them on, and
// behind the others a column `start` with that day's date, which keeps the stretches apart.
std::string training_csv(const SimulationOptions& options, int64_t days, uint64_t seed,
                         const std::vector<int64_t>& starts = {});

}  // namespace whit::simulate
