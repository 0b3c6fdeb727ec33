#include "whit/compress/quantize.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "whit/base/error.hpp"
#include "whit/compress/evaluate.hpp"
#include "whit/compress/model_runner.hpp"
#include "whit/compress/quantize_layer.hpp"
#include "whit/compress/test_quantized.hpp"
#include "whit/ir/text.hpp"

namespace whit::compress {
namespace {

// Two layers, an add of both, softmax: every rule but concat.
constexpr const char* kNet = R"(graph "net"
input %0 "x": f32 [1,4]
const %1 "w1": f32 [4,4] = {1 0.5 -0.25 0.125 -1 0.5 0.25 2 0.75 -0.75 1 0 0.1 0.2 0.3 0.4}
const %2 "b1": f32 [4] = {0.5 -0.5 0 1}
%3 "h": f32 [1,4] = fully_connected(%0, %1, %2) {activation=relu}
const %4 "w2": f32 [4,4] = {0.5 1 -1 0.5 1 1 1 1 -0.5 0.25 0.5 -0.5 1 0 0 1}
%5 "g": f32 [1,4] = fully_connected(%3, %4, -)
%6 "s": f32 [1,4] = add(%5, %3)
%7 "r": f32 [1,4] = reshape(%6)
%8 "y": f32 [1,4] = softmax(%7)
output %8
)";

TEST(Quantize, FollowsTheSpecification) {
  const ir::Graph graph = ir::parse_text(kNet);
  const std::vector<float> data = samples(200, 4);
  QuantizeOptions options;
  options.recipe.weight_scales = WeightScales::per_channel;
  const ir::Graph q = quantize(graph, calibrate(graph, data, false), options);
  EXPECT_EQ(q.tensor(q.inputs[0]).type, ir::DType::i8);
  EXPECT_EQ(named(q, "h").quantization.zero_point[0], -128) << "after a relu nothing is below zero";
  EXPECT_EQ(named(q, "r").quantization, named(q, "s").quantization) << "a reshape changes no number";
  EXPECT_EQ(named(q, "y").quantization, (ir::Quantization{{1.0f / 256}, {-128}}));
  const ir::Tensor& weights = named(q, "w1");
  EXPECT_EQ(weights.quantization.scale.size(), 4u);
  EXPECT_FLOAT_EQ(weights.quantization.scale[1], 2.0f / 127);
  EXPECT_EQ(ir::data<int8_t>(weights)[7], 127);
  const ir::Tensor& bias = named(q, "b1");
  EXPECT_EQ(bias.type, ir::DType::i32);
  const float scale = named(q, "x").quantization.scale[0] * weights.quantization.scale[0];
  EXPECT_EQ(ir::data<int32_t>(bias)[0], std::lround(0.5f / scale));
  EXPECT_GT(sqnr_db(graph, q, data), 30.0);
}

TEST(Quantize, FullyConnectedLayersHaveOneScaleUnlessAsked) {
  const ir::Graph graph = ir::parse_text(kNet);
  const ir::Graph q = quantize(graph, calibrate(graph, samples(200, 4), false), {});
  ASSERT_EQ(named(q, "w1").quantization.scale.size(), 1u);
  EXPECT_FLOAT_EQ(named(q, "w1").quantization.scale[0], 2.0f / 127);
}

TEST(Quantize, AChannelOfZerosDoesNotCoarsenTheOthers) {
  const ir::Graph graph = ir::parse_text(R"(graph "dead"
input %0 "x": f32 [1,2]
const %1 "w": f32 [2,2] = {0 0 0.01 -0.02}
%2 "y": f32 [1,2] = fully_connected(%0, %1, -)
output %2
)");
  const ir::Graph q = quantize(graph, calibrate(graph, samples(200, 2), false), {});
  EXPECT_FLOAT_EQ(named(q, "w").quantization.scale[0], 0.02f / 127);
}

TEST(Quantize, ALayerThatStaysFloatIsBridged) {
  const ir::Graph graph = ir::parse_text(kNet);
  const std::vector<float> data = samples(200, 4);
  QuantizeOptions options;
  options.nodes["g"].precision = Precision::f32;
  const ir::Graph q = quantize(graph, calibrate(graph, data, false), options);
  EXPECT_EQ(named(q, "g").type, ir::DType::f32);
  EXPECT_EQ(named(q, "w2").type, ir::DType::f32);
  EXPECT_EQ(named(q, "w1").type, ir::DType::i8);
  EXPECT_GT(sqnr_db(graph, q, data), 30.0);
}

TEST(Quantize, FloatInputsAndOutputsWhenAsked) {
  const ir::Graph graph = ir::parse_text(kNet);
  QuantizeOptions options;
  options.float_io = true;
  const ir::Graph q = quantize(graph, calibrate(graph, samples(200, 4), false), options);
  EXPECT_EQ(q.tensor(q.inputs[0]).type, ir::DType::f32);
  EXPECT_EQ(q.tensor(q.outputs[0]).type, ir::DType::f32);
}

TEST(Quantize, ConcatSharesOneScaleAndFixedScalesAreRequantized) {
  const ir::Graph graph = ir::parse_text(R"(graph "cat"
input %0 "x": f32 [1,4]
%1 "sigmoid": f32 [1,4] = logistic(%0)
%2 "big": f32 [1,4] = mul(%0, %0)
%3 "y": f32 [1,8] = concat(%1, %2) {axis=1}
output %3
)");
  std::vector<float> data = samples(200, 4);
  for (float& value : data) value *= 10;
  const ir::Graph q = quantize(graph, calibrate(graph, data, false), {});
  EXPECT_EQ(named(q, "sigmoid").quantization, named(q, "y").quantization);
  EXPECT_EQ(named(q, "big").quantization, named(q, "y").quantization);
  EXPECT_EQ(named(q, "sigmoid_own_scale").quantization, (ir::Quantization{{1.0f / 256}, {-128}}));
  EXPECT_GT(sqnr_db(graph, q, data), 25.0);
}

TEST(Quantize, BiasThatInt32CannotHoldCoarsensItsWeights) {
  const ir::Graph graph = ir::parse_text(R"(graph "bias"
input %0 "x": f32 [1,2]
const %1 "w": f32 [1,2] = {1e-9 1e-9}
const %2 "b": f32 [1] = {1}
%3 "y": f32 [1,1] = fully_connected(%0, %1, %2)
output %3
)");
  const std::vector<float> data = samples(200, 2);
  const ir::Graph q = quantize(graph, calibrate(graph, data, false), {});
  EXPECT_GT(sqnr_db(graph, q, data), 40.0);
}

TEST(Quantize, EveryRecipeKeepsTheModelNear) {
  const ir::Graph graph = ir::parse_text(kNet);
  const std::vector<float> data = samples(200, 4);
  const Calibration calibration = calibrate(graph, data, true);
  for (const Observer observer : {Observer::min_max, Observer::percentile, Observer::entropy, Observer::mse}) {
    QuantizeOptions options;
    options.recipe.observer = observer;
    options.recipe.rounding = Rounding::adaround;
    options.recipe.weight_range = WeightRange::least_error;
    options.recipe.bias_correction = true;
    EXPECT_GT(sqnr_db(graph, quantize(graph, calibration, options), data), 20.0) << name_of(observer);
  }
}

TEST(Quantize, RefusesAQuantizedModelAndUnknownLayers) {
  ir::Graph graph = ir::parse_text(kNet);
  const Calibration calibration = calibrate(graph, samples(10, 4), false);
  QuantizeOptions options;
  options.nodes["nowhere"].precision = Precision::f32;
  EXPECT_THROW(quantize(graph, calibration, options), Error);
  ir::Graph quantized = quantize(graph, calibration, {});
  EXPECT_THROW(prepare(quantized), Error);
}

TEST(Quantize, RefusesValuesThatAreNotFinite) {
  const ir::Graph graph = ir::parse_text(kNet);
  std::vector<float> data = samples(10, 4);
  data[5] = NAN;
  EXPECT_THROW(quantize(graph, calibrate(graph, data, false), {}), Error);
}

TEST(Quantize, Float16RoundsWeightsAndNeedsNoData) {
  const ir::Graph graph = ir::parse_text(kNet);
  QuantizeOptions options;
  options.recipe.precision = Precision::float16;
  options.nodes["g"] = {Precision::f32};
  EXPECT_FALSE(options.needs_ranges());
  const ir::Graph q = quantize(graph, calibrate(graph, {}, false), options);
  EXPECT_EQ(q.nodes.size(), graph.nodes.size());
  EXPECT_EQ(ir::data<float>(named(q, "w1"))[12], 0x1.998p-4f) << "0.1, to the nearest half";
  EXPECT_EQ(ir::data<float>(named(q, "w1"))[2], -0.25f);
  EXPECT_EQ(named(q, "b1").data, named(graph, "b1").data);
  EXPECT_EQ(named(q, "w2").data, named(graph, "w2").data);
}

TEST(Quantize, Float16RefusesWeightsThatItCannotHold) {
  std::string text = kNet;
  text.replace(text.find("{1 0.5"), 6, "{7e4 0.5");
  const ir::Graph graph = ir::parse_text(text);
  QuantizeOptions options;
  options.recipe.precision = Precision::float16;
  EXPECT_THROW(quantize(graph, calibrate(graph, {}, false), options), Error);
  options.nodes["h"] = {Precision::f32};
  EXPECT_NO_THROW(quantize(graph, calibrate(graph, {}, false), options));
}

// docs/quantization.md: [-0.5, 0.8] has zero point -30. With 98, the zero point for integers from 0 to 255, every
// weight above 0.15 would be cut off.
TEST(ActivationQuantization, PutsZeroWhereTheRangeHasIt) {
  const ir::Quantization q = activation_quantization({-0.5f, 0.8f}, ir::DType::i8);
  EXPECT_FLOAT_EQ(q.scale[0], 1.3f / 255);
  EXPECT_EQ(q.zero_point[0], -30);
  EXPECT_LT(q.scale[0] * (127 - 98), 0.15f);
  EXPECT_EQ(activation_quantization({0.0f, 6.0f}, ir::DType::i8), (ir::Quantization{{6.0f / 255}, {-128}}));
  EXPECT_EQ(activation_quantization({-6.0f, 0.0f}, ir::DType::i8), (ir::Quantization{{6.0f / 255}, {127}}));
  EXPECT_EQ(activation_quantization({-2.0f, 1.0f}, ir::DType::i16), (ir::Quantization{{2.0f / 32767}, {0}}));
  EXPECT_EQ(activation_quantization({0.0f, 0.0f}, ir::DType::i8), (ir::Quantization{{1.0f}, {0}}));
}

}  // namespace
}  // namespace whit::compress
