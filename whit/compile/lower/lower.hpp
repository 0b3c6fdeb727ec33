// Graph -> Program: runs the lower_*() functions over the graph, plans the arena, and writes the Program's bytes.
// Comes after the passes; the result is played, emitted or shipped as it is. Does not change the graph.
#pragma once

#include <cstdint>
#include <vector>

#include "whit/base/hash.hpp"
#include "whit/compile/lower/lowering.hpp"
#include "whit/ir/graph.hpp"

namespace whit::compile {

struct LowerOptions {
  KernelSet kernels = KernelSet::host;
  Optimize optimize = Optimize::balanced;
  Sha256 model_sha256{};
};

struct Lowered {
  std::vector<uint8_t> program;      // bytes as whit_runtime/program.hpp says
  int64_t arena_lower_bound = 0;     // no plan of these ops needs less
  std::vector<int64_t> alive_bytes;  // by op, of the arena while it runs
};

// Error unsupported for an op or type without a kernel; it names the op.
Lowered lower(const ir::Graph& graph, const LowerOptions& options);

}  // namespace whit::compile
