// What a graph takes on a device, measured and estimated by whit/device, as a search notes it.
#pragma once

#include <nlohmann/json.hpp>

#include "whit/learn/search/search.hpp"

namespace whit::learn {

// Built and run in the emulator, or remembered. `is_trained` false: ranges of activations are not to be believed, so
// nothing is concluded from them.
Footprint footprint(ir::Graph graph, const device::Profile& device, const device::Budgets& budgets, bool is_trained);

// Of a candidate that is there already, without zeros: its layers are too small.
Footprint nothing_to_prune();

// To the bit and back.
nlohmann::ordered_json to_json(const Footprint& footprint);
Footprint footprint_from(const nlohmann::ordered_json& json);

}  // namespace whit::learn
