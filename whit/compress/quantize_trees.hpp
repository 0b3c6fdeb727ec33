// Forests in integers. Their features stay float32 in the graph before them and are quantized for them alone, each with
// the scale that its own thresholds ask for: what lies beyond the last threshold needs no resolution. So no calibration
// is needed but for the output. Used by quantize.cpp.
#pragma once

#include "whit/ir/graph.hpp"

namespace whit::compress {

// Of the features of float tree_ensemble `node`: the stored values of `type` (i8 or i16) span the thresholds of each,
// with values below and above to spare. Zero need not be a stored value. Scales are powers of two, which devices divide
// by without a division; int8 features lose up to half of their values by that.
ir::Quantization feature_quantization(const ir::Graph& graph, const ir::Node& node, ir::DType type);

// Adds the constants of tree_ensemble `source` of graph `from` to graph `to` and puts them into node.inputs;
// node.inputs[0], the quantized features, is in `to` already. A branch is that of the real threshold on the real
// feature that the stored one stands for. Leaves have one scale, so that no sum leaves 31 bits.
void quantize_trees(ir::Graph& to, ir::Node& node, const ir::Graph& from, const ir::Node& source);

}  // namespace whit::compress
