#include "whit/compile/passes/passes.hpp"
#include "whit/compile/passes/rewrite.hpp"

namespace whit::compile {

// A reshape of a reshape reads the first one's input; a reshape to the own shape goes.
void eliminate_reshape(ir::Graph& graph) {
  const Uses uses(graph);
  for (ir::Node& node : graph.nodes) {
    if (node.op != ir::Op::reshape) continue;
    const int32_t producer = uses.producer[static_cast<size_t>(node.inputs[0])];
    if (producer == kNoNode) continue;
    const ir::Node& before = graph.nodes[static_cast<size_t>(producer)];
    if (before.op == ir::Op::reshape) node.inputs[0] = before.inputs[0];
  }
  std::vector<bool> dead(graph.nodes.size(), false);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const ir::Node& node = graph.nodes[n];
    if (node.op != ir::Op::reshape) continue;
    const ir::TensorId input = node.inputs[0];
    const ir::Tensor& from = graph.tensor(input);
    const ir::Tensor& to = graph.tensor(node.outputs[0]);
    if (from.shape != to.shape || from.type != to.type || from.quantization != to.quantization) continue;
    dead[n] = bypass(graph, static_cast<int32_t>(n), input);
  }
  erase_nodes(graph, dead);
}

}  // namespace whit::compile
