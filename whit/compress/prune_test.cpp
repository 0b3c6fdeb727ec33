#include "whit/compress/prune.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "whit/base/error.hpp"

namespace whit::compress {
namespace {

// One fully connected layer with random weights.
ir::Graph layer(int32_t channels, int32_t depth) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<float> weights(static_cast<size_t>(channels) * static_cast<size_t>(depth));
  for (float& weight : weights) weight = normal(random);
  ir::Graph graph;
  ir::Tensor x{"x", ir::DType::f32, {1, depth}, {}, false, {}, -1};
  ir::Tensor w{"w", ir::DType::f32, {channels, depth}, {}, true, {}, -1};
  w.data.resize(weights.size() * sizeof(float));
  std::memcpy(w.data.data(), weights.data(), w.data.size());
  ir::Tensor y{"y", ir::DType::f32, {1, channels}, {}, false, {}, -1};
  graph.inputs = {graph.add_tensor(std::move(x))};
  const ir::TensorId constant = graph.add_tensor(std::move(w));
  graph.outputs = {graph.add_tensor(std::move(y))};
  graph.nodes.push_back({ir::Op::fully_connected,
                         {graph.inputs[0], constant, ir::kNoTensor},
                         {graph.outputs[0]},
                         ir::ActivationAttributes{},
                         -1});
  return graph;
}

std::vector<float> weights_of(const ir::Graph& graph, ir::TensorId id) {
  const auto* values = ir::data<float>(graph.tensor(id));
  return {values, values + ir::elements(graph.tensor(id).shape)};
}

TEST(Prune, TakesTheSmallestShare) {
  ir::Graph graph = layer(20, 100);
  const std::vector<float> before = weights_of(graph, 1);
  EXPECT_EQ(prune(graph, sparsity_from_text("0.7")), 1);
  const std::vector<float> after = weights_of(graph, graph.nodes[0].inputs[1]);
  float smallest_kept = 1e9f, largest_gone = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    if (after[i] == 0) largest_gone = std::max(largest_gone, std::abs(before[i]));
    if (after[i] != 0) smallest_kept = std::min(smallest_kept, std::abs(before[i]));
    EXPECT_TRUE(after[i] == 0 || after[i] == before[i]) << i;
  }
  EXPECT_EQ(std::count(after.begin(), after.end(), 0.0f), 1400);
  EXPECT_LE(largest_gone, smallest_kept);
  EXPECT_EQ(weights_of(graph, 1), before) << "the constant may have other readers";
}

TEST(Prune, KeepsFourOfSixteenAndNoMoreInAShortGroup) {
  ir::Graph graph = layer(30, 40);  // groups of 16, 16 and 8
  EXPECT_EQ(prune(graph, sparsity_from_text("4:16")), 1);
  const std::vector<float> after = weights_of(graph, graph.nodes[0].inputs[1]);
  for (size_t row = 0; row < 30; ++row) {
    for (size_t i = 0; i < 40; i += 16) {
      const auto first = after.begin() + static_cast<ptrdiff_t>(row * 40 + i);
      const auto size = static_cast<ptrdiff_t>(std::min<size_t>(16, 40 - i));
      EXPECT_EQ(std::count(first, first + size, 0.0f), size - 4) << "row " << row << " group at " << i;
    }
  }
}

TEST(Prune, IntegersLoseTheirSmallestToo) {
  ir::Graph graph = layer(16, 64);
  std::vector<int8_t> integers(1024);
  for (size_t i = 0; i < integers.size(); ++i) integers[i] = static_cast<int8_t>(i % 16 * (i % 2 == 0 ? 1 : -1));
  ir::Tensor& weights = graph.tensor(1);
  weights.type = ir::DType::i8;
  weights.data.assign(integers.begin(), integers.end());
  EXPECT_EQ(prune(graph, sparsity_from_text("4:16")), 1);
  const auto* after = ir::data<int8_t>(graph.tensor(graph.nodes[0].inputs[1]));
  for (size_t i = 0; i < 16; ++i) EXPECT_EQ(after[i], i < 12 ? 0 : integers[i]) << i;
}

TEST(Prune, TakesTheBlocksWithTheSmallestSquares) {
  ir::Graph graph = layer(30, 42);  // ten blocks of four and one of two in a row
  prune(graph, sparsity_from_text("1x4:0.7"));
  const std::vector<float> before = weights_of(graph, 1), after = weights_of(graph, graph.nodes[0].inputs[1]);
  int zero_blocks = 0;
  double smallest_kept = 1e9, largest_gone = 0;
  for (size_t row = 0; row < 30; ++row) {
    for (size_t i = 0; i < 42; i += 4) {
      double squares = 0;
      size_t zeros = 0, size = std::min<size_t>(4, 42 - i);
      for (size_t k = row * 42 + i; k < row * 42 + i + size; ++k) {
        squares += before[k] * before[k];
        zeros += after[k] == 0 ? 1 : 0;
      }
      ASSERT_TRUE(zeros == 0 || zeros == size) << "row " << row << " block at " << i;
      zero_blocks += zeros != 0 ? 1 : 0;
      if (zeros != 0) largest_gone = std::max(largest_gone, squares);
      if (zeros == 0) smallest_kept = std::min(smallest_kept, squares);
    }
  }
  EXPECT_EQ(zero_blocks, 231) << "of 330";
  EXPECT_LE(largest_gone, smallest_kept);
}

TEST(Prune, LeavesSmallLayers) {
  ir::Graph graph = layer(10, 102);
  EXPECT_EQ(prune(graph, sparsity_from_text("0.9")), 0);
  EXPECT_EQ(graph.nodes[0].inputs[1], 1);
}

TEST(Prune, EqualMagnitudesKeepTheFirst) {
  ir::Graph graph = layer(1, 1024);
  std::vector<float> ones(1024, -1.0f);
  std::memcpy(graph.tensor(1).data.data(), ones.data(), graph.tensor(1).data.size());
  prune(graph, sparsity_from_text("0.5"));
  const std::vector<float> after = weights_of(graph, graph.nodes[0].inputs[1]);
  EXPECT_EQ(std::count(after.begin(), after.begin() + 512, 0.0f), 0);
  EXPECT_EQ(std::count(after.begin(), after.end(), 0.0f), 512);
}

TEST(Prune, RefusesTextsThatAreNoSparsity) {
  for (const char* text : {"", "x", "1", "-0.1", "nan", "0.5x", "4:", ":16", "0:16", "17:16", "4:16:2", "4/16",
                           "1x4:", "1x4:1", "1x4:4:16", "1x8:0.5"}) {
    EXPECT_THROW(sparsity_from_text(text), Error) << text;
  }
}

}  // namespace
}  // namespace whit::compress
