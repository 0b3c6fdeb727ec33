#include "whit/simulate/weather.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <string_view>

#include "whit/base/error.hpp"
#include "whit/base/random.hpp"
#include "whit/data/arrays.hpp"

namespace whit::simulate {
namespace {

constexpr int32_t kHours = 8760;

std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields;
  while (true) {
    const size_t comma = line.find(',');
    fields.emplace_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

class EpwLine {
 public:
  EpwLine(std::string_view line, std::string where) : fields_(fields_of(line)), where_(std::move(where)) {}
  bool is(const char* keyword) const { return fields_[0] == keyword; }
  const std::string& text(size_t i) const {
    if (i >= fields_.size()) {
      throw Error(ErrorCode::bad_input, fmt::format("{} fields, field {} is needed", fields_.size(), i + 1), where_,
                  "an EnergyPlus weather file (.epw)");
    }
    return fields_[i];
  }
  // 9999 and the like mean: not measured.
  double number(size_t i, double lowest, double highest) const {
    const std::string& field = text(i);
    char* end = nullptr;
    const double value = std::strtod(field.c_str(), &end);
    if (field.empty() || *end != 0 || !(value >= lowest && value <= highest)) {
      throw Error(ErrorCode::bad_input,
                  fmt::format("field {}: '{}' is no number from {} to {}", i + 1, field, lowest, highest), where_,
                  "fill what was not measured before");
    }
    return value;
  }

 private:
  std::vector<std::string> fields_;
  std::string where_;
};

}  // namespace

WeatherYear read_epw(const std::string& file) {
  const std::vector<uint8_t> bytes = data::read_data_file(file);
  std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  WeatherYear year;
  int32_t number = 0;
  bool in_data = false;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view text = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (text.ends_with('\r')) text.remove_suffix(1);
    const EpwLine line(text, fmt::format("{}: line {}", file, ++number));
    if (number == 1) {
      if (!line.is("LOCATION")) {
        throw Error(ErrorCode::bad_input, "does not begin with LOCATION", file, "an EnergyPlus weather file (.epw)");
      }
      year.name = fmt::format("{} ({})", line.text(1), line.text(4));
      year.place = {line.number(6, -90, 90), line.number(7, -180, 180), line.number(8, -12, 14)};
    } else if (line.is("GROUND TEMPERATURES")) {
      // The first depth is the shallowest: count, depth, three fields of the soil, twelve months.
      for (size_t month = 0; month < 12; ++month) year.ground_celsius[month] = line.number(6 + month, -50, 60);
    } else if (line.is("DATA PERIODS")) {
      if (line.text(2) != "1") {
        throw Error(ErrorCode::unsupported, "more than one value an hour", fmt::format("{}: line {}", file, number));
      }
      in_data = true;
    } else if (in_data && !text.empty()) {
      if (line.text(1) == "2" && line.text(2) == "29") continue;
      year.hours.push_back(
          {line.number(6, -70, 70), line.number(21, 0, 60), {line.number(14, 0, 1500), line.number(15, 0, 1200)}});
    }
  }
  if (year.hours.size() != kHours) {
    throw Error(ErrorCode::bad_input, fmt::format("{} hours, a year has {}", year.hours.size(), kHours), file,
                "an EnergyPlus weather file (.epw) of a whole year");
  }
  return year;
}

WeatherYear generate_weather(const WeatherGenerator& g, uint64_t seed) {
  WeatherYear year;
  year.name = "generated";
  year.place = g.place;
  Random random{seed, 0x3ea7};
  const double keep = std::exp(-1 / g.anomaly_hours), keep_wind = std::exp(-1.0 / 6);
  double anomaly = g.anomaly_k * random.normal(), wind = random.normal();
  double clearness = g.clearness_mean;
  for (int32_t hour = 1; hour <= kHours; ++hour) {
    const double day = hour / 24.0;
    anomaly = keep * anomaly + std::sqrt(1 - keep * keep) * g.anomaly_k * random.normal();
    wind = keep_wind * wind + std::sqrt(1 - keep_wind * keep_wind) * random.normal();
    if (hour % 24 == 1) {
      clearness = std::clamp(g.clearness_mean + g.clearness_spread * random.uniform(-1, 1), 0.0, 1.0);
    }
    WeatherHour now;
    now.outdoor_celsius = g.mean_celsius - g.yearly_swing_k * std::cos(2 * std::numbers::pi * (day - 21) / 365) +
                          g.daily_swing_k * std::cos(2 * std::numbers::pi * (hour - 14.5) / 24) + anomaly;
    constexpr double kSpread = 0.5;  // of the logarithm; exp(s^2 / 2) keeps the mean
    now.wind_m_s = g.wind_mean_m_s * std::exp(kSpread * wind - kSpread * kSpread / 2);
    // 2023 is any year of 365 days.
    const auto first = std::chrono::sys_days(std::chrono::year(2023) / 1 / 1).time_since_epoch();
    const Sun sun = sun_at(std::chrono::seconds(first).count() + hour * 3600 - 1800, g.place);
    if (sun.sin_height > 0.01) {
      const double global = clearness * 1098 * sun.sin_height * std::exp(-0.057 / sun.sin_height);
      const double index = std::min(1.0, global / (sun.extraterrestrial_w_m2 * sun.sin_height));
      const double diffuse_share =
          index <= 0.22  ? 1 - 0.09 * index
          : index > 0.80 ? 0.165
                         : 0.9511 + index * (-0.1604 + index * (4.388 + index * (-16.638 + index * 12.336)));
      now.sky.diffuse_horizontal = global * diffuse_share;
      now.sky.direct_normal = (global - now.sky.diffuse_horizontal) / sun.sin_height;
    }
    year.hours.push_back(now);
  }
  for (size_t month = 0; month < 12; ++month) {
    // Half a metre deep: later by about three weeks and damped to 0.8 (Kusuda & Achenbach 1965, soil of 2.3e-3 m2/day).
    const double day = 365.0 / 12 * (static_cast<double>(month) + 0.5);
    year.ground_celsius[month] =
        g.mean_celsius - 0.8 * g.yearly_swing_k * std::cos(2 * std::numbers::pi * (day - 21 - 21) / 365);
  }
  return year;
}

WeatherNow weather_at(const WeatherYear& year, int64_t seconds) {
  const auto days = std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(std::chrono::seconds(seconds)));
  const std::chrono::year_month_day date{days};
  int64_t day = (days - std::chrono::sys_days(date.year() / 1 / 1)).count();
  if (date.year().is_leap() && day >= 59) --day;  // 59: 29 February
  const double hour =
      24.0 * static_cast<double>(day) + static_cast<double>(seconds - days.time_since_epoch().count() * 86400LL) / 3600;
  // hours[i] ends at i + 1.
  const auto at = [&](double index) {
    const double floor = std::floor(index);
    const auto before = static_cast<size_t>((static_cast<int32_t>(floor) + kHours) % kHours);
    return std::pair<double, std::array<const WeatherHour*, 2>>(
        index - floor, {&year.hours[before], &year.hours[(before + 1) % kHours]});
  };
  const auto mix = [](double share, double before, double after) { return before + share * (after - before); };
  WeatherNow now;
  const auto [share, ends] = at(hour - 1);
  now.outdoor_celsius = mix(share, ends[0]->outdoor_celsius, ends[1]->outdoor_celsius);
  now.wind_m_s = mix(share, ends[0]->wind_m_s, ends[1]->wind_m_s);
  now.sun = sun_at(seconds, year.place);
  if (now.sun.sin_height > 0) {
    const auto [sun_share, middles] = at(hour - 0.5);
    now.sky.direct_normal = mix(sun_share, middles[0]->sky.direct_normal, middles[1]->sky.direct_normal);
    now.sky.diffuse_horizontal = mix(sun_share, middles[0]->sky.diffuse_horizontal, middles[1]->sky.diffuse_horizontal);
  }
  const double month = hour / (365.0 * 2) - 0.5, month_floor = std::floor(month);
  const auto before = static_cast<size_t>((static_cast<int32_t>(month_floor) + 12) % 12);
  now.ground_celsius = mix(month - month_floor, year.ground_celsius[before], year.ground_celsius[(before + 1) % 12]);
  return now;
}

}  // namespace whit::simulate
