// Level and slope of a noisy reading: the straight line of least squares through the newest minutes.
#ifndef WHIT_RUNTIME_CONTROL_TREND_HPP_
#define WHIT_RUNTIME_CONTROL_TREND_HPP_

#include <stdint.h>
#include <string.h>

namespace whit::rt {

constexpr int32_t kTrendMinutes = 12;

// What a missing number is, and the test for it that no compiler flag breaks.
constexpr float kNoNumber = __builtin_nanf("");
inline bool is_number(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return (bits & 0x7f800000u) != 0x7f800000u;
}

struct Trend {
  float recent[kTrendMinutes];  // the newest last
  int32_t count;
};

inline void push(Trend& trend, float value) {
  memmove(trend.recent, trend.recent + 1, sizeof trend.recent - sizeof value);
  trend.recent[kTrendMinutes - 1] = value;
  if (trend.count < kTrendMinutes) ++trend.count;
}

struct Line {
  float level, slope;  // at the newest minute; per minute
};

// 0 and 0 without values; a slope of 0 until there are half of them.
inline Line line_of(const Trend& trend) {
  const int32_t n = trend.count;
  if (n == 0) return {0, 0};
  const float* x = trend.recent + kTrendMinutes - n;
  const float middle = 0.5f * static_cast<float>(n - 1);
  float sum = 0, moment = 0, spread = 0;
  for (int32_t i = 0; i < n; ++i) {
    const float at = static_cast<float>(i) - middle;
    sum += x[i] - x[n - 1];  // differences: no digits are lost
    moment += at * (x[i] - x[n - 1]);
    spread += at * at;
  }
  const float mean = x[n - 1] + sum / static_cast<float>(n);
  if (n < kTrendMinutes / 2) return {mean, 0};
  const float slope = moment / spread;
  return {mean + slope * middle, slope};
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_CONTROL_TREND_HPP_
