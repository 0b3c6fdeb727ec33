// Any bytes as a file of samples: read or refused with an Error. The first byte says what the file claims to be.
#include <filesystem>
#include <span>
#include <string_view>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/data/samples.hpp"

namespace {

// Where the input lies for the readers that want a file; one for each kind, so that folders hold one file.
std::filesystem::path place(std::string_view extension) {
  static const whit::TemporaryDirectory directory;
  const std::filesystem::path folder = directory.path() / extension.substr(1);
  std::filesystem::create_directories(folder);
  return folder / ("x" + std::string(extension));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr std::string_view kExtensions[] = {".npy", ".npz", ".csv", ".bin", ".wav", ".flac", ".png", ".jpg"};
  if (size == 0) return 0;
  const size_t kind = data[0] % std::size(kExtensions);
  const std::filesystem::path file = place(kExtensions[kind]);
  whit::data::Source source;
  source.path = kind < 4 ? file : file.parent_path();  // images and recordings come in folders
  source.type = "i16";
  source.shape = {2};
  try {
    whit::write_file(file, std::string_view(reinterpret_cast<const char*>(data) + 1, size - 1));
    whit::data::load(source);
  } catch (const whit::Error&) {
    return 0;
  }
  return 0;
}
