#include "whit/compile/compile.hpp"

#include <fmt/format.h>

#include "whit/base/error.hpp"

namespace whit::compile {

Compiled compile(ir::Graph graph, const CompileOptions& options, const Sha256& sha256) {
  run_passes(graph, options.passes);
  Lowered lowered = lower(graph, {options.kernels, options.optimize, sha256});
  return {Program(std::move(lowered.program), graph.name), lowered.arena_lower_bound, std::move(lowered.alive_bytes)};
}

KernelSet kernel_set(const std::string& name) {
  static constexpr const char* kNames[] = {"host", "arm_dsp", "arm_v7m", "arm_v6m", "rv32"};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (name == kNames[i]) return static_cast<KernelSet>(i);
  }
  throw Error(ErrorCode::usage, fmt::format("unknown kernel set '{}'", name));
}

}  // namespace whit::compile
