#include "whit/learn/optimizer.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace whit::learn {
namespace {

struct One {
  std::vector<float> value = {1.0f}, gradient = {0.5f};
  std::vector<Slot> slots(bool decays = true) { return {{value, gradient, decays}}; }
};

TEST(Optimizer, SgdWithMomentum) {
  One one;
  Optimizer optimizer({.kind = OptimizerKind::sgd, .momentum = 0.9}, 1);
  optimizer.step(one.slots(), 0.1);
  EXPECT_FLOAT_EQ(one.value[0], 1.0f - 0.1f * 0.5f);
  optimizer.step(one.slots(), 0.1);
  EXPECT_FLOAT_EQ(one.value[0], 0.95f - 0.1f * (0.9f * 0.5f + 0.5f));
}

// The first step of Adam is the learning rate, whatever the gradient.
TEST(Optimizer, AdamsFirstStep) {
  One one;
  Optimizer({.kind = OptimizerKind::adam}, 1).step(one.slots(), 0.01);
  EXPECT_NEAR(one.value[0], 0.99f, 1e-6);
}

TEST(Optimizer, WeightDecayLeavesBiasesAlone) {
  for (const OptimizerKind kind : {OptimizerKind::sgd, OptimizerKind::adam, OptimizerKind::adamw}) {
    One weight, bias;
    weight.gradient[0] = bias.gradient[0] = 0.0f;
    OptimizerOptions options;
    options.kind = kind;
    options.weight_decay = 0.1;
    Optimizer(options, 1).step(weight.slots(true), 0.01);
    Optimizer(options, 1).step(bias.slots(false), 0.01);
    EXPECT_EQ(bias.value[0], 1.0f);
    EXPECT_LT(weight.value[0], 1.0f);
    if (kind == OptimizerKind::adamw) EXPECT_FLOAT_EQ(weight.value[0], 1.0f - 0.01f * 0.1f);
  }
}

TEST(Optimizer, ClipsTheCommonNorm) {
  One a, b;
  a.gradient[0] = 3.0f, b.gradient[0] = 4.0f;
  const std::vector<Slot> slots = {a.slots()[0], b.slots()[0]};
  EXPECT_DOUBLE_EQ(clip_gradients(slots, 10.0), 5.0);
  EXPECT_EQ(a.gradient[0], 3.0f);
  EXPECT_DOUBLE_EQ(clip_gradients(slots, 1.0), 5.0);
  EXPECT_FLOAT_EQ(a.gradient[0], 0.6f);
  EXPECT_FLOAT_EQ(b.gradient[0], 0.8f);
}

TEST(Schedule, Shapes) {
  Schedule s{.kind = ScheduleKind::cosine, .rate = 1.0, .warmup_epochs = 2.0};
  EXPECT_DOUBLE_EQ(learning_rate(s, 1.0, 10.0), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate(s, 2.0, 10.0), 1.0);
  EXPECT_NEAR(learning_rate(s, 6.0, 10.0), 0.5, 1e-12);
  EXPECT_NEAR(learning_rate(s, 10.0, 10.0), 0.0, 1e-12);
  s = {.kind = ScheduleKind::step, .rate = 1.0, .factor = 0.1, .every = 3.0};
  EXPECT_DOUBLE_EQ(learning_rate(s, 2.9, 10.0), 1.0);
  EXPECT_NEAR(learning_rate(s, 6.0, 10.0), 0.01, 1e-12);
}

}  // namespace
}  // namespace whit::learn
