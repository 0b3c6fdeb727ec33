// The compiler as one call: graph -> passes -> lowering and arena plan -> Program.
// The verbs and tests call this; emit/ turns the Program into firmware. Reads no file and runs nothing.
#pragma once

#include <string>
#include <vector>

#include "whit/compile/lower/lower.hpp"
#include "whit/compile/passes/passes.hpp"
#include "whit/compile/program.hpp"
#include "whit/ir/graph.hpp"

namespace whit::compile {

struct CompileOptions {
  KernelSet kernels = KernelSet::host;
  Optimize optimize = Optimize::balanced;
  PassOptions passes;
};

struct Compiled {
  Program program;
  int64_t arena_lower_bound;         // no plan of these ops needs less RAM; 0: not known
  std::vector<int64_t> alive_bytes;  // by op, of the arena while it runs; empty: not known
};

// `sha256` names the source file. Errors: usage for an unknown pass, unsupported, or bad_input when the graph is not
// valid.
Compiled compile(ir::Graph graph, const CompileOptions& options, const Sha256& sha256);

// "arm_dsp" and so on, as in KernelSet; Error usage for another name.
KernelSet kernel_set(const std::string& name);

}  // namespace whit::compile
