// Models that are smaller or faster than a given one, for advise.hpp: made, not trained, and good for nothing but to
// be built and counted.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "whit/ir/graph.hpp"

namespace whit::device {

struct Variant {
  std::string change;
  std::string how;
  std::function<ir::Graph()> make;  // Error where the model cannot be changed so
  // Ranges of activations were made up: what the compiler would conclude from them (channels that are constant) is not
  // to be believed, so it is to skip that pass.
  bool has_made_up_ranges = false;
};

// Precisions, sparsity and widths that the model does not have yet. `graph` is as it was read and outlives the result.
std::vector<Variant> variants(const ir::Graph& graph);

// True when every activation is int8.
bool is_full_integer(const ir::Graph& graph);

}  // namespace whit::device
