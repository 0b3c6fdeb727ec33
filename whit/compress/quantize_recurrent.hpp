// The numbers of quantized recurrent layers: weights and biases of each gate, and scales of states. Used by
// quantize.cpp. lstm follows TFLite's int8 specification (gates in Q3.12 and a cell state of int16 need no ranges of
// the gates' sums); gru, which TFLite lacks, follows it sum by sum.
#pragma once

#include "whit/compress/calibrate.hpp"
#include "whit/compress/quantize.hpp"
#include "whit/ir/graph.hpp"

namespace whit::compress {

// int16, zero point 0, the power of two from 2^-15 to 2^-9 that just holds the range (its very end may saturate). A
// gru's states are within
// [-1, 1], which gives them 2^-15.
ir::Quantization state_quantization(Range range);

// Adds the weights and biases of layer `source` of graph `from` to graph `to` and puts them into node.inputs; input 0
// and output 0 of `node` are in `to` already. One scale for each gate's matrix.
void quantize_recurrent(ir::Graph& to, ir::Node& node, const ir::Graph& from, const ir::Node& source,
                        const Recipe& recipe, const PatchMoments& moments);

// Peephole weights, which no integer kernel has.
bool has_peepholes(const ir::Node& lstm);

}  // namespace whit::compress
