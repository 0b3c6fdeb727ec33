#include "whit/cli/entry.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <new>
#include <stdexcept>

#include "whit/base/error.hpp"
#include "whit/base/nearest.hpp"

namespace whit::cli {

int report(const Error& error) {
  fmt::print(stderr, "whit: {}{}{}\n", error.where(), error.where().empty() ? "" : ": ", error.what());
  if (!error.hint().empty()) fmt::print(stderr, "  try: {}\n", error.hint());
  return static_cast<int>(error.code());
}

namespace {

constexpr int kOurBug = 70;

// What the parser does not say well: a verb that does not exist, and an empty name, which is most often a variable of
// the shell that is not set.
void check_arguments(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> verbs;
  for (const CLI::App* verb : app.get_subcommands(nullptr)) verbs.push_back(verb->get_name());
  const auto usage = [](const std::string& what, const std::string& hint) {
    throw Error(ErrorCode::usage, what, "", hint);
  };
  if (argc < 2) usage("there is no verb", fmt::format("whit --help; verbs are: {}", fmt::join(verbs, ", ")));
  for (int i = 1; i < argc; ++i) {
    if (argv[i][0] == 0) {
      usage(fmt::format("the argument after {} is empty", argv[i - 1]), "a name; is a variable of the shell not set?");
    }
  }
  const std::string first = argv[1];
  if (first[0] != '-' && std::find(verbs.begin(), verbs.end(), first) == verbs.end()) {
    usage(fmt::format("there is no verb \"{}\"", first),
          fmt::format("did you mean {}? Verbs are: {}", nearest(first, verbs), fmt::join(verbs, ", ")));
  }
}

Error out_of_memory() {
  return {ErrorCode::unsupported, "the model needs more memory than this process can have", "",
          "a smaller model; no microcontroller holds this one"};
}

}  // namespace

int run_program(CLI::App& app, int argc, char** argv) {
  app.set_version_flag("--version", WHIT_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 1 a gate failed, 2 usage, 3 bad input, 4 unsupported, 5 a tool is missing, 70 a bug of "
      "ours.");
  try {
    check_arguments(app, argc, argv);
    app.parse(argc, argv);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      throw Error(ErrorCode::bad_input, "cannot write all of the output", "standard output", "is the disk full?");
    }
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    const std::string verb = argc > 1 && argv[1][0] != '-' ? std::string(argv[1]) + " " : "";
    return report({ErrorCode::usage, error.what(), "", fmt::format("whit {}--help", verb)});
  } catch (const Error& error) {
    return report(error);
  } catch (const std::filesystem::filesystem_error& error) {
    return report({ErrorCode::bad_input, error.code().message(), error.path1().string(),
                   "check that path, and TMPDIR when it is not one of yours"});
  } catch (const std::bad_alloc&) {
    return report(out_of_memory());
  } catch (const std::length_error&) {
    return report(out_of_memory());
  } catch (const std::exception& error) {
    fmt::print(stderr, "whit: internal error: {}\n  try: report this with the command and the model, please\n",
               error.what());
    return kOurBug;
  }
}

}  // namespace whit::cli
