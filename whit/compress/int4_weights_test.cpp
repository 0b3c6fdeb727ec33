#include "whit/compress/int4_weights.hpp"

#include <gtest/gtest.h>

#include "whit/ir/text.hpp"
#include "whit/ir/verify.hpp"

namespace whit::compress {
namespace {

TEST(RoundToInt4Weights, LargestWeightOfAScaleBecomesSeven) {
  ir::Graph graph = ir::parse_text(
      "graph \"q\"\ninput %0 \"x\": i8 [1,1,1,2] scale 0.5 zero_point 0\n"
      "const %1 \"w\": i8 [2,1,1,2] scale [1 2] zero_point [0 0] axis 0 = {70 -21 -128 0}\n"
      "const %2 \"b\": i32 [2] scale [0.5 1] zero_point [0 0] axis 0 = {100 1280}\n"
      "const %3 \"v\": i8 [1,2] scale 1 zero_point 0 = {14 -4}\n"
      "%5 \"y\": i8 [1,1,1,2] scale 1 zero_point 0 = conv2d(%0, %1, %2)\n"
      "%6 \"z\": i8 [1,1] scale 1 zero_point 0 = fully_connected(%5, %3, -)\noutput %6\n");
  EXPECT_EQ(round_to_int4_weights(graph), 2);
  ir::verify(graph);
  const ir::Tensor& weights = graph.tensor(graph.nodes[0].inputs[1]);
  EXPECT_EQ(weights.type, ir::DType::i4);
  const auto* values = ir::data<int8_t>(weights);
  EXPECT_EQ((std::vector<int>{values[0], values[1], values[2], values[3]}), (std::vector<int>{7, -2, -7, 0}));
  EXPECT_FLOAT_EQ(weights.quantization.scale[0], 10);
  EXPECT_FLOAT_EQ(weights.quantization.scale[1], 2.0f * 128 / 7);
  const ir::Tensor& bias = graph.tensor(graph.nodes[0].inputs[2]);
  EXPECT_EQ(ir::data<int32_t>(bias)[0], 10);
  EXPECT_EQ(ir::data<int32_t>(bias)[1], 70);
  EXPECT_FLOAT_EQ(bias.quantization.scale[0], 5);
  const ir::Tensor& second = graph.tensor(graph.nodes[1].inputs[1]);
  EXPECT_EQ(ir::data<int8_t>(second)[1], -2);
  EXPECT_FLOAT_EQ(second.quantization.scale[0], 2);
}

TEST(RoundToInt4Weights, FloatAndDepthwiseLayersStay) {
  ir::Graph graph = ir::parse_text(
      "graph \"f\"\ninput %0 \"x\": f32 [1,2]\nconst %1 \"w\": f32 [1,2] = {1 2}\n"
      "%2 \"y\": f32 [1,1] = fully_connected(%0, %1, -)\noutput %2\n");
  EXPECT_EQ(round_to_int4_weights(graph), 0);
}

}  // namespace
}  // namespace whit::compress
