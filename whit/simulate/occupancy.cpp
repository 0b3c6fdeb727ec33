#include "whit/simulate/occupancy.hpp"

#include <algorithm>
#include <cmath>

#include "whit/base/random.hpp"
#include "whit/simulate/readings.hpp"

namespace whit::simulate {

int32_t Occupancy::people(int64_t seconds) {
  const int64_t day = day_of(seconds);
  if (day != day_) draw(day);
  return people_[static_cast<size_t>(minute_of_day(seconds))];
}

void Occupancy::draw(int64_t day) {
  day_ = day;
  people_.fill(0);
  Random random{seed_, 0x0cc, static_cast<uint64_t>(day)};
  const bool workday = is_workday(day);
  const double somebody = workday ? 1 - options_.holiday_probability : options_.weekend_probability;
  if (random.uniform() >= somebody) return;
  const auto near = [&](int32_t minute, double spread) { return minute + spread * random.normal(); };
  const auto minute = [](double at) { return static_cast<size_t>(std::clamp(std::lround(at), 0L, 1440L)); };
  const auto add = [&](double from, double to, int16_t people) {
    for (size_t i = minute(from); i < minute(to); ++i) people_[i] = static_cast<int16_t>(people_[i] + people);
  };
  const double common_arrive = random.normal() * options_.day_spread_minutes;
  const double common_leave = random.normal() * options_.day_spread_minutes;
  for (int32_t person = 0; person < options_.people; ++person) {
    const bool comes = random.uniform() < (workday ? options_.attendance : options_.weekend_attendance);
    const double arrives = common_arrive + near(options_.arrive_minute, options_.spread_minutes);
    const double leaves = common_leave + near(options_.leave_minute, options_.spread_minutes);
    const bool goes_out = random.uniform() < options_.lunch_probability;
    const double lunch = near(options_.lunch_minute, options_.spread_minutes / 2);
    if (!comes || leaves <= arrives) continue;
    add(arrives, leaves, 1);
    const double back = std::min(lunch + options_.lunch_minutes, leaves);
    if (goes_out && lunch > arrives && lunch < back) add(lunch, back, -1);
  }
}

}  // namespace whit::simulate
