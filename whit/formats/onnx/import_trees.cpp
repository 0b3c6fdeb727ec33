// TreeEnsembleClassifier and TreeEnsembleRegressor, of the domain ai.onnx.ml.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "whit/formats/onnx/ml.hpp"
#include "whit/ir/trees.hpp"

namespace whit::onnx {
namespace {

using Place = std::pair<int64_t, int64_t>;  // of a node: tree, node of the tree

// Numbers that newer files may hold as float64: `down` rounds them to the float32 below, so that a float32 compares as
// with the float64.
std::vector<float> numbers(NodeImport& op, const std::string& name, bool down = false) {
  std::vector<float> values = op.reals(name.c_str());
  const TensorProto* tensor = op.tensor_attribute((name + "_as_tensor").c_str());
  if (tensor == nullptr) return values;
  const ConstantPtr constant = op.read(*tensor);
  for (int64_t i = 0; i < constant->count(); ++i) {
    const double value = constant->real(i);
    auto rounded = static_cast<float>(value);
    if (down && static_cast<double>(rounded) > value) {
      rounded = std::nextafter(rounded, -std::numeric_limits<float>::infinity());
    }
    values.push_back(rounded);
  }
  return values;
}

int32_t checked_index(NodeImport& op, int64_t value, const char* what) {
  if (value < 0 || value > INT32_MAX) op.bad(fmt::format("{} of {}", what, value));
  return static_cast<int32_t>(value);
}

// The nodes as the file has them, by tree.
struct FileTrees {
  std::vector<int64_t> order;  // ids of trees in their order
  std::map<int64_t, std::vector<ir::TreeStep>> steps;
  std::map<Place, int32_t> index;  // in the steps of its tree
  std::map<int64_t, std::set<int32_t>> targets;
};

// x MODE threshold goes to the node called true. All become "at most": below v is at most the float before v.
void set_branch(NodeImport& op, ir::TreeStep& step, const std::string& mode, int32_t yes, int32_t no) {
  const bool strict = mode == "BRANCH_LT" || mode == "BRANCH_GTE", turned = mode == "BRANCH_GT" || mode == "BRANCH_GTE";
  if (!strict && !turned && mode != "BRANCH_LEQ") {
    op.unsupported(fmt::format("nodes of mode {}", mode), "supported: BRANCH_LEQ, BRANCH_LT, BRANCH_GTE, BRANCH_GT");
  }
  if (!std::isfinite(step.threshold)) op.bad("a threshold that is no number");
  if (strict) step.threshold = std::nextafter(step.threshold, -std::numeric_limits<float>::infinity());
  step.at_most = turned ? no : yes;
  step.more = turned ? yes : no;
}

FileTrees read_nodes(NodeImport& op) {
  const std::vector<int64_t> trees = op.integers("nodes_treeids"), nodes = op.integers("nodes_nodeids");
  const std::vector<int64_t> features = op.integers("nodes_featureids");
  const std::vector<int64_t> yes = op.integers("nodes_truenodeids"), no = op.integers("nodes_falsenodeids");
  const std::vector<std::string> modes = op.texts("nodes_modes");
  const std::vector<float> thresholds = numbers(op, "nodes_values", true);
  op.ignore("nodes_hitrates"), op.ignore("nodes_hitrates_as_tensor");
  const size_t count = trees.size();
  op.require(count > 0 && nodes.size() == count && features.size() == count && yes.size() == count &&
                 no.size() == count && modes.size() == count && thresholds.size() == count,
             "the lists of nodes differ in length");
  const std::vector<int64_t> missing = op.integers("nodes_missing_value_tracks_true");
  if (std::any_of(missing.begin(), missing.end(), [](int64_t m) { return m != 0; })) {
    op.note("trees are for features that are all there: a NaN goes another way than in the file");
  }
  FileTrees file;
  for (size_t i = 0; i < count; ++i) {
    std::vector<ir::TreeStep>& steps = file.steps[trees[i]];
    if (steps.empty()) file.order.push_back(trees[i]);
    const bool is_new = file.index.emplace(Place{trees[i], nodes[i]}, static_cast<int32_t>(steps.size())).second;
    if (!is_new) op.bad(fmt::format("node {} of tree {} is there twice", nodes[i], trees[i]));
    steps.push_back({modes[i] == "LEAF" ? -1 : checked_index(op, features[i], "a feature"), thresholds[i], -1, -1});
  }
  for (size_t i = 0; i < count; ++i) {
    if (modes[i] == "LEAF") continue;
    const auto child = [&](int64_t id) {
      const auto found = file.index.find({trees[i], id});
      if (found == file.index.end()) op.bad(fmt::format("tree {} has no node {}", trees[i], id));
      return found->second;
    };
    ir::TreeStep& step = file.steps[trees[i]][static_cast<size_t>(file.index.at({trees[i], nodes[i]}))];
    set_branch(op, step, modes[i], child(yes[i]), child(no[i]));
  }
  return file;
}

struct LeafWeights {
  std::vector<int64_t> trees, nodes, targets;
  std::vector<float> weights;
};

LeafWeights read_leaves(NodeImport& op, const std::string& prefix) {
  const auto list = [&](const char* suffix) { return op.integers((prefix + suffix).c_str()); };
  LeafWeights leaves = {list("_treeids"), list("_nodeids"), list("_ids"), numbers(op, prefix + "_weights")};
  const size_t count = leaves.trees.size();
  op.require(leaves.nodes.size() == count && leaves.targets.size() == count && leaves.weights.size() == count,
             "the lists of leaves differ in length");
  return leaves;
}

// Rows of leaves: of one number where each tree adds to one output alone, else of all outputs.
void add_rows(NodeImport& op, FileTrees& file, const LeafWeights& leaves, int32_t outputs, ir::Trees& trees) {
  for (size_t i = 0; i < leaves.trees.size(); ++i) {
    const int32_t target = checked_index(op, leaves.targets[i], "an output");
    if (target >= outputs) op.bad(fmt::format("a leaf of output {} of {}", target, outputs));
    file.targets[leaves.trees[i]].insert(target);
  }
  const bool one =
      std::all_of(file.targets.begin(), file.targets.end(), [](const auto& t) { return t.second.size() == 1; });
  trees.width = one ? 1 : outputs;
  trees.leaves.assign(static_cast<size_t>(trees.width), 0.0f);  // row 0: a leaf without weights
  for (size_t i = 0; i < leaves.trees.size(); ++i) {
    const auto found = file.index.find({leaves.trees[i], leaves.nodes[i]});
    if (found == file.index.end()) {
      op.bad(fmt::format("weights of node {} of tree {}, which is not there", leaves.nodes[i], leaves.trees[i]));
    }
    ir::TreeStep& step = file.steps[leaves.trees[i]][static_cast<size_t>(found->second)];
    if (step.feature >= 0) op.bad(fmt::format("node {} of tree {} is no leaf", leaves.nodes[i], leaves.trees[i]));
    if (step.at_most < 0) {
      step.at_most = static_cast<int32_t>(trees.leaves.size() / static_cast<size_t>(trees.width));
      trees.leaves.resize(trees.leaves.size() + static_cast<size_t>(trees.width));
    }
    const auto row = static_cast<size_t>(step.at_most) * static_cast<size_t>(trees.width);
    trees.leaves[row + (one ? 0 : static_cast<size_t>(leaves.targets[i]))] += leaves.weights[i];
  }
}

Value ensemble(NodeImport& op, FileTrees& file, const LeafWeights& leaves, int32_t outputs, std::vector<float> base,
               bool average) {
  const Value x = features_of(op);
  ir::Trees trees;
  add_rows(op, file, leaves, outputs, trees);
  if (base.empty()) base.resize(static_cast<size_t>(outputs));
  op.require(base.size() == static_cast<size_t>(outputs), "as many base values as outputs are needed");
  trees.base = std::move(base);
  for (const int64_t id : file.order) {
    std::vector<ir::TreeStep>& steps = file.steps[id];
    for (ir::TreeStep& step : steps) {
      if (step.feature < 0) step.at_most = std::max(step.at_most, 0);
    }
    // The root is the node that no other leads to.
    std::vector<bool> has_parent(steps.size());
    for (const ir::TreeStep& step : steps) {
      if (step.feature >= 0)
        has_parent[static_cast<size_t>(step.at_most)] = has_parent[static_cast<size_t>(step.more)] = true;
    }
    const auto root = static_cast<int32_t>(std::find(has_parent.begin(), has_parent.end(), false) - has_parent.begin());
    const std::set<int32_t>& targets = file.targets[id];
    const int32_t first = trees.width == 1 && !targets.empty() ? *targets.begin() : 0;
    const auto splits = std::count_if(steps.begin(), steps.end(), [](const ir::TreeStep& s) { return s.feature >= 0; });
    const int32_t before = trees.node_count();
    const bool whole =
        ir::add_tree(trees, steps, root, first) && trees.node_count() - before == std::max<int64_t>(splits, 1);
    if (!whole) op.bad(fmt::format("tree {} is no tree: its nodes form a circle", id));
  }
  if (average) {
    for (float& leaf : trees.leaves) leaf /= static_cast<float>(file.order.size());
  }
  std::vector<ir::TensorId> inputs = {op.plain(x)};
  for (ir::Tensor& tensor : ir::constants_of(trees)) inputs.push_back(op.raw_constant(std::move(tensor)));
  const ir::TensorId id = op.add(ir::Op::tree_ensemble, inputs);
  return op.value_of(id, {x.shape[0], outputs}, plain_layout(2), x);
}

void import_classifier(NodeImport& op, FileTrees& file) {
  const auto classes = static_cast<int32_t>(class_count(op));
  op.require(classes >= 1, "there are no labels");
  LeafWeights leaves = read_leaves(op, "class");
  std::vector<float> base = numbers(op, "base_values");
  const std::set<int64_t> scored(leaves.targets.begin(), leaves.targets.end());
  if (classes != 2 || scored.size() != 1) {
    return classify(op, post_transformed(op, ensemble(op, file, leaves, classes, std::move(base), false)));
  }
  // One score for two classes. ONNX Runtime takes it for a share where all leaves are positive, else for a logit.
  std::fill(leaves.targets.begin(), leaves.targets.end(), 0);
  if (base.size() == 2) base.erase(base.begin());
  const Value score = ensemble(op, file, leaves, 1, std::move(base), false);
  const bool share = std::all_of(leaves.weights.begin(), leaves.weights.end(), [](float w) { return w >= 0; });
  const Value both = two_classes(op, score, share);
  if (share) op.ignore("post_transform");
  classify(op, share ? both : post_transformed(op, both));
}

}  // namespace

void import_tree_ensemble(NodeImport& op) {
  FileTrees file = read_nodes(op);
  if (op.is("TreeEnsembleClassifier")) return import_classifier(op, file);
  const std::string aggregate = op.text("aggregate_function", "SUM");
  if (aggregate != "SUM" && aggregate != "AVERAGE") {
    op.unsupported(fmt::format("aggregate_function {}", aggregate), "supported: SUM, AVERAGE");
  }
  const LeafWeights leaves = read_leaves(op, "target");
  const int32_t outputs = checked_index(op, op.integer("n_targets", 1), "n_targets");
  op.require(outputs >= 1 && outputs <= 0xFFFF, "n_targets is out of range");
  const Value sums = ensemble(op, file, leaves, outputs, numbers(op, "base_values"), aggregate == "AVERAGE");
  op.output(0, post_transformed(op, sums));
}

}  // namespace whit::onnx
