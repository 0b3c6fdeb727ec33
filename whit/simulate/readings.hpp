// What passes between a building and whoever controls it.
#pragma once

#include <cstdint>

namespace whit::simulate {

// What the sensors say at one moment. NaN: the sample is missing.
struct Readings {
  int64_t seconds = 0;  // local standard time since 1970-01-01 0:00, a whole minute
  float indoor_celsius = 0;
  float outdoor_celsius = 0;
  float occupancy = 0;  // 1: somebody is there
  float hvac = 0;       // 1: the heat pump heats; -1: it cools
};

enum class Demand : int32_t { off, heat, cool };

// By `seconds` of Readings.
constexpr int64_t kDayS = 86400;
inline int64_t day_of(int64_t seconds) { return (seconds - (seconds % kDayS + kDayS) % kDayS) / kDayS; }
inline int32_t minute_of_day(int64_t seconds) { return static_cast<int32_t>((seconds - day_of(seconds) * kDayS) / 60); }
// Monday to Friday. 1970-01-01 was a Thursday.
inline bool is_workday(int64_t day) { return ((day + 3) % 7 + 7) % 7 < 5; }

}  // namespace whit::simulate
