#include "whit/compile/emit/text.hpp"

#include <fmt/format.h>

#include <cctype>

namespace whit::compile {

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string float_literal(float x) { return fmt::format("{:.9e}f", x); }

}  // namespace whit::compile
