#include "whit/data/media.hpp"

#include <fmt/format.h>
#include <png.h>
#include <sndfile.h>
#include <turbojpeg.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"

namespace whit::data {
namespace {

std::string extension_of(const std::string& file) {
  std::string extension = std::filesystem::path(file).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension;
}

[[noreturn]] void cannot_decode(const std::string& file, const std::string& why) {
  throw Error(ErrorCode::bad_input, "cannot decode: " + why, file, "is it what its name says?");
}

// A file can claim any size. No model of a device takes more than this.
constexpr int64_t kMaxImageBytes = int64_t{1} << 28;

void check_size(const std::string& file, int64_t height, int64_t width) {
  if (3 * height * width <= kMaxImageBytes) return;
  throw Error(ErrorCode::bad_input, fmt::format("an image of {} x {} pixels", width, height), file,
              "bring it to the size that the model wants");
}

Media pixels(int height, int width, const std::vector<uint8_t>& bytes) {
  return {{height, width, 3}, {bytes.begin(), bytes.end()}};
}

Media read_jpeg(const std::string& file) {
  const std::vector<uint8_t> bytes = read_file(file);
  const std::unique_ptr<void, int (*)(tjhandle)> decoder(tjInitDecompress(), tjDestroy);
  int width = 0, height = 0, subsampling = 0, colors = 0;
  if (tjDecompressHeader3(decoder.get(), bytes.data(), bytes.size(), &width, &height, &subsampling, &colors) != 0) {
    cannot_decode(file, tjGetErrorStr2(decoder.get()));
  }
  check_size(file, height, width);
  std::vector<uint8_t> rgb(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  if (tjDecompress2(decoder.get(), bytes.data(), bytes.size(), rgb.data(), width, 0, height, TJPF_RGB,
                    TJFLAG_ACCURATEDCT) != 0) {
    cannot_decode(file, tjGetErrorStr2(decoder.get()));
  }
  return pixels(height, width, rgb);
}

Media read_png(const std::string& file) {
  const std::vector<uint8_t> bytes = read_file(file);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) == 0) cannot_decode(file, image.message);
  image.format = PNG_FORMAT_RGB;
  const std::unique_ptr<png_image, void (*)(png_image*)> freed(&image, png_image_free);
  check_size(file, image.height, image.width);
  std::vector<uint8_t> rgb(PNG_IMAGE_SIZE(image));
  const png_color black{};
  if (png_image_finish_read(&image, &black, rgb.data(), 0, nullptr) == 0) {
    cannot_decode(file, image.message);
  }
  return pixels(static_cast<int>(image.height), static_cast<int>(image.width), rgb);
}

}  // namespace

bool is_image(const std::string& file) {
  const std::string extension = extension_of(file);
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

bool is_audio(const std::string& file) {
  const std::string extension = extension_of(file);
  return extension == ".wav" || extension == ".flac" || extension == ".ogg";
}

Media read_image(const std::string& file) { return extension_of(file) == ".png" ? read_png(file) : read_jpeg(file); }

Media read_audio(const std::string& file) {
  SF_INFO info{};
  const std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> audio(sf_open(file.c_str(), SFM_READ, &info), sf_close);
  if (!audio) cannot_decode(file, sf_strerror(nullptr));
  Media media{{info.frames}, {}, info.samplerate};
  if (info.channels > 1) media.shape.push_back(info.channels);
  // Read in steps: the number of frames that the file claims need not be true.
  std::vector<float> block(static_cast<size_t>(info.channels) * 4096);
  int64_t frames = 0;
  for (sf_count_t got = 0; (got = sf_readf_float(audio.get(), block.data(), 4096)) > 0; frames += got) {
    media.values.insert(media.values.end(), block.begin(), block.begin() + got * info.channels);
  }
  if (frames != info.frames || frames == 0) {
    cannot_decode(file, fmt::format("{} of {} frames are there", frames, info.frames));
  }
  return media;
}

}  // namespace whit::data
