// The golden vectors: what TensorFlow Lite Micro's reference kernels gave for five models and eight input rules.
// Used by the tests of the host player and of the emulated targets. Absent on a user's machine: see shared_directory().
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace whit::tests {

struct GoldenTensor {
  int32_t tensor;  // index in the .tflite file
  uint32_t crc32;
  size_t bytes;
};

struct GoldenCase {
  std::string rule;  // "ramp37"
  std::vector<uint8_t> input;
  std::vector<GoldenTensor> tensors;  // after every op
  std::vector<uint8_t> output;
};

struct GoldenModel {
  std::string name;  // "kws"
  std::filesystem::path file;
  std::vector<GoldenCase> cases;
};

// The folder of test material beside the repository; empty when it is not there.
std::filesystem::path shared_directory();

// The five models with their cases. The model file is found by its SHA-256 among the shared models.
std::vector<GoldenModel> golden_models();

}  // namespace whit::tests
