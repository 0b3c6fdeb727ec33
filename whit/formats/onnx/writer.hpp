// Writes a graph as an .onnx file that ONNX's checker accepts and ONNX Runtime and viewers open.
// The inverse of the reader: float32 as it is, int8 with QuantizeLinear and DequantizeLinear round each op (QDQ).
#pragma once

#include <cstdint>
#include <vector>

#include "whit/ir/graph.hpp"

namespace whit::onnx {

// The bytes of the file, of operator set 17; the same graph gives the same bytes. The graph has to be sound
// (ir::verify). Inputs and outputs keep names, shapes and order of dimensions. Inside, images are channels first: a
// Transpose stands where images begin and end, none between ops that work on images or element by element.
//
// Integers are those of the graph; ONNX computes between them in float, so single values of a quantized model may
// differ by a step. Error unsupported, naming the node: variables and ops that keep state, int16 activations, mirrored
// padding with the edge.
std::vector<uint8_t> write_onnx(const ir::Graph& graph);

}  // namespace whit::onnx
