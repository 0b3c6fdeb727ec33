// int4 weights for a model that is quantized to int8 already: its weights are rounded once more. Without data and
// without the float model; `whit quantize --precision int8_w4` rounds better.
#pragma once

#include "whit/ir/graph.hpp"

namespace whit::compress {

// Weights of conv2d and fully_connected with int8 inputs, symmetric; scales per channel where they were. The biases
// follow. Returns the number of layers changed.
int round_to_int4_weights(ir::Graph& graph);

}  // namespace whit::compress
