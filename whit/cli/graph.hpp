// Models as graphs, from and to the files in which they travel between verbs.
#pragma once

#include <string>

#include "whit/ir/graph.hpp"

namespace whit::cli {

// Reads a model in a format that is known by its extension. Errors name the file.
ir::Graph load_graph(const std::string& file);

// Writes it, in the format that the extension names. Error usage for another extension.
void save_graph(const ir::Graph& graph, const std::string& file);

}  // namespace whit::cli
