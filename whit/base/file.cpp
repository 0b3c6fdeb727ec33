#include "whit/base/file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "whit/base/error.hpp"

namespace whit {
namespace {

std::filesystem::path make_directory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "whit-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    throw Error(ErrorCode::bad_input, "cannot make a temporary directory", pattern, "set TMPDIR to a writable one");
  }
  return pattern;
}

}  // namespace

void remove_quietly(const std::filesystem::path& path) {
  std::error_code failure;
  int tries = 0;
  do {
    std::filesystem::remove_all(path, failure);
  } while (failure == std::errc::directory_not_empty && ++tries < 1000);
}

std::vector<uint8_t> read_file(const std::filesystem::path& path) {
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure)) {
    throw Error(ErrorCode::bad_input, "this is a directory, a file is expected", path.string(),
                "give the name of a file in it");
  }
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    throw Error(ErrorCode::bad_input, fmt::format("cannot open the file: {}", std::strerror(errno)), path.string(),
                "check the path and its permissions");
  }
  std::vector<uint8_t> bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (stream.bad())
    throw Error(ErrorCode::bad_input, "reading the file failed", path.string(), "copy it to another disk");
  return bytes;
}

void write_file(const std::filesystem::path& target, std::string_view content) {
  std::error_code failure;
  // A link stays a link: what it points to is replaced.
  const bool is_link = std::filesystem::is_symlink(target, failure);
  const std::filesystem::path path = is_link ? std::filesystem::weakly_canonical(target, failure) : target;
  if (std::filesystem::exists(path, failure) && !std::filesystem::is_regular_file(path, failure)) {
    throw Error(ErrorCode::bad_input, "cannot write: this is not a regular file", target.string(),
                "give another name with -o");
  }
  const std::filesystem::path beside = path.string() + fmt::format(".{}.part", getpid());
  const OnInterrupt removed([&] { remove_quietly(beside); });
  {
    errno = 0;
    std::ofstream stream(beside, std::ios::binary | std::ios::trunc);
    stream.write(content.data(), static_cast<std::streamsize>(content.size()));
    stream.close();
    if (!stream) {
      const std::string reason = errno != 0 ? std::string(": ") + std::strerror(errno) : "";
      remove_quietly(beside);
      throw Error(ErrorCode::bad_input, "cannot write the file" + reason, path.string(),
                  "check that the directory exists, is writable, and that the disk has room");
    }
  }
  std::filesystem::rename(beside, path, failure);
  if (failure) {
    remove_quietly(beside);
    throw Error(ErrorCode::bad_input, fmt::format("cannot write the file: {}", failure.message()), path.string(),
                "give another name with -o");
  }
}

void write_file(const std::filesystem::path& path, const std::vector<uint8_t>& content) {
  write_file(path, std::string_view(reinterpret_cast<const char*>(content.data()), content.size()));
}

TemporaryDirectory::TemporaryDirectory()
    : removed_([this] { path_ = make_directory(); }, [this] { remove_quietly(path_); }) {}

TemporaryDirectory::~TemporaryDirectory() { remove_quietly(path_); }

}  // namespace whit
