// whit build model.tflite --target cortex-m4 -o firmware/ [--features DATA [--control BUILDING.toml]]
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>

#include "whit/base/error.hpp"
#include "whit/cli/simulate.hpp"
#include "whit/cli/verbs.hpp"
#include "whit/compile/emit/emit_control.hpp"
#include "whit/compile/emit/emit_features.hpp"
#include "whit/data/feature_table.hpp"
#include "whit/target/bench.hpp"
#include "whit/target/target.hpp"

namespace whit::cli {
namespace {

struct Arguments {
  std::string model;
  std::string output;
  std::string target;
  std::string features, control;
  CompileFlags compile;
};

// What is left of `have_bytes`: "99.7 %".
std::string left(uint64_t used_bytes, uint64_t have_bytes) {
  return fmt::format("{:.1f} %", 100.0 * (1.0 - static_cast<double>(used_bytes) / static_cast<double>(have_bytes)));
}

// Float results differ in the last bits between C libraries: within 1e-5, as the emitted self-test has it.
bool close(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
  for (size_t i = 0; i + sizeof(float) <= a.size(); i += sizeof(float)) {
    float x = 0;
    float y = 0;
    std::memcpy(&x, &a[i], sizeof x);
    std::memcpy(&y, &b[i], sizeof y);
    if (!(std::abs(x - y) <= 1e-5f * std::max(1.0f, std::abs(y)))) return false;
  }
  return a.size() == b.size();
}

// What is left of the emulated machine's memory; the line goes on.
void print_machine(const target::Target& target, uint64_t flash_bytes, uint64_t ram_bytes) {
  fmt::print("emulated  {}, not your board: {} MB flash ({} left), {} MB RAM ({} left)", target.name,
             target.flash_bytes >> 20, left(flash_bytes, target.flash_bytes), target.ram_bytes >> 20,
             left(ram_bytes, target.ram_bytes));
}

// Builds the firmware, runs it in the emulator and holds its output against this machine's player.
void print_cost(const compile::Compiled& compiled, const target::Target& target, compile::Optimize optimize) {
  const compile::Program& program = compiled.program;
  const target::Tensors inputs = target::ramp37(program);
  const target::BenchResult cost = target::BenchImage(target, program, optimize).measure(inputs);
  compile::HostPlayer player(program);
  for (size_t i = 0; i < inputs.size(); ++i) player.set_input(i, inputs[i]);
  player.invoke();
  bool same = true;
  bool has_floats = false;
  for (size_t o = 0; o < cost.outputs.size(); ++o) {
    const bool is_float = program.outputs()[o].info.type == static_cast<uint32_t>(rt::ElementType::f32);
    has_floats = has_floats || is_float;
    same = same && (is_float ? close(cost.outputs[o], player.output(o)) : cost.outputs[o] == player.output(o));
  }

  const uint32_t flash_bytes = cost.code_bytes + cost.weights_bytes;
  const uint32_t ram_bytes = cost.arena_bytes + cost.stack_bytes;
  const std::string bound =
      compiled.arena_lower_bound > 0 ? fmt::format(" (at least {} for these ops)", compiled.arena_lower_bound) : "";
  const double cycles = static_cast<double>(cost.total.cycles[1]);
  const double mhz = target.clock_hz / 1e6;
  fmt::print("flash     {} bytes: {} weights and biases, {} code, tables and start-up\n", flash_bytes,
             cost.weights_bytes, cost.code_bytes);
  fmt::print("RAM       {} bytes: {} arena{}, {} stack\n", ram_bytes, cost.arena_bytes, bound, cost.stack_bytes);
  fmt::print("time      {} instructions, {:.0f} cycles estimated without wait states\n", cost.total.instructions,
             cycles);
  print_machine(target, flash_bytes, ram_bytes);
  fmt::print(", {} MHz ({:.2f} ms estimated)\n", mhz, 1e-3 * cycles / mhz);
  fmt::print("verified  on {}: {}\n", target.name,
             !same        ? "DIFFERENT from the player on this machine"
             : has_floats ? "within 1e-5 of the player on this machine"
                          : "the same bits as the player on this machine");
  if (!same) {
    throw Error(ErrorCode::gate_failed, "the firmware's output differs from the player's", target.name,
                "report this with the model, please");
  }
}

// The same of features, model and controller together: a day of the building.
void print_cost(const ControlSetup& setup, const target::Target& target, compile::Optimize optimize) {
  const control::TargetRun run =
      run_on_target(setup, target, optimize, setup.options.seasons[0], ControlFlags().seed, 1);
  fmt::print("{}", control::cost_text(run, target));
  print_machine(target, run.flash_bytes, run.ram_bytes());
  fmt::print("\nverified  on {}: {} of {} decisions of a day as on this machine\n", target.name, run.same_demands,
             run.minutes);
  check_same(run, target);
}

void run(const Arguments& arguments) {
  const target::Target& target = target::find_target(arguments.target);
  const compile::Compiled compiled =
      load_program(arguments.model, arguments.compile, compile::kernel_set(target.kernels));
  const std::string name = compile::identifier(arguments.model);
  if (!std::all_of(arguments.model.begin(), arguments.model.end(), [](char c) { return (c & 0x80) == 0; })) {
    fmt::print(stderr, "note: the firmware's names begin with {}: C++ compilers want plain letters and digits\n", name);
  }
  std::string machine_flags;
  for (const std::string& flag : target.machine_flags) machine_flags += (machine_flags.empty() ? "" : " ") + flag;
  const compile::Optimize optimize = optimize_of(arguments.compile);
  compile::Firmware firmware =
      compile::emit(compiled.program, {name, optimize, arguments.target, target.compiler, machine_flags});
  std::optional<ControlSetup> control;
  if (!arguments.features.empty()) {
    const data::FeatureTable table = data::read_feature_table(arguments.features);
    compile::emit_features(compile::bind_features(table.view(), compiled.program, arguments.model), name, firmware);
    if (!arguments.control.empty()) {
      control = load_control(arguments.control, compiled.program, arguments.features);
      compile::emit_control(control->options.device, control->forecaster->sensors, name, firmware);
    }
  }
  compile::write_firmware(firmware, arguments.output);
  fmt::print("{} for {}: {} files in {}\n", name, arguments.target, firmware.size(), arguments.output);
  if (target.is_host()) return;
  try {
    if (control) {
      print_cost(*control, target, optimize);
    } else {
      print_cost(compiled, target, optimize);
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::tool_missing) throw;
    fmt::print("arena     {} bytes\nflash and time are not known: {} ({})\n", compiled.program.header().arena_bytes,
               error.what(), error.hint());
  }
}

}  // namespace

void add_build(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("build", "turn a model into firmware source, and say what it costs");
  verb->add_option("model", arguments->model, "model.onnx, model.tflite or model.whit")->required();
  verb->add_option("--target", arguments->target, "what the firmware runs on, such as cortex-m4")->required();
  verb->add_option("-o,--output", arguments->output, "directory to write")->required();
  CLI::Option* features =
      verb->add_option("--features", arguments->features,
                       "data.json of `whit data -o`: the code from readings to the input comes along");
  verb->add_option("--control", arguments->control,
                   "building.toml with a table [control]: the predictive controller comes along")
      ->needs(features);
  add_compile_flags(*verb, arguments->compile);
  verb->callback([arguments] { run(*arguments); });
}

}  // namespace whit::cli
