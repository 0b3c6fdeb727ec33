// Statistics of one channel of a window: `count` > 0 values, `stride` floats apart.
#ifndef WHIT_RUNTIME_FEATURES_STATISTICS_HPP_
#define WHIT_RUNTIME_FEATURES_STATISTICS_HPP_

#include <math.h>
#include <stdint.h>

namespace whit::rt {

inline float mean_of(const float* x, int32_t count, int32_t stride) {
  float sum = 0;
  for (int32_t i = 0; i < count; ++i) sum += x[i * stride];
  return sum / static_cast<float>(count);
}

// Mean of the squares.
inline float energy_of(const float* x, int32_t count, int32_t stride) {
  float sum = 0;
  for (int32_t i = 0; i < count; ++i) sum += x[i * stride] * x[i * stride];
  return sum / static_cast<float>(count);
}

// Of the population: divided by `count`.
inline float std_of(const float* x, int32_t count, int32_t stride, float mean) {
  float sum = 0;
  for (int32_t i = 0; i < count; ++i) sum += (x[i * stride] - mean) * (x[i * stride] - mean);
  return sqrtf(sum / static_cast<float>(count));
}

inline float min_of(const float* x, int32_t count, int32_t stride) {
  float low = x[0];
  for (int32_t i = 1; i < count; ++i) low = x[i * stride] < low ? x[i * stride] : low;
  return low;
}

inline float max_of(const float* x, int32_t count, int32_t stride) {
  float high = x[0];
  for (int32_t i = 1; i < count; ++i) high = x[i * stride] > high ? x[i * stride] : high;
  return high;
}

// How often the values pass their mean, as a share of the steps; 0 for one value.
inline float mean_crossings_of(const float* x, int32_t count, int32_t stride, float mean) {
  int32_t crossings = 0;
  for (int32_t i = 1; i < count; ++i) crossings += (x[i * stride] < mean) != (x[(i - 1) * stride] < mean);
  return count < 2 ? 0.0f : static_cast<float>(crossings) / static_cast<float>(count - 1);
}

enum class Statistic : int32_t { mean, std, min, max, rms, energy, mean_crossings };

inline float statistic_of(Statistic which, const float* x, int32_t count, int32_t stride) {
  switch (which) {
    case Statistic::mean:
      return mean_of(x, count, stride);
    case Statistic::std:
      return std_of(x, count, stride, mean_of(x, count, stride));
    case Statistic::min:
      return min_of(x, count, stride);
    case Statistic::max:
      return max_of(x, count, stride);
    case Statistic::rms:
      return sqrtf(energy_of(x, count, stride));
    case Statistic::energy:
      return energy_of(x, count, stride);
    case Statistic::mean_crossings:
      return mean_crossings_of(x, count, stride, mean_of(x, count, stride));
  }
  return 0;
}

// Of each channel of a window [rows, channels]. out: [channels, count].
inline void channel_statistics(const Statistic* which, int32_t count, const float* window, int32_t rows,
                               int32_t channels, float* out) {
  for (int32_t channel = 0; channel < channels; ++channel) {
    for (int32_t i = 0; i < count; ++i) *out++ = statistic_of(which[i], window + channel, rows, channels);
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_FEATURES_STATISTICS_HPP_
