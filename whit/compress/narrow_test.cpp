#include "whit/compress/narrow.hpp"

#include <gtest/gtest.h>

#include "whit/base/error.hpp"
#include "whit/compile/passes/passes.hpp"
#include "whit/compress/test_quantized.hpp"
#include "whit/ir/text.hpp"
#include "whit/ir/verify.hpp"

namespace whit::compress {
namespace {

// Two layers round a residual block, a depthwise layer, a flattening, a readout.
ir::Graph residual_net() {
  std::string text = "graph \"residual\"\ninput %0 \"x\": f32 [1,6,6,3]\n";
  text += constant_text(1, "w1", {8, 3, 3, 3}) + constant_text(2, "b1", {8});
  text += constant_text(3, "w2", {8, 1, 1, 8}) + constant_text(4, "b2", {8});
  text += constant_text(5, "w3", {1, 3, 3, 8}) + constant_text(6, "b3", {8});
  text += constant_text(7, "w4", {5, 288}) + constant_text(8, "b4", {5});
  text +=
      "%10 \"a\": f32 [1,6,6,8] = conv2d(%0, %1, %2) {pad_top=1, pad_bottom=1, pad_left=1, pad_right=1}\n"
      "%11 \"b\": f32 [1,6,6,8] = conv2d(%10, %3, %4)\n"
      "%12 \"c\": f32 [1,6,6,8] = add(%10, %11)\n"
      "%13 \"d\": f32 [1,6,6,8] = depthwise_conv2d(%12, %5, %6) {pad_top=1, pad_bottom=1, pad_left=1, pad_right=1}\n"
      "%14 \"e\": f32 [1,288] = reshape(%13)\n"
      "%15 \"f\": f32 [1,5] = fully_connected(%14, %7, %8)\n"
      "output %15\n";
  ir::Graph graph = ir::parse_text(text);
  ir::verify(graph);
  return graph;
}

TEST(Narrower, KeepsTheFirstChannelsOfHiddenLayers) {
  const ir::Graph whole = residual_net();
  const ir::Graph half = narrower(whole, 0.5);
  EXPECT_EQ(named(half, "c").shape, (ir::Shape{1, 6, 6, 4}));
  EXPECT_EQ(named(half, "d").shape, (ir::Shape{1, 6, 6, 4}));
  EXPECT_EQ(named(half, "e").shape, (ir::Shape{1, 144}));
  EXPECT_EQ(named(half, "f").shape, (ir::Shape{1, 5}));
  const auto weights = [](const ir::Graph& graph, size_t node) { return graph.tensor(graph.nodes[node].inputs[1]); };
  EXPECT_EQ(weights(half, 0).shape, (ir::Shape{4, 3, 3, 3}));
  EXPECT_EQ(weights(half, 1).shape, (ir::Shape{4, 1, 1, 4}));
  EXPECT_EQ(weights(half, 3).shape, (ir::Shape{1, 3, 3, 4}));
  EXPECT_EQ(weights(half, 5).shape, (ir::Shape{5, 144}));
  // Row 2 of the second layer and position 7, channel 1 of the readout's row 4.
  EXPECT_EQ(ir::data<float>(weights(half, 1))[2 * 4 + 3], ir::data<float>(weights(whole, 1))[2 * 8 + 3]);
  EXPECT_EQ(ir::data<float>(weights(half, 5))[4 * 144 + 7 * 4 + 1],
            ir::data<float>(weights(whole, 5))[4 * 288 + 7 * 8 + 1]);
}

TEST(Narrower, ScalesOfChannelsGoWithThem) {
  const ir::Graph graph = ir::parse_text(
      "graph \"q\"\ninput %0 \"x\": i8 [1,1,1,4] scale 1 zero_point 0\n"
      "const %1 \"w\": i8 [8,1,1,4] scale [1 2 3 4 5 6 7 8] zero_point [0 0 0 0 0 0 0 0] axis 0 = {"
      "1 1 1 1 2 2 2 2 3 3 3 3 4 4 4 4 5 5 5 5 6 6 6 6 7 7 7 7 8 8 8 8}\n"
      "const %2 \"b\": i32 [8] scale [1 2 3 4 5 6 7 8] zero_point [0 0 0 0 0 0 0 0] axis 0 = {1 2 3 4 5 6 7 8}\n"
      "const %3 \"v\": i8 [2,8] scale 1 zero_point 0 = {1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16}\n"
      "const %4 \"c\": i32 [2] scale 1 zero_point 0 = {0 0}\n"
      "%5 \"y\": i8 [1,1,1,8] scale 1 zero_point 0 = conv2d(%0, %1, %2)\n"
      "%6 \"z\": i8 [1,2] scale 1 zero_point 0 = fully_connected(%5, %3, %4)\noutput %6\n");
  const ir::Graph half = narrower(graph, 0.5);
  const ir::Tensor& weights = half.tensor(half.nodes[0].inputs[1]);
  EXPECT_EQ(weights.quantization.scale, (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(weights.data.size(), 16u);
  EXPECT_EQ(half.tensor(half.nodes[0].inputs[2]).quantization.scale.size(), 4u);
  const ir::Tensor& readout = half.tensor(half.nodes[1].inputs[1]);
  EXPECT_EQ(readout.data, (std::vector<uint8_t>{1, 2, 3, 4, 9, 10, 11, 12}));
}

TEST(Narrower, AModelWithoutHiddenLayersIsRefused) {
  const ir::Graph graph = ir::parse_text("graph \"one\"\ninput %0 \"x\": f32 [1,8]\n" + constant_text(1, "w", {4, 8}) +
                                         "%2 \"y\": f32 [1,4] = fully_connected(%0, %1, -)\noutput %2\n");
  EXPECT_THROW(narrower(graph, 0.5), Error);
}

// Channels that a softmax over them, or the model's input, holds stay whole.
TEST(Narrower, WhatMixesChannelsStaysWhole) {
  const ir::Graph graph =
      ir::parse_text("graph \"mixed\"\ninput %0 \"x\": f32 [1,8]\n" + constant_text(1, "w", {8, 8}) +
                     constant_text(2, "v", {8, 8}) + constant_text(3, "u", {2, 8}) +
                     "%4 \"a\": f32 [1,8] = fully_connected(%0, %1, -)\n"
                     "%5 \"b\": f32 [1,8] = softmax(%4)\n"
                     "%6 \"c\": f32 [1,8] = fully_connected(%5, %2, -)\n"
                     "%7 \"d\": f32 [1,8] = add(%6, %0)\n"
                     "%8 \"e\": f32 [1,8] = fully_connected(%7, %2, -)\n"
                     "%9 \"f\": f32 [1,2] = fully_connected(%8, %3, -)\noutput %9\n");
  const ir::Graph half = narrower(graph, 0.5);
  EXPECT_EQ(named(half, "a").shape, (ir::Shape{1, 8}));
  EXPECT_EQ(named(half, "c").shape, (ir::Shape{1, 8}));
  EXPECT_EQ(named(half, "e").shape, (ir::Shape{1, 4}));
}

}  // namespace
}  // namespace whit::compress
