// The verbs of `whit-learn`, one file each; see whit/cli/verbs.hpp. Each is listed in whit/cli/learn_program.cpp too.
#pragma once

#include <CLI/CLI.hpp>

namespace whit::cli {

void add_train(CLI::App& app);
void add_prune(CLI::App& app);
void add_distill(CLI::App& app);
void add_search(CLI::App& app);

}  // namespace whit::cli
