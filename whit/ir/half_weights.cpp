#include "whit/ir/half_weights.hpp"

#include <algorithm>
#include <cstring>

#include "whit/base/half.hpp"

namespace whit::ir {

int32_t weights_input(Op op) {
  switch (op) {
    case Op::conv2d:
    case Op::depthwise_conv2d:
    case Op::transpose_conv2d:
    case Op::fully_connected:
    case Op::batch_matmul:
      return 1;
    default:
      return -1;
  }
}

bool holds_halves(const Tensor& tensor) {
  if (!tensor.is_constant || tensor.type != DType::f32) return false;
  const auto* values = data<float>(tensor);
  return std::all_of(values, values + elements(tensor.shape), is_half);
}

std::vector<uint8_t> halves_of(const std::vector<uint8_t>& floats) {
  std::vector<uint8_t> halves(floats.size() / 2);
  for (size_t i = 0; i < halves.size(); i += sizeof(uint16_t)) {
    float value;
    std::memcpy(&value, floats.data() + 2 * i, sizeof value);
    const uint16_t half = half_from_float(value);
    std::memcpy(halves.data() + i, &half, sizeof half);
  }
  return halves;
}

std::vector<bool> half_weights(const Graph& graph) {
  constexpr int64_t kLeastElements = 128;  // an op and a tensor more take about 200 bytes of a file
  std::vector<bool> is_weights(graph.tensors.size()), is_other(graph.tensors.size());
  for (const Node& node : graph.nodes) {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] == kNoTensor) continue;
      const bool weights = static_cast<int32_t>(i) == weights_input(node.op);
      (weights ? is_weights : is_other)[static_cast<size_t>(node.inputs[i])] = true;
    }
  }
  for (const TensorId id : graph.outputs) is_other[static_cast<size_t>(id)] = true;
  for (size_t i = 0; i < is_weights.size(); ++i) {
    const Tensor& tensor = graph.tensors[i];
    is_weights[i] = is_weights[i] && !is_other[i] && elements(tensor.shape) >= kLeastElements && holds_halves(tensor);
  }
  return is_weights;
}

}  // namespace whit::ir
