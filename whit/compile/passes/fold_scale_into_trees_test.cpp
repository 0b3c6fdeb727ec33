#include <cmath>
#include <limits>
#include <random>

#include "whit/compile/lower/random_trees_test.hpp"
#include "whit/compile/passes/pass_testing.hpp"
#include "whit/compile/passes/rewrite.hpp"
#include "whit/ir/verify.hpp"

namespace whit::compile {
namespace {

constexpr int32_t kFeatures = 5;

struct Step {
  ir::Op op;
  std::vector<float> constants;
};

// x through the steps, then the trees.
ir::Graph scaled_trees(const std::vector<Step>& steps, const ir::Trees& trees) {
  ir::Graph graph;
  ir::Tensor tensor;
  tensor.name = "x";
  tensor.shape = {1, kFeatures};
  graph.inputs = {graph.add_tensor(tensor)};
  ir::TensorId x = 0;
  for (const Step& step : steps) {
    ir::Tensor like;
    like.name = "c";
    const ir::TensorId c = add_constant(graph, like, ir::DType::f32, {static_cast<int32_t>(step.constants.size())},
                                        bytes_of_values(step.constants));
    tensor.name = "scaled";
    graph.nodes.push_back({step.op, {x, c}, {graph.add_tensor(tensor)}, ir::ActivationAttributes{}, -1});
    x = graph.nodes.back().outputs[0];
  }
  graph.outputs = {ir::add_tree_ensemble(graph, x, trees, "y")};
  ir::verify(graph);
  return graph;
}

float applied(const Step& step, float x, size_t feature) {
  const float c = step.constants[step.constants.size() == 1 ? 0 : feature];
  if (step.op == ir::Op::add) return x + c;
  if (step.op == ir::Op::sub) return x - c;
  return step.op == ir::Op::mul ? x * c : x / c;
}

// Features near the thresholds, and the floats beside them.
TEST(FoldScaleIntoTrees, TheSameLeavesForEveryFloat) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> offset(-30, 30), scale(0.01f, 9), any(-200, 200);
  for (uint32_t seed = 0; seed < 30; ++seed) {
    const ir::Trees trees = random_trees(seed, 9, kFeatures, 3, 1, 30);
    Step move{seed % 2 == 0 ? ir::Op::sub : ir::Op::add, {}}, widen{seed % 3 == 0 ? ir::Op::div : ir::Op::mul, {}};
    for (int32_t f = 0; f < kFeatures; ++f) move.constants.push_back(offset(random));
    widen.constants.push_back(scale(random));
    ir::Graph graph = scaled_trees({move, widen}, trees);
    fold_scale_into_trees(graph);
    ir::verify(graph);
    const ir::Node& node = graph.nodes.back();
    ASSERT_EQ(node.inputs[0], graph.inputs[0]);
    const ir::Trees folded = ir::trees_of(graph, node);
    for (int i = 0; i < 300; ++i) {
      std::vector<float> x, through;
      for (size_t f = 0; f < kFeatures; ++f) {
        const size_t n = random() % std::max<size_t>(1, folded.thresholds.size());
        float value = i % 3 == 0 || folded.thresholds.empty() ? any(random) : folded.thresholds[n];
        if (i % 3 == 2) value = std::nextafter(value, std::numeric_limits<float>::infinity());
        x.push_back(value);
        through.push_back(applied(widen, applied(move, value, f), f));
      }
      ASSERT_EQ(reached_rows(folded, x.data()), reached_rows(trees, through.data()));
    }
  }
}

TEST(FoldScaleIntoTrees, WhatTurnsTheOrderStays) {
  const ir::Trees trees = random_trees(3, 4, kFeatures, 2, 1, 9);
  const float infinity = std::numeric_limits<float>::infinity();
  for (const Step& step : {Step{ir::Op::mul, {-2}}, Step{ir::Op::mul, {0}}, Step{ir::Op::div, {1, 1, 0, 1, 1}},
                           Step{ir::Op::add, {infinity}}, Step{ir::Op::mul, {1e-45f}}}) {
    ir::Graph graph = scaled_trees({step}, trees);
    const std::string before = ir::print_text(graph);
    fold_scale_into_trees(graph);
    EXPECT_EQ(ir::print_text(graph), before);
  }
  ir::Graph graph = scaled_trees({{ir::Op::mul, {2}}}, trees);
  ir::attributes<ir::ActivationAttributes>(graph.nodes[0]).activation = ir::Activation::relu;
  fold_scale_into_trees(graph);
  EXPECT_EQ(graph.nodes.back().inputs[0], graph.nodes[0].outputs[0]);
}

}  // namespace
}  // namespace whit::compile
