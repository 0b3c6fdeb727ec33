#include "whit/compress/prune.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include "whit/base/error.hpp"

namespace whit::compress {
namespace {

template <typename T>
bool parse(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

// Which of `values` are not among the `keep` largest.
std::vector<size_t> smallest(std::span<const double> values, size_t keep) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (keep >= values.size()) return {};
  std::nth_element(order.begin(), order.begin() + static_cast<ptrdiff_t>(keep), order.end(),
                   [&](size_t a, size_t b) { return values[a] != values[b] ? values[a] > values[b] : a < b; });
  order.erase(order.begin(), order.begin() + static_cast<ptrdiff_t>(keep));
  return order;
}

// Zeroes all but the `keep` largest blocks of `weights`; blocks do not cross rows.
void keep_largest(std::span<float> weights, size_t row, size_t block, size_t keep) {
  std::vector<std::span<float>> blocks;
  std::vector<double> sizes;
  for (size_t i = 0; i < weights.size();) {
    const size_t count = std::min(block, row - i % row);
    blocks.push_back(weights.subspan(i, count));
    sizes.push_back(std::inner_product(blocks.back().begin(), blocks.back().end(), blocks.back().begin(), 0.0));
    i += count;
  }
  for (const size_t i : smallest(sizes, keep)) std::fill(blocks[i].begin(), blocks[i].end(), 0.0f);
}

// Symmetric: zero is zero. Within a row, which has one scale, magnitudes compare as the real weights' do.
void prune_integers(std::span<int8_t> weights, size_t row, const Sparsity& sparsity) {
  std::vector<float> values(weights.begin(), weights.end());
  prune_weights(values, row, sparsity);
  std::transform(values.begin(), values.end(), weights.begin(), [](float v) { return static_cast<int8_t>(v); });
}

bool can_prune(ir::DType type) { return type == ir::DType::f32 || type == ir::DType::i8; }

}  // namespace

Sparsity sparsity_from_text(const std::string& text) {
  constexpr std::string_view kBlocks = "1x4:";
  Sparsity sparsity;
  std::string_view all = text;
  if (all.starts_with(kBlocks)) {
    sparsity.block = 4;
    all.remove_prefix(kBlocks.size());
  }
  const size_t colon = all.find(':');
  const bool valid = colon == std::string_view::npos
                         ? parse(all, sparsity.share) && sparsity.share >= 0 && sparsity.share < 1
                         : sparsity.block == 1 && parse(all.substr(0, colon), sparsity.keep) &&
                               parse(all.substr(colon + 1), sparsity.group) && sparsity.keep > 0 &&
                               sparsity.keep <= sparsity.group;
  if (valid) return sparsity;
  throw Error(
      ErrorCode::usage, fmt::format("'{}' is no sparsity", text), "",
      "give the share of zeros, such as 0.7, the same in blocks of four, 1x4:0.7, or how many of a group stay, such as "
      "4:16");
}

void prune_weights(std::span<float> weights, size_t row, const Sparsity& sparsity) {
  if (sparsity.group == 0) {
    const auto block = static_cast<size_t>(sparsity.block);
    const size_t blocks = weights.size() / row * ((row + block - 1) / block);
    const auto zeros = static_cast<size_t>(std::llround(sparsity.share * static_cast<double>(blocks)));
    return keep_largest(weights, row, block, blocks - zeros);
  }
  const auto group = static_cast<size_t>(sparsity.group);
  for (size_t begin = 0; begin < weights.size(); begin += row) {
    for (size_t i = 0; i < row; i += group) {
      const size_t count = std::min(group, row - i);
      keep_largest(weights.subspan(begin + i, count), count, 1, static_cast<size_t>(sparsity.keep));
    }
  }
}

ir::TensorId prunable_weights(const ir::Graph& graph, const ir::Node& node) {
  if (node.op != ir::Op::conv2d && node.op != ir::Op::fully_connected) return ir::kNoTensor;
  const ir::Tensor& weights = graph.tensor(node.inputs[1]);
  const bool large = ir::elements(weights.shape) >= kSmallestPruned;
  return weights.is_constant && can_prune(weights.type) && large ? node.inputs[1] : ir::kNoTensor;
}

int prune(ir::Graph& graph, const Sparsity& sparsity) {
  int layers = 0;
  for (ir::Node& node : graph.nodes) {
    const ir::TensorId id = prunable_weights(graph, node);
    if (id == ir::kNoTensor) continue;
    ir::Tensor own = graph.tensor(id);  // other nodes may read the same constant
    const int64_t count = ir::elements(own.shape);
    const auto row = static_cast<size_t>(count / own.shape[0]);
    if (own.type == ir::DType::f32) {
      prune_weights({reinterpret_cast<float*>(own.data.data()), static_cast<size_t>(count)}, row, sparsity);
    } else {
      prune_integers({reinterpret_cast<int8_t*>(own.data.data()), static_cast<size_t>(count)}, row, sparsity);
    }
    node.inputs[1] = graph.add_tensor(std::move(own));
    ++layers;
  }
  return layers;
}

}  // namespace whit::compress
