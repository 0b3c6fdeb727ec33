// whit fit MODEL --device D [--ram 64KB --flash 256KB --latency 50ms --energy 1mJ --period 30s --battery 3000mAh]
#include "whit/device/fit.hpp"

#include <fmt/format.h>

#include <memory>

#include "whit/base/error.hpp"
#include "whit/base/units.hpp"
#include "whit/cli/model.hpp"
#include "whit/cli/verbs.hpp"
#include "whit/device/fit_print.hpp"

namespace whit::cli {
namespace {

struct Arguments {
  std::string model, device;
  std::string ram, flash, latency, energy, period, battery;
  bool json = false, markdown = false;
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

void run(const Arguments& arguments) {
  const device::Budgets budgets = budgets_of(arguments);
  device::FitReport report;
  report.budgets = budgets;
  report.profile = device::find_profile(arguments.device);
  const target::Target& target = device::measured_target(report.profile);
  const compile::Compiled compiled =
      load_program(arguments.model, arguments.compile, compile::kernel_set(target.kernels));
  const device::MeasurementCache cache;
  report.model = compiled.program.name();
  report.measured = device::measure(target, compiled.program, optimize_of(arguments.compile), cache);
  report.fit = device::fit(report.measured, report.profile, budgets);
  report.notes = device::notes(report.profile, report.measured, false);
  fmt::print("{}", arguments.json       ? device::fit_json(report)
                   : arguments.markdown ? device::fit_markdown(report)
                                        : device::fit_text(report));
  if (report.fit.fits()) return;
  throw Error(ErrorCode::gate_failed,
              fmt::format("does not fit {}: {}", report.profile.name, device::violations(report.fit)), arguments.model);
}

}  // namespace

void add_fit(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  Arguments& a = *arguments;
  CLI::App* verb = app.add_subcommand("fit", "does the model fit a device? memory, latency, energy, battery life");
  verb->add_option("model", a.model, "model.onnx, model.tflite or model.whit")->required();
  verb->add_option("--device", a.device, "a device that whit knows, or a profile.toml of your own")->required();
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
