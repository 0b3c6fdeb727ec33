#include "whit/compress/equalize.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "whit/compress/model_runner.hpp"
#include "whit/ir/text.hpp"

namespace whit::compress {
namespace {

std::vector<float> outputs_of(const ir::Graph& graph, const std::vector<float>& data) {
  std::vector<float> all;
  ModelRunner(graph).run(
      data, [&](int64_t, const auto& outputs) { all.insert(all.end(), outputs[0].begin(), outputs[0].end()); });
  return all;
}

std::vector<float> uniform(size_t count) {
  std::mt19937 random(2);
  std::uniform_real_distribution<float> distribution(-1.0f, 1.0f);
  std::vector<float> values(count);
  for (float& value : values) value = distribution(random);
  return values;
}

TEST(Equalize, EvensOutTheWeightsAndKeepsTheModel) {
  ir::Graph graph = ir::parse_text(R"(graph "pair"
input %0 "x": f32 [1,3]
const %1 "w1": f32 [2,3] = {100 50 -20 0.01 0.02 -0.01}
const %2 "b1": f32 [2] = {1 0.001}
%3 "h": f32 [1,2] = fully_connected(%0, %1, %2) {activation=relu}
const %4 "w2": f32 [2,2] = {0.01 100 0.02 -50}
%5 "y": f32 [1,2] = fully_connected(%3, %4, -)
output %5
)");
  const std::vector<float> data = uniform(30), before = outputs_of(graph, data);
  EXPECT_EQ(equalize(graph), 1);
  const std::vector<float> after = outputs_of(graph, data);
  for (size_t i = 0; i < before.size(); ++i)
    EXPECT_NEAR(after[i], before[i], 1e-4f * std::max(1.0f, std::abs(before[i])));
  const float* w1 = ir::data<float>(graph.tensor(graph.nodes[0].inputs[1]));
  EXPECT_NEAR(w1[0], std::sqrt(100 * 0.02f), 1e-3) << "sqrt of the two ranges of the channel";
}

TEST(Equalize, KeepsConvolutionsThroughADepthwiseLayer) {
  std::mt19937 random(4);
  std::normal_distribution<float> normal;
  const auto list = [&](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += std::to_string(normal(random) * std::exp(2 * normal(random))) + " ";
    return text;
  };
  ir::Graph graph = ir::parse_text(R"(graph "block"
input %0 "x": f32 [1,4,4,2]
const %1 "w1": f32 [3,1,1,2] = {)" +
                                   list(6) + R"(}
const %2 "b1": f32 [3] = {)" + list(3) +
                                   R"(}
%3 "a": f32 [1,4,4,3] = conv2d(%0, %1, %2) {activation=relu}
const %4 "w2": f32 [1,2,2,3] = {)" +
                                   list(12) + R"(}
%5 "b": f32 [1,3,3,3] = depthwise_conv2d(%3, %4, -) {activation=relu}
const %6 "w3": f32 [2,1,1,3] = {)" +
                                   list(6) + R"(}
%7 "y": f32 [1,3,3,2] = conv2d(%5, %6, -)
output %7
)");
  const std::vector<float> data = uniform(5 * 32), before = outputs_of(graph, data);
  EXPECT_EQ(equalize(graph), 2);
  const std::vector<float> after = outputs_of(graph, data);
  for (size_t i = 0; i < before.size(); ++i)
    EXPECT_NEAR(after[i], before[i], 1e-3f * std::max(1.0f, std::abs(before[i])));
}

TEST(Equalize, LeavesWhatRelu6OrASecondReaderForbids) {
  ir::Graph graph = ir::parse_text(R"(graph "no"
input %0 "x": f32 [1,2]
const %1 "w": f32 [2,2] = {1 2 3 4}
%2 "a": f32 [1,2] = fully_connected(%0, %1, -) {activation=relu6}
%3 "b": f32 [1,2] = fully_connected(%2, %1, -)
%4 "c": f32 [1,2] = fully_connected(%3, %1, -)
%5 "y": f32 [1,2] = add(%3, %4)
output %5
)");
  EXPECT_EQ(equalize(graph), 0);
}

}  // namespace
}  // namespace whit::compress
