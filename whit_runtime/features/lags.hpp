// Features of a window of a time series: values some time ago, changes, means, and the time of the day and week.
// A feature is a record, so that a table of them in flash is the whole description.
#ifndef WHIT_RUNTIME_FEATURES_LAGS_HPP_
#define WHIT_RUNTIME_FEATURES_LAGS_HPP_

#include <stdint.h>

#include "whit_runtime/features/elementary.hpp"
#include "whit_runtime/features/statistics.hpp"

namespace whit::rt {

enum class LagKind : int32_t {
  value,  // `lag` rows before the newest
  delta,  // the newest minus that one
  mean,   // of the newest `lag` rows; of a switch of 0 and 1 its duty
  std,
  min,
  max,
  day_sin,  // of the newest row's time of day, of 24 hours
  day_cos,
  week_sin,  // ... of the week
  week_cos,
};

struct LagFeature {
  LagKind kind;
  int32_t channel;  // in [0, channels)
  int32_t lag;      // value, delta: in [0, rows); mean to max: in [1, rows]
};

constexpr int32_t kDaySeconds = 86400;

// Of the `rows` newest rows.
inline float recent_statistic(Statistic which, const float* newest, int32_t rows, int32_t channels) {
  return statistic_of(which, newest - (rows - 1) * channels, rows, channels);
}

// window: [rows, channels], the newest row last. `seconds`: local time of the newest row since any Monday 0:00.
// out: [count].
inline void lag_features(const LagFeature* features, int32_t count, const float* window, int32_t rows, int32_t channels,
                         int64_t seconds, float* out) {
  for (int32_t i = 0; i < count; ++i) {
    const LagFeature& f = features[i];
    const float* newest = window + (rows - 1) * channels + f.channel;
    switch (f.kind) {
      case LagKind::value:
        out[i] = newest[-f.lag * channels];
        break;
      case LagKind::delta:
        out[i] = newest[0] - newest[-f.lag * channels];
        break;
      case LagKind::mean:
        out[i] = recent_statistic(Statistic::mean, newest, f.lag, channels);
        break;
      case LagKind::std:
        out[i] = recent_statistic(Statistic::std, newest, f.lag, channels);
        break;
      case LagKind::min:
        out[i] = recent_statistic(Statistic::min, newest, f.lag, channels);
        break;
      case LagKind::max:
        out[i] = recent_statistic(Statistic::max, newest, f.lag, channels);
        break;
      case LagKind::day_sin:
        out[i] = cyclic(seconds, kDaySeconds).sin;
        break;
      case LagKind::day_cos:
        out[i] = cyclic(seconds, kDaySeconds).cos;
        break;
      case LagKind::week_sin:
        out[i] = cyclic(seconds, 7 * kDaySeconds).sin;
        break;
      case LagKind::week_cos:
        out[i] = cyclic(seconds, 7 * kDaySeconds).cos;
        break;
    }
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_FEATURES_LAGS_HPP_
