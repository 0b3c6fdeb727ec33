// Files of the repository that `whit` carries inside itself, so that it works from anywhere: the runtime's sources,
// which go into emitted firmware, the start-up code and linker scripts of the emulated targets, and the device
// profiles; whit/report/page.* and "chart.js". Generated at build time by cmake/embed.cmake.
#pragma once

#include <map>
#include <string_view>

namespace whit {

// Content by path in the repository, such as "whit_runtime/program.hpp". Static storage.
const std::map<std::string_view, std::string_view>& embedded_files();

}  // namespace whit
