// Pruning by magnitude while training: how many weights are zero after which step, and keeping them zero. Knows no
// torch, and keeps no state: which weights are pruned follows from the weights, so a resumed run goes on to the bit.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "whit/compress/prune.hpp"

namespace whit::learn {

// Zhu and Gupta 2017: after step t, begin <= t <= end, the share of zeros is
//   final + (initial - final) * (1 - (t - begin) / (end - begin))^3,
// taken anew each `every` steps and at `end`. Steps count from 1 for the first. With N of M kept, final is 1 - N/M, and
// on the way each group keeps the count nearest to the share, N at least.
struct PruneSchedule {
  compress::Sparsity sparsity;  // at the end
  double initial = 0.0;         // [0, 1)
  int64_t begin = 0, end = 0;   // end 0: after half of all steps
  int64_t every = 100;
};

// The sparsity after `step`, which is begin or later.
compress::Sparsity sparsity_after(const PruneSchedule& schedule, int64_t step);

class Pruner {
 public:
  struct Layer {
    std::span<float> weights;  // seen for as long as the Pruner lives
    size_t row;                // as of compress::prune_weights
  };
  // `steps`: of the whole training. Error bad_input when the schedule does not end within them, or without layers.
  Pruner(const PruneSchedule& schedule, std::vector<Layer> layers, int64_t steps);

  // Before and after the step of an optimizer: what was zero is zero again, and after a step of the schedule more is.
  void before_step();
  void after_step(int64_t step);

  bool finished(int64_t step) const { return step >= schedule_.end; }

 private:
  PruneSchedule schedule_;
  std::vector<Layer> layers_;
  std::vector<std::vector<bool>> zero_;  // by layer: which weights were zero before the step
};

}  // namespace whit::learn
