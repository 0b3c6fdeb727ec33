#include "whit/cli/graph.hpp"

#include <cstdio>
#include <filesystem>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/compile/program.hpp"
#include "whit/formats/onnx/reader.hpp"
#include "whit/formats/onnx/writer.hpp"
#include "whit/formats/tflite/reader.hpp"
#include "whit/formats/tflite/writer.hpp"

namespace whit::cli {

ReadModel read_graph(const std::vector<uint8_t>& bytes, const std::string& file) {
  const bool is_onnx = file.ends_with(".onnx") || (!file.ends_with(".tflite") && onnx::looks_like_onnx(bytes));
  if (!is_onnx) return {tflite::read_tflite(bytes, file), {}};
  onnx::Model model = onnx::read_onnx(bytes, file, std::filesystem::path(file).parent_path());
  return {std::move(model.graph), std::move(model.notes)};
}

ReadModel load_model(const std::string& file) {
  const std::vector<uint8_t> bytes = read_file(file);
  if (compile::is_program(bytes)) {
    throw Error(ErrorCode::bad_input, "a Program is past the stage of a graph", file,
                "give the model it was made from");
  }
  ReadModel model = read_graph(bytes, file);
  model.graph.name = compile::identifier(file);
  return model;
}

ir::Graph load_graph(const std::string& file) {
  ReadModel model = load_model(file);
  for (const std::string& note : model.notes) std::fprintf(stderr, "note: %s\n", note.c_str());
  return std::move(model.graph);
}

void require_output_file(const std::string& output, const std::string& input) {
  namespace fs = std::filesystem;
  std::error_code none;
  if (fs::equivalent(output, input, none)) {
    throw Error(ErrorCode::usage, "the output is the model itself, which would be lost", output, "give another name");
  }
  const fs::path folder = fs::path(output).parent_path();
  if (!folder.empty() && !fs::is_directory(folder, none)) {
    throw Error(ErrorCode::bad_input, "the folder does not exist", output, "mkdir -p " + folder.string());
  }
}

void require_model_file(const std::string& output, const std::string& input) {
  if (!output.ends_with(".tflite") && !output.ends_with(".onnx")) {
    throw Error(ErrorCode::usage, "the file's extension names no format that is written", output,
                "give a name that ends in .tflite or .onnx");
  }
  require_output_file(output, input);
}

void save_graph(const ir::Graph& graph, const std::string& file) {
  write_file(file, file.ends_with(".onnx") ? onnx::write_onnx(graph) : tflite::write_tflite(graph));
}

}  // namespace whit::cli
