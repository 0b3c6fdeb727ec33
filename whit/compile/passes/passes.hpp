// The passes between import and lowering: what runs, in which order and why; and the runner.
// A pass is a free function that changes a graph and nothing else; the runner verifies after each, skips and dumps.
// A pass keeps the model's inputs, outputs and results: bit for bit where integers are, within rounding for floats.
#pragma once

#include <array>
#include <functional>
#include <set>
#include <string>

#include "whit/ir/graph.hpp"

namespace whit::compile {

void fold_constants(ir::Graph& graph);
void eliminate_reshape(ir::Graph& graph);
void eliminate_quantize(ir::Graph& graph);
void fold_pad_into_conv(ir::Graph& graph);
void fold_batch_norm(ir::Graph& graph);
void fold_scale_into_trees(ir::Graph& graph);
void fuse_activation(ir::Graph& graph);
void mean_to_average_pool(ir::Graph& graph);
void fold_constant_channels(ir::Graph& graph);
void remove_dead_nodes(ir::Graph& graph);

struct Pass {
  const char* name;
  void (*run)(ir::Graph&);
  const char* reason;  // why it runs, and why here
};

inline constexpr std::array kPasses = {
    Pass{"fold_constants", fold_constants, "first: the others look for constants that a file may compute"},
    Pass{"eliminate_reshape", eliminate_reshape, "nodes that now meet can be merged below"},
    Pass{"eliminate_quantize", eliminate_quantize, "likewise; and a detour through floats is gone"},
    Pass{"fold_pad_into_conv", fold_pad_into_conv, "saves a padded copy of the input"},
    Pass{"fold_batch_norm", fold_batch_norm, "before activations, which often follow the mul and add"},
    Pass{"fold_scale_into_trees", fold_scale_into_trees, "trees compare what a scaler read: their thresholds move"},
    Pass{"fuse_activation", fuse_activation, "saves a sweep over the output, and narrows ranges for constant channels"},
    Pass{"mean_to_average_pool", mean_to_average_pool, "one kernel less in the firmware where the bits are the same"},
    Pass{"fold_constant_channels", fold_constant_channels, "after all that narrows ranges or joins layers"},
    Pass{"remove_dead_nodes", remove_dead_nodes, "last: what the others left unused"},
};

struct PassOptions {
  std::set<std::string> skip;                    // names of passes that do not run
  std::string dump_after;                        // name of the pass whose result goes to `dump`; empty for none
  std::function<void(const std::string&)> dump;  // takes the text form; needed with dump_after
};

// Runs kPasses on a sound graph. Error usage for an unknown name, with the names that there are.
void run_passes(ir::Graph& graph, const PassOptions& options = {});

}  // namespace whit::compile
