// whit export model -o out.tflite
#include <fmt/format.h>

#include <memory>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/cli/verbs.hpp"
#include "whit/formats/tflite/reader.hpp"
#include "whit/formats/tflite/writer.hpp"

namespace whit::cli {
namespace {

struct Arguments {
  std::string model;
  std::string output;
};

std::vector<uint8_t> written(const ir::Graph& graph, const std::string& output) {
  if (output.ends_with(".tflite")) return tflite::write_tflite(graph);
  throw Error(ErrorCode::usage, "the file's extension names no format that is written", output,
              "give -o a name that ends in .tflite");
}

void run(const Arguments& arguments) {
  const std::vector<uint8_t> bytes = written(tflite::read_tflite_file(arguments.model), arguments.output);
  write_file(arguments.output, bytes);
  fmt::print("{}: {} bytes\n", arguments.output, bytes.size());
}

}  // namespace

void add_export(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("export", "write a model as a standard file that other tools open");
  verb->add_option("model", arguments->model, "model.tflite")->required();
  verb->add_option("-o,--output", arguments->output, "the file to write; its extension says the format: .tflite")
      ->required();
  verb->callback([arguments] { run(*arguments); });
}

}  // namespace whit::cli
