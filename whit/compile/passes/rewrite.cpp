#include "whit/compile/passes/rewrite.hpp"

#include <algorithm>

namespace whit::compile {

Uses::Uses(const ir::Graph& graph)
    : producer(graph.tensors.size(), kNoNode),
      consumers(graph.tensors.size()),
      is_input(graph.tensors.size(), false),
      is_output(graph.tensors.size(), false) {
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    for (const ir::TensorId id : graph.nodes[n].inputs) {
      if (id != ir::kNoTensor) consumers[static_cast<size_t>(id)].push_back(static_cast<int32_t>(n));
    }
    for (const ir::TensorId id : graph.nodes[n].outputs) producer[static_cast<size_t>(id)] = static_cast<int32_t>(n);
  }
  for (const ir::TensorId id : graph.inputs) is_input[static_cast<size_t>(id)] = true;
  for (const ir::TensorId id : graph.outputs) is_output[static_cast<size_t>(id)] = true;
}

int32_t Uses::only_consumer(ir::TensorId id) const {
  const auto& uses = consumers[static_cast<size_t>(id)];
  return uses.size() == 1 && !is_output[static_cast<size_t>(id)] ? uses[0] : kNoNode;
}

void replace_uses(ir::Graph& graph, ir::TensorId from, ir::TensorId to) {
  for (ir::Node& node : graph.nodes) std::replace(node.inputs.begin(), node.inputs.end(), from, to);
  std::replace(graph.outputs.begin(), graph.outputs.end(), from, to);
}

void erase_nodes(ir::Graph& graph, const std::vector<bool>& dead) {
  std::vector<ir::Node> kept;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!dead[n]) kept.push_back(std::move(graph.nodes[n]));
  }
  graph.nodes = std::move(kept);
}

bool bypass(ir::Graph& graph, int32_t node, ir::TensorId source) {
  const ir::TensorId result = graph.nodes[static_cast<size_t>(node)].outputs[0];
  const Uses uses(graph);
  if (!uses.is_output[static_cast<size_t>(result)]) {
    replace_uses(graph, result, source);
    return true;
  }
  // An output keeps its tensor: the producer of the source writes it directly, unless the source is needed as itself.
  const int32_t producer = uses.producer[static_cast<size_t>(source)];
  if (producer == kNoNode || uses.is_output[static_cast<size_t>(source)]) return false;
  replace_uses(graph, source, result);
  auto& outputs = graph.nodes[static_cast<size_t>(producer)].outputs;
  std::replace(outputs.begin(), outputs.end(), source, result);
  auto& own = graph.nodes[static_cast<size_t>(node)];
  own.inputs.clear();
  own.outputs.clear();
  return true;
}

ir::TensorId add_constant(ir::Graph& graph, const ir::Tensor& like, ir::DType type, ir::Shape shape,
                          std::vector<uint8_t> data) {
  ir::Tensor tensor;
  tensor.name = like.name;
  tensor.type = type;
  tensor.shape = std::move(shape);
  tensor.quantization = like.quantization;
  tensor.is_constant = true;
  tensor.data = std::move(data);
  return graph.add_tensor(std::move(tensor));
}

}  // namespace whit::compile
