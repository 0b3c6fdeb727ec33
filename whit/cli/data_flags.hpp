// The options by which verbs are told what data to read, and how.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "whit/data/samples.hpp"

namespace whit::cli {

struct DataFlags {
  data::Source source;
  std::string shape;  // "49,10,1"
};

// --data, --labels, --shape, --type, --mean, --std, --swap-red-blue.
void add_data_flags(CLI::App& verb, DataFlags& flags);

// The samples of `split` (see data::Source::split).
data::Samples load_samples(const DataFlags& flags, const std::string& split);

}  // namespace whit::cli
