// The figures of control.json (docs/formats/control.md) as tables: for the terminal of `whit simulate control` and for
// the report of `whit make`. Seasons and controllers stand in the order of `json`.
#pragma once

#include <nlohmann/json.hpp>

#include "whit/report/table.hpp"

namespace whit::control {

// A row for each season and controller, means of the seeds.
report::Table figures_table(const nlohmann::ordered_json& json);

// A row for each comparison: what the predictive controller changes, with 95 % intervals where there are two seeds.
report::Table savings_table(const nlohmann::ordered_json& json);

// A row for each comparison and number of floors and gateways, of all seasons together.
report::Table money_table(const nlohmann::ordered_json& json);

// With fewer than 5 seeds a sentence on how uncertain the energy is, and the money with it; else empty. Ends without a
// full stop, for the caller says where to ask for more.
std::string few_seeds(const nlohmann::ordered_json& json);

// An estimate as text, "{:.1f}" giving "1.5 (1.2 to 1.8)"; `sign` -1 turns a saving into a change. Without an interval
// when it is of one seed.
std::string interval_text(const nlohmann::ordered_json& estimate, const char* format, double sign, size_t seeds);

}  // namespace whit::control
