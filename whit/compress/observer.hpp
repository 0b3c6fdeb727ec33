// Observers: from the values that a tensor takes over the calibration data to the range that its integers shall cover.
// Fed by calibrate.hpp, sample by sample, twice: the first round finds the extent, the second fills a histogram over it
// (for those that need one). Does not know integers beyond their number of levels.
//
// Sources: percentile and entropy (KL divergence of the clipped and quantized histogram from the original) after
// Migacz, "8-bit inference with TensorRT", GTC 2017, here for ranges with two ends; moving average after Jacob et al.,
// CVPR 2018; MSE after Nagel et al., "A white paper on neural network quantization", 2021, section 3.1.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace whit::compress {

enum class Observer { min_max, moving_average, percentile, entropy, mse };

const char* name_of(Observer observer);
// Error usage for an unknown name, with those that there are.
Observer observer_from_name(const std::string& name);

// Real numbers; low <= 0 <= high once widened to hold zero, as every quantized tensor's range must.
struct Range {
  float low = 0.0f;
  float high = 0.0f;
  bool operator==(const Range&) const = default;
};

class RangeObserver {
 public:
  // First round: the values of one sample. NaN and infinities are counted and left out.
  void see_extent(std::span<const float> values);
  // Second round, after all of the first: the same values again.
  void see_histogram(std::span<const float> values);

  // `levels`: how many values the integers can take, such as 255. `percentile` in (50, 100]: what share of the values
  // lies inside, half of the rest cut off at each end. min_max and moving_average need no second round.
  Range range(Observer observer, int32_t levels, double percentile) const;

  int64_t count() const { return count_; }
  int64_t not_finite() const { return not_finite_; }

 private:
  Range percentile_range(double percentile) const;
  // The range with the lowest error() among those that cut off more and more at both ends.
  template <typename Cost>
  Range search(Cost cost) const;
  double squared_error(const Range& range, int32_t levels) const;
  double divergence(size_t first, size_t last, int32_t levels) const;
  float bin_low(size_t bin) const;

  Range extent_;
  Range average_;
  bool seen_ = false;
  int64_t count_ = 0;
  int64_t not_finite_ = 0;
  std::vector<int64_t> bins_;
};

}  // namespace whit::compress
