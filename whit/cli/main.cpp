#include <fmt/format.h>

#include <cstdio>

#include "whit/base/error.hpp"
#include "whit/cli/verbs.hpp"

namespace {

constexpr int kOurBug = 70;

int report(const whit::Error& error) {
  fmt::print(stderr, "whit: {}{}{}\n", error.where(), error.where().empty() ? "" : ": ", error.what());
  if (!error.hint().empty()) fmt::print(stderr, "  try: {}\n", error.hint());
  return static_cast<int>(error.code());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("whit puts machine learning models on microcontrollers: from .tflite to verified firmware.", "whit");
  app.set_version_flag("--version", WHIT_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 1 a gate failed, 2 usage, 3 bad input, 4 unsupported, 5 a tool is missing, 70 a bug of "
      "ours.");
  whit::cli::add_inspect(app);
  whit::cli::add_build(app);
  whit::cli::add_run(app);
  whit::cli::add_compile(app);
  whit::cli::add_bench(app);
  whit::cli::add_export(app);
  try {
    app.parse(argc, argv);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      throw whit::Error(whit::ErrorCode::bad_input, "cannot write all of the output", "standard output",
                        "is the disk full?");
    }
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(whit::ErrorCode::usage);
  } catch (const whit::Error& error) {
    return report(error);
  } catch (const std::exception& error) {
    fmt::print(stderr, "whit: internal error: {}\n  try: report this with the command and the model, please\n",
               error.what());
    return kOurBug;
  }
}
