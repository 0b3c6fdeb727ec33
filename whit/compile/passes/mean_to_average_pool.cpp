#include <algorithm>
#include <cstdlib>

#include "whit/compile/lower/quantized.hpp"
#include "whit/compile/passes/passes.hpp"
#include "whit/compile/passes/rewrite.hpp"

namespace whit::compile {
namespace {

// TFLite's mean of int8: the multiplier takes in 1/count, truncated (reference_ops::QuantizedMeanOrSum).
int32_t mean_s8(int32_t sum, int32_t count, const ir::Tensor& input, const ir::Tensor& output) {
  const double real = static_cast<double>(input.quantization.scale[0]) / output.quantization.scale[0];
  QuantizedMultiplier scale = quantize_multiplier(real);
  int32_t shift = 0;
  while ((int64_t{2} << shift) <= count) ++shift;
  shift = std::min({shift, 32, 31 + scale.shift});
  scale.multiplier = static_cast<int32_t>((static_cast<int64_t>(scale.multiplier) << shift) / count);
  scale.shift -= shift;
  const int32_t centred = sum - count * input.quantization.zero_point[0];
  const int32_t scaled = rt::multiply_by_quantized_multiplier(centred, scale.multiplier, scale.shift);
  return rt::clamp(scaled + output.quantization.zero_point[0], -128, 127);
}

// TFLite's average pool of int8: the sum of the stored values, divided, ties away from zero.
int32_t average_s8(int32_t sum, int32_t count) {
  const int32_t rounded = sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
  return rt::clamp(rounded, -128, 127);
}

// For every sum that can occur.
bool same_bits(const ir::Tensor& input, const ir::Tensor& output, int32_t count) {
  if (input.type == ir::DType::f32) return true;
  if (input.type != ir::DType::i8 || input.quantization != output.quantization || count > 1 << 16) return false;
  for (int32_t sum = -128 * count; sum <= 127 * count; ++sum) {
    if (mean_s8(sum, count, input, output) != average_s8(sum, count)) return false;
  }
  return true;
}

}  // namespace

// A mean over height and width becomes an average pool over all of both. Of int8 only where a test of all sums shows
// that the two round alike; mostly they do not.
void mean_to_average_pool(ir::Graph& graph) {
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (graph.nodes[n].op != ir::Op::mean) continue;
    const auto& mean = ir::attributes<ir::ReduceAttributes>(graph.nodes[n]);
    const ir::Tensor input = graph.tensor(graph.nodes[n].inputs[0]);
    const ir::Tensor output = graph.tensor(graph.nodes[n].outputs[0]);
    if (input.shape.size() != 4 || mean.axes != std::vector<int32_t>{1, 2}) continue;
    if (input.type != output.type || !same_bits(input, output, input.shape[1] * input.shape[2])) continue;
    ir::PoolAttributes pool;
    pool.kernel_h = input.shape[1];
    pool.kernel_w = input.shape[2];
    const bool keep_dims = mean.keep_dims;
    ir::Node& node = graph.nodes[n];
    node.op = ir::Op::average_pool2d;
    node.attributes = pool;
    if (keep_dims) continue;
    ir::Tensor pooled = output;
    pooled.shape = {input.shape[0], 1, 1, input.shape[3]};
    pooled.source_index = -1;
    ir::Node reshape;
    reshape.op = ir::Op::reshape;
    reshape.source_index = node.source_index;
    reshape.outputs = node.outputs;
    node.outputs = {graph.add_tensor(pooled)};
    reshape.inputs = node.outputs;
    graph.nodes.insert(graph.nodes.begin() + static_cast<int64_t>(n) + 1, reshape);
  }
}

}  // namespace whit::compile
