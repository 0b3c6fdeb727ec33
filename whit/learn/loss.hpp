// Losses, and the batches that they are computed on. Private to this folder.
#pragma once

#include "whit/base/random.hpp"
#include "whit/data/samples.hpp"
#include "whit/learn/torch.hpp"
#include "whit/learn/train.hpp"

namespace whit::learn {

// Samples as tensors: one [N, shape...] for each input of the graph, and what the outputs should be.
struct Batch {
  Tensors inputs;
  at::Tensor targets;  // cross_entropy: probabilities [N, classes]; else [N, outputs]
  at::Tensor teacher;  // the same of the teacher, at its temperature; undefined without one
};

class Batches {
 public:
  // `outputs`: elements of the graph's first output. Keeps a view of `samples`. Error bad_input when samples, labels
  // and graph do not fit together.
  Batches(const data::Samples& samples, const ir::Graph& graph, int64_t outputs, const TrainOptions& options);

  // Error bad_input when there is not one row for each sample.
  void set_teacher(const Distillation& distillation);

  int64_t count() const { return values_.size(0); }
  // Rows as they are, with their labels unsmoothed, without teacher.
  Batch rows(const std::vector<int64_t>& rows) const;
  // The same with label smoothing, augmentation and mixup.
  Batch augmented(const std::vector<int64_t>& rows, Random random) const;

 private:
  Tensors split(const at::Tensor& values) const;

  const TrainOptions& options_;
  std::vector<std::vector<int64_t>> shapes_;  // of the inputs, N first as -1
  std::vector<int64_t> elements_;             // of each input
  int64_t outputs_;                           // of the model
  at::Tensor values_, targets_, teacher_;     // [N, elements], as of Batch
};

// The mean loss of a batch. `outputs`: [N, ...], for cross_entropy logits.
at::Tensor loss_of(const at::Tensor& outputs, const Batch& batch, const TrainOptions& options);

// The sum of losses and of the weights that they are to be divided by: of parts of a set of samples.
struct LossSum {
  double loss = 0.0, weight = 0.0;
  double mean() const { return weight > 0 ? loss / weight : 0.0; }
};
LossSum loss_sum(const at::Tensor& outputs, const at::Tensor& targets, const TrainOptions& options);

// The tensor that the loss looks at: the graph's first output, or for cross_entropy what a softmax or logistic at its
// end starts from.
ir::TensorId loss_tensor(const ir::Graph& graph, Loss loss);

}  // namespace whit::learn
