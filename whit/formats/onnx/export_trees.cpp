// tree_ensemble as TreeEnsembleRegressor of the domain ai.onnx.ml, in float32. A classifier is one followed by Softmax.
#include "whit/formats/onnx/export.hpp"
#include "whit/formats/onnx/import.hpp"
#include "whit/ir/trees.hpp"

namespace whit::onnx {
namespace {

using Integers = std::vector<int64_t>;

struct FileNodes {
  Integers trees, nodes, features, yes, no;
  std::vector<std::string> modes;
  std::vector<float> values;

  void add(int64_t tree, int64_t node, const char* mode, int64_t feature, float value, int64_t at_most, int64_t more) {
    trees.push_back(tree), nodes.push_back(node), features.push_back(feature);
    modes.emplace_back(mode), values.push_back(value);
    yes.push_back(at_most), no.push_back(more);
  }
};

struct FileLeaves {
  Integers trees, nodes, targets;
  std::vector<float> weights;
};

// Leaves have the ids behind the nodes'.
void add_tree(const ir::Trees& trees, int32_t t, FileNodes& nodes, FileLeaves& leaves) {
  const int32_t first = trees.trees[2 * static_cast<size_t>(t)], end = trees.end_of(t);
  const int32_t output = trees.trees[2 * static_cast<size_t>(t) + 1];
  int64_t next_leaf = end - first;
  FileNodes ends;
  for (int32_t n = first; n < end; ++n) {
    int64_t to[2];
    for (size_t side = 0; side < 2; ++side) {
      const int32_t child = trees.children[2 * static_cast<size_t>(n) + side];
      to[side] = child >= 0 ? child - first : next_leaf++;
      if (child >= 0) continue;
      ends.add(t, to[side], "LEAF", 0, 0.0f, 0, 0);
      for (int32_t i = 0; i < trees.width; ++i) {
        leaves.trees.push_back(t), leaves.nodes.push_back(to[side]), leaves.targets.push_back(output + i);
        leaves.weights.push_back(
            trees.leaves[static_cast<size_t>(~child) * static_cast<size_t>(trees.width) + static_cast<size_t>(i)]);
      }
    }
    const auto i = static_cast<size_t>(n);
    nodes.add(t, n - first, "BRANCH_LEQ", trees.split_features[i], trees.thresholds[i], to[0], to[1]);
  }
  for (size_t i = 0; i < ends.nodes.size(); ++i) nodes.add(t, ends.nodes[i], "LEAF", 0, 0.0f, 0, 0);
}

}  // namespace

void export_tree_ensemble(NodeExport& node) {
  if (node.out().type != ir::DType::f32) node.unsupported("a forest of integers", "write a .tflite file");
  const ir::Trees trees = ir::trees_of(node.graph(), node.node());
  FileNodes nodes;
  FileLeaves leaves;
  for (int32_t t = 0; t < trees.tree_count(); ++t) add_tree(trees, t, nodes, leaves);
  ::onnx::NodeProto& added = node.append("TreeEnsembleRegressor", {node.input(0)});
  node.use_domain(added, kMlDomain, 3);
  set(added, "n_targets", static_cast<int64_t>(trees.base.size()));
  set_reals(added, "base_values", trees.base);
  set(added, "nodes_treeids", nodes.trees);
  set(added, "nodes_nodeids", nodes.nodes);
  set(added, "nodes_featureids", nodes.features);
  set_texts(added, "nodes_modes", nodes.modes);
  set_reals(added, "nodes_values", nodes.values);
  set(added, "nodes_truenodeids", nodes.yes);
  set(added, "nodes_falsenodeids", nodes.no);
  set(added, "target_treeids", leaves.trees);
  set(added, "target_nodeids", leaves.nodes);
  set(added, "target_ids", leaves.targets);
  set_reals(added, "target_weights", leaves.weights);
  node.result(added.output(0));
}

}  // namespace whit::onnx
