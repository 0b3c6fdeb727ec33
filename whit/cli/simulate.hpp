// The subcommands of `whit simulate`, one file each.
#pragma once

#include <CLI/CLI.hpp>

namespace whit::cli {

void add_simulate_data(CLI::App& simulate);

}  // namespace whit::cli
