#include "whit/cli/number.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "whit/base/error.hpp"

namespace whit::cli {

void check_number(const std::string& option, const std::string& text, bool is_whole, Range range) {
  double value = 0;
  int64_t whole = 0;
  const char *begin = text.data(), *end = begin + text.size();
  const auto [at, failure] = is_whole ? std::from_chars(begin, end, whole) : std::from_chars(begin, end, value);
  if (is_whole) value = static_cast<double>(whole);
  if (failure == std::errc::result_out_of_range) value = INFINITY;
  const bool is_number = failure != std::errc::invalid_argument && at == end && !std::isnan(value);
  if (is_number && value >= range.lowest && value <= range.highest) return;
  const std::string kind = is_whole ? "a whole number" : "a number";
  std::string wanted = kind;
  if (range.highest < Range{}.highest) {
    wanted += fmt::format(" from {} to {}", range.lowest, range.highest);
  } else if (range.lowest > Range{}.lowest) {
    wanted += fmt::format(", {} or more", range.lowest);
  }
  throw Error(ErrorCode::usage, fmt::format("\"{}\" is {}", text, is_number ? "out of range" : "not " + kind), option,
              wanted);
}

}  // namespace whit::cli
