// Features of a window of a time series: values some time ago, changes, means, the time of the day and week, and what
// is planned. A feature is a record, so that a table of them in flash is the whole description.
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
  planned,  // mean that the channel will have until the forecast's time: what the caller asks about
};

// The kinds that are of no channel.
constexpr bool is_of_time(LagKind kind) { return kind >= LagKind::day_sin && kind <= LagKind::week_cos; }

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
// `planned`: of the one feature of that kind. out: [count].
inline void lag_features(const LagFeature* features, int32_t count, const float* window, int32_t rows, int32_t channels,
                         int64_t seconds, float planned, float* out) {
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
      case LagKind::planned:
        out[i] = planned;
        break;
    }
  }
}

// `steps` times lag_features, each of a moment `every` rows after the one before, the last of the newest row.
// time_of(back): `seconds` of the row that many before the newest. out: [steps, count].
template <typename TimeOf>
inline void lag_steps(const LagFeature* features, int32_t count, int32_t steps, int32_t every, const float* window,
                      int32_t rows, int32_t channels, TimeOf&& time_of, float planned, float* out) {
  for (int32_t back = (steps - 1) * every; back >= 0; back -= every, out += count) {
    lag_features(features, count, window, rows - back, channels, time_of(back), planned, out);
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_FEATURES_LAGS_HPP_
