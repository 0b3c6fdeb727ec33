// whit bench model.tflite --target T [--json]
#include "whit/target/bench.hpp"

#include <fmt/format.h>

#include <memory>

#include "whit/cli/model.hpp"
#include "whit/cli/verbs.hpp"

namespace whit::cli {
namespace {

struct Arguments {
  std::string model;
  std::string target = "qemu-cortex-m4";
  bool json = false;
  CompileFlags compile;
};

void run(const Arguments& arguments) {
  const target::Target& machine = target::find_emulated_target(arguments.target);
  const compile::Compiled compiled =
      load_program(arguments.model, arguments.compile, compile::kernel_set(machine.kernels));
  const target::BenchImage image(machine, compiled.program, optimize_of(arguments.compile));
  target::BenchResult result = image.measure(target::ramp37(compiled.program));
  for (size_t i = 0; i < compiled.alive_bytes.size(); ++i) result.layers[i].alive_bytes = compiled.alive_bytes[i];
  fmt::print("{}", arguments.json ? target::bench_json(result) : target::bench_text(result));
}

}  // namespace

void add_bench(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("bench", "measure one inference on an emulated target, layer by layer");
  verb->add_option("model", arguments->model, "model.onnx, model.tflite or model.whit")->required();
  verb->add_option("--target", arguments->target, "the emulated machine")->capture_default_str();
  verb->add_flag("--json", arguments->json, "print the result as JSON");
  add_compile_flags(*verb, arguments->compile);
  verb->callback([arguments] { run(*arguments); });
}

}  // namespace whit::cli
