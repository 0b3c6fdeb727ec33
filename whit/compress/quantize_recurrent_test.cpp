// lstm and gru in int8 and 16x8: scales, states, and how near they stay to the float layer.
#include "whit/compress/quantize_recurrent.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "whit/compress/blame.hpp"
#include "whit/compress/test_quantized.hpp"
#include "whit/ir/text.hpp"

namespace whit::compress {
namespace {

constexpr int64_t kElements = 12 * 3;  // of the input of recurrent_net()

ir::Graph quantized(const ir::Graph& graph, Precision precision, bool adaround = false) {
  QuantizeOptions options;
  options.recipe.precision = precision;
  options.recipe.rounding = adaround ? Rounding::adaround : Rounding::nearest;
  options.recipe.bias_correction = adaround;
  return quantize(graph, calibrate(graph, samples(200, kElements), options.needs_moments()), options);
}

TEST(QuantizeRecurrent, StaysNearTheFloatModel) {
  for (const bool lstm : {true, false}) {
    for (const char* attributes : {"", " {reverse=true, linear_before_reset=true}"}) {
      const ir::Graph graph = ir::parse_text(recurrent_net(lstm, attributes));
      EXPECT_GT(sqnr_db(graph, quantized(graph, Precision::int8), samples(50, kElements)), 25.0);
      EXPECT_GT(sqnr_db(graph, quantized(graph, Precision::int16x8), samples(50, kElements)), 35.0);
      const ir::Graph rounded = quantized(graph, Precision::int16x8, true);
      EXPECT_GT(sqnr_db(graph, rounded, samples(50, kElements)), 38.0) << "adaround, bias correction";
    }
  }
}

TEST(QuantizeRecurrent, GatesStayInt8WhereOtherLayersGetInt4) {
  const ir::Graph graph = ir::parse_text(recurrent_net(true, ""));
  EXPECT_GT(sqnr_db(graph, quantized(graph, Precision::int8_w4), samples(50, kElements)), 5.0);
}

TEST(QuantizeRecurrent, FollowsTheSpecification) {
  const ir::Graph graph = quantized(ir::parse_text(recurrent_net(true)), Precision::int8);
  EXPECT_EQ(named(graph, "last").quantization, named(graph, "sequence").quantization);
  const ir::Tensor& cell = named(graph, "cell");
  EXPECT_EQ(cell.type, ir::DType::i16);
  EXPECT_EQ(cell.quantization, (ir::Quantization{{1.0f / 16384}, {0}})) << "up to 2: " << ir::print_text(graph);
  const ir::Tensor& bias = named(graph, "b1");
  EXPECT_EQ(bias.type, ir::DType::i32);
  EXPECT_FLOAT_EQ(bias.quantization.scale.at(0),
                  named(graph, "x").quantization.scale[0] * named(graph, "w1").quantization.scale[0]);
  const ir::Graph gru = quantized(ir::parse_text(recurrent_net(false)), Precision::int8);
  EXPECT_EQ(named(gru, "last").quantization, (ir::Quantization{{1.0f / 32768}, {0}}));
  EXPECT_FLOAT_EQ(named(gru, "b4").quantization.scale.at(0),
                  named(gru, "sequence").quantization.scale[0] * named(gru, "w4").quantization.scale[0]);
}

TEST(QuantizeRecurrent, FirstStatesAreQuantizedToo) {
  const char* constants =
      "const %30 \"h0\": f32 [1,4] = {0.5 -0.5 0.25 0}\nconst %31 \"c0\": f32 [1,4] = {1 -2.5 0.125 0}\n";
  const ir::Graph graph = ir::parse_text(recurrent_net(true, "", constants));
  const ir::Graph q = quantized(graph, Precision::int8);
  EXPECT_EQ(named(q, "c0").quantization, (ir::Quantization{{1.0f / 8192}, {0}})) << "up to 4";
  EXPECT_EQ(ir::data<int16_t>(named(q, "c0"))[1], -20480);
  EXPECT_GT(sqnr_db(graph, q, samples(50, kElements)), 25.0);
}

TEST(QuantizeRecurrent, AKeptStateIsStoredAsTheLayerHasIt) {
  const std::string text = recurrent_net(
      true, "", "%30 \"h0\": f32 [1,4] = read_variable()\n%31 \"c0\": f32 [1,4] = read_variable() {variable=1}\n",
      "assign_variable(%41)\nassign_variable(%42) {variable=1}\n",
      "variable 0 \"h\": f32 [1,4] = {0 0 0 0}\nvariable 1 \"c\": f32 [1,4] = {0.5 0 0 0}\n");
  const ir::Graph q = quantized(ir::parse_text(text), Precision::int8);
  EXPECT_EQ(q.variables[1].type, ir::DType::i16);
  EXPECT_EQ(q.variables[1].quantization, named(q, "cell").quantization);
  EXPECT_EQ(reinterpret_cast<const int16_t*>(q.variables[1].initial.data())[0], 8192);
  // The hidden state is read by the readout as well, so it is no state of the layer alone.
  EXPECT_EQ(q.variables[0].type, ir::DType::f32);
}

TEST(QuantizeRecurrent, ScalesOfStatesArePowersOfTwo) {
  EXPECT_EQ(state_quantization({-0.1f, 0.2f}).scale[0], 1.0f / 32768);
  EXPECT_EQ(state_quantization({-1.0f, 0.2f}).scale[0], 1.0f / 32768) << "1 itself saturates";
  EXPECT_EQ(state_quantization({-1.1f, 0.2f}).scale[0], 1.0f / 16384);
  EXPECT_EQ(state_quantization({0.0f, 3.0f}).scale[0], 4.0f / 32768);
  EXPECT_EQ(state_quantization({-1000.0f, 0.0f}).scale[0], 64.0f / 32768) << "saturates";
}

TEST(QuantizeRecurrent, BlameSeesTheLayer) {
  const ir::Graph graph = ir::parse_text(recurrent_net(false));
  data::Samples data;
  data.values = samples(50, kElements);
  data.shape = {1, 12, 3};
  data.labels.assign(50, 0.0f);
  const Blame found = blame(graph, quantized(graph, Precision::int8), data, "mae");
  const auto layer =
      std::find_if(found.layers.begin(), found.layers.end(), [](const LayerBlame& l) { return l.name == "sequence"; });
  ASSERT_NE(layer, found.layers.end());
  EXPECT_LT(layer->output.sqnr_db, layer->rounding_sqnr_db) << "states are rounded at each step";
  EXPECT_LT(layer->weights_sqnr_db, 60.0);
  EXPECT_GT(layer->output.sqnr_db, 25.0);
}

}  // namespace
}  // namespace whit::compress
