// Results that took time, remembered between runs: a file each, named by the digest of all that decides the result.
// A file carries its own digest: a damaged one counts as absent. Writing replaces files whole; a folder that cannot be
// written to only costs time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace whit {

class Cache {
 public:
  // XDG_CACHE_HOME/whit or HOME/.cache/whit; without either nothing is remembered.
  Cache();
  explicit Cache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::optional<std::vector<uint8_t>> find(const std::string& key) const;
  void store(const std::string& key, std::span<const uint8_t> content) const;

 private:
  std::filesystem::path folder_;  // empty: none
};

}  // namespace whit
