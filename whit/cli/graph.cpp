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

ir::Graph load_graph(const std::string& file) {
  const std::vector<uint8_t> bytes = read_file(file);
  if (compile::is_program(bytes)) {
    throw Error(ErrorCode::bad_input, "a Program is past the stage of a graph", file,
                "give the model it was made from");
  }
  ReadModel model = read_graph(bytes, file);
  for (const std::string& note : model.notes) std::fprintf(stderr, "note: %s\n", note.c_str());
  model.graph.name = compile::identifier(file);
  return std::move(model.graph);
}

void require_known_format(const std::string& file) {
  if (file.ends_with(".tflite") || file.ends_with(".onnx")) return;
  throw Error(ErrorCode::usage, "the file's extension names no format that is written", file,
              "give a name that ends in .tflite or .onnx");
}

void save_graph(const ir::Graph& graph, const std::string& file) {
  require_known_format(file);
  write_file(file, file.ends_with(".onnx") ? onnx::write_onnx(graph) : tflite::write_tflite(graph));
}

}  // namespace whit::cli
