// Any bytes as a .tflite file: read or refused with an Error; what is read is compiled or refused, too.
#include <cstdint>
#include <span>

#include "whit/base/error.hpp"
#include "whit/compile/compile.hpp"
#include "whit/formats/tflite/reader.hpp"

namespace {

// A sound file may describe a model of gigabytes, which takes long and proves nothing here.
constexpr int64_t kSmall = 1 << 20;

bool is_small(const whit::ir::Graph& graph) {
  int64_t bytes = 0, macs = 0;
  for (const auto& tensor : graph.tensors) bytes += whit::ir::bytes_of(tensor);
  for (const auto& node : graph.nodes) macs += whit::ir::macs(graph, node);
  return bytes < kSmall && macs < kSmall;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    whit::ir::Graph graph = whit::tflite::read_tflite(std::span(data, size), "fuzz");
    if (!is_small(graph)) return 0;
    const auto compiled = whit::compile::compile(std::move(graph), {}, {});
    whit::compile::HostPlayer player(compiled.program);
    player.invoke();
  } catch (const whit::Error&) {
    return 0;
  }
  return 0;
}
