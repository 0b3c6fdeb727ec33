// Options that take a number. Whatever is none, or out of its range, is one kind of Error:
//   whit: --epochs: "0" is out of range
//     try: a whole number, 1 or more
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <type_traits>

#include "whit/base/toml.hpp"

namespace whit::cli {

// Error usage at `option` unless `text` is a number within `range`.
void check_number(const std::string& option, const std::string& text, bool is_whole, Range range);

template <typename T>
CLI::Option* add_number(CLI::App& verb, const std::string& option, T& value, Range range,
                        const std::string& description) {
  const auto check = [option, range](const std::string& text) {
    check_number(option, text, std::is_integral_v<T>, range);
    return std::string();
  };
  return verb.add_option(option, value, description)->check(CLI::Validator(check, ""));
}

}  // namespace whit::cli
