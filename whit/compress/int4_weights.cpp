#include "whit/compress/int4_weights.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "whit/compile/passes/rewrite.hpp"
#include "whit/compress/quantize_layer.hpp"

namespace whit::compress {
namespace {

constexpr double kLargest = 7;
constexpr double kLargestBias = 2147483647;

bool has_int8_weights(const ir::Graph& graph, const ir::Node& node) {
  if (!can_have_int4_weights(node.op) || graph.tensor(node.inputs[0]).type != ir::DType::i8) return false;
  const ir::Tensor& weights = graph.tensor(node.inputs[1]);
  const auto& zero = weights.quantization.zero_point;
  return weights.is_constant && weights.type == ir::DType::i8 && !weights.quantization.empty() &&
         std::all_of(zero.begin(), zero.end(), [](int32_t z) { return z == 0; });
}

// Largest magnitude among the weights that share scale `index` of `count`.
double largest(const std::vector<int8_t>& weights, size_t index, size_t count) {
  const size_t each = weights.size() / count;
  int result = 1;
  for (size_t i = index * each; i < (index + 1) * each; ++i) result = std::max(result, std::abs(weights[i]));
  return result;
}

}  // namespace

int round_to_int4_weights(ir::Graph& graph) {
  int layers = 0;
  for (ir::Node& node : graph.nodes) {
    if (!has_int8_weights(graph, node)) continue;
    ir::Tensor weights = graph.tensor(node.inputs[1]);
    auto values = compile::values_of<int8_t>(weights);
    const size_t count = weights.quantization.scale.size();
    std::vector<double> factors;  // old over new scale
    for (size_t s = 0; s < count; ++s) {
      factors.push_back(kLargest / largest(values, s, count));
      weights.quantization.scale[s] = static_cast<float>(weights.quantization.scale[s] / factors[s]);
    }
    const size_t each = values.size() / count;
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<int8_t>(std::lround(values[i] * factors[i / each]));
    weights.type = ir::DType::i4;
    weights.data = compile::bytes_of_values(values);
    weights.source_index = -1;
    node.inputs[1] = graph.add_tensor(std::move(weights));
    ++layers;
    if (node.inputs.size() < 3 || node.inputs[2] == ir::kNoTensor) continue;
    ir::Tensor bias = graph.tensor(node.inputs[2]);
    auto sums = compile::values_of<int32_t>(bias);
    for (size_t c = 0; c < sums.size(); ++c) {
      const double sum = sums[c] * factors[count == 1 ? 0 : c];
      sums[c] = static_cast<int32_t>(std::clamp(std::round(sum), -kLargestBias, kLargestBias));
    }
    auto& scales = bias.quantization.scale;
    for (size_t s = 0; s < scales.size(); ++s) {
      scales[s] = static_cast<float>(scales[s] / factors[count == 1 ? 0 : s]);
    }
    bias.data = compile::bytes_of_values(sums);
    bias.source_index = -1;
    node.inputs[2] = graph.add_tensor(std::move(bias));
  }
  return layers;
}

}  // namespace whit::compress
