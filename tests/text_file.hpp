// A file as text, for tests.
#pragma once

#include <filesystem>
#include <string>

#include "whit/base/file.hpp"

namespace whit {

inline std::string read_text(const std::filesystem::path& file) {
  const std::vector<uint8_t> bytes = read_file(file);
  return {bytes.begin(), bytes.end()};
}

}  // namespace whit
