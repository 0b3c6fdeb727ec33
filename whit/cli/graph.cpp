#include "whit/cli/graph.hpp"

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/compile/program.hpp"
#include "whit/formats/tflite/reader.hpp"
#include "whit/formats/tflite/writer.hpp"

namespace whit::cli {

ir::Graph load_graph(const std::string& file) {
  const std::vector<uint8_t> bytes = read_file(file);
  if (compile::is_program(bytes)) {
    throw Error(ErrorCode::bad_input, "a Program is past the stage of a graph", file,
                "give the model it was made from");
  }
  try {
    return tflite::read_tflite(bytes, compile::identifier(file));
  } catch (const Error& error) {
    throw error.at(error.where().empty() ? file : file + ": " + error.where());
  }
}

void save_graph(const ir::Graph& graph, const std::string& file) {
  if (file.ends_with(".tflite")) return write_file(file, tflite::write_tflite(graph));
  throw Error(ErrorCode::usage, "the file's extension names no format that is written", file,
              "give a name that ends in .tflite");
}

}  // namespace whit::cli
