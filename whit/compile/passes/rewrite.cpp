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

ir::Tensor keep_indices(const ir::Tensor& tensor, size_t axis, const std::vector<int32_t>& kept) {
  ir::Tensor result = tensor;
  result.shape[axis] = static_cast<int32_t>(kept.size());
  const auto middle = static_cast<size_t>(tensor.shape[axis]);
  size_t block = static_cast<size_t>(ir::bytes_of(tensor.type));
  for (size_t i = axis + 1; i < tensor.shape.size(); ++i) block *= static_cast<size_t>(tensor.shape[i]);
  result.data.clear();
  for (size_t outer = 0; outer < tensor.data.size(); outer += middle * block) {
    for (const int32_t k : kept) {
      const auto first = tensor.data.begin() + static_cast<std::ptrdiff_t>(outer + static_cast<size_t>(k) * block);
      result.data.insert(result.data.end(), first, first + static_cast<std::ptrdiff_t>(block));
    }
  }
  if (tensor.quantization.per_channel() && tensor.quantization.axis == static_cast<int32_t>(axis)) {
    result.quantization.scale.clear();
    result.quantization.zero_point.clear();
    for (const int32_t k : kept) {
      result.quantization.scale.push_back(tensor.quantization.scale[static_cast<size_t>(k)]);
      result.quantization.zero_point.push_back(tensor.quantization.zero_point[static_cast<size_t>(k)]);
    }
  }
  return result;
}

std::vector<int32_t> repeated(const std::vector<int32_t>& kept, int32_t period, int32_t count) {
  std::vector<int32_t> all;
  for (int32_t first = 0; first < count; first += period) {
    for (const int32_t k : kept) all.push_back(first + k);
  }
  return all;
}

}  // namespace whit::compile
