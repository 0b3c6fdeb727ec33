// Who is there: each person comes and goes by the day's schedule, somewhat early or late.
#pragma once

#include <array>
#include <cstdint>

namespace whit::simulate {

struct OccupancyOptions {
  int32_t people = 0;                           // who work there
  double attendance = 1;                        // the share of them that comes on a workday
  double weekend_attendance = 0;                // ... on a day of the weekend when somebody comes at all
  double weekend_probability = 0;               // that somebody does
  double holiday_probability = 0;               // that nobody comes on a workday
  int32_t arrive_minute = 0, leave_minute = 0;  // means; minutes of the day
  double spread_minutes = 0;                    // standard deviation of each person's arrival and leaving
  double day_spread_minutes = 0;                // ... of what all have in common on a day
  int32_t lunch_minute = 0, lunch_minutes = 0;  // mean begin; how long
  double lunch_probability = 0;                 // that a person leaves the floor for it
};

class Occupancy {
 public:
  // What a day brings follows from seed and day alone.
  Occupancy(const OccupancyOptions& options, uint64_t seed) : options_(options), seed_(seed) {}
  int32_t people(int64_t seconds);

 private:
  void draw(int64_t day);

  OccupancyOptions options_;
  uint64_t seed_;
  int64_t day_ = INT64_MIN;
  std::array<int16_t, 1440> people_ = {};  // by minute of day_
};

}  // namespace whit::simulate
