#include "whit/decide/words.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace whit::decide {
namespace {

std::string grouped(double whole) {
  std::string digits = fmt::format("{:.0f}", whole);
  for (size_t i = digits.size(); i > 3 && digits[i - 4] != '-'; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

}  // namespace

std::string number(double value) {
  const double size = std::abs(value);
  if (size >= 1e9) return fmt::format("{:.3g}", value);
  return size >= 999.5 ? grouped(value) : fmt::format("{:.3g}", value);
}

std::string duration(double ms) {
  constexpr std::pair<double, const char*> kUnits[] = {{86'400e3, "d"}, {3'600e3, "h"}, {60e3, "min"}, {1e3, "s"}};
  for (const auto& [size, name] : kUnits) {
    if (ms >= 0.9995 * size) return fmt::format("{} {}", number(ms / size), name);
  }
  return number(ms) + " ms";
}

std::string bytes(double value) {
  constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  size_t unit = 0;
  while (value >= 999.5 && unit + 1 < std::size(kUnits)) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{} {}", number(value), kUnits[unit]);
}

std::string usd(double value) {
  return std::abs(value) >= 99.995 ? "$" + grouped(value) : fmt::format("${:.2f}", value);
}

}  // namespace whit::decide
