#include "whit/compress/quantize_trees.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "whit/ir/stored_range.hpp"
#include "whit/ir/trees.hpp"

namespace whit::compress {
namespace {

using In = ir::TreeInput;

int64_t clamped(double value, ir::StoredRange range) {
  return static_cast<int64_t>(std::clamp(value, static_cast<double>(range.low), static_cast<double>(range.high)));
}

std::vector<uint8_t> stored(const std::vector<int64_t>& values, ir::DType type) {
  const auto size = static_cast<size_t>(ir::bytes_of(type));
  std::vector<uint8_t> bytes(values.size() * size);
  for (size_t i = 0; i < values.size(); ++i) std::memcpy(bytes.data() + i * size, &values[i], size);  // little-endian
  return bytes;
}

// The largest sum that a way through all trees may give, or more.
double largest_sum(const ir::Trees& trees, double largest_leaf) {
  double base = 0;
  for (const float b : trees.base) base = std::max(base, std::abs(static_cast<double>(b)));
  return base + largest_leaf * trees.tree_count();
}

}  // namespace

ir::Quantization feature_quantization(const ir::Graph& graph, const ir::Node& node, ir::DType type) {
  const ir::Trees trees = ir::trees_of(graph, node);
  const auto features = static_cast<size_t>(graph.tensor(node.inputs[In::features]).shape[1]);
  const ir::StoredRange range = ir::stored_range(type);
  std::vector<double> low(features, INFINITY), high(features, -INFINITY);
  for (size_t n = 0; n < trees.thresholds.size(); ++n) {
    const double threshold = trees.thresholds[n];
    const auto f = static_cast<size_t>(trees.split_features[n]);
    if (features == 1) low[f] = std::min(low[f], 0.0), high[f] = std::max(high[f], 0.0);  // one scale: zero is stored
    if (std::isfinite(threshold)) low[f] = std::min(low[f], threshold), high[f] = std::max(high[f], threshold);
  }
  ir::Quantization q;
  q.axis = 1;
  for (size_t f = 0; f < features; ++f) {
    const bool used = low[f] <= high[f];
    const double middle = used ? low[f] / 2 + high[f] / 2 : 0, span = used ? high[f] - low[f] : 0;
    // A feature with one threshold needs two values; a scale far below its size would leave float32.
    const double least = std::max(std::abs(middle) * 0x1p-20, 1e-30);
    const double scale = std::exp2(std::ceil(std::log2(std::max(span / (range.high - range.low - 3), least))));
    q.scale.push_back(static_cast<float>(scale));
    q.zero_point.push_back(static_cast<int32_t>(-std::round(middle / scale)));
  }
  if (features == 1) q.axis = 0;
  return q;
}

void quantize_trees(ir::Graph& to, ir::Node& node, const ir::Graph& from, const ir::Node& source) {
  const ir::Trees trees = ir::trees_of(from, source);
  const ir::Tensor& features = to.tensor(node.inputs[In::features]);
  const ir::DType type = features.type;
  const ir::Quantization q = features.quantization;
  const ir::StoredRange range = ir::stored_range(type);
  std::vector<int64_t> thresholds, leaves, base;
  for (size_t n = 0; n < trees.thresholds.size(); ++n) {
    const size_t f = q.per_channel() ? static_cast<size_t>(trees.split_features[n]) : 0;
    const double steps = std::floor(static_cast<double>(trees.thresholds[n]) / static_cast<double>(q.scale[f]));
    thresholds.push_back(clamped(steps + q.zero_point[f], range));
  }
  double largest = 1e-30;
  for (const float leaf : trees.leaves) largest = std::max(largest, std::abs(static_cast<double>(leaf)));
  const auto scale = static_cast<float>(std::max(largest / range.high, largest_sum(trees, largest) * 0x1p-30));
  const auto in_steps = [&](float value) {
    return std::round(static_cast<double>(value) / static_cast<double>(scale));
  };
  for (const float leaf : trees.leaves) leaves.push_back(clamped(in_steps(leaf), range));
  for (const float b : trees.base) base.push_back(static_cast<int64_t>(in_steps(b)));
  node.inputs.resize(1);
  for (size_t i = 1; i < In::count; ++i) {
    ir::Tensor constant = from.tensor(source.inputs[i]);
    if (i == In::thresholds) constant.type = type, constant.data = stored(thresholds, type);
    if (i == In::leaves) {
      constant.type = type, constant.data = stored(leaves, type);
      constant.quantization = {{scale}, {0}};
    }
    if (i == In::base) constant.type = ir::DType::i32, constant.data = stored(base, ir::DType::i32);
    node.inputs.push_back(to.add_tensor(std::move(constant)));
  }
}

}  // namespace whit::compress
