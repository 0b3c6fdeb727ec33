// Forests and boosted trees: tree_ensemble_s8 (up to 256 features), tree_ensemble_s8_wide, tree_ensemble_s16 and
// tree_ensemble_f32. Meaning: ir::TreeInput. Floats are compared as integers of the same order, so that no branch costs
// float arithmetic and all branches are those of the float comparison (a NaN goes either way).
#ifndef WHIT_RUNTIME_KERNELS_TREE_ENSEMBLE_HPP_
#define WHIT_RUNTIME_KERNELS_TREE_ENSEMBLE_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

// Of the nodes of all trees, one tree behind the other. child[0] is taken when the feature is at most the threshold,
// child[1] when it is more: c > 0 lies c * 2 bytes further on, c < 0 is row ~c of the tree's own leaves.
template <typename T, typename F>
struct TreeNode {
  T value;
  F feature;
  int16_t child[2];
  int32_t threshold() const { return value; }
};

// The threshold as ordered() makes it, in halves because nodes are aligned to 2.
struct TreeNodeF32 {
  uint16_t low, high;
  uint16_t feature;
  int16_t child[2];
  int32_t threshold() const { return static_cast<int32_t>(low | static_cast<uint32_t>(high) << 16); }
};

using TreeNodeS8 = TreeNode<int8_t, uint8_t>;
using TreeNodeS16 = TreeNode<int16_t, uint16_t>;
static_assert(sizeof(TreeNodeS8) == 6 && sizeof(TreeNodeS16) == 8 && sizeof(TreeNodeF32) == 10);
static_assert(alignof(TreeNodeS8) == 2 && alignof(TreeNodeS16) == 2 && alignof(TreeNodeF32) == 2);

// One tree: how many nodes and rows of leaves are its own, and the first output that its leaves add to.
struct TreeHead {
  uint16_t nodes, leaves, first_output;
};
static_assert(sizeof(TreeHead) == 6);

struct TreeShape {
  int32_t batches, features, outputs, trees, leaf_width;
};

// A feature as an integer of the same order: of a float its bits, those of a negative one turned. Thresholds are not
// -0, so that -0 and 0 take the same branch.
inline int32_t ordered(int8_t x) { return x; }
inline int32_t ordered(int16_t x) { return x; }
inline int32_t ordered(float x) {
  int32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits ^ ((bits >> 31) & 0x7fffffff);
}

template <typename FeatureType, typename NodeType>
struct TreeEnsemble {
  OpHead head;
  Ref input;   // FeatureType [batches, features]
  Ref output;  // FeatureType [batches, outputs], may start before the input by what earlier batches have left
  Ref trees;   // TreeHead[trees]
  Ref nodes;   // NodeType
  Ref leaves;  // FeatureType [rows of all trees, leaf_width]
  Ref base;    // int32 [outputs]
  Ref sums;    // scratch: int32[outputs]
  TreeShape shape;
  int32_t multiplier, shift, zero_point;  // from sums to the output
  static constexpr uint8_t kRefs = 7;
  using Feature = FeatureType;
  using Node = NodeType;
};

struct TreeEnsembleF32 {
  OpHead head;
  Ref input, output, trees, nodes, leaves, base;  // float for FeatureType and int32; the output shares no memory
  TreeShape shape;
  static constexpr uint8_t kRefs = 6;
};

// True when all trees stay within their nodes, leaves, features and outputs, and every child lies further on, so that
// every way ends.
template <typename Node>
inline bool check_trees(const Extent& e, Ref trees, Ref nodes, Ref leaves, const TreeShape& s, uint32_t leaf_bytes) {
  if (s.features < 1 || s.leaf_width < 1 || s.outputs < s.leaf_width || (trees & nodes & kConstantBit) == 0) {
    return false;
  }
  if (!readable(e, trees, area(s.trees) * sizeof(TreeHead), 2)) return false;
  const TreeHead* heads = reinterpret_cast<const TreeHead*>(e.constants + (trees & ~kConstantBit));
  uint64_t all_nodes = 0, all_leaves = 0;
  for (int32_t t = 0; t < s.trees; ++t) {
    if (heads[t].nodes == 0 || heads[t].first_output > s.outputs - s.leaf_width) return false;
    all_nodes += heads[t].nodes;
    all_leaves += heads[t].leaves;
  }
  const uint64_t leaf_row = area(s.leaf_width) * leaf_bytes;
  if (all_leaves > (uint64_t{1} << 31) / leaf_row || !readable(e, leaves, all_leaves * leaf_row, leaf_bytes) ||
      !readable(e, nodes, all_nodes * sizeof(Node), 2)) {
    return false;
  }
  const Node* node = reinterpret_cast<const Node*>(e.constants + (nodes & ~kConstantBit));
  for (int32_t t = 0; t < s.trees; ++t) {
    for (int32_t left = heads[t].nodes; left > 0; --left, ++node) {
      if (node->feature >= s.features) return false;
      for (const int16_t child : node->child) {
        const int32_t ahead = child * 2;
        const int32_t size = static_cast<int32_t>(sizeof(Node));
        if (child < 0 ? ~child >= heads[t].leaves : child == 0 || ahead % size != 0 || ahead / size >= left) {
          return false;
        }
      }
    }
  }
  return true;
}

template <typename X, typename Node>
inline bool check(const TreeEnsemble<X, Node>& p, const Extent& e) {
  const TreeShape& s = p.shape;
  return check_trees<Node>(e, p.trees, p.nodes, p.leaves, s, sizeof(X)) &&
         readable(e, p.input, area(s.batches, s.features) * sizeof(X), sizeof(X)) &&
         writable(e, p.output, area(s.batches, s.outputs) * sizeof(X), sizeof(X)) &&
         readable(e, p.base, area(s.outputs) * 4, 4) && writable(e, p.sums, area(s.outputs) * 4, 4) &&
         p.multiplier >= 0 && within(p.shift, -31, 30) && within(p.zero_point, -32768, 32767);
}

inline bool check(const TreeEnsembleF32& p, const Extent& e) {
  const TreeShape& s = p.shape;
  return check_trees<TreeNodeF32>(e, p.trees, p.nodes, p.leaves, s, 4) &&
         readable(e, p.input, area(s.batches, s.features) * 4, 4) &&
         writable(e, p.output, area(s.batches, s.outputs) * 4, 4) && readable(e, p.base, area(s.outputs) * 4, 4);
}

// The row of leaves that the way through a tree ends at.
template <typename Node, typename X>
WHIT_ALWAYS_INLINE int32_t leaf_of(const Node* node, const X* x) {
  for (;;) {
    const int32_t child = ordered(x[node->feature]) <= node->threshold() ? node->child[0] : node->child[1];
    if (child < 0) return ~child;
    node = reinterpret_cast<const Node*>(reinterpret_cast<const int16_t*>(node) + child);
  }
}

// Adds the leaves of all trees for features x to `sums`. Sum wraps: a hostile record may overflow it.
template <typename Node, typename Leaf, typename X, typename Sum>
WHIT_ALWAYS_INLINE void add_trees(const TreeHead* tree, const Node* node, const Leaf* leaves, const X* x,
                                  const TreeShape& s, Sum* sums) {
  for (int32_t t = 0; t < s.trees; ++t, ++tree) {
    const Leaf* leaf = leaves + leaf_of(node, x) * s.leaf_width;
    Sum* sum = sums + tree->first_output;
    for (int32_t i = 0; i < s.leaf_width; ++i) sum[i] += static_cast<Sum>(leaf[i]);
    node += tree->nodes;
    leaves += tree->leaves * s.leaf_width;
  }
}

template <typename X, typename Node>
WHIT_ALWAYS_INLINE void tree_ensemble(const TreeEnsemble<X, Node>& p, const Memory& m) {
  const TreeShape& s = p.shape;
  const X* x = input<X>(m, p.input);
  X* y = output<X>(m, p.output);
  uint32_t* sums = output<uint32_t>(m, p.sums);
  const int32_t low = sizeof(X) == 1 ? -128 : -32768;
  for (int32_t b = 0; b < s.batches; ++b, x += s.features) {
    memcpy(sums, input<int32_t>(m, p.base), static_cast<size_t>(s.outputs) * 4);
    add_trees(input<TreeHead>(m, p.trees), input<Node>(m, p.nodes), input<X>(m, p.leaves), x, s, sums);
    for (int32_t k = 0; k < s.outputs; ++k) {
      const int32_t scaled = multiply_by_quantized_multiplier(static_cast<int32_t>(sums[k]), p.multiplier, p.shift);
      const int64_t moved = static_cast<int64_t>(scaled) + p.zero_point;
      *y++ = static_cast<X>(moved < low ? low : moved > ~low ? ~low : static_cast<int32_t>(moved));
    }
  }
}

using TreeEnsembleS8 = TreeEnsemble<int8_t, TreeNodeS8>;
using TreeEnsembleS8Wide = TreeEnsemble<int8_t, TreeNodeS16>;
using TreeEnsembleS16 = TreeEnsemble<int16_t, TreeNodeS16>;

WHIT_KERNEL void tree_ensemble_s8(const TreeEnsembleS8& p, const Memory& m) { tree_ensemble(p, m); }
WHIT_KERNEL void tree_ensemble_s8_wide(const TreeEnsembleS8Wide& p, const Memory& m) { tree_ensemble(p, m); }
WHIT_KERNEL void tree_ensemble_s16(const TreeEnsembleS16& p, const Memory& m) { tree_ensemble(p, m); }

WHIT_KERNEL void tree_ensemble_f32(const TreeEnsembleF32& p, const Memory& m) {
  const TreeShape& s = p.shape;
  const float* x = input<float>(m, p.input);
  float* y = output<float>(m, p.output);
  for (int32_t b = 0; b < s.batches; ++b, x += s.features, y += s.outputs) {
    memcpy(y, input<float>(m, p.base), static_cast<size_t>(s.outputs) * 4);
    add_trees(input<TreeHead>(m, p.trees), input<TreeNodeF32>(m, p.nodes), input<float>(m, p.leaves), x, s, y);
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_TREE_ENSEMBLE_HPP_
