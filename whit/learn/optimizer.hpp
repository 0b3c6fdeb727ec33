// Optimizers and schedules of the learning rate, on plain arrays. Knows no torch: its state is a list of numbers that a
// checkpoint holds, and a step costs one pass over memory.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace whit::learn {

// sgd: v = momentum * v + g; w -= rate * v. adam: Kingma and Ba 2015. adamw: Loshchilov and Hutter 2019. Weight decay
// is part of the gradient in sgd and adam, and of the step (rate * weight_decay * w) in adamw.
enum class OptimizerKind { sgd, adam, adamw };
inline const std::vector<std::string> kOptimizerNames = {"sgd", "adam", "adamw"};

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::adam;
  double momentum = 0.9;                              // sgd
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7;  // adam, adamw
  double weight_decay = 0.0;
};

// A parameter with its gradient, of the same size.
struct Slot {
  std::span<float> values;
  std::span<float> gradients;
  bool decays = false;  // weights do, biases and normalisation do not
};

class Optimizer {
 public:
  // `elements`: of all slots together.
  Optimizer(const OptimizerOptions& options, size_t elements);

  // One step of all slots, in the same order each time.
  void step(std::span<const Slot> slots, double rate);

  // All that a step depends on besides its arguments.
  struct State {
    int64_t steps = 0;
    std::vector<float> first, second;  // momentum, or the moments; `second` is empty for sgd
  };
  State& state() { return state_; }

 private:
  OptimizerOptions options_;
  State state_;
};

// Scales all gradients so that their common norm is `largest` at most; the norm before.
double clip_gradients(std::span<const Slot> slots, double largest);

// The learning rate over the epochs: rises in a line during the warm-up, then stays, follows half a cosine down to 0 at
// the last epoch, or is multiplied with `factor` after every `every` epochs.
enum class ScheduleKind { constant, cosine, step };
inline const std::vector<std::string> kScheduleNames = {"constant", "cosine", "step"};

struct Schedule {
  ScheduleKind kind = ScheduleKind::constant;
  double rate = 1e-3;
  double warmup_epochs = 0.0;
  double factor = 0.1, every = 30.0;  // step
};

// At `epoch` of `epochs`, counted from 0 with its fraction.
double learning_rate(const Schedule& schedule, double epoch, double epochs);

}  // namespace whit::learn
