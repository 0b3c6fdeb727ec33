#include "whit/learn/prune_schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "whit/base/error.hpp"

namespace whit::learn {

compress::Sparsity sparsity_after(const PruneSchedule& schedule, int64_t step) {
  compress::Sparsity sparsity = schedule.sparsity;
  if (step >= schedule.end) return sparsity;
  const bool groups = sparsity.group > 0;
  const double last = groups ? 1.0 - static_cast<double>(sparsity.keep) / sparsity.group : sparsity.share;
  const double left =
      1.0 - static_cast<double>(step - schedule.begin) / static_cast<double>(schedule.end - schedule.begin);
  const double share = last + (schedule.initial - last) * left * left * left;
  if (groups) {
    sparsity.keep = std::max(sparsity.keep, static_cast<int32_t>(std::lround(sparsity.group * (1.0 - share))));
  } else {
    sparsity.share = share;
  }
  return sparsity;
}

Pruner::Pruner(const PruneSchedule& schedule, std::vector<Layer> layers, int64_t steps)
    : schedule_(schedule), layers_(std::move(layers)) {
  if (schedule_.end == 0) schedule_.end = std::max<int64_t>(1, steps / 2);
  if (schedule_.begin > schedule_.end || schedule_.end > steps) {
    throw Error(ErrorCode::bad_input,
                fmt::format("pruning goes from step {} to {} of {}", schedule_.begin, schedule_.end, steps), "",
                "begin_step up to end_step, and that within the steps of training; more epochs give more steps");
  }
  if (layers_.empty()) {
    throw Error(ErrorCode::bad_input, "the model has no layer to prune", "",
                fmt::format("convolutions and fully connected layers of {} weights or more are pruned",
                            compress::kSmallestPruned));
  }
  for (const Layer& layer : layers_) zero_.emplace_back(layer.weights.size());
}

void Pruner::before_step() {
  for (size_t l = 0; l < layers_.size(); ++l) {
    for (size_t i = 0; i < zero_[l].size(); ++i) zero_[l][i] = layers_[l].weights[i] == 0.0f;
  }
}

void Pruner::after_step(int64_t step) {
  const bool more = step >= schedule_.begin && step <= schedule_.end &&
                    ((step - schedule_.begin) % schedule_.every == 0 || step == schedule_.end);
  for (size_t l = 0; l < layers_.size(); ++l) {
    for (size_t i = 0; i < zero_[l].size(); ++i) {
      if (zero_[l][i]) layers_[l].weights[i] = 0.0f;
    }
    if (more) compress::prune_weights(layers_[l].weights, layers_[l].row, sparsity_after(schedule_, step));
  }
}

}  // namespace whit::learn
