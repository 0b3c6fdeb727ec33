// whit export model -o out.tflite
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "whit/cli/graph.hpp"
#include "whit/cli/verbs.hpp"

namespace whit::cli {
namespace {

struct Arguments {
  std::string model;
  std::string output;
};

void run(const Arguments& arguments) {
  require_model_file(arguments.output, arguments.model);
  save_graph(load_graph(arguments.model), arguments.output);
  fmt::print("{}: {} bytes\n", arguments.output, std::filesystem::file_size(arguments.output));
}

}  // namespace

void add_export(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("export", "write a model as a standard file that other tools open");
  verb->add_option("model", arguments->model, "model.onnx or model.tflite")->required();
  verb->add_option("-o,--output", arguments->output,
                   "the file to write; its extension says the format: .onnx or .tflite")
      ->required();
  verb->callback([arguments] { run(*arguments); });
}

}  // namespace whit::cli
