// The options by which verbs are told what data to read, and how.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "whit/data/samples.hpp"
#include "whit/ir/graph.hpp"

namespace whit::cli {

struct DataFlags {
  data::Source source;             // of every input but for the path
  std::vector<std::string> paths;  // one for each input: FILE in their order, or NAME=FILE
  std::string shape;               // "49,10,1"
};

// --data, --labels, --shape, --type, --mean, --std, --swap-red-blue.
void add_data_flags(CLI::App& verb, DataFlags& flags);

// The samples of `split` (see data::Source::split) for the inputs of `graph`. Error usage for a name that no input has
// and for another number of files than inputs.
data::Samples load_samples(const DataFlags& flags, const std::string& split, const ir::Graph& graph);

}  // namespace whit::cli
