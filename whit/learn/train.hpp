// Training of a float graph on samples: the loop, its losses and augmentation, checkpoints that resume to the same
// bits. Includes no torch. Knows no files of models, and prints nothing: it reports through hooks.
//
// Runs on one thread, and draws every random number from a stream of its own for (seed, epoch, step): the same graph,
// samples, options and machine give the same bits, and a run that was killed and resumed gives the bits of one that
// was not.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "whit/data/samples.hpp"
#include "whit/ir/graph.hpp"
#include "whit/learn/augment.hpp"
#include "whit/learn/optimizer.hpp"
#include "whit/learn/prune_schedule.hpp"

namespace whit::learn {

// cross_entropy: labels are classes from 0; of one output, the probability of class 1. mse, mae, huber: labels are
// targets, or the inputs themselves where there are no labels (autoencoders).
enum class Loss { cross_entropy, mse, mae, huber };
inline const std::vector<std::string> kLossNames = {"cross_entropy", "mse", "mae", "huber"};

// Hinton et al. 2015: the loss is (1 - alpha) times that of the labels, with label smoothing and class weights, plus
// alpha times that of the teacher. cross_entropy: T^2 times the cross entropy of the student's softmax(logits / T)
// against the teacher's. Otherwise: the mean squared difference. Validation looks at the labels alone.
struct Distillation {
  double temperature = 4.0, alpha = 0.5;
  std::vector<float> teacher;  // [training samples, outputs], as of teacher_outputs()
};

struct TrainOptions {
  int64_t epochs = 50, batch_size = 32;
  uint64_t seed = 1;
  OptimizerOptions optimizer;
  Schedule schedule;
  Loss loss = Loss::cross_entropy;
  double huber_delta = 1.0;            // where the loss turns from a parabola into a line
  double label_smoothing = 0.0;        // this share of each label goes to all classes alike
  std::vector<double> class_weights;   // by class; empty: all 1. The loss is the weighted mean
  double mixup = 0.0;                  // alpha of Beta(alpha, alpha), by which pairs of samples are mixed; 0: not
  Augmentation augmentation;           // of the first input
  double clip_norm = 0.0;              // largest norm of all gradients; 0: any
  int64_t patience = 0;                // stop after so many epochs without a lower validation loss; 0: never
  std::optional<PruneSchedule> prune;  // the best epoch is one after its end
  std::optional<Distillation> distillation;
};

// Weights that make every class count alike, of mean 1 over the samples: count / (classes * count of the class).
std::vector<double> balanced_class_weights(const data::Samples& samples, int64_t classes);

class Quantization;  // quantization.hpp

// What is trained: layers whose outputs are listed in `normalised` have a batch norm while they train (module.hpp).
// `quantization`: the one whose graph this is, for training as integers (quantize.hpp).
struct Model {
  ir::Graph graph;
  std::vector<ir::TensorId> normalised;
  std::shared_ptr<Quantization> quantization;
  std::map<std::string, std::string> settings;  // what [model] said, for messages
};

struct Epoch {
  int64_t number = 0;  // from 1
  double learning_rate = 0.0, loss = 0.0;
  // Without validation samples 0. Which metric: metric_name().
  double validation_loss = 0.0, validation_metric = 0.0;
};

// "accuracy", "mae" or "reconstruction", as of compress::Metric.
const char* metric_name(Loss loss, const data::Samples& samples);

struct CheckpointPlan {
  std::string file;  // empty: none
  bool resume = false;
  // 0: after every step. Else more rarely where writing would take more than 5 % of the time.
  double every_seconds = 1.0;
  int64_t pause_after = 0;  // epochs; a resumed run goes on from there as if there had been no pause. 0: to the end
};

struct TrainHooks {
  std::function<void(const Epoch&)> on_epoch;  // of a resumed run also for the epochs before
  std::function<void(int64_t step, int64_t steps)> on_step;
};

struct TrainResult {
  ir::Graph graph;  // of the best epoch by validation loss; of the last one without validation samples
  std::vector<Epoch> epochs;
  int64_t best_epoch = 0;
  int64_t resumed_at = 0;  // step
};

// `validation` may be empty. Error bad_input for samples that do not fit the graph or the loss, and for a checkpoint of
// other samples, graph or options; unsupported for graphs that cannot be trained; gate_failed when the loss is no
// longer a number.
TrainResult train(const Model& model, const data::Samples& training, const data::Samples& validation,
                  const TrainOptions& options, const CheckpointPlan& checkpoint = {}, const TrainHooks& hooks = {});

}  // namespace whit::learn
