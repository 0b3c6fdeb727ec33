#include <algorithm>
#include <cmath>

#include "whit/compile/passes/passes.hpp"
#include "whit/compile/passes/rewrite.hpp"

namespace whit::compile {
namespace {

bool same_numbers(const ir::Tensor& a, const ir::Tensor& b) {
  return a.type == b.type && a.quantization == b.quantization && !a.quantization.empty();
}

// round(scale * n / scale) = n for |n| < 2^16 whatever the rounding of the two operations, unless they leave the range
// of normal floats.
bool survives_floats(const ir::Tensor& tensor) {
  const auto& scales = tensor.quantization.scale;
  return tensor.type != ir::DType::i32 && tensor.type != ir::DType::i64 &&
         std::all_of(scales.begin(), scales.end(), [](float scale) { return scale > 1e-30f && scale < 1e30f; });
}

}  // namespace

// quantize(q) to q's own parameters, and quantize(dequantize(q)) to them, are q.
void eliminate_quantize(ir::Graph& graph) {
  std::vector<bool> dead(graph.nodes.size(), false);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const ir::Node node = graph.nodes[n];
    if (node.op != ir::Op::quantize) continue;
    const ir::Tensor& result = graph.tensor(node.outputs[0]);
    ir::TensorId source = node.inputs[0];
    if (!same_numbers(graph.tensor(source), result)) {
      const int32_t producer = Uses(graph).producer[static_cast<size_t>(source)];
      if (producer == kNoNode || graph.nodes[static_cast<size_t>(producer)].op != ir::Op::dequantize) continue;
      source = graph.nodes[static_cast<size_t>(producer)].inputs[0];
      if (!same_numbers(graph.tensor(source), result) || !survives_floats(result)) continue;
    }
    dead[n] = bypass(graph, static_cast<int32_t>(n), source);
  }
  erase_nodes(graph, dead);
}

}  // namespace whit::compile
