// whit fit MODEL --device D [--ram 64KB --flash 256KB --latency 50ms --energy 1mJ --period 30s --battery 3000mAh]
#include "whit/device/fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include "whit/base/error.hpp"
#include "whit/base/units.hpp"
#include "whit/cli/model.hpp"
#include "whit/cli/verbs.hpp"
#include "whit/device/advise.hpp"
#include "whit/device/fit_print.hpp"
#include "whit/device/patches.hpp"

namespace whit::cli {
namespace {

struct Arguments {
  std::string model, device;
  std::string ram, flash, latency, energy, period, battery;
  bool all = false, json = false, markdown = false;
  CompileFlags compile;
};

device::Budgets budgets_of(const Arguments& a) {
  const auto read = [](const std::string& text, Dimension dimension, const char* flag) -> std::optional<double> {
    if (text.empty()) return std::nullopt;
    return parse_quantity(text, dimension, flag);
  };
  device::Budgets budgets;
  budgets.ram_bytes = read(a.ram, Dimension::bytes, "--ram");
  budgets.flash_bytes = read(a.flash, Dimension::bytes, "--flash");
  budgets.latency_s = read(a.latency, Dimension::seconds, "--latency");
  budgets.energy_j = read(a.energy, Dimension::joules, "--energy");
  budgets.period_s = read(a.period, Dimension::seconds, "--period");
  budgets.battery_mah = read(a.battery, Dimension::milliamp_h, "--battery");
  return budgets;
}

template <typename Report>
void print(const Arguments& arguments, const Report& report, std::string (*text)(const Report&),
           std::string (*markdown)(const Report&), std::string (*json)(const Report&)) {
  fmt::print("{}", (arguments.json ? json : arguments.markdown ? markdown : text)(report));
  std::fflush(stdout);  // before a verdict on the standard error
}

void add_to(std::vector<std::string>& notes, const std::vector<std::string>& more) {
  notes.insert(notes.end(), more.begin(), more.end());
}

void fit_one(const Arguments& arguments, const device::Budgets& budgets) {
  device::FitReport report;
  report.profile = device::find_profile(arguments.device);
  const device::Subject subject = load_subject(arguments.model, arguments.compile);
  const device::MeasurementCache cache;
  report.model = compile::identifier(arguments.model);
  report.measured = device::measure(subject, report.profile, cache);
  report.fit = device::fit(report.measured, report.profile, budgets);
  const bool is_integer = subject.is_integer();
  report.notes = device::notes(report.profile, report.measured, is_integer);
  add_to(report.notes, device::budget_notes(report.profile, budgets));
  if (!report.fit.fits()) {
    report.advice = device::advise(subject, report.profile, budgets, report.measured, cache);
    if (subject.graph && report.fit.find(device::Resource::ram)->margin() < 0) {
      const bool strips =
          std::any_of(report.advice.begin(), report.advice.end(), [](const auto& a) { return a.is_predicted; });
      report.notes.push_back(fmt::format("RAM is set by {}{}", device::peak_layer(*subject.graph, subject.passes),
                                         strips ? "" : "; the first layers in strips of rows would not lessen it"));
    }
    report.notes.push_back(
        "what a change costs in accuracy is not known until it is tested: whit quantize, or training");
  }
  print(arguments, report, device::fit_text, device::fit_markdown, device::fit_json);
  if (report.fit.fits()) return;
  throw Error(ErrorCode::gate_failed,
              fmt::format("{} {}: {}", report.fit.is_known() ? "does not fit" : "not known to fit", report.profile.name,
                          device::violations(report.fit)),
              arguments.model, "one of the changes above, or a larger budget");
}

void fit_all(const Arguments& arguments, const device::Budgets& budgets) {
  const device::Subject subject = load_subject(arguments.model, arguments.compile);
  std::vector<const device::Profile*> devices;
  for (const device::Profile& profile : device::all_profiles()) devices.push_back(&profile);
  const std::vector<device::Outcome> outcomes = device::measure_on(subject, devices, device::MeasurementCache());
  const bool is_integer = subject.is_integer();
  device::DevicesReport report{compile::identifier(arguments.model), {}};
  bool any = false;
  for (size_t i = 0; i < devices.size(); ++i) {
    const device::Profile& profile = *devices[i];
    const auto& [measured, failure] = outcomes[i];
    device::DeviceFit entry{&profile, std::nullopt, failure, {}};
    if (measured) {
      entry.fit = device::fit(*measured, profile, budgets);
      entry.notes = device::own_notes(profile, *measured, is_integer);
      add_to(entry.notes, device::budget_notes(profile, budgets));
      any = any || entry.fit->fits();
    }
    report.devices.push_back(std::move(entry));
  }
  print(arguments, report, device::devices_text, device::devices_markdown, device::devices_json);
  if (!any)
    throw Error(ErrorCode::gate_failed, "fits no device", arguments.model, "whit fit with one --device advises");
}

void run(const Arguments& arguments) {
  const device::Budgets budgets = budgets_of(arguments);
  if (arguments.all) return fit_all(arguments, budgets);
  if (arguments.device.empty()) {
    throw Error(ErrorCode::usage, "there is no device", "",
                "--device NAME, or --all-devices; `whit devices` lists them");
  }
  fit_one(arguments, budgets);
}

}  // namespace

void add_fit(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  Arguments& a = *arguments;
  CLI::App* verb = app.add_subcommand("fit", "does the model fit a device? memory, latency, energy, battery life");
  verb->add_option("model", a.model, "model.onnx, model.tflite or model.whit")->required();
  CLI::Option* device = verb->add_option("--device", a.device, "a device of `whit devices`, or a profile of your own");
  verb->add_flag("--all-devices", a.all, "a table of all; fails when the model fits none")->excludes(device);
  verb->add_option("--ram", a.ram, "budget, such as 64KB; else what the device leaves free");
  verb->add_option("--flash", a.flash, "likewise");
  verb->add_option("--latency", a.latency, "budget of an inference, such as 50ms");
  verb->add_option("--energy", a.energy, "budget of an inference, such as 1mJ");
  CLI::Option* period = verb->add_option("--period", a.period, "an inference each ..., asleep between: 30s");
  verb->add_option("--battery", a.battery, "its charge, such as 3000mAh, for battery life")->needs(period);
  CLI::Option* json = verb->add_flag("--json", a.json, "machine-readable");
  verb->add_flag("--markdown", a.markdown, "for a comment on a pull request")->excludes(json);
  add_compile_flags(*verb, a.compile);
  verb->callback([arguments] { run(*arguments); });
}

}  // namespace whit::cli
