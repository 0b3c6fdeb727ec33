#include "whit/base/cache.hpp"

#include <algorithm>
#include <cstdlib>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/base/hash.hpp"

namespace whit {
namespace {

// A file begins with the SHA-256 of what follows, as a line of text.
constexpr std::ptrdiff_t kDigits = 64, kHeader = kDigits + 1;

}  // namespace

Cache::Cache() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  if (cache != nullptr && cache[0] == '/') {  // the specification has relative ones ignored
    folder_ = std::filesystem::path(cache) / "whit";
  } else if (home != nullptr && home[0] != 0) {
    folder_ = std::filesystem::path(home) / ".cache/whit";
  }
}

std::optional<std::vector<uint8_t>> Cache::find(const std::string& key) const {
  std::error_code none;
  const std::filesystem::path file = folder_ / key;
  if (folder_.empty() || !std::filesystem::is_regular_file(file, none)) return std::nullopt;
  try {
    const std::vector<uint8_t> bytes = read_file(file);
    if (bytes.size() < kHeader || bytes[kDigits] != '\n') return std::nullopt;
    std::vector<uint8_t> content(bytes.begin() + kHeader, bytes.end());
    const std::string digest = hex(sha256(content));
    if (!std::equal(digest.begin(), digest.end(), bytes.begin())) return std::nullopt;
    return content;
  } catch (const Error&) {
    return std::nullopt;
  }
}

void Cache::store(const std::string& key, std::span<const uint8_t> content) const {
  if (folder_.empty()) return;
  std::error_code failed;
  std::filesystem::create_directories(folder_, failed);
  if (failed) return;
  std::string text = hex(sha256(content)) + "\n";
  text.append(reinterpret_cast<const char*>(content.data()), content.size());
  try {
    write_file(folder_ / key, text);
  } catch (const Error&) {  // a full disk: the next run computes it again
  }
}

}  // namespace whit
