// Patch-based inference, predicted: the first layers run on one strip of rows after another, so that their large
// intermediate results are never whole (MCUNetV2, Lin et al. 2021). whit does not emit such code yet; both parts are
// lowered and planned to say what memory it would take.
#pragma once

#include <optional>
#include <string>

#include "whit/compile/compile.hpp"
#include "whit/ir/graph.hpp"

namespace whit::device {

struct PatchedArena {
  int64_t arena_bytes = 0;  // whole input and output of the first part, and one strip's arena; or that of the rest
  std::string last_layer;   // of those that run in strips
  int layers = 0;
  double more_macs = 0;  // of rows that strips share, as a share of the model's MACs
};

// The split with the smallest arena. None when no first layers work on rows of one image with one result.
std::optional<PatchedArena> patched_arena(ir::Graph graph, int strips, const compile::CompileOptions& options);

// The layer at which most bytes of activations are alive, and those: "conv2d 'a' (24576 of input, 24576 of output)".
std::string peak_layer(ir::Graph graph, const compile::PassOptions& passes);

}  // namespace whit::device
