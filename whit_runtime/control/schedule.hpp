// When a building is open: the same hours on some days of the week, known in advance.
#ifndef WHIT_RUNTIME_CONTROL_SCHEDULE_HPP_
#define WHIT_RUNTIME_CONTROL_SCHEDULE_HPP_

#include <stdint.h>

namespace whit::rt {

constexpr int32_t kDayMinutes = 1440;

// Minutes are counted from 1970-01-01, in local standard time: summer time would make one day an hour short. Everything
// here looks at most 8 days ahead, so that no sum of a clock's minutes leaves 32 bits.
inline bool is_clock_set(int32_t minute) { return minute >= 0 && minute <= INT32_MAX - 16 * kDayMinutes; }

// Open on the minutes [open, close) of its days; 0 <= open < close <= 1440.
struct Schedule {
  int32_t open_minute, close_minute;
  int32_t days;  // bit 0: Monday, ... bit 6: Sunday
};

// `minute`: since 1970-01-01, which was a Thursday; is_clock_set, here and below.
inline bool is_open_day(const Schedule& s, int32_t minute) {
  return (s.days >> ((minute / kDayMinutes + 3) % 7) & 1) != 0;
}

inline bool is_open(const Schedule& s, int32_t minute) {
  const int32_t at = minute % kDayMinutes;
  return is_open_day(s, minute) && at >= s.open_minute && at < s.close_minute;
}

// Minutes until it opens; 0 while it is open, at most 8 days when it never does.
inline int32_t minutes_to_open(const Schedule& s, int32_t minute) {
  if (is_open(s, minute)) return 0;
  const int32_t midnight = minute - minute % kDayMinutes;
  for (int32_t day = 0; day < 8; ++day) {
    const int32_t opens = midnight + day * kDayMinutes + s.open_minute;
    if (opens > minute && is_open_day(s, opens)) return opens - minute;
  }
  return 8 * kDayMinutes;
}

// Minutes until it closes; only while it is open.
inline int32_t minutes_to_close(const Schedule& s, int32_t minute) { return s.close_minute - minute % kDayMinutes; }

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_CONTROL_SCHEDULE_HPP_
