// A student learns from a teacher: what the teacher says, remembered; the loss; and that it helps.
#include <gtest/gtest.h>

#include <cmath>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/compress/model_runner.hpp"
#include "whit/learn/architectures.hpp"
#include "whit/learn/loss.hpp"
#include "whit/learn/teacher.hpp"
#include "whit/learn/test_training.hpp"

namespace whit::learn {
namespace {

Model dense(int64_t units, int32_t outputs = 3, Task task = Task::classes) {
  ArchitectureOptions options;
  options.input = {6};
  options.outputs = outputs;
  options.task = task;
  options.sizes = {units};
  return build(options);
}

std::vector<float> run(const ir::Graph& graph, const data::Samples& samples) {
  std::vector<float> outputs;
  compress::ModelRunner(graph).run(
      samples.values, [&](int64_t, const auto& y) { outputs.insert(outputs.end(), y[0].begin(), y[0].end()); });
  return outputs;
}

TEST(Teacher, GivesLogits) {
  const data::Samples samples = clouds(20, 1);
  const ir::Graph graph = dense(8).graph;
  const std::vector<float> logits = teacher_outputs(graph, samples, Loss::cross_entropy, Cache("")),
                           probabilities = run(graph, samples);
  ASSERT_EQ(logits.size(), 60u);
  for (size_t i = 0; i < 60; i += 3) {
    double sum = 0;
    for (size_t k = 0; k < 3; ++k) sum += std::exp(logits[i + k]);
    for (size_t k = 0; k < 3; ++k) EXPECT_NEAR(std::exp(logits[i + k]) / sum, probabilities[i + k], 1e-6);
  }
  const ir::Graph values = dense(8, 1, Task::values).graph;
  EXPECT_EQ(teacher_outputs(values, samples, Loss::mse, Cache("")), run(values, samples));
  EXPECT_THROW(teacher_outputs(graph, clouds(20, 1, {5}), Loss::cross_entropy, Cache("")), Error);
}

// A softmax that cannot be taken off: it has a beta, or an op behind it.
TEST(Teacher, GivesLogarithmsWhereASoftmaxStays) {
  const data::Samples samples = clouds(20, 1);
  ir::Graph graph = dense(8).graph;
  ir::attributes<ir::SoftmaxAttributes>(graph.nodes.back()).beta = 2.0f;
  const std::vector<float> logits = teacher_outputs(graph, samples, Loss::cross_entropy, Cache("")),
                           probabilities = run(graph, samples);
  for (size_t i = 0; i < 60; ++i) EXPECT_NEAR(std::exp(logits[i]), probabilities[i], 1e-5);
}

TEST(Teacher, RemembersAndComputesAgainWhatIsDamaged) {
  const TemporaryDirectory folder;
  const Cache cache(folder.path());
  const data::Samples samples = clouds(20, 1);
  const ir::Graph graph = dense(8).graph;
  const std::vector<float> logits = teacher_outputs(graph, samples, Loss::cross_entropy, cache);
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) files.push_back(entry.path());
  ASSERT_EQ(files.size(), 1u);
  const std::vector<uint8_t> whole = read_file(files[0]);
  std::vector<uint8_t> changed = whole;
  changed[changed.size() - 1] ^= 1;
  for (const auto& content :
       {changed, std::vector<uint8_t>(whole.begin(), whole.begin() + 100), std::vector<uint8_t>()}) {
    write_file(files[0], content);
    EXPECT_EQ(teacher_outputs(graph, samples, Loss::cross_entropy, cache), logits);
    EXPECT_EQ(read_file(files[0]), whole) << "written anew";
  }
  // What is remembered is what is used, and only for this teacher and these samples.
  std::vector<float> other(60, 0.25f);
  cache.store(files[0].filename(), {reinterpret_cast<const uint8_t*>(other.data()), other.size() * sizeof(float)});
  EXPECT_EQ(teacher_outputs(graph, samples, Loss::cross_entropy, cache), other);
  EXPECT_NE(teacher_outputs(graph, clouds(20, 2), Loss::cross_entropy, cache), other);
  EXPECT_NE(teacher_outputs(dense(9).graph, samples, Loss::cross_entropy, cache), other);
}

// By hand: one sample, two classes, T = 2, alpha = 0.25.
TEST(Distillation, LossIsOfHintonEtAl) {
  TrainOptions options;
  options.distillation = Distillation{2.0, 0.25, {}};
  const at::Tensor logits = at::tensor({1.0f, 3.0f}).view({1, 2});
  const Batch batch{
      {}, at::tensor({1.0f, 0.0f}).view({1, 2}), at::softmax(at::tensor({4.0f, 0.0f}).view({1, 2}) / 2, 1)};
  const double hard = std::log(1 + std::exp(2.0));  // -log of e / (e + e^3)
  const double p = 1 / (1 + std::exp(-2.0));        // of the teacher: logits 2 and 0
  const double soft = p * std::log(1 + std::exp(1.0)) + (1 - p) * std::log(1 + std::exp(-1.0));
  EXPECT_NEAR(loss_of(logits, batch, options).item<double>(), 0.75 * hard + 0.25 * 4 * soft, 1e-5);
  options.loss = Loss::mae;
  const Batch values{{}, at::tensor({2.0f}).view({1, 1}), at::tensor({5.0f}).view({1, 1})};
  EXPECT_NEAR(loss_of(at::tensor({1.0f}).view({1, 1}), values, options).item<double>(), 0.75 * 1 + 0.25 * 16, 1e-6);
}

// With alpha = 1 the labels do not count: the student becomes the teacher even where all labels are wrong.
TEST(Distillation, TheStudentFollowsTheTeacher) {
  const data::Samples truth = clouds(300, 1), validation = clouds(200, 2);
  TrainOptions options;
  options.epochs = 10;
  options.schedule.rate = 0.01;
  const ir::Graph teacher = train(dense(64), truth, validation, options).graph;
  data::Samples wrong = truth;
  for (float& label : wrong.labels) label = label < 2 ? label + 1 : 0;
  options.epochs = 30;
  for (const double mixup : {0.0, 0.2}) {
    options.mixup = mixup;
    options.distillation = Distillation{4.0, 1.0, teacher_outputs(teacher, wrong, Loss::cross_entropy, Cache(""))};
    EXPECT_GT(train(dense(8), wrong, validation, options).epochs.back().validation_metric, 0.93);
  }
  options.distillation->teacher.pop_back();
  EXPECT_THROW(train(dense(8), wrong, validation, options), Error);
}

TEST(Distillation, OfARegressionAndOfOneProbability) {
  data::Samples samples = clouds(300, 1);
  TrainOptions options;
  options.epochs = 30;
  options.schedule.rate = 0.01;
  std::vector<float> target;
  for (size_t i = 0; i < samples.labels.size(); ++i)
    target.push_back(samples.values[6 * i] - samples.values[6 * i + 1]);
  data::Samples numbers = samples;
  numbers.labels.assign(target.size(), 100.0f);
  data::Samples truth = samples;
  truth.labels = target;
  options.loss = Loss::mse;
  options.distillation = Distillation{1.0, 1.0, target};
  EXPECT_LT(train(dense(8, 1, Task::values), numbers, truth, options).epochs.back().validation_metric, 0.2);

  for (float& label : samples.labels) label = label > 0 ? 1.0f : 0.0f;
  data::Samples flipped = samples;
  for (float& label : flipped.labels) label = 1.0f - label;
  std::vector<float> logits;
  for (const float label : samples.labels) logits.push_back(label > 0 ? 5.0f : -5.0f);
  options.loss = Loss::cross_entropy;
  options.distillation = Distillation{1.0, 1.0, logits};
  EXPECT_GT(train(dense(8, 1), flipped, samples, options).epochs.back().validation_metric, 0.93);
}

}  // namespace
}  // namespace whit::learn
