// A fully connected layer behind a flattened image: the file's weights count channels first, the tensor holds them
// last. The columns of the weights take the transpose's place.
#include <algorithm>
#include <cstring>

#include "whit/formats/onnx/import.hpp"

namespace whit::onnx {
namespace {

const ir::Node* producer_of(const ir::Graph& graph, ir::TensorId id) {
  for (const ir::Node& node : graph.nodes) {
    if (std::find(node.outputs.begin(), node.outputs.end(), id) != node.outputs.end()) return &node;
  }
  return nullptr;
}

// Where the elements of a row of `depth` come from in the transpose's input; empty when rows do not stay rows.
std::vector<size_t> sources_of(const ir::Shape& input, const std::vector<int32_t>& permutation, int64_t depth) {
  size_t first = permutation.size();
  int64_t inner = 1;
  while (first > 0 && inner < depth) inner *= input[static_cast<size_t>(permutation[--first])];
  if (inner != depth) return {};
  for (size_t d = 0; d < first; ++d) {
    if (permutation[d] != static_cast<int32_t>(d)) return {};
  }
  std::vector<size_t> sources;
  for (int64_t i = 0; i < depth; ++i) {
    int64_t rest = i, source = 0;
    for (size_t d = permutation.size(); d-- > first;) {
      const auto from = static_cast<size_t>(permutation[d]);
      int64_t stride = 1;
      for (size_t e = from + 1; e < input.size(); ++e) stride *= input[e];
      source += rest % input[from] * stride;
      rest /= input[from];
    }
    sources.push_back(static_cast<size_t>(source));
  }
  return sources;
}

ir::Tensor reordered(const ir::Tensor& weights, const std::vector<size_t>& sources) {
  ir::Tensor result = weights;
  const auto size = static_cast<size_t>(ir::bytes_of(weights.type));
  const size_t row = sources.size() * size;
  for (size_t begin = 0; begin < weights.data.size(); begin += row) {
    for (size_t i = 0; i < sources.size(); ++i) {
      std::memcpy(result.data.data() + begin + sources[i] * size, weights.data.data() + begin + i * size, size);
    }
  }
  return result;
}

void remove_unused(ir::Graph& graph) {
  std::vector<bool> used(graph.tensors.size(), false);
  for (const ir::TensorId id : graph.outputs) used[static_cast<size_t>(id)] = true;
  std::vector<ir::Node> kept;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const bool needed = std::any_of(node->outputs.begin(), node->outputs.end(),
                                    [&](ir::TensorId id) { return used[static_cast<size_t>(id)]; });
    if (!needed) continue;
    for (const ir::TensorId id : node->inputs) {
      if (id != ir::kNoTensor) used[static_cast<size_t>(id)] = true;
    }
    kept.push_back(std::move(*node));
  }
  graph.nodes.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
  // Constants that were only computed with take no room.
  for (size_t i = 0; i < graph.tensors.size(); ++i) {
    if (graph.tensors[i].is_constant && !used[i]) graph.tensors[i] = {};
  }
}

}  // namespace

void absorb_transposes(ir::Graph& graph) {
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (graph.nodes[n].op != ir::Op::fully_connected) continue;
    const ir::TensorId flat = graph.nodes[n].inputs[0];
    const ir::Node* reshape = producer_of(graph, flat);
    if (reshape == nullptr || reshape->op != ir::Op::reshape) continue;
    const ir::Node* transpose = producer_of(graph, reshape->inputs[0]);
    while (transpose != nullptr && transpose->op == ir::Op::reshape)
      transpose = producer_of(graph, transpose->inputs[0]);
    if (transpose == nullptr || transpose->op != ir::Op::transpose) continue;
    const ir::TensorId image = transpose->inputs[0];
    const ir::Tensor& weights = graph.tensor(graph.nodes[n].inputs[1]);
    const auto sources = sources_of(graph.tensor(image).shape,
                                    ir::attributes<ir::TransposeAttributes>(*transpose).permutation, weights.shape[1]);
    if (sources.empty()) continue;
    ir::Node direct = *reshape;
    ir::Tensor rows = graph.tensor(flat);
    rows.name += "/rows";
    graph.nodes[n].inputs[1] = graph.add_tensor(reordered(weights, sources));
    direct.inputs = {image};
    direct.outputs = {graph.add_tensor(std::move(rows))};
    graph.nodes[n].inputs[0] = direct.outputs[0];
    graph.nodes.insert(graph.nodes.begin() + static_cast<std::ptrdiff_t>(n), std::move(direct));
    ++n;
  }
  remove_unused(graph);
}

}  // namespace whit::onnx
