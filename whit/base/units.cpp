#include "whit/base/units.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cmath>
#include <span>
#include <vector>

#include "whit/base/error.hpp"

namespace whit {
namespace {

struct Unit {
  const char* name;
  double factor;
};

constexpr double kKilobyte = 1024;
constexpr Unit kBytes[] = {
    {"B", 1}, {"KB", kKilobyte}, {"KiB", kKilobyte}, {"MB", kKilobyte* kKilobyte}, {"MiB", kKilobyte* kKilobyte}};
constexpr Unit kSeconds[] = {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};
constexpr Unit kJoules[] = {{"uJ", 1e-6}, {"mJ", 1e-3}, {"J", 1}};
constexpr Unit kMilliampHours[] = {{"mAh", 1}, {"Ah", 1000}};

std::span<const Unit> units_of(Dimension dimension) {
  switch (dimension) {
    case Dimension::bytes:
      return kBytes;
    case Dimension::seconds:
      return kSeconds;
    case Dimension::joules:
      return kJoules;
    case Dimension::milliamp_h:
      return kMilliampHours;
  }
  return {};
}

// Three significant digits, no exponent.
std::string digits(double value) {
  const double size = std::abs(value);
  return fmt::format("{:.{}f}", value, size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

struct Step {
  double from;
  double unit;
  const char* name;
};

std::string scaled(double value, std::span<const Step> steps) {
  for (const Step& step : steps) {
    if (std::abs(value) >= step.from) return fmt::format("{} {}", digits(value / step.unit), step.name);
  }
  return fmt::format("{} {}", digits(value / steps.back().unit), steps.back().name);
}

}  // namespace

double parse_quantity(std::string_view text, Dimension dimension, const std::string& where) {
  const std::span<const Unit> units = units_of(dimension);
  std::vector<const char*> names;
  for (const Unit& unit : units) names.push_back(unit.name);
  const std::string hint = fmt::format("a number with one of the units {}", fmt::join(names, ", "));
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc()) throw Error(ErrorCode::bad_input, fmt::format("'{}' is no quantity", text), where, hint);
  std::string_view rest = text.substr(static_cast<size_t>(end - text.data()));
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  for (const Unit& unit : units) {
    if (rest != unit.name) continue;
    const double value = number * unit.factor;
    if (value > 0 && std::isfinite(value)) return value;
    throw Error(ErrorCode::bad_input, fmt::format("'{}' is not above zero", text), where, hint);
  }
  throw Error(ErrorCode::bad_input,
              rest.empty() ? fmt::format("'{}' has no unit", text)
                           : fmt::format("'{}' of '{}' is not a unit that fits here", rest, text),
              where, hint);
}

std::string text_of_bytes(double bytes) {
  if (std::abs(bytes) < 10 * kKilobyte) return fmt::format("{:.0f} B", bytes);
  if (std::abs(bytes) < kKilobyte * kKilobyte) return fmt::format("{} KB", digits(bytes / kKilobyte));
  if (std::abs(bytes) < kKilobyte * kKilobyte * kKilobyte) {
    return fmt::format("{} MB", digits(bytes / kKilobyte / kKilobyte));
  }
  return fmt::format("{} GB", digits(bytes / kKilobyte / kKilobyte / kKilobyte));
}

std::string text_of_seconds(double seconds) {
  static constexpr Step kSteps[] = {{2 * 365.25 * 86400, 365.25 * 86400, "years"},
                                    {2 * 86400, 86400, "days"},
                                    {2 * 3600, 3600, "h"},
                                    {120, 60, "min"},
                                    {1, 1, "s"},
                                    {1e-3, 1e-3, "ms"},
                                    {1e-6, 1e-6, "us"},
                                    {0, 1e-9, "ns"}};
  return scaled(seconds, kSteps);
}

std::string text_of_joules(double joules) {
  static constexpr Step kSteps[] = {{1, 1, "J"}, {1e-3, 1e-3, "mJ"}, {0, 1e-6, "uJ"}};
  return scaled(joules, kSteps);
}

std::string text_of_watts(double watts) {
  static constexpr Step kSteps[] = {{1, 1, "W"}, {1e-3, 1e-3, "mW"}, {0, 1e-6, "uW"}};
  return scaled(watts, kSteps);
}

}  // namespace whit
