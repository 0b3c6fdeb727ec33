// The verbs of the command line, one file each. add_X() describes verb X to the parser and says what to run.
// A verb parses, calls the workshop and prints; it computes nothing itself. Errors are whit::Error, caught in main.
#pragma once

#include <CLI/CLI.hpp>

namespace whit::cli {

void add_inspect(CLI::App& app);
void add_compile(CLI::App& app);
void add_build(CLI::App& app);
void add_bench(CLI::App& app);
void add_run(CLI::App& app);
void add_import(CLI::App& app);
void add_export(CLI::App& app);
void add_quantize(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_compare(CLI::App& app);
void add_blame(CLI::App& app);
void add_fit(CLI::App& app);
void add_devices(CLI::App& app);
void add_data(CLI::App& app);
void add_decide(CLI::App& app);
void add_simulate(CLI::App& app);
void add_make(CLI::App& app);

}  // namespace whit::cli
