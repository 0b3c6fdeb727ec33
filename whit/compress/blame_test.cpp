// A fault is planted in a layer; blame must find it and improve() must mend it.
#include "whit/compress/blame.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "whit/base/error.hpp"
#include "whit/compress/improve.hpp"
#include "whit/ir/text.hpp"

namespace whit::compress {
namespace {

constexpr int kClasses = 6, kInputs = 12, kHidden = 16;

// A random network of three layers with planted faults, and data that it labels itself: the float model is always
// right.
struct Case {
  ir::Graph graph;
  data::Samples calibration, test;
};

std::string list(std::vector<float> values) {
  std::string text;
  for (const float value : values) text += std::to_string(value) + " ";
  return text;
}

Case planted(float huge) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  const auto weights = [&](int count) {
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = normal(random) * 0.5f;
    return values;
  };
  std::vector<float> middle = weights(kHidden * kHidden);
  // Input 0 of the middle layer is always 0 (a dead channel), so its huge weights change nothing, but every scale.
  for (int o = 0; o < kHidden; ++o) middle[static_cast<size_t>(o * kHidden)] = huge;
  std::vector<float> first = weights(kHidden * kInputs), bias(kHidden, 0.1f);
  std::fill_n(first.begin(), kInputs, 0.0f);
  bias[0] = -1.0f;
  Case result;
  result.graph = ir::parse_text(
      "graph \"planted\"\ninput %0 \"x\": f32 [1,12]\nconst %1 \"w1\": f32 [16,12] = {" + list(first) +
      "}\nconst %2 \"b1\": f32 [16] = {" + list(bias) +
      "}\n%3 \"first\": f32 [1,16] = fully_connected(%0, %1, %2) {activation=relu}\nconst %4 \"w2\": f32 [16,16] = {" +
      list(middle) +
      "}\n%5 \"middle\": f32 [1,16] = fully_connected(%3, %4, -) {activation=relu}\nconst %6 \"w3\": f32 [6,16] = {" +
      list(weights(kClasses * kHidden)) + "}\n%7 \"last\": f32 [1,6] = fully_connected(%5, %6, -)\noutput %7\n");
  for (data::Samples* samples : {&result.calibration, &result.test}) {
    samples->shape = {kInputs};
    for (int i = 0; i < 300 * kInputs; ++i) samples->values.push_back(normal(random));
    samples->labels.assign(300, 0.0f);
    const Evaluation seen = evaluate(result.graph, *samples, "accuracy");
    for (size_t i = 0; i < 300; ++i) {
      const auto begin = seen.outputs.begin() + static_cast<ptrdiff_t>(i) * kClasses;
      samples->labels[i] = static_cast<float>(std::max_element(begin, begin + kClasses) - begin);
    }
  }
  return result;
}

TEST(Blame, FindsThePlantedLayer) {
  const Case c = planted(200.0f);
  const Calibration calibration = calibrate(c.graph, c.calibration.values, false);
  QuantizeOptions options;
  options.recipe.weight_scales = WeightScales::per_channel;
  const ir::Graph quantized = quantize(c.graph, calibration, options);
  const Blame found = blame(c.graph, quantized, c.test, "accuracy");
  EXPECT_EQ(found.float_model.value, 1.0);
  EXPECT_GT(drop(found.float_model, found.quantized_model), 10.0);
  ASSERT_EQ(found.layers.size(), 4u) << "the input and three layers";
  EXPECT_EQ(found.layers[0].name, "middle");
  EXPECT_GT(found.layers[0].drop, 10.0);
  EXPECT_LT(found.layers[0].weights_sqnr_db, 10.0);
  EXPECT_NE(found.layers[0].fix.find("least_error"), std::string::npos) << found.layers[0].fix;
  for (size_t i = 1; i < found.layers.size(); ++i) EXPECT_GT(found.layers[i].output.sqnr_db, 25.0);
}

TEST(Blame, ReadsInt4Weights) {
  const Case c = planted(0.5f);
  QuantizeOptions options;
  options.recipe.precision = Precision::int8_w4;
  const ir::Graph quantized = quantize(c.graph, calibrate(c.graph, c.calibration.values, false), options);
  for (const LayerBlame& layer : blame(c.graph, quantized, c.test, "accuracy").layers) {
    EXPECT_GT(layer.weights_sqnr_db, 12.0) << layer.name;
  }
}

TEST(Blame, RefusesAModelThatIsNotQuantized) {
  const Case c = planted(0.5f);
  EXPECT_THROW(blame(c.graph, c.graph, c.test, "accuracy"), Error);
}

TEST(Blame, MatchesLayersByOrderWhenNamesDiffer) {
  const Case c = planted(0.5f);
  ir::Graph quantized = quantize(c.graph, calibrate(c.graph, c.calibration.values, false), {});
  for (ir::Tensor& tensor : quantized.tensors) tensor.name += "_other";
  const Blame found = blame(c.graph, quantized, c.test, "accuracy");
  EXPECT_EQ(found.layers.size(), 4u);
  for (const LayerBlame& layer : found.layers) EXPECT_GT(layer.output.sqnr_db, 25.0) << layer.name;
}

TEST(Improve, MendsThePlantedLayerAtNoCostOnTheDevice) {
  const Case c = planted(200.0f);
  const Improved improved =
      improve(c.graph, evaluate(c.graph, c.calibration, "accuracy"), {}, c.calibration, "accuracy", 4.0);
  const Evaluation result = evaluate(improved.quantized, c.test, "accuracy");
  EXPECT_GE(result.value, 0.95);
  EXPECT_TRUE(improved.options.nodes.empty()) << "no layer had to become int16 or float";
  EXPECT_GT(improved.steps.size(), 1u);
}

TEST(Improve, StopsAtOnceWhenTheGateHolds) {
  const Case c = planted(0.5f);
  EXPECT_EQ(
      improve(c.graph, evaluate(c.graph, c.calibration, "accuracy"), {}, c.calibration, "accuracy", 5.0).steps.size(),
      1u);
}

}  // namespace
}  // namespace whit::compress
