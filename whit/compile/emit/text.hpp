// How emitted sources spell names and numbers.
#pragma once

#include <string>

namespace whit::compile {

// In capitals, for macros. ASCII.
std::string upper(std::string text);

// A float literal of C++ that reads back as the same bits. Finite.
std::string float_literal(float x);

}  // namespace whit::compile
