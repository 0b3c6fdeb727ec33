// Numbers as this folder's reports write them.
#pragma once

#include <string>

namespace whit::decide {

// Three significant digits and thousands separated: "0.0123", "86,400", "1.23e+09" from a billion on.
std::string number(double value);
// "18 ms", "4.76 s", "10 min", "1 h", "3 d".
std::string duration(double ms);
// "12 B", "9.46 kB", "1.2 MB": decimal, as links count; memory is whit/base/units.hpp's, as in `whit fit`.
std::string bytes(double value);
// Whole dollars from 100 on, else cents: "$12,300", "$0.25".
std::string usd(double value);

}  // namespace whit::decide
