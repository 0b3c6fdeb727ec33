#include "whit/compress/prune_channels.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "whit/base/error.hpp"
#include "whit/compress/model_runner.hpp"
#include "whit/ir/text.hpp"

namespace whit::compress {
namespace {

// A constant of random numbers; those of channel `zero` (of the first dimension, or the last of rank 1 and for
// depthwise weights) are 0.
std::string constant(int id, const ir::Shape& shape, int32_t zero = -1) {
  std::mt19937 random(static_cast<uint32_t>(id));
  std::normal_distribution<float> normal;
  std::string numbers;
  const bool last = shape.size() == 1 || shape[0] == 1;
  const auto count = ir::elements(shape), depth = count / shape[0];
  for (int64_t i = 0; i < count; ++i) {
    const float value = normal(random);
    numbers += fmt::format("{} ", (last ? i % shape.back() : i / depth) == zero ? 0.0f : value);
  }
  return fmt::format("const %{} \"c{}\": f32 {} = {{{}}}\n", id, id, ir::to_string(shape), numbers);
}

// Two convolutions meet in an add (4 channels); then depthwise, pool, another convolution (3 channels), a concat of
// both, a product with a constant, flattened into a fully connected layer. Channel 2 of the 4 and channel 1 of the 3
// are exactly zero.
ir::Graph net() {
  return ir::parse_text(
      "graph \"net\"\ninput %0 \"x\": f32 [1,4,4,2]\n" + constant(1, {4, 1, 1, 2}, 2) + constant(2, {4}, 2) +
      R"(%3 "a": f32 [1,4,4,4] = conv2d(%0, %1, %2) {activation=relu}
)" + constant(4, {4, 3, 3, 2}, 2) +
      constant(5, {4}, 2) +
      R"(%6 "b": f32 [1,4,4,4] = conv2d(%0, %4, %5) {pad_top=1, pad_bottom=1, pad_left=1, pad_right=1}
%7 "s": f32 [1,4,4,4] = add(%3, %6) {activation=relu}
)" + constant(8, {1, 3, 3, 4}) +
      constant(9, {4}, 2) +
      R"(%10 "d": f32 [1,4,4,4] = depthwise_conv2d(%7, %8, %9) {pad_top=1, pad_bottom=1, pad_left=1, pad_right=1}
%11 "p": f32 [1,2,2,4] = max_pool2d(%10) {kernel_h=2, kernel_w=2, stride_h=2, stride_w=2}
)" + constant(12, {3, 1, 1, 4}, 1) +
      constant(13, {3}, 1) +
      R"(%14 "c": f32 [1,2,2,3] = conv2d(%11, %12, %13) {activation=relu}
%15 "k": f32 [1,2,2,7] = concat(%11, %14) {axis=3}
)" + constant(16, {7}) +
      R"(%17 "m": f32 [1,2,2,7] = mul(%15, %16)
%18 "f": f32 [1,28] = reshape(%17)
)" + constant(19, {5, 28}) +
      constant(20, {5}) + R"(%21 "y": f32 [1,5] = fully_connected(%18, %19, %20)
output %21
)");
}

std::vector<float> run(const ir::Graph& graph, int64_t samples) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<float> inputs(static_cast<size_t>(samples * 32)), outputs;
  for (float& value : inputs) value = normal(random);
  ModelRunner(graph, false).run(inputs, [&](int64_t, const auto& y) {
    outputs.insert(outputs.end(), y[0].begin(), y[0].end());
  });
  return outputs;
}

TEST(PruneChannels, ZeroChannelsGoEverywhereAndChangeNothing) {
  ir::Graph graph = net();
  const std::vector<float> before = run(graph, 20);
  for (const ChannelNorm norm : {ChannelNorm::l1, ChannelNorm::l2}) {
    graph = net();
    const ChannelsPruned pruned = prune_channels(graph, {.share = 0.34, .norm = norm});
    EXPECT_EQ(pruned.channels_before, 4 + 3);
    EXPECT_EQ(pruned.channels_after, 3 + 2);
    EXPECT_LT(pruned.macs_after, pruned.macs_before);
    EXPECT_EQ(graph.tensor(1).shape, (ir::Shape{3, 1, 1, 2}));
    EXPECT_EQ(graph.tensor(4).shape, (ir::Shape{3, 3, 3, 2})) << "both sides of the add";
    EXPECT_EQ(graph.tensor(8).shape, (ir::Shape{1, 3, 3, 3}));
    EXPECT_EQ(graph.tensor(12).shape, (ir::Shape{2, 1, 1, 3}));
    EXPECT_EQ(graph.tensor(16).shape, (ir::Shape{5}));
    EXPECT_EQ(graph.tensor(19).shape, (ir::Shape{5, 4 * 5}));
    const std::vector<float> after = run(graph, 20);
    ASSERT_EQ(after.size(), before.size());
    for (size_t i = 0; i < after.size(); ++i) EXPECT_NEAR(after[i], before[i], 1e-6 * (1 + std::abs(before[i])));
  }
}

TEST(PruneChannels, ReachesAShareOfTheMacsAndNoMore) {
  for (const double share : {0.3, 0.5, 0.8}) {
    ir::Graph graph = net();
    const ChannelsPruned pruned = prune_channels(graph, {.macs = share});
    EXPECT_LE(static_cast<double>(pruned.macs_after), share * static_cast<double>(pruned.macs_before));
    ir::Graph again = net();
    prune_channels(again, {.macs = share});
    EXPECT_EQ(ir::print_text(again, {1000}), ir::print_text(graph, {1000}));
    EXPECT_EQ(run(graph, 2).size(), 10u) << "it runs";
  }
}

TEST(PruneChannels, SaysWhatCannotBe) {
  ir::Graph graph = net();
  EXPECT_THROW(prune_channels(graph, {.macs = 0.01}), Error);
  EXPECT_EQ(ir::print_text(graph), ir::print_text(net())) << "unchanged";
  graph = ir::parse_text("graph \"g\"\ninput %0 \"x\": f32 [1,4]\n" + constant(1, {3, 4}) +
                         "%2 \"y\": f32 [1,3] = fully_connected(%0, %1)\noutput %2\n");
  EXPECT_THROW(prune_channels(graph, {.share = 0.5}), Error) << "nothing but outputs";
}

// What reads channels in an order of its own keeps them.
TEST(PruneChannels, KeepsWhatOtherOpsNeedInFull) {
  ir::Graph graph =
      ir::parse_text("graph \"g\"\ninput %0 \"x\": f32 [1,4]\n" + constant(1, {8, 4}) +
                     "%2 \"h\": f32 [1,8] = fully_connected(%0, %1)\n%3 \"t\": f32 [1,8] = softmax(%2)\n" +
                     constant(4, {6, 8}) + "%5 \"g\": f32 [1,6] = fully_connected(%3, %4)\n" + constant(6, {2, 6}) +
                     "%7 \"y\": f32 [1,2] = fully_connected(%5, %6)\noutput %7\n");
  EXPECT_EQ(prune_channels(graph, {.share = 0.5}).channels_before, 6);
  EXPECT_EQ(graph.tensor(1).shape, (ir::Shape{8, 4}));
  EXPECT_EQ(graph.tensor(4).shape, (ir::Shape{4, 8})) << "a multiple of 4";
  EXPECT_EQ(graph.tensor(6).shape, (ir::Shape{2, 4}));
}

}  // namespace
}  // namespace whit::compress
