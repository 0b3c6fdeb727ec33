// From a window of readings to a model's input, and from its output to the number that it means: everything that a
// firmware has to know of its model's data, as one record in flash. The workshop reads it from data.json
// (whit/data/feature_table.hpp); `whit build --features` emits it.
#ifndef WHIT_RUNTIME_FEATURES_TABLE_HPP_
#define WHIT_RUNTIME_FEATURES_TABLE_HPP_

#include <stdint.h>
#include <string.h>

#include "whit_runtime/features/lags.hpp"
#include "whit_runtime/features/motion.hpp"
#include "whit_runtime/features/standardize.hpp"
#include "whit_runtime/features/statistics.hpp"

namespace whit::rt {

enum class FeatureKind : int32_t { window, lags, statistics, motion };  // window: the readings as they are

struct FeatureTable {
  FeatureKind kind;
  int32_t channels;        // of a reading
  int32_t rows;            // readings of a window
  const LagFeature* lags;  // kind lags: [lag_count]
  int32_t lag_count;
  int32_t steps, every;  // lags: `steps` rows of features, each of a moment `every` readings after the one before
  int32_t step_s;        // lags: seconds between readings
  const Statistic* statistics;  // kind statistics: [statistic_count], computed of each channel
  int32_t statistic_count;
  const float* offset;  // normalisation as in standardize(); null: none
  const float* scale;
  int32_t period;
  float input_scale;  // int8 input: real = scale * (stored - zero point); 0: the input is float
  int32_t input_zero_point;
  float output_scale;
  int32_t output_zero_point;
  int32_t change_of;  // the output is the change of this channel from now on; -1: it is the value itself
};

// Elements of the model's input.
constexpr int32_t feature_count(const FeatureTable& t) {
  switch (t.kind) {
    case FeatureKind::window:
      return t.rows * t.channels;
    case FeatureKind::lags:
      return t.steps * t.lag_count;
    case FeatureKind::statistics:
      return t.channels * t.statistic_count;
    case FeatureKind::motion:
      return kMotionFeatures;
  }
  return 0;
}

// Whether the model is told what is planned: a forecast of it is one for a plan.
inline bool has_plan(const FeatureTable& t) {
  for (int32_t i = 0; i < t.lag_count; ++i) {
    if (t.lags[i].kind == LagKind::planned) return true;
  }
  return false;
}

// window: [rows, channels], the newest row last. `seconds`: local time of the newest row since any Monday 0:00.
// `planned`: see LagKind; any number without such a feature. out: [feature_count], not normalised yet.
inline void compute_features(const FeatureTable& t, const float* window, int64_t seconds, float planned, float* out) {
  switch (t.kind) {
    case FeatureKind::window:
      memcpy(out, window, static_cast<size_t>(t.rows * t.channels) * sizeof(float));
      return;
    case FeatureKind::lags:
      lag_steps(
          t.lags, t.lag_count, t.steps, t.every, window, t.rows, t.channels,
          [&](int32_t back) { return seconds - static_cast<int64_t>(back) * t.step_s; }, planned, out);
      return;
    case FeatureKind::statistics:
      channel_statistics(t.statistics, t.statistic_count, window, t.rows, t.channels, out);
      return;
    case FeatureKind::motion:
      motion_features(window, t.rows, out);
      return;
  }
}

// Nearest, ties away from zero, clamped to int8; NaN is the lowest. `scale` > 0.
inline int8_t quantize_s8(float real, float scale, int32_t zero_point) {
  const float steps = real / scale;
  if (!(steps > -1e6f)) return -128;
  if (steps > 1e6f) return 127;
  const int32_t stored = static_cast<int32_t>(steps + (steps < 0 ? -0.5f : 0.5f)) + zero_point;
  return static_cast<int8_t>(stored < -128 ? -128 : (stored > 127 ? 127 : stored));
}

// The model's input from a window, as compute_features takes it. features: scratch of [feature_count].
// input: [feature_count] of int8, or of float when input_scale is 0.
inline void write_input(const FeatureTable& t, const float* window, int64_t seconds, float planned, float* features,
                        void* input) {
  const int32_t count = feature_count(t);
  compute_features(t, window, seconds, planned, features);
  if (t.offset != nullptr) standardize(features, count, t.offset, t.scale, t.period);
  if (t.input_scale == 0) {
    memcpy(input, features, static_cast<size_t>(count) * sizeof(float));
    return;
  }
  int8_t* stored = static_cast<int8_t*>(input);
  for (int32_t i = 0; i < count; ++i) stored[i] = quantize_s8(features[i], t.input_scale, t.input_zero_point);
}

// What the first element of the model's output means. `newest`: the newest row of the window.
inline float read_output(const FeatureTable& t, const void* output, const float* newest) {
  float real;
  if (t.output_scale == 0) {
    memcpy(&real, output, sizeof real);
  } else {
    real = t.output_scale * static_cast<float>(*static_cast<const int8_t*>(output) - t.output_zero_point);
  }
  return t.change_of < 0 ? real : newest[t.change_of] + real;
}

// Moves a window on by one row. rows: [rows, channels]; filled: rows that are there, at the end.
inline void push_row(float* window, int32_t rows, int32_t channels, const float* row, int32_t* filled) {
  const size_t row_floats = static_cast<size_t>(channels), last = static_cast<size_t>(rows - 1) * row_floats;
  memmove(window, window + row_floats, last * sizeof(float));
  memcpy(window + last, row, row_floats * sizeof(float));
  if (*filled < rows) ++*filled;
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_FEATURES_TABLE_HPP_
