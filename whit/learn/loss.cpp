#include "whit/learn/loss.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "whit/base/error.hpp"

namespace whit::learn {
namespace {

// Class numbers as probabilities [N, classes].
at::Tensor class_targets(const data::Samples& samples, int64_t outputs) {
  const int64_t classes = std::max<int64_t>(outputs, 2);
  at::Tensor targets = at::zeros({samples.count(), classes});
  bool several = false;
  for (int64_t i = 0; i < samples.count(); ++i) {
    const float label = samples.labels[static_cast<size_t>(i)];
    if (!(label >= 0) || label >= static_cast<float>(classes) || label != std::floor(label)) {
      throw Error(ErrorCode::bad_input, fmt::format("the label {} is no class of 0 to {}", label, classes - 1),
                  samples.label_place(i), "classes count from 0; the model needs an output for each");
    }
    several = several || label != samples.labels[0];
    targets.data_ptr<float>()[i * classes + static_cast<int64_t>(label)] = 1.0f;
  }
  if (!several) {
    throw Error(ErrorCode::bad_input, fmt::format("all samples are of class {}", samples.labels[0]),
                samples.labels_file, "there is nothing to tell apart: check the labels and the split");
  }
  return targets;
}

at::Tensor targets_of(const data::Samples& samples, const at::Tensor& values, int64_t outputs, Loss loss) {
  if (samples.labels.empty()) {
    if (loss == Loss::cross_entropy) {
      throw Error(ErrorCode::bad_input, "the samples have no labels", samples.labels_file,
                  "name them in [data] labels");
    }
    if (values.size(1) != outputs) {
      throw Error(ErrorCode::bad_input,
                  fmt::format("without labels the {} outputs should be the {} inputs", outputs, values.size(1)),
                  samples.labels_file, "labels, or a model with as many outputs as inputs");
    }
    return values;
  }
  if (loss == Loss::cross_entropy) return class_targets(samples, outputs);
  if (outputs != 1) {
    throw Error(ErrorCode::bad_input, fmt::format("one target for each sample, but {} outputs", outputs),
                samples.labels_file, "a model with one output");
  }
  return at::tensor(samples.labels).unsqueeze(1);
}

// Beta(alpha, alpha) as a ratio of two gammas (Marsaglia and Tsang 2000).
double gamma(Random& random, double alpha) {
  if (alpha < 1.0) return gamma(random, alpha + 1.0) * std::pow(1.0 - random.uniform(), 1.0 / alpha);
  const double d = alpha - 1.0 / 3.0, c = 1.0 / std::sqrt(9.0 * d);
  for (;;) {
    const double x = random.normal(), v = std::pow(1.0 + c * x, 3);
    if (v > 0 && std::log(1.0 - random.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

double beta(Random& random, double alpha) {
  const double a = gamma(random, alpha), b = gamma(random, alpha);
  return a + b > 0 ? a / (a + b) : 0.5;
}

// A single logit is that of class 1 against class 0.
at::Tensor logits_of_classes(const at::Tensor& y) { return y.size(1) == 1 ? at::cat({at::zeros_like(y), y}, 1) : y; }

// By sample: the loss, and the weight in the mean.
std::pair<at::Tensor, at::Tensor> losses(const at::Tensor& outputs, const at::Tensor& targets,
                                         const TrainOptions& options) {
  const at::Tensor y = outputs.flatten(1);
  switch (options.loss) {
    case Loss::cross_entropy: {
      at::Tensor loss = -(targets * at::log_softmax(logits_of_classes(y), 1));
      if (options.class_weights.empty()) return {loss.sum(1), {}};
      const at::Tensor weights = at::tensor(options.class_weights).to(at::kFloat);
      return {(loss * weights).sum(1), (targets * weights).sum(1)};
    }
    case Loss::mse:
      return {at::square(y - targets).mean(1), {}};
    case Loss::mae:
      return {at::abs(y - targets).mean(1), {}};
    case Loss::huber:
      return {at::huber_loss(y, targets, at::Reduction::None, options.huber_delta).mean(1), {}};
  }
  return {};
}

}  // namespace

Batches::Batches(const data::Samples& samples, const ir::Graph& graph, int64_t outputs, const TrainOptions& options)
    : options_(options), outputs_(outputs) {
  int64_t total = 0;
  for (const ir::TensorId id : graph.inputs) {
    const ir::Shape& shape = graph.tensor(id).shape;
    shapes_.emplace_back(shape.begin(), shape.end());
    shapes_.back().insert(shapes_.back().begin(), -1);
    elements_.push_back(ir::elements(shape));
    total += elements_.back();
  }
  if (total != samples.elements()) {
    throw Error(ErrorCode::bad_input,
                fmt::format("a sample has {} numbers, the model takes {}", samples.elements(), total), graph.name,
                "is this the data that the model is for?");
  }
  const Augmentation& a = options.augmentation;
  if ((a.flip || a.shift_first > 0 || a.shift_second > 0 || a.mask > 0) && shapes_[0].size() < 4) {
    throw Error(ErrorCode::bad_input, "samples without a second dimension cannot be flipped, shifted or masked",
                graph.name, "noise and mixup suit them");
  }
  // The samples outlive this, and torch does not write to them.
  values_ = at::from_blob(const_cast<float*>(samples.values.data()), {samples.count(), samples.elements()});
  targets_ = targets_of(samples, values_, outputs, options.loss);
}

void Batches::set_teacher(const Distillation& distillation) {
  if (static_cast<int64_t>(distillation.teacher.size()) != count() * outputs_) {
    throw Error(ErrorCode::bad_input,
                fmt::format("the teacher gives {} numbers for a sample, the student {}",
                            static_cast<int64_t>(distillation.teacher.size()) / count(), outputs_),
                "", "a teacher of the same classes or targets");
  }
  teacher_ = at::tensor(distillation.teacher).view({count(), outputs_});
  if (options_.loss == Loss::cross_entropy) {
    teacher_ = at::softmax(logits_of_classes(teacher_) / distillation.temperature, 1);
  }
}

Tensors Batches::split(const at::Tensor& values) const {
  if (shapes_.size() == 1) return {values.view(shapes_[0])};
  Tensors inputs;
  int64_t at = 0;
  for (size_t i = 0; i < shapes_.size(); ++i) {
    inputs.push_back(values.slice(1, at, at + elements_[i]).reshape(shapes_[i]));
    at += elements_[i];
  }
  return inputs;
}

Batch Batches::rows(const std::vector<int64_t>& rows) const {
  const at::Tensor index = at::tensor(rows, at::TensorOptions().dtype(at::kLong));
  return {split(values_.index_select(0, index)), targets_.index_select(0, index), {}};
}

Batch Batches::augmented(const std::vector<int64_t>& rows, Random random) const {
  const at::Tensor index = at::tensor(rows, at::TensorOptions().dtype(at::kLong));
  at::Tensor values = values_.index_select(0, index), targets = targets_.index_select(0, index);
  at::Tensor teacher = teacher_.defined() ? teacher_.index_select(0, index) : teacher_;
  const bool classes = options_.loss == Loss::cross_entropy;
  if (classes && options_.label_smoothing > 0) {
    targets.mul_(1.0 - options_.label_smoothing).add_(options_.label_smoothing / static_cast<double>(targets.size(1)));
  }
  if (!options_.augmentation.none()) {
    const std::vector<int64_t> shape(shapes_[0].begin() + 2, shapes_[0].end());  // without the batch of the graph
    for (int64_t i = 0; i < values.size(0); ++i) {
      auto* first = values.data_ptr<float>() + i * values.size(1);
      augment({first, static_cast<size_t>(elements_[0])}, shape, options_.augmentation, random);
    }
  }
  if (options_.mixup > 0) {
    const double share = beta(random, options_.mixup);
    const at::Tensor partners =
        at::tensor(random.permutation(static_cast<int64_t>(rows.size())), at::TensorOptions().dtype(at::kLong));
    values = values * share + values.index_select(0, partners) * (1.0 - share);
    targets = targets * share + targets.index_select(0, partners) * (1.0 - share);
    if (teacher.defined()) teacher = teacher * share + teacher.index_select(0, partners) * (1.0 - share);
  }
  return {split(values), targets, teacher};
}

at::Tensor loss_of(const at::Tensor& outputs, const Batch& batch, const TrainOptions& options) {
  const auto [losses_of_labels, weight] = losses(outputs, batch.targets, options);
  const at::Tensor loss = weight.defined() ? losses_of_labels.sum() / weight.sum() : losses_of_labels.mean();
  if (!batch.teacher.defined()) return loss;
  const double alpha = options.distillation->alpha, temperature = options.distillation->temperature;
  const at::Tensor y = outputs.flatten(1);
  if (options.loss != Loss::cross_entropy) {
    return loss * (1.0 - alpha) + at::square(y - batch.teacher).mean() * alpha;
  }
  const at::Tensor soft = -(batch.teacher * at::log_softmax(logits_of_classes(y) / temperature, 1)).sum(1).mean();
  return loss * (1.0 - alpha) + soft * (alpha * temperature * temperature);
}

LossSum loss_sum(const at::Tensor& outputs, const at::Tensor& targets, const TrainOptions& options) {
  const auto [loss, weight] = losses(outputs, targets, options);
  const double count = weight.defined() ? weight.sum().item<double>() : static_cast<double>(loss.size(0));
  return {loss.sum().item<double>(), count};
}

ir::TensorId loss_tensor(const ir::Graph& graph, Loss loss) {
  const ir::TensorId output = graph.outputs.at(0);
  if (loss != Loss::cross_entropy) return output;
  // Through what changes the shape only.
  ir::TensorId id = output;
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    const ir::Node& node = graph.nodes[n];
    if (std::count(node.outputs.begin(), node.outputs.end(), id) == 0) continue;
    const bool two = ir::elements(graph.tensor(id).shape) == 1;
    if (node.op == ir::Op::softmax && !two && ir::attributes<ir::SoftmaxAttributes>(node).beta == 1.0f) {
      return node.inputs[0];
    }
    if (node.op == ir::Op::log_softmax && !two) return node.inputs[0];
    if (node.op == ir::Op::logistic && two) return node.inputs[0];
    if (node.op != ir::Op::reshape) break;
    id = node.inputs[0];
  }
  return output;
}

std::vector<double> balanced_class_weights(const data::Samples& samples, int64_t classes) {
  std::vector<double> counts(static_cast<size_t>(classes));
  for (const float label : samples.labels) {
    if (label >= 0 && label < static_cast<float>(classes)) ++counts[static_cast<size_t>(label)];
  }
  for (double& count : counts) {
    count = count > 0 ? static_cast<double>(samples.labels.size()) / (static_cast<double>(classes) * count) : 0.0;
  }
  return counts;
}

}  // namespace whit::learn
