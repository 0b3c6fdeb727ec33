#include <algorithm>
#include <cmath>

#include "whit/ir/verify_types.hpp"

namespace whit::ir {
namespace {

void check_tree_types(const Types& t) {
  const DType type = t.in(TreeInput::features).type;
  const bool quantized = type == DType::i8 || type == DType::i16;
  const auto is = [&](size_t i, DType wanted) { return t.in(i).type == wanted; };
  const bool known = (quantized || type == DType::f32) && is(TreeInput::thresholds, type) &&
                     is(TreeInput::leaves, type) && t.out().type == type &&
                     is(TreeInput::base, quantized ? DType::i32 : DType::f32) && is(TreeInput::trees, DType::i32) &&
                     is(TreeInput::split_features, DType::i32) && is(TreeInput::children, DType::i32);
  if (!known) t.unsupported("supported: features, thresholds, leaves and output all f32, i8 or i16, an i32 base");
  if (!quantized) return;
  const Quantization& features = t.in(TreeInput::features).quantization;
  if (features.empty()) bad("the features have no quantization", t.where());
  if (features.per_channel() && features.axis != 1) bad("the features have scales along another dimension", t.where());
  t.require_quantized(t.in(TreeInput::leaves));
  if (t.in(TreeInput::leaves).quantization.zero_point[0] != 0) {
    bad("leaves with a zero point other than 0", t.where());
  }
  t.require_quantized(t.out());
}

void check_finite(const Types& t, size_t input, bool infinite_too) {
  const Tensor& tensor = t.in(input);
  if (tensor.type != DType::f32) return;
  const auto* values = data<float>(tensor);
  const bool sound = std::all_of(values, values + elements(tensor.shape),
                                 [&](float v) { return infinite_too ? std::isfinite(v) : !std::isnan(v); });
  if (!sound) bad(fmt::format("'{}' has a value that is no number", tensor.name), t.where());
}

}  // namespace

void check_trees(const Types& t) {
  check_constants(t, TreeInput::count);
  check_tree_types(t);
  check_finite(t, TreeInput::thresholds, false);
  check_finite(t, TreeInput::leaves, true);
  check_finite(t, TreeInput::base, true);
  const Shape& leaves = t.in(TreeInput::leaves).shape;
  const int32_t nodes = t.in(TreeInput::split_features).shape[0], outputs = t.in(TreeInput::base).shape[0];
  const int32_t features = t.in(TreeInput::features).shape[1], tree_count = t.in(TreeInput::trees).shape[0];
  const auto* trees = data<int32_t>(t.in(TreeInput::trees));
  const auto* split = data<int32_t>(t.in(TreeInput::split_features));
  const auto* children = data<int32_t>(t.in(TreeInput::children));
  if (trees[0] != 0) bad("the first tree does not begin at node 0", t.where());
  for (int32_t tree = 0; tree < tree_count; ++tree) {
    const int32_t first = trees[2 * tree], end = tree + 1 < tree_count ? trees[2 * tree + 2] : nodes;
    if (end <= first || end > nodes) bad(fmt::format("tree {} has no nodes", tree), t.where());
    const int64_t first_output = trees[2 * tree + 1];
    if (first_output < 0 || first_output + leaves[1] > outputs) {
      bad(fmt::format("tree {} adds to outputs that there are not", tree), t.where());
    }
    for (int32_t n = first; n < end; ++n) {
      if (split[n] < 0 || split[n] >= features) bad(fmt::format("node {} asks for feature {}", n, split[n]), t.where());
      for (int32_t side = 0; side < 2; ++side) {
        const int32_t child = children[2 * n + side];
        const bool sound = child >= 0 ? child > n && child < end : ~child < leaves[0];
        if (!sound) bad(fmt::format("node {} has a child {}", n, child), t.where());
      }
    }
  }
}

}  // namespace whit::ir
