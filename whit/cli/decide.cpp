// whit decide SCENARIO.toml [--model MODEL] [--json | --markdown] [--expect edge|cloud|hybrid]
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "whit/base/error.hpp"
#include "whit/base/nearest.hpp"
#include "whit/base/units.hpp"
#include "whit/cli/model.hpp"
#include "whit/cli/verbs.hpp"
#include "whit/decide/report.hpp"
#include "whit/decide/words.hpp"
#include "whit/device/fit.hpp"

namespace whit::cli {
namespace {

struct Arguments {
  std::string scenario;
  std::string model;
  std::string expect;
  bool json = false;
  bool markdown = false;
};

// What the model takes of the scenario's device, as `whit fit` says it, instead of the scenario's own figures for the
// edge. Returns where they come from.
std::string measure_edge(const Arguments& arguments, decide::Scenario& scenario) {
  if (scenario.device.profile.empty()) {
    throw Error(ErrorCode::bad_input, "device.profile is missing, and --model needs to know the device",
                arguments.scenario, "name one of `whit devices`, or a profile.toml of your own");
  }
  const device::Profile profile = device::find_profile(scenario.device.profile);
  const device::Subject subject = load_subject(arguments.model, {});
  const device::Measured measured = device::measure(subject, profile, device::MeasurementCache());
  const bool has_compiler = !profile.target.empty();
  const device::Need need = device::fit(measured, profile, {}).need;
  if (!need.time_unknown.empty()) {
    throw Error(ErrorCode::unsupported,
                fmt::format("its latency on {} is unknown: {}", profile.name, need.time_unknown), arguments.model,
                "quantize it first (whit quantize), or leave out --model and give edge.latency_ms and the other "
                "figures of [edge]");
  }
  decide::DeviceModel& model = scenario.edge.model;
  model.flash_bytes = need.flash_bytes;
  model.ram_bytes = need.ram_bytes;
  model.latency_ms = need.latency_s.mid * 1e3;
  model.latency_high = need.latency_s.high / need.latency_s.mid;
  model.energy_mj = need.energy_j.mid * 1e3;
  const std::string range = model.latency_high > 1
                                ? fmt::format(" ({} to {})", decide::duration(need.latency_s.low * 1e3),
                                              decide::duration(need.latency_s.high * 1e3))
                                : "";
  return fmt::format(
      "{} on {}: {} of flash and {} of RAM, {}; {}{} and {} mJ an inference without features, estimated. "
      "Notes: {}",
      arguments.model, profile.name, text_of_bytes(need.flash_bytes), text_of_bytes(need.ram_bytes),
      has_compiler ? "measured" : "estimated", decide::duration(model.latency_ms), range,
      decide::number(model.energy_mj), fmt::join(device::notes(profile, measured, subject.is_integer()), "; "));
}

void run(const Arguments& arguments) {
  constexpr std::array kNames = {"edge", "cloud", "hybrid"};
  if (!arguments.expect.empty()) index_of_name(arguments.expect, kNames, "option");
  const bool has_model = !arguments.model.empty();
  decide::Scenario scenario =
      decide::read_scenario(arguments.scenario, has_model ? decide::EdgeCost::measured : decide::EdgeCost::in_file);
  const std::string note = has_model ? measure_edge(arguments, scenario) : "";
  decide::Report report = decide::make_report(scenario, arguments.scenario);
  report.note = note;
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
  verb->add_option("--model", arguments->model,
                   "measure this model for the scenario's device instead of taking its figures for the edge");
  verb->add_option("--expect", arguments->expect, "exit code 1 unless this is the verdict: edge, cloud or hybrid");
  CLI::Option* json = verb->add_flag("--json", arguments->json, "print the result as JSON");
  verb->add_flag("--markdown", arguments->markdown, "print the result as Markdown")->excludes(json);
  verb->callback([arguments] { run(*arguments); });
}

}  // namespace whit::cli
