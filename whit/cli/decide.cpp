// whit decide SCENARIO.toml [--json | --markdown] [--expect edge|cloud|hybrid]
#include <fmt/format.h>

#include <memory>

#include "whit/base/error.hpp"
#include "whit/base/nearest.hpp"
#include "whit/cli/verbs.hpp"
#include "whit/decide/report.hpp"

namespace whit::cli {
namespace {

struct Arguments {
  std::string scenario;
  std::string expect;
  bool json = false;
  bool markdown = false;
};

void run(const Arguments& arguments) {
  constexpr std::array kNames = {"edge", "cloud", "hybrid"};
  if (!arguments.expect.empty()) index_of_name(arguments.expect, kNames, "option");
  const decide::Report report = decide::make_report(decide::read_scenario(arguments.scenario), arguments.scenario);
  fmt::print("{}", arguments.json       ? decide::to_json(report)
                   : arguments.markdown ? decide::to_markdown(report)
                                        : decide::to_text(report));
  const std::string verdict = decide::name_of(*report.decision.verdict);
  if (!arguments.expect.empty() && verdict != arguments.expect) {
    throw Error(ErrorCode::gate_failed, fmt::format("the verdict is {}, not {}", verdict, arguments.expect),
                arguments.scenario, "the flips above say which inputs decide it");
  }
}

}  // namespace

void add_decide(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("decide", "edge, cloud or hybrid, from the numbers of a scenario");
  verb->add_option("scenario", arguments->scenario, "scenario.toml")->required();
  verb->add_option("--expect", arguments->expect, "exit code 1 unless this is the verdict: edge, cloud or hybrid");
  CLI::Option* json = verb->add_flag("--json", arguments->json, "print the result as JSON");
  verb->add_flag("--markdown", arguments->markdown, "print the result as Markdown")->excludes(json);
  verb->callback([arguments] { run(*arguments); });
}

}  // namespace whit::cli
