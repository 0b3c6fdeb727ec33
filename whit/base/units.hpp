// Quantities as people write them: "64KB", "50ms", "1.5 mJ", "3000mAh". Parsing for the command line and for scenarios,
// and the short form in which reports print them.
#pragma once

#include <string>
#include <string_view>

namespace whit {

// What is measured, and the unit that a parsed value is in.
enum class Dimension {
  bytes,      // B, KB = KiB = 1024 B, MB = MiB = 1024 KB: as data sheets of microcontrollers have it
  seconds,    // us, ms, s, min, h, d
  joules,     // uJ, mJ, J
  milliamp_h  // mAh, Ah
};

// A positive, finite number with its unit; a blank may stand between. Error bad_input at `where`, such as "--ram", for
// anything else, with the units that fit.
double parse_quantity(std::string_view text, Dimension dimension, const std::string& where);

// Three significant digits in the unit that suits: "49.3 KB", "33.6 ms", "1.46 mJ". Bytes below 10 KB in full.
std::string text_of_bytes(double bytes);
std::string text_of_seconds(double seconds);  // up to years
std::string text_of_joules(double joules);
std::string text_of_watts(double watts);

}  // namespace whit
