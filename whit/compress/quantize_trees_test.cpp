// Forests in integers: each branch is that of the real comparison on the real feature that a stored one stands for.
#include "whit/compress/quantize_trees.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "whit/compile/lower/random_trees_test.hpp"
#include "whit/compress/blame.hpp"
#include "whit/compress/quantize.hpp"
#include "whit/compress/test_quantized.hpp"
#include "whit/ir/verify.hpp"

namespace whit::compress {
namespace {

constexpr int32_t kFeatures = 6;

// Trees whose features differ in size by a factor of 10 each, the last far from zero.
ir::Trees uneven_trees(int32_t outputs, int32_t width) {
  ir::Trees trees = compile::random_trees(5, 30, kFeatures, outputs, width, 40);
  for (size_t n = 0; n < trees.thresholds.size(); ++n) {
    const int32_t f = trees.split_features[n];
    trees.thresholds[n] *= std::pow(10.0f, static_cast<float>(f - 3));
    if (f == kFeatures - 1) trees.thresholds[n] += 1e5f;
  }
  return trees;
}

std::vector<float> uneven_samples(int64_t count) {
  std::vector<float> x = samples(count, kFeatures);
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t f = i % kFeatures;
    x[i] *= 9.0f * std::pow(10.0f, static_cast<float>(f) - 3.0f);
    if (f == kFeatures - 1) x[i] += 1e5f;
  }
  return x;
}

ir::Graph forest(const ir::Trees& trees) {
  ir::Graph graph;
  graph.name = "forest";
  ir::Tensor input;
  input.name = "x";
  input.shape = {1, kFeatures};
  graph.inputs = {graph.add_tensor(input)};
  graph.outputs = {ir::add_tree_ensemble(graph, 0, trees, "y")};
  ir::verify(graph);
  return graph;
}

ir::Graph quantized(const ir::Graph& graph, const std::vector<float>& data, Precision precision) {
  QuantizeOptions options;
  options.recipe.precision = precision;
  options.recipe.observer = Observer::min_max;
  return quantize(graph, calibrate(graph, data, false), options);
}

// The stored feature, and what it stands for.
double stored(double x, const ir::Quantization& q, size_t f, ir::DType type) {
  const double low = type == ir::DType::i8 ? -128 : -32768;
  return std::clamp(std::round(x / q.scale[f]) + q.zero_point[f], low, -low - 1);
}

TEST(QuantizeTrees, BranchesAreThoseOfTheFeaturesThatTheIntegersStandFor) {
  const ir::Trees trees = uneven_trees(3, 3);
  const ir::Graph graph = forest(trees);
  const std::vector<float> data = uneven_samples(300);
  for (const Precision precision : {Precision::int8, Precision::int16x8}) {
    const ir::Graph q = quantized(graph, data, precision);
    ASSERT_EQ(q.nodes.size(), 2u);  // quantize, tree_ensemble
    const ir::Tensor& features = named(q, "y/features");
    const auto* thresholds = ir::data<uint8_t>(q.tensor(q.nodes[1].inputs[ir::TreeInput::thresholds]));
    for (size_t s = 0; s < 300; ++s) {
      for (size_t n = 0; n < trees.thresholds.size(); ++n) {
        const auto f = static_cast<size_t>(trees.split_features[n]);
        const double x = stored(data[s * kFeatures + f], features.quantization, f, features.type);
        int16_t wide = 0;
        if (features.type == ir::DType::i16) std::memcpy(&wide, thresholds + 2 * n, 2);
        const double threshold = features.type == ir::DType::i8 ? static_cast<int8_t>(thresholds[n]) : wide;
        const double real =
            (x - features.quantization.zero_point[f]) * static_cast<double>(features.quantization.scale[f]);
        ASSERT_EQ(x <= threshold, real <= static_cast<double>(trees.thresholds[n])) << s << " at node " << n;
      }
    }
  }
}

TEST(QuantizeTrees, Int16LosesNextToNothing) {
  for (const int32_t width : {1, 3}) {
    const ir::Graph graph = forest(uneven_trees(3, width));
    const std::vector<float> data = uneven_samples(400);
    EXPECT_GT(sqnr_db(graph, quantized(graph, data, Precision::int16x8), data), 30) << width;
    EXPECT_GT(sqnr_db(graph, quantized(graph, data, Precision::int8), data), 15) << width;
  }
}

TEST(QuantizeTrees, BaseAndLeavesFarApartDoNotOverflow) {
  ir::Trees trees = uneven_trees(1, 1);
  trees.base = {1e6f};
  const ir::Graph graph = forest(trees);
  const std::vector<float> data = uneven_samples(50);
  EXPECT_GT(sqnr_db(graph, quantized(graph, data, Precision::int16x8), data), 60);
}

TEST(QuantizeTrees, FeaturesStayFloatForOtherUsers) {
  ir::Graph graph = forest(uneven_trees(1, 1));
  graph.outputs.push_back(ir::add_tree_ensemble(graph, 0, uneven_trees(2, 1), "z"));
  const std::vector<float> data = uneven_samples(100);
  const ir::Graph q = quantized(graph, data, Precision::int8);
  EXPECT_EQ(q.tensor(q.inputs[0]).type, ir::DType::f32);
  EXPECT_TRUE(named(q, "y/features").quantization.per_channel());
  EXPECT_TRUE(named(q, "z/features").quantization.per_channel());
}

TEST(QuantizeTrees, OneFeature) {
  ir::Trees trees;
  trees.leaves = {-1.0f, 1.0f}, trees.base = {0.0f};
  const ir::TreeStep steps[] = {{0, 5.0f, 1, 2}, {-1, 0, 0, 0}, {-1, 0, 1, 0}};
  ASSERT_TRUE(ir::add_tree(trees, steps, 0, 0));
  ir::Graph graph;
  graph.name = "stump";
  ir::Tensor input;
  input.name = "x", input.shape = {1, 1};
  graph.inputs = {graph.add_tensor(input)};
  graph.outputs = {ir::add_tree_ensemble(graph, 0, trees, "y")};
  const std::vector<float> data = {-100, 4.9f, 5.1f, 1000};
  EXPECT_GT(sqnr_db(graph, quantized(graph, data, Precision::int8), data), 30);
}

TEST(QuantizeTrees, BlameSaysWhatTheForestCosts) {
  const ir::Graph graph = forest(uneven_trees(3, 3));
  data::Samples data;
  data.shape = {kFeatures};
  data.values = uneven_samples(200);
  ModelRunner(graph).run(data.values, [&](int64_t, const auto& y) {
    data.labels.push_back(static_cast<float>(std::max_element(y[0].begin(), y[0].end()) - y[0].begin()));
  });
  const Blame result = blame(graph, quantized(graph, data.values, Precision::int8), data, "accuracy");
  ASSERT_EQ(result.layers.size(), 1u);
  EXPECT_EQ(result.layers[0].op, "tree_ensemble");
  EXPECT_EQ(result.float_model.value, 1.0);
  EXPECT_NEAR(result.layers[0].metric, result.quantized_model.value, 1e-6);
  EXPECT_NE(result.layers[0].fix.find("int16x8"), std::string::npos);
}

}  // namespace
}  // namespace whit::compress
