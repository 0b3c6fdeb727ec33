// Classical models (domain ai.onnx.ml): what they become, and what is refused. Numbers of real ones: tests/peer.
#include <gtest/gtest.h>

#include <cmath>

#include "whit/base/error.hpp"
#include "whit/formats/onnx/test_model.hpp"
#include "whit/formats/onnx/writer.hpp"
#include "whit/ir/text.hpp"
#include "whit/ir/trees.hpp"

namespace whit::onnx {
namespace {

using Integers = std::vector<int64_t>;
using ::onnx::AttributeProto;

AttributeProto& added(::onnx::NodeProto& node, const std::string& name, AttributeProto::AttributeType type) {
  AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}
void set_reals(::onnx::NodeProto& node, const std::string& name, const std::vector<float>& values) {
  AttributeProto& attribute = added(node, name, AttributeProto::FLOATS);
  for (const float value : values) attribute.add_floats(value);
}
void set_texts(::onnx::NodeProto& node, const std::string& name, const std::vector<std::string>& values) {
  AttributeProto& attribute = added(node, name, AttributeProto::STRINGS);
  for (const std::string& value : values) attribute.add_strings(value);
}
void set_text(::onnx::NodeProto& node, const std::string& name, const std::string& value) {
  added(node, name, AttributeProto::STRING).set_s(value);
}

// Two trees over x [N,2]: x0 MODE 0.5 ? leaf 1 : (x1 MODE -2 ? leaf 3 : leaf 4), and a leaf alone. Node ids are out of
// order. `kind`: class or target.
::onnx::NodeProto& add_trees(TestModel& m, const std::string& op, const std::vector<std::string>& outputs,
                             const std::string& mode = "BRANCH_LEQ") {
  ::onnx::NodeProto& node = m.node(op, {"x"}, outputs);
  node.set_domain("ai.onnx.ml");
  TestModel::set(node, "nodes_treeids", Integers{7, 7, 7, 7, 7, 9});
  TestModel::set(node, "nodes_nodeids", Integers{1, 0, 2, 4, 3, 0});
  TestModel::set(node, "nodes_featureids", Integers{0, 0, 1, 0, 0, 0});
  TestModel::set(node, "nodes_truenodeids", Integers{0, 1, 3, 0, 0, 0});
  TestModel::set(node, "nodes_falsenodeids", Integers{0, 2, 4, 0, 0, 0});
  set_texts(node, "nodes_modes", {"LEAF", mode, mode, "LEAF", "LEAF", "LEAF"});
  set_reals(node, "nodes_values", {0, 0.5f, -2, 0, 0, 0});
  return node;
}

TestModel regressor(const std::string& mode = "BRANCH_LEQ") {
  TestModel m;
  m.input("x", {-1, 2}).output("y");
  ::onnx::NodeProto& node = add_trees(m, "TreeEnsembleRegressor", {"y"}, mode);
  TestModel::set(node, "n_targets", int64_t{2});
  TestModel::set(node, "target_treeids", Integers{7, 7, 7, 9});
  TestModel::set(node, "target_nodeids", Integers{1, 3, 4, 0});
  TestModel::set(node, "target_ids", Integers{1, 1, 1, 0});
  set_reals(node, "target_weights", {10, 20, 30, 5});
  return m;
}

// base_values, aggregate and so on are added by tests.
ir::Trees trees_of(const ir::Graph& graph) {
  for (const ir::Node& node : graph.nodes) {
    if (node.op == ir::Op::tree_ensemble) return ir::trees_of(graph, node);
  }
  return {};
}

std::string refusal(const TestModel& model, ErrorCode code) {
  try {
    model.read();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return std::string(error.what()) + " " + error.hint();
  }
  return "";
}

::onnx::NodeProto& last_node(TestModel& m) { return *m.graph().mutable_node(m.graph().node_size() - 1); }

TEST(OnnxTrees, ARegressorBecomesOneNode) {
  const ir::Graph graph = regressor().read().graph;
  ASSERT_EQ(graph.nodes.size(), 1u) << ir::print_text(graph);
  const ir::Trees trees = trees_of(graph);
  EXPECT_EQ(trees.trees, (std::vector<int32_t>{0, 1, 2, 0}));  // first node, first output
  EXPECT_EQ(trees.split_features, (std::vector<int32_t>{0, 1, 0}));
  EXPECT_EQ(trees.thresholds, (std::vector<float>{0.5f, -2, 0}));
  EXPECT_EQ(trees.children, (std::vector<int32_t>{~1, 1, ~2, ~3, ~4, ~4}));
  EXPECT_EQ(trees.leaves, (std::vector<float>{0, 10, 20, 30, 5}));
  EXPECT_EQ(graph.tensor(graph.outputs[0]).shape, (ir::Shape{1, 2}));
}

TEST(OnnxTrees, ModesBecomeAtMost) {
  const float before = std::nextafter(0.5f, 0.0f);
  const struct {
    const char* mode;
    float threshold;
    bool turned;
  } kModes[] = {{"BRANCH_LEQ", 0.5f, false},
                {"BRANCH_LT", before, false},
                {"BRANCH_GTE", before, true},
                {"BRANCH_GT", 0.5f, true}};
  for (const auto& mode : kModes) {
    const ir::Trees trees = trees_of(regressor(mode.mode).read().graph);
    EXPECT_EQ(trees.thresholds[0], mode.threshold) << mode.mode;
    EXPECT_EQ(trees.children[mode.turned ? 1 : 0], ~1) << mode.mode;
  }
  EXPECT_NE(refusal(regressor("BRANCH_EQ"), ErrorCode::unsupported).find("BRANCH_EQ"), std::string::npos);
}

TEST(OnnxTrees, AveragesAreDividedLeaves) {
  TestModel m = regressor();
  set_text(last_node(m), "aggregate_function", "AVERAGE");
  EXPECT_EQ(trees_of(m.read().graph).leaves, (std::vector<float>{0, 5, 10, 15, 2.5f}));
  TestModel other = regressor();
  set_text(last_node(other), "aggregate_function", "MAX");
  EXPECT_NE(refusal(other, ErrorCode::unsupported).find("MAX"), std::string::npos);
}

TestModel classifier(const Integers& labels, const std::vector<std::string>& outputs) {
  TestModel m;
  m.input("x", {-1, 2});
  for (const std::string& output : outputs) m.output(output);
  ::onnx::NodeProto& node = add_trees(m, "TreeEnsembleClassifier", {"label", "scores"});
  TestModel::set(node, "classlabels_int64s", labels);
  TestModel::set(node, "class_treeids", Integers{7, 7, 7, 9});
  TestModel::set(node, "class_nodeids", Integers{1, 3, 4, 0});
  TestModel::set(node, "class_ids", Integers{0, 1, 2, 1});
  set_reals(node, "class_weights", {1, 1, 1, 0.5f});
  set_text(node, "post_transform", "SOFTMAX");
  return m;
}

TEST(OnnxTrees, TheLabelGoesWhereTheScoresStay) {
  const Model model = classifier({3, 5, 9}, {"label", "scores"}).read();
  ASSERT_EQ(model.graph.outputs.size(), 1u);
  EXPECT_EQ(model.graph.tensor(model.graph.outputs[0]).name, "scores");
  ASSERT_EQ(model.graph.nodes.size(), 2u);
  EXPECT_EQ(model.graph.nodes[1].op, ir::Op::softmax);
  EXPECT_NE(model.notes.back().find("of 3, 5, 9"), std::string::npos) << model.notes.back();
}

TEST(OnnxTrees, TheLabelAloneIsTheHighestScoresName) {
  const ir::Graph graph = classifier({3, 5, 9}, {"label"}).read().graph;
  ASSERT_EQ(graph.outputs.size(), 1u);
  std::vector<std::string> ops;
  for (const ir::Node& node : graph.nodes) ops.emplace_back(ir::name_of(node.op));
  EXPECT_EQ(ops, (std::vector<std::string>{"tree_ensemble", "softmax", "arg_max", "gather", "cast"}));
}

TEST(OnnxTrees, WhatIsDamagedIsRefused) {
  const auto damaged = [](const char* attribute, const Integers& values) {
    TestModel m = regressor();
    for (AttributeProto& a : *last_node(m).mutable_attribute()) {
      if (a.name() != attribute) continue;
      a.clear_ints();
      for (const int64_t v : values) a.add_ints(v);
    }
    return refusal(m, ErrorCode::bad_input);
  };
  EXPECT_NE(damaged("nodes_nodeids", {1, 0, 2, 4, 4, 0}).find("is there twice"), std::string::npos);
  EXPECT_NE(damaged("nodes_truenodeids", {0, 1, 8, 0, 0, 0}).find("has no node 8"), std::string::npos);
  EXPECT_NE(damaged("nodes_truenodeids", {0, 0, 3, 0, 0, 0}).find("circle"), std::string::npos);
  EXPECT_NE(damaged("nodes_falsenodeids", {0, 2, 0, 0, 0, 0}).find("circle"), std::string::npos);
  EXPECT_NE(damaged("nodes_featureids", {0, 0, 2, 0, 0, 0}).find("feature 2"), std::string::npos);
  EXPECT_NE(damaged("nodes_featureids", {0, 0, -1, 0, 0, 0}).find("feature of -1"), std::string::npos);
  EXPECT_NE(damaged("nodes_treeids", {7, 7}).find("differ in length"), std::string::npos);
  EXPECT_NE(damaged("target_ids", {1, 1, 2, 0}).find("output 2 of 2"), std::string::npos);
  EXPECT_NE(damaged("target_nodeids", {1, 3, 2, 0}).find("no leaf"), std::string::npos);
  EXPECT_NE(damaged("target_nodeids", {1, 3, 6, 0}).find("not there"), std::string::npos);
}

TEST(OnnxTrees, WhatIsWrittenIsReadAsTheSameTrees) {
  for (const ir::Graph& graph : {regressor().read().graph, classifier({0, 1, 2}, {"scores"}).read().graph}) {
    const ir::Trees trees = trees_of(graph), again = trees_of(read_onnx(write_onnx(graph), "again").graph);
    EXPECT_EQ(again.trees, trees.trees);
    EXPECT_EQ(again.thresholds, trees.thresholds);
    EXPECT_EQ(again.split_features, trees.split_features);
    EXPECT_EQ(again.base, trees.base);
    EXPECT_EQ(again.width, trees.width);
  }
}

TestModel linear(const std::string& op, const std::vector<std::string>& outputs) {
  TestModel m;
  m.input("x", {-1, 2}).output(outputs.back());
  ::onnx::NodeProto& node = m.node(op, {"x"}, outputs);
  node.set_domain("ai.onnx.ml");
  set_reals(node, "coefficients", {1, 2, 3, 4});
  set_reals(node, "intercepts", {5, 6});
  return m;
}

TEST(OnnxLinear, BecomesAFullyConnectedLayer) {
  TestModel m = linear("LinearRegressor", {"y"});
  TestModel::set(last_node(m), "targets", int64_t{2});
  const ir::Graph graph = m.read().graph;
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(graph.nodes[0].op, ir::Op::fully_connected);
  const ir::Tensor& weights = graph.tensor(graph.nodes[0].inputs[1]);
  EXPECT_EQ(weights.shape, (ir::Shape{2, 2}));
  EXPECT_EQ(ir::data<float>(weights)[1], 2);
}

TEST(OnnxLinear, AClassifierHasItsTransform) {
  TestModel m = linear("LinearClassifier", {"label", "y"});
  TestModel::set(last_node(m), "classlabels_ints", Integers{0, 1});
  set_text(last_node(m), "post_transform", "LOGISTIC");
  const ir::Graph graph = m.read().graph;
  ASSERT_EQ(graph.nodes.size(), 2u);
  EXPECT_EQ(graph.nodes[1].op, ir::Op::logistic);
  TestModel other = linear("LinearClassifier", {"label", "y"});
  TestModel::set(last_node(other), "classlabels_ints", Integers{0, 1});
  set_text(last_node(other), "post_transform", "PROBIT");
  EXPECT_NE(refusal(other, ErrorCode::unsupported).find("PROBIT"), std::string::npos);
}

TEST(OnnxMl, OtherOpsOfTheDomainAreRefused) {
  TestModel m;
  m.input("x", {-1, 2}).output("y");
  m.node("SVMClassifier", {"x"}, {"y"}).set_domain("ai.onnx.ml");
  EXPECT_NE(refusal(m, ErrorCode::unsupported).find("not supported"), std::string::npos);
}

}  // namespace
}  // namespace whit::onnx
