// Writes a graph as a .tflite file that TensorFlow Lite's interpreter, its Micro variant and viewers open.
// The inverse of the reader: a model travels from verb to verb as such a file. Changes no number: what the format or
// the interpreter cannot express as it is, is refused.
#pragma once

#include <cstdint>
#include <vector>

#include "whit/ir/graph.hpp"

namespace whit::tflite {

// The bytes of the file; the same graph gives the same bytes. The graph has to be sound (ir::verify).
//
// Written with several ops: padding that is neither SAME nor VALID as a PAD before a VALID layer; a transposed
// convolution with such padding as a VALID one and a SLICE; a fully connected layer whose output has more dimensions
// than TFLite gives it as one and a RESHAPE; an arg_max that keeps its dimension, likewise. Variables are handles that
// a second subgraph, called once, gives their first values. Equal constants are stored once. Tensor names stay.
//
// Error unsupported, naming the node: ops, types, ranks and padding that TFLite lacks, and quantization other than the
// one that its kernel computes.
std::vector<uint8_t> write_tflite(const ir::Graph& graph);

}  // namespace whit::tflite
