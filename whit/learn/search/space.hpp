// What a search may choose from, and what its choice must meet: [search] and [budget] of a recipe, and the nets that
// follow. docs/guide/search.md lists the keys. Trains and measures nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "whit/compress/quantize.hpp"
#include "whit/device/fit.hpp"
#include "whit/learn/recipe.hpp"

namespace whit::learn {

struct SearchRecipe {
  Recipe base;  // what all nets have in common; [quantize] of it: how the last ones are trained as integers
  // Each at least one.
  std::vector<double> widths;
  std::vector<int64_t> depths;  // 0: as [model] has it
  std::vector<compress::Precision> precisions;
  std::vector<std::string> sparsities;  // as of compress::sparsity_from_text(); "0": dense
  // Successive halving (Jamieson and Talwalkar 2016): one of `eta` goes on to the next rung, `eta` times as many
  // epochs; the last of `rungs` has all epochs of [train].
  int64_t rungs = 3, eta = 2;
  device::Profile device;
  device::Budgets budgets;

  int64_t epochs_of(int64_t rung) const;  // rung from 0; at least 1
};

// Error bad_input, with file, line and key, for what is missing, unknown, out of range or contradicts itself.
SearchRecipe read_search(const std::string& file);

// What is trained. Nets of several precisions are one net until they are quantized.
struct Net {
  std::string name;  // "dense-64-32-s0.7": of the form of a file's name
  ArchitectureOptions architecture;
  std::optional<compress::Sparsity> sparsity;
};

struct Candidate {
  size_t net;
  compress::Precision precision;
  std::string name;  // "dense-64-32-s0.7-int8"
};

struct Space {
  std::vector<Net> nets;
  std::vector<Candidate> candidates;  // each net in each precision, net after net
};

// Every combination, in the order of the recipe; those that rounding makes equal are there once. `recipe.base` has been
// through fit_to_data().
Space space_of(const SearchRecipe& recipe);

}  // namespace whit::learn
