// tree_ensemble: nodes packed for the kernel, each tree with its own rows of leaves, equal rows once.
#include "whit_runtime/kernels/tree_ensemble.hpp"

#include <fmt/format.h>

#include <map>

#include "whit/compile/lower/lower_ops.hpp"
#include "whit/compile/lower/overlap.hpp"
#include "whit/compile/lower/quantized.hpp"

namespace whit::compile {
namespace {

using In = ir::TreeInput;

template <typename T, typename F>
void set_threshold(rt::TreeNode<T, F>& node, int32_t threshold) {
  node.value = static_cast<T>(threshold);
}
void set_threshold(rt::TreeNodeF32& node, int32_t threshold) {
  node.low = static_cast<uint16_t>(threshold & 0xffff);
  node.high = static_cast<uint16_t>(static_cast<uint32_t>(threshold) >> 16);
}

// T: of features, thresholds and leaves.
template <typename T, typename Node>
struct Packed {
  std::vector<rt::TreeHead> trees;
  std::vector<Node> nodes;
  std::vector<T> leaves;
};

template <typename T, typename Node>
Packed<T, Node> pack(const Lowering& lowering, const ir::Node& node) {
  const auto ints = [&](size_t i) { return ir::data<int32_t>(lowering.tensor_of(node.inputs[i])); };
  const int32_t *trees = ints(In::trees), *features = ints(In::split_features), *children = ints(In::children);
  const auto* thresholds = ir::data<T>(lowering.tensor_of(node.inputs[In::thresholds]));
  const ir::Tensor& leaves = lowering.tensor_of(node.inputs[In::leaves]);
  const int32_t tree_count = lowering.tensor_of(node.inputs[In::trees]).shape[0];
  const int32_t node_count = lowering.tensor_of(node.inputs[In::split_features]).shape[0];
  const int32_t width = leaves.shape[1];
  constexpr int32_t kStep = sizeof(Node) / 2;
  constexpr int32_t kMost = INT16_MAX;
  Packed<T, Node> packed;
  packed.nodes.resize(static_cast<size_t>(node_count));
  for (int32_t t = 0; t < tree_count; ++t) {
    const int32_t first = trees[2 * t], end = t + 1 < tree_count ? trees[2 * t + 2] : node_count;
    const auto refuse = [&] {
      lowering.refuse(
          fmt::format("tree {} has {} nodes", t, end - first),
          fmt::format("up to {} nodes a tree always fit: limit the depth or the leaves when training", kMost / kStep));
    };
    if (end - first > UINT16_MAX) refuse();
    std::map<std::vector<T>, int32_t> rows;  // of this tree
    for (int32_t n = first; n < end; ++n) {
      Node& to = packed.nodes[static_cast<size_t>(n)];
      const T threshold = thresholds[n];
      set_threshold(to, rt::ordered(threshold == T{} ? T{} : threshold));  // no -0
      to.feature = static_cast<decltype(to.feature)>(features[n]);
      for (int32_t side = 0; side < 2; ++side) {
        const int32_t child = children[2 * n + side];
        int32_t link = (child - n) * kStep;
        if (child < 0) {
          const T* row = ir::data<T>(leaves) + int64_t{~child} * width;
          const auto [found, is_new] = rows.try_emplace({row, row + width}, static_cast<int32_t>(rows.size()));
          if (is_new) packed.leaves.insert(packed.leaves.end(), row, row + width);
          link = ~found->second;
        }
        if (link > kMost || link < -kMost - 1) refuse();
        to.child[side] = static_cast<int16_t>(link);
      }
    }
    packed.trees.push_back({static_cast<uint16_t>(end - first), static_cast<uint16_t>(rows.size()),
                            static_cast<uint16_t>(trees[2 * t + 1])});
  }
  return packed;
}

template <typename T, typename P>
void set_trees(Lowering& lowering, const ir::Node& node, P& p, const auto& packed) {
  const ir::Shape &in = lowering.tensor_of(node.inputs[0]).shape, &out = lowering.tensor_of(node.outputs[0]).shape;
  if (in[1] > UINT16_MAX + 1 || out[1] > UINT16_MAX) lowering.refuse("more than 65535 features or outputs");
  p.shape = {in[0], in[1], out[1], static_cast<int32_t>(packed.trees.size()),
             lowering.tensor_of(node.inputs[In::leaves]).shape[1]};
  p.trees = lowering.constant(packed.trees, ConstantKind::weights, 2);
  p.nodes = lowering.constant(packed.nodes, ConstantKind::weights, 2);
  p.leaves = lowering.constant(packed.leaves, ConstantKind::weights, sizeof(T));
  p.base = lowering.tensor(node.inputs[In::base]);
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
}

template <typename P>
void lower_integer(Lowering& lowering, const ir::Node& node, rt::KernelId kernel) {
  using X = typename P::Feature;
  const ir::Quantization& leaves = lowering.tensor_of(node.inputs[In::leaves]).quantization;
  const ir::Quantization& out = lowering.tensor_of(node.outputs[0]).quantization;
  P p{};
  const auto packed = pack<X, typename P::Node>(lowering, node);
  set_trees<X>(lowering, node, p, packed);
  const QuantizedMultiplier m =
      quantize_multiplier(static_cast<double>(leaves.scale[0]) / static_cast<double>(out.scale[0]));
  if (m.shift > 30) lowering.refuse("the scale of the leaves is too large for that of the output");
  p.multiplier = m.multiplier, p.shift = m.shift, p.zero_point = out.zero_point[0];
  p.sums = lowering.scratch(int64_t{p.shape.outputs} * 4);
  OverlapSimulation order;
  const int64_t row_in = p.shape.features * int64_t{sizeof(X)}, row_out = p.shape.outputs * int64_t{sizeof(X)};
  for (int64_t b = 0; b < p.shape.batches; ++b) {
    order.read(b * row_in);
    order.write((b + 1) * row_out);
  }
  lowering.may_overlap(node.outputs[0], node.inputs[0], order.lead(p.shape.batches * row_in));
  lowering.emit(kernel, p);
}

}  // namespace

void lower_tree_ensemble(Lowering& lowering, const ir::Node& node) {
  const ir::Tensor& in = lowering.tensor_of(node.inputs[0]);
  if (in.type == ir::DType::f32) {
    rt::TreeEnsembleF32 p{};
    const auto packed = pack<float, rt::TreeNodeF32>(lowering, node);
    set_trees<float>(lowering, node, p, packed);
    return lowering.emit(rt::KernelId::tree_ensemble_f32, p);
  }
  if (in.type == ir::DType::i16) {
    return lower_integer<rt::TreeEnsembleS16>(lowering, node, rt::KernelId::tree_ensemble_s16);
  }
  if (in.shape[1] > 256) {
    return lower_integer<rt::TreeEnsembleS8Wide>(lowering, node, rt::KernelId::tree_ensemble_s8_wide);
  }
  lower_integer<rt::TreeEnsembleS8>(lowering, node, rt::KernelId::tree_ensemble_s8);
}

}  // namespace whit::compile
