// Models as graphs, from and to the files in which they travel between verbs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "whit/ir/graph.hpp"

namespace whit::cli {

struct ReadModel {
  ir::Graph graph;
  std::vector<std::string> notes;  // what the reader decided for the user, such as layouts
};

// The graph in `bytes`, of .onnx or else .tflite, by the extension of `file` or by their beginning. Errors name the
// file.
ReadModel read_graph(const std::vector<uint8_t>& bytes, const std::string& file);

// Reads a model, and names the graph after the file. Errors name the file.
ReadModel load_model(const std::string& file);

// The same; notes go to the standard error.
ir::Graph load_graph(const std::string& file);

// Asked before long work that ends in writing `output`. Error usage when it is `input` itself, bad_input when its
// folder does not exist.
void require_output_file(const std::string& output, const std::string& input);

// The same, and Error usage when save_graph() would not know the format.
void require_model_file(const std::string& output, const std::string& input);

// Writes it, in the format that the extension names. Error usage for another extension.
void save_graph(const ir::Graph& graph, const std::string& file);

}  // namespace whit::cli
