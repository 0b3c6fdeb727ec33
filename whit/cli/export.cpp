// whit import MODEL -o MODEL.tflite [--json]
// whit export MODEL -o FILE [--json]
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "whit/base/error.hpp"
#include "whit/cli/graph.hpp"
#include "whit/cli/verbs.hpp"

namespace whit::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string model;
  std::string output;
  bool json = false;
};

Json json_of(const ir::Graph& graph, const std::vector<ir::TensorId>& ids) {
  Json list = Json::array();
  for (const ir::TensorId id : ids) {
    const ir::Tensor& tensor = graph.tensor(id);
    list.push_back({{"name", tensor.name}, {"type", ir::name_of(tensor.type)}, {"shape", tensor.shape}});
  }
  return list;
}

// A model in a standard file into another one.
void convert(const Arguments& arguments) {
  require_model_file(arguments.output, arguments.model);
  const ReadModel model = load_model(arguments.model);
  save_graph(model.graph, arguments.output);
  const auto bytes = std::filesystem::file_size(arguments.output);
  if (arguments.json) {
    const Json json{{"model", arguments.model},
                    {"output", arguments.output},
                    {"bytes", bytes},
                    {"inputs", json_of(model.graph, model.graph.inputs)},
                    {"outputs", json_of(model.graph, model.graph.outputs)},
                    {"notes", model.notes}};
    return fmt::print("{}\n", json.dump(2));
  }
  for (const std::string& note : model.notes) fmt::print(stderr, "note: {}\n", note);
  fmt::print("{}: {} bytes\n", arguments.output, bytes);
}

// Between whit's verbs models travel as .tflite.
void import_model(const Arguments& arguments) {
  if (!arguments.output.ends_with(".tflite")) {
    throw Error(ErrorCode::usage, "whit's verbs hand models on as .tflite", arguments.output,
                "give a name that ends in .tflite, or use `whit export`");
  }
  convert(arguments);
}

void add_verb(CLI::App& app, const char* name, const char* what, const char* output, void (*run)(const Arguments&)) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand(name, what);
  verb->add_option("model", arguments->model, "model.onnx or model.tflite")->required();
  verb->add_option("-o,--output", arguments->output, output)->required();
  verb->add_flag("--json", arguments->json, "machine-readable");
  verb->callback([arguments, run] { run(*arguments); });
}

}  // namespace

void add_import(CLI::App& app) {
  add_verb(app, "import", "bring in a model of another tool: .onnx becomes .tflite", "the file to write, .tflite",
           import_model);
}

void add_export(CLI::App& app) {
  add_verb(app, "export", "write a model as a standard file that other tools open",
           "the file to write; its extension says the format: .onnx or .tflite", convert);
}

}  // namespace whit::cli
