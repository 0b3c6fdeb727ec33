// whit make RECIPE [-o FOLDER] [--from STAGE] [--until STAGE] [--jobs N] [--json]
#include "whit/recipe/make.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/cli/number.hpp"
#include "whit/cli/verbs.hpp"
#include "whit/recipe/plan.hpp"

namespace whit::cli {
namespace {

struct Arguments {
  recipe::MakeOptions make;
  std::string folder;
  bool json = false;
};

void run(Arguments arguments) {
  arguments.make.folder = arguments.folder;
  arguments.make.program = std::filesystem::read_symlink("/proc/self/exe");
  arguments.make.is_quiet = arguments.json;
  const recipe::Made made = recipe::make(arguments.make);
  if (!made.is_whole) return;
  if (arguments.json) {
    const std::vector<uint8_t> report = read_file(made.folder / "report.json");
    fmt::print("{}", std::string_view(reinterpret_cast<const char*>(report.data()), report.size()));
  } else {
    fmt::print("\n{}\nreport: {}\n", made.text, (made.folder / "report.html").string());
  }
  std::fflush(stdout);  // before a verdict on the standard error
  if (made.missed_gate.empty()) return;
  throw Error(ErrorCode::gate_failed, "missed: " + made.missed_gate, arguments.make.recipe,
              "the report says what was measured");
}

}  // namespace

void add_make(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  Arguments& a = *arguments;
  a.make.jobs = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  CLI::App* verb = app.add_subcommand("make", "a recipe from its data to the report, step by step; what is done stays");
  verb->add_option("recipe", a.make.recipe, "TOML: docs/guide/make.md")->required();
  verb->add_option("-o,--output", a.folder, "the run folder, runs/NAME if not given");
  const std::string stages = fmt::format("{}", fmt::join(recipe::stages(), ", "));
  verb->add_option("--from", a.make.from, "do this stage and those after it again: " + stages);
  verb->add_option("--until", a.make.until, "stop after this stage");
  add_number(*verb, "--jobs", a.make.jobs, {1, 256}, "steps at a time; the machine's cores if not given");
  verb->add_flag("--json", a.json, "print the report as JSON, and no progress");
  verb->callback([arguments] { run(*arguments); });
}

}  // namespace whit::cli
