// Cross-layer equalization (Nagel et al., "Data-free quantization through weight equalization and bias correction",
// ICCV 2019, section 4.1): scales the channels between two layers so that both have weights of like range. The float
// model computes the same; per-tensor scales, and channels that huge weights have spoilt, lose less.
#pragma once

#include "whit/ir/graph.hpp"

namespace whit::compress {

// For pairs of conv2d, depthwise_conv2d (multiplier 1) or fully_connected layers with nothing between them but relu or
// no activation at all, of which the second is the only reader of the first. The graph has been through prepare().
// Returns how many pairs there were.
int equalize(ir::Graph& graph);

}  // namespace whit::compress
