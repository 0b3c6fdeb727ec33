#include "tests/golden.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "whit/base/file.hpp"
#include "whit/base/hash.hpp"

namespace whit::tests {
namespace {

namespace fs = std::filesystem;

std::vector<uint8_t> rule_input(const std::string& rule, size_t bytes) {
  std::vector<uint8_t> input(bytes);
  const bool is_lcg = rule.rfind("lcg", 0) == 0;
  uint32_t state = is_lcg ? static_cast<uint32_t>(std::stoul(rule.substr(3))) : 0;
  for (size_t i = 0; i < bytes; ++i) {
    if (is_lcg) {
      state = state * 1664525u + 1013904223u;
      input[i] = static_cast<uint8_t>((state >> 24) - 128);
    } else if (rule == "ramp37") {
      input[i] = static_cast<uint8_t>((i * 37 + 11) % 256 - 128);
    } else if (rule == "min128") {
      input[i] = 0x80;
    } else if (rule != "zeros") {
      throw std::runtime_error("unknown input rule " + rule);
    }
  }
  return input;
}

fs::path find_model(const std::string& sha) {
  for (const char* source : {"mlcommons-tiny", "tflite-micro"}) {
    for (const auto& entry : fs::directory_iterator(shared_directory() / "models/tflite" / source)) {
      if (hex(sha256(read_file(entry.path()))) == sha) return entry.path();
    }
  }
  throw std::runtime_error("no shared model has SHA-256 " + sha);
}

}  // namespace

fs::path shared_directory() {
  const fs::path shared = fs::path(WHIT_SOURCE_DIR).parent_path() / "shared";
  return fs::is_directory(shared / "golden") ? shared : fs::path();
}

std::vector<GoldenModel> golden_models() {
  std::vector<GoldenModel> models;
  for (const auto& [name, input_bytes] :
       {std::pair<const char*, size_t>{"hello", 1}, {"kws", 490}, {"vww", 27648}, {"ic", 3072}, {"ad", 640}}) {
    const std::vector<uint8_t> text = read_file(shared_directory() / "golden" / (std::string(name) + "_perop.json"));
    const nlohmann::json json = nlohmann::json::parse(text);
    GoldenModel model{name, find_model(json.at("sha256")), {}};
    for (const auto& [rule, result] : json.at("results").items()) {
      GoldenCase golden{rule, rule_input(rule, input_bytes), {}, {}};
      for (const auto& op : result.at("ops")) {
        golden.tensors.push_back({op.at("tensor"),
                                  static_cast<uint32_t>(std::stoul(op.at("crc32").get<std::string>(), nullptr, 16)),
                                  op.at("bytes")});
      }
      for (const int value : result.at("output")) golden.output.push_back(static_cast<uint8_t>(value));
      model.cases.push_back(std::move(golden));
    }
    models.push_back(std::move(model));
  }
  return models;
}

}  // namespace whit::tests
