// Training itself: it learns, repeats to the bit, goes on after a kill to the bit, and refuses what cannot be trained.
#include "whit/learn/train.hpp"

#include <gtest/gtest.h>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/compress/evaluate.hpp"
#include "whit/learn/architectures.hpp"
#include "whit/learn/test_training.hpp"

namespace whit::learn {
namespace {

Model net(Architecture kind, ir::Shape input, int32_t outputs = 3, bool norm = false, Task task = Task::classes) {
  ArchitectureOptions options;
  options.kind = kind;
  options.input = std::move(input);
  options.outputs = outputs;
  options.batch_norm = norm;
  options.task = task;
  options.sizes = kind == Architecture::dense ? std::vector<int64_t>{16} : std::vector<int64_t>{8};
  return build(options);
}

TrainOptions few_epochs(int64_t epochs = 6) {
  TrainOptions options;
  options.epochs = epochs;
  options.schedule.rate = 0.01;
  return options;
}

TEST(Train, LearnsWithAndWithoutBatchNorm) {
  const data::Samples training = clouds(300, 1), validation = clouds(200, 2);
  for (const bool norm : {false, true}) {
    const TrainResult result = train(net(Architecture::dense, {6}, 3, norm), training, validation, few_epochs());
    EXPECT_GT(result.epochs.back().validation_metric, 0.93);
    // The host player's accuracy is the one that training saw: weights, and folded batch norms, came back.
    const compress::Evaluation played = compress::evaluate(result.graph, validation, "accuracy");
    EXPECT_NEAR(played.value, result.epochs[static_cast<size_t>(result.best_epoch) - 1].validation_metric, 0.006);
  }
}

TEST(Train, EveryOptionLearns) {
  const data::Samples training = clouds(300, 1), validation = clouds(200, 2);
  TrainOptions options = few_epochs(10);
  options.optimizer.kind = OptimizerKind::sgd;
  options.schedule = {ScheduleKind::cosine, 0.05, 1.0};
  options.label_smoothing = 0.1, options.mixup = 0.2, options.augmentation.noise = 0.1, options.clip_norm = 1.0;
  options.class_weights = balanced_class_weights(training, 3);
  EXPECT_GT(train(net(Architecture::dense, {6}), training, validation, options).epochs.back().validation_metric, 0.93);
  options.optimizer = {.kind = OptimizerKind::adamw, .weight_decay = 0.01};
  options.schedule = {.kind = ScheduleKind::step, .rate = 0.01, .factor = 0.5, .every = 3};
  EXPECT_GT(train(net(Architecture::dense, {6}), training, validation, options).epochs.back().validation_metric, 0.93);
}

TEST(Train, RecurrentAndConvolutionalNets) {
  for (const Architecture kind : {Architecture::lstm, Architecture::gru, Architecture::cnn1d}) {
    const data::Samples training = clouds(300, 1, {3, 2}), validation = clouds(200, 2, {3, 2});
    const TrainResult result = train(net(kind, {3, 2}), training, validation, few_epochs(10));
    EXPECT_GT(result.epochs.back().validation_metric, kind == Architecture::cnn1d ? 0.6 : 0.9)
        << kArchitectureNames[static_cast<size_t>(kind)];
  }
}

TEST(Train, RegressionAndReconstruction) {
  data::Samples samples = clouds(300, 1);
  for (size_t i = 0; i < samples.labels.size(); ++i)
    samples.labels[i] = samples.values[6 * i] - samples.values[6 * i + 1];
  for (const Loss loss : {Loss::mse, Loss::mae, Loss::huber}) {
    TrainOptions options = few_epochs(20);
    options.loss = loss;
    const Model model = net(Architecture::dense, {6}, 1, false, Task::values);
    EXPECT_LT(train(model, samples, samples, options).epochs.back().validation_metric, 0.2);
  }
  samples.labels.clear();
  TrainOptions options = few_epochs();
  options.loss = Loss::mse;
  const std::vector<Epoch> epochs = train(net(Architecture::autoencoder, {6}), samples, samples, options).epochs;
  EXPECT_LT(epochs.back().validation_loss, 0.7 * epochs.front().validation_loss);
}

TEST(Train, TheSameSeedGivesTheSameBits) {
  const data::Samples training = clouds(100, 1);
  TrainOptions options = few_epochs(3);
  options.mixup = 0.3, options.augmentation.noise = 0.1;
  const Model model = net(Architecture::lstm, {3, 2});
  data::Samples sequences = training;
  sequences.shape = {3, 2};
  const auto first = weights_of(train(model, sequences, {}, options).graph);
  EXPECT_EQ(weights_of(train(model, sequences, {}, options).graph), first);
  options.seed = 2;
  EXPECT_NE(weights_of(train(model, sequences, {}, options).graph), first);
}

// Killed after every number of steps that there is, and resumed: the bits of the run that was left alone.
TEST(Train, GoesOnAfterAKillToTheSameBits) {
  const TemporaryDirectory folder;
  const data::Samples training = clouds(130, 1), validation = clouds(50, 2);
  TrainOptions options = few_epochs(4);
  options.mixup = 0.3, options.augmentation.noise = 0.1, options.patience = 2;
  const Model model = net(Architecture::dense, {6}, 3, true);
  const auto alone = weights_of(train(model, training, validation, options).graph);
  for (int64_t kill = 1; kill < 16; ++kill) {
    CheckpointPlan plan{(folder.path() / "checkpoint").string(), false, 0.0};
    TrainHooks hooks;
    hooks.on_step = [&](int64_t step, int64_t) {
      if (step == kill) throw Killed{};
    };
    EXPECT_THROW(train(model, training, validation, options, plan, hooks), Killed);
    plan.resume = true;
    std::vector<int64_t> epochs;
    hooks = {};
    hooks.on_epoch = [&](const Epoch& epoch) { epochs.push_back(epoch.number); };
    const TrainResult resumed = train(model, training, validation, options, plan, hooks);
    EXPECT_GE(resumed.resumed_at, kill - 1);
    EXPECT_EQ(weights_of(resumed.graph), alone) << kill;
    for (size_t i = 0; i < epochs.size(); ++i) EXPECT_EQ(epochs[i], static_cast<int64_t>(i) + 1);
  }
}

TEST(Train, RefusesACheckpointOfSomethingElse) {
  const TemporaryDirectory folder;
  const data::Samples training = clouds(64, 1);
  CheckpointPlan plan{(folder.path() / "checkpoint").string(), false, 0.0};
  const Model model = net(Architecture::dense, {6});
  train(model, training, {}, few_epochs(1), plan);
  plan.resume = true;
  EXPECT_EQ(train(model, training, {}, few_epochs(1), plan).resumed_at, 2);
  EXPECT_THROW(train(model, clouds(64, 2), {}, few_epochs(1), plan), Error);
  EXPECT_THROW(train(model, training, {}, few_epochs(2), plan), Error);
  // Damaged: cut off anywhere, or no checkpoint at all.
  const std::vector<uint8_t> whole = read_file(plan.file);
  for (size_t size = 0; size < whole.size(); size += 97) {
    write_file(plan.file, std::vector<uint8_t>(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    EXPECT_THROW(train(model, training, {}, few_epochs(1), plan), Error) << size;
  }
}

TEST(Train, StopsEarlyAndKeepsTheBest) {
  data::Samples training = clouds(60, 1), validation = clouds(60, 2);
  for (float& label : validation.labels) label = 2 - label;  // what is learned makes it worse
  TrainOptions options = few_epochs(50);
  options.patience = 3;
  const TrainResult result = train(net(Architecture::dense, {6}), training, validation, options);
  EXPECT_LT(result.epochs.size(), 50u);
  EXPECT_EQ(static_cast<int64_t>(result.epochs.size()), result.best_epoch + 3);
}

TEST(Train, RefusesBadInput) {
  const Model model = net(Architecture::dense, {6});
  data::Samples samples = clouds(20, 1);
  EXPECT_THROW(train(model, clouds(20, 1, {5}), {}, few_epochs()), Error);  // another shape
  samples.labels[7] = 3;                                                    // no such class
  EXPECT_THROW(train(model, samples, {}, few_epochs()), Error);
  samples.labels.assign(20, 1);  // one class only
  EXPECT_THROW(train(model, samples, {}, few_epochs()), Error);
  samples.labels.clear();
  EXPECT_THROW(train(model, samples, {}, few_epochs()), Error);
  TrainOptions diverging = few_epochs(50);
  diverging.optimizer.kind = OptimizerKind::sgd;
  diverging.schedule.rate = 1e12;
  EXPECT_THROW(train(model, clouds(200, 1), {}, diverging), Error);
  TrainOptions flipped = few_epochs();
  flipped.augmentation.flip = true;  // of samples of one dimension
  EXPECT_THROW(train(model, clouds(20, 1), {}, flipped), Error);
}

}  // namespace
}  // namespace whit::learn
