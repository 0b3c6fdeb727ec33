// Pruning while training: the schedule, zeros that stay, resuming; and channels of the architectures.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/compile/passes/passes.hpp"
#include "whit/compress/evaluate.hpp"
#include "whit/compress/model_runner.hpp"
#include "whit/compress/prune_channels.hpp"
#include "whit/learn/architectures.hpp"
#include "whit/learn/test_training.hpp"

namespace whit::learn {
namespace {

using compress::sparsity_from_text;

Model dense(bool norm = false) {
  ArchitectureOptions options;
  options.input = {6};
  options.outputs = 3;
  options.sizes = {32, 48};  // 192, 1536 and 144 weights: the second layer is large enough
  options.batch_norm = norm;
  return build(options);
}

std::span<const float> large_layer(const ir::Graph& graph) {
  for (const ir::Node& node : graph.nodes) {
    const ir::TensorId id = compress::prunable_weights(graph, node);
    if (id != ir::kNoTensor) return {ir::data<float>(graph.tensor(id)), 1536};
  }
  return {};
}

int64_t zeros(std::span<const float> weights) { return std::count(weights.begin(), weights.end(), 0.0f); }

TEST(PruneSchedule, IsTheCubicOfZhuAndGupta) {
  const PruneSchedule schedule{sparsity_from_text("0.7"), 0.1, 10, 110, 10};
  EXPECT_DOUBLE_EQ(sparsity_after(schedule, 10).share, 0.1);
  EXPECT_DOUBLE_EQ(sparsity_after(schedule, 60).share, 0.7 - 0.6 * 0.125);
  EXPECT_DOUBLE_EQ(sparsity_after(schedule, 110).share, 0.7);
  EXPECT_DOUBLE_EQ(sparsity_after(schedule, 1000).share, 0.7);
  const PruneSchedule groups{sparsity_from_text("4:16"), 0.0, 0, 100, 10};
  EXPECT_EQ(sparsity_after(groups, 0).keep, 16);
  EXPECT_EQ(sparsity_after(groups, 50).keep, 6);  // a share of 0.656
  EXPECT_EQ(sparsity_after(groups, 100).keep, 4);
}

TEST(PruneSchedule, PrunesAtItsStepsAndHoldsBetween) {
  std::vector<float> weights(100);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i + 1);
  Pruner pruner({sparsity_from_text("0.5"), 0.0, 4, 10, 3}, {{weights, 10}}, 20);
  std::vector<int64_t> counts;
  for (int64_t step = 1; step <= 20; ++step) {
    pruner.before_step();
    for (float& weight : weights) weight += 1.0f;  // an optimizer that would bring all of them back
    pruner.after_step(step);
    counts.push_back(zeros(weights));
  }
  // (7 - 4) / 6 = 1/2 of the way: 0.5 * (1 - 1/8) = 0.4375.
  EXPECT_EQ(counts, (std::vector<int64_t>{0, 0, 0, 0, 0, 0, 44, 44, 44, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50}));
  EXPECT_EQ(weights[49], 0.0f) << "the smallest";
  EXPECT_GT(weights[50], 0.0f);
  EXPECT_THROW(Pruner({sparsity_from_text("0.5"), 0.0, 0, 21, 3}, {{weights, 10}}, 20), Error);
  EXPECT_THROW(Pruner({sparsity_from_text("0.5"), 0.0, 15, 0, 3}, {{weights, 10}}, 20), Error) << "ends after half";
  EXPECT_THROW(Pruner({sparsity_from_text("0.5"), 0.0, 0, 10, 3}, {}, 20), Error);
}

TEST(PruneWhileTraining, EveryPatternLearnsAndHolds) {
  const data::Samples training = clouds(320, 1), validation = clouds(200, 2);
  for (const std::string& text : {"0.7", "1x4:0.7", "4:16"}) {
    for (const bool norm : {false, true}) {
      TrainOptions options;
      options.epochs = 8;
      options.schedule.rate = 0.01;
      options.prune = PruneSchedule{sparsity_from_text(text), 0.0, 10, 50, 5};
      const TrainResult result = train(dense(norm), training, validation, options);
      EXPECT_GE(result.best_epoch, 5) << "of 10 steps each: after the end of the schedule";
      EXPECT_GT(compress::evaluate(result.graph, validation, "accuracy").value, 0.93) << text;
      const std::span<const float> weights = large_layer(result.graph);
      ASSERT_EQ(weights.size(), 1536u);
      if (text == "0.7") EXPECT_EQ(zeros(weights), std::lround(0.7 * 1536));
      if (text == "4:16") EXPECT_EQ(zeros(weights), 12 * 1536 / 16);
      for (size_t i = 0; i < 1536 && text == "4:16"; i += 16) EXPECT_EQ(zeros(weights.subspan(i, 16)), 12);
      for (size_t i = 0; i < 1536 && text == "1x4:0.7"; i += 4) EXPECT_EQ(zeros(weights.subspan(i, 4)) % 4, 0);
      if (text == "1x4:0.7") EXPECT_EQ(zeros(weights), 4 * std::lround(0.7 * 1536 / 4));
    }
  }
}

// Killed before, within and after the schedule.
TEST(PruneWhileTraining, GoesOnAfterAKillToTheSameBits) {
  const TemporaryDirectory folder;
  const data::Samples training = clouds(130, 1), validation = clouds(50, 2);
  TrainOptions options;
  options.epochs = 4;
  options.prune = PruneSchedule{sparsity_from_text("0.7"), 0.2, 3, 11, 2};
  const auto alone = weights_of(train(dense(true), training, validation, options).graph);
  for (int64_t kill = 1; kill < 16; ++kill) {
    CheckpointPlan plan{(folder.path() / "checkpoint").string(), false, 0.0};
    TrainHooks hooks;
    hooks.on_step = [&](int64_t step, int64_t) {
      if (step == kill) throw Killed{};
    };
    EXPECT_THROW(train(dense(true), training, validation, options, plan, hooks), Killed);
    plan.resume = true;
    EXPECT_EQ(weights_of(train(dense(true), training, validation, options, plan).graph), alone) << kill;
  }
  // A checkpoint of another schedule is refused.
  CheckpointPlan plan{(folder.path() / "checkpoint").string(), true, 0.0};
  options.prune->end = 12;
  EXPECT_THROW(train(dense(true), training, validation, options, plan), Error);
}

TEST(PruneChannelsOfArchitectures, HalfTheMacs) {
  struct Case {
    Architecture kind;
    ir::Shape input;
    double width;
  };
  for (const Case& each : {Case{Architecture::ds_cnn, {49, 10, 1}, 1.0}, Case{Architecture::resnet8, {32, 32, 3}, 1.0},
                           Case{Architecture::mobilenet_v2, {32, 32, 3}, 0.5}, Case{Architecture::dense, {27}, 1.0},
                           Case{Architecture::cnn1d, {64, 6}, 1.0}, Case{Architecture::autoencoder, {40}, 1.0}}) {
    ArchitectureOptions options;
    options.kind = each.kind;
    options.input = each.input;
    options.width = each.width;
    options.outputs = 10;
    if (each.kind == Architecture::autoencoder) options.task = Task::values;
    ir::Graph graph = build(options).graph;
    compile::run_passes(graph);
    const compress::ChannelsPruned pruned = compress::prune_channels(graph, {.macs = 0.5});
    const double left = static_cast<double>(pruned.macs_after) / static_cast<double>(pruned.macs_before);
    EXPECT_LE(left, 0.5) << graph.name;
    EXPECT_GT(left, 0.4) << graph.name;
    std::vector<float> sample(static_cast<size_t>(ir::elements(each.input)), 0.5f);
    compress::ModelRunner(graph).run(sample, [&](int64_t, const auto& y) {
      EXPECT_EQ(y[0].size(), each.kind == Architecture::autoencoder ? 40u : 10u);
    });
  }
}

// The layers of a ResNet that meet in adds lose the same channels: the stem, and the last layer of its first block.
TEST(PruneChannelsOfArchitectures, ResidualGroupsGoTogether) {
  ArchitectureOptions options;
  options.kind = Architecture::resnet8;
  options.input = {32, 32, 3};
  options.outputs = 10;
  ir::Graph graph = build(options).graph;
  // Marks channels by their biases, then asks which are left.
  for (const ir::Node& node : graph.nodes) {
    if (node.op != ir::Op::conv2d) continue;
    auto* bias = reinterpret_cast<float*>(graph.tensor(node.inputs[2]).data.data());
    for (int32_t o = 0; o < graph.tensor(node.inputs[2]).shape[0]; ++o) bias[o] = static_cast<float>(o);
  }
  compress::prune_channels(graph, {.share = 0.25});
  std::vector<std::set<float>> left;
  for (const ir::Node& node : graph.nodes) {
    if (node.op != ir::Op::conv2d) continue;
    left.emplace_back();
    for (int32_t o = 0; o < graph.tensor(node.outputs[0]).shape[3]; ++o) {
      left.back().insert(ir::data<float>(graph.tensor(node.inputs[2]))[o]);
    }
  }
  ASSERT_EQ(left.size(), 9u);  // stem, 2 of block 1, 3 of block 2, 3 of block 3
  EXPECT_EQ(left[0].size(), 12u);
  EXPECT_EQ(left[0], left[2]);
  EXPECT_EQ(left[4], left[5]) << "the second block and its shortcut";
  EXPECT_EQ(left[7], left[8]);
  EXPECT_NE(left[1], left[0]) << "what is between is free";
}

}  // namespace
}  // namespace whit::learn
