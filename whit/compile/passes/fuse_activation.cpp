#include "whit/compile/passes/passes.hpp"
#include "whit/compile/passes/rewrite.hpp"

namespace whit::compile {
namespace {

ir::Activation* activation_of(ir::Node& node) {
  if (node.op == ir::Op::transpose_conv2d) return nullptr;
  if (auto* conv = std::get_if<ir::ConvAttributes>(&node.attributes)) return &conv->activation;
  if (auto* pool = std::get_if<ir::PoolAttributes>(&node.attributes)) return &pool->activation;
  if (auto* other = std::get_if<ir::ActivationAttributes>(&node.attributes)) return &other->activation;
  return nullptr;
}

ir::Activation fused(ir::Op op) {
  switch (op) {
    case ir::Op::relu:
      return ir::Activation::relu;
    case ir::Op::relu6:
      return ir::Activation::relu6;
    case ir::Op::relu_n1_to_1:
      return ir::Activation::relu_n1_to_1;
    default:
      return ir::Activation::none;
  }
}

}  // namespace

// A relu becomes the activation of the one node that feeds it. For integers only where input and output have the same
// scale and zero point: then relu is a clamp of the stored values, and so is a fused activation.
void fuse_activation(ir::Graph& graph) {
  std::vector<bool> dead(graph.nodes.size(), false);
  const Uses uses(graph);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const ir::Activation activation = fused(graph.nodes[n].op);
    if (activation == ir::Activation::none) continue;
    const ir::TensorId middle = graph.nodes[n].inputs[0];
    const int32_t producer = uses.producer[static_cast<size_t>(middle)];
    if (producer == kNoNode || uses.only_consumer(middle) == kNoNode) continue;
    ir::Node& before = graph.nodes[static_cast<size_t>(producer)];
    ir::Activation* own = activation_of(before);
    const ir::TensorId result = graph.nodes[n].outputs[0];
    const ir::Tensor& from = graph.tensor(middle);
    const ir::Tensor& to = graph.tensor(result);
    if (own == nullptr || (*own != ir::Activation::none && *own != activation)) continue;
    if (from.type != ir::DType::f32 && from.type != ir::DType::i8) continue;
    if (from.type != to.type || from.quantization != to.quantization) continue;
    *own = activation;
    before.outputs[0] = result;
    graph.nodes[n].inputs.clear();
    graph.nodes[n].outputs.clear();
    dead[n] = true;
  }
  erase_nodes(graph, dead);
}

}  // namespace whit::compile
