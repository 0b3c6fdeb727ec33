// A narrower model: the first channels of every hidden layer, and the rest cut off. What a model of that width would
// cost can then be built and counted. It would have to be trained: this one's results mean nothing.
#pragma once

#include "whit/ir/graph.hpp"

namespace whit::compress {

// Hidden layers keep `share` (0 to 1) of their channels, rounded up to a multiple of 4. Inputs and outputs of the model
// stay as they are, and so does what is tied to them or to ops that mix channels in other ways. The graph is sound and
// has been through the passes. Error unsupported when no layer can be narrower.
ir::Graph narrower(const ir::Graph& graph, double share);

}  // namespace whit::compress
