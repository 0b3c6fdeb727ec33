// whit compile model.tflite --target T -o model.whit
#include <fmt/format.h>

#include <memory>

#include "whit/base/file.hpp"
#include "whit/cli/graph.hpp"
#include "whit/cli/model.hpp"
#include "whit/cli/verbs.hpp"
#include "whit/target/target.hpp"

namespace whit::cli {
namespace {

struct Arguments {
  std::string model;
  std::string output;
  std::string target = "host";
  CompileFlags compile;
};

void run(const Arguments& arguments) {
  require_output_file(arguments.output, arguments.model);
  const compile::Compiled compiled = load_program(arguments.model, arguments.compile,
                                                  compile::kernel_set(target::find_target(arguments.target).kernels));
  write_file(arguments.output, compiled.program.bytes());
  const rt::ProgramHeader& h = compiled.program.header();
  fmt::print("{}: {} ops, {} bytes ({} of weights), arena {} bytes\n", arguments.output, h.op_count, h.total_bytes,
             h.weights_bytes, h.arena_bytes);
}

}  // namespace

void add_compile(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("compile", "lower a model to a Program, a blob that the player runs in place");
  verb->add_option("model", arguments->model, "model.onnx or model.tflite")->required();
  verb->add_option("-o,--output", arguments->output, "the .whit file to write")->required();
  verb->add_option("--target", arguments->target, "what the Program is for")->capture_default_str();
  add_compile_flags(*verb, arguments->compile);
  verb->callback([arguments] { run(*arguments); });
}

}  // namespace whit::cli
