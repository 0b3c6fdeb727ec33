// What the main functions of `whit` and `whit-learn` share: parsing, and errors as messages and exit codes.
#pragma once

#include <CLI/CLI.hpp>

#include "whit/base/error.hpp"

namespace whit::cli {

// Parses the arguments and runs the verb; its exit code.
int run_program(CLI::App& app, int argc, char** argv);

// Prints the error; its exit code.
int report(const Error& error);

}  // namespace whit::cli
