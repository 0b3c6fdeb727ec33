// Files, whole: read one, write one so that it appears complete or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "whit/base/interrupt.hpp"

namespace whit {

// All bytes of `path`. Error bad_input when it cannot be read.
std::vector<uint8_t> read_file(const std::filesystem::path& path);

// Writes beside `path`, then renames: a reader never sees a part. Error bad_input when that fails or when `path` exists
// and is no regular file.
void write_file(const std::filesystem::path& target, std::string_view content);
void write_file(const std::filesystem::path& path, const std::vector<uint8_t>& content);

// Removes the file, or the folder with its content, also while another thread still writes into it. What cannot be
// removed stays.
void remove_quietly(const std::filesystem::path& path);

// A new empty directory of this process below the system's temporary directory, removed with its content.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  OnInterrupt removed_;
};

}  // namespace whit
