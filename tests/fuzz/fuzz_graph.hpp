// What the fuzz targets of all readers do with a graph that was read: it is compiled and run, or refused.
#pragma once

#include <cstdint>

#include "whit/compile/compile.hpp"

namespace whit {

// A sound file may describe a model of gigabytes, which takes long and proves nothing here.
inline bool is_small(const ir::Graph& graph) {
  constexpr int64_t kSmall = 1 << 20;
  int64_t bytes = 0, macs = 0;
  for (const auto& tensor : graph.tensors) bytes += ir::bytes_of(tensor);
  for (const auto& node : graph.nodes) macs += ir::macs(graph, node);
  return bytes < kSmall && macs < kSmall;
}

inline void compile_and_run(ir::Graph graph) {
  if (!is_small(graph)) return;
  const auto compiled = compile::compile(std::move(graph), {}, {});
  compile::HostPlayer player(compiled.program);
  player.invoke();
}

}  // namespace whit
