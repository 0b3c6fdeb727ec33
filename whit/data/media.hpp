// One image or one recording as plain numbers. The only files that see libjpeg-turbo, libpng and libsndfile.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace whit::data {

struct Media {
  std::vector<int64_t> shape;  // image [H,W,3] of 0 to 255; recording [frames] or [frames, channels] of -1 to 1
  std::vector<float> values;
  int32_t sample_rate_hz = 0;  // of a recording
};

// By the extension of the name: ".jpg", ".jpeg", ".png" in any case.
bool is_image(const std::string& file);
bool is_audio(const std::string& file);  // .wav, .flac, .ogg

// Error bad_input naming `file` when it cannot be decoded.
Media read_image(const std::string& file);
Media read_audio(const std::string& file);

}  // namespace whit::data
