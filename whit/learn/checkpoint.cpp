#include "whit/learn/checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"

namespace whit::learn {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kHint = "start again without --resume";

[[noreturn]] void bad(const std::string& what, const std::string& where) {
  throw Error(ErrorCode::bad_input, what, where, kHint);
}

Checkpoint parse(const std::vector<uint8_t>& bytes) {
  uint64_t header_bytes = 0;
  if (bytes.size() < sizeof(header_bytes)) throw std::runtime_error("too short");
  std::memcpy(&header_bytes, bytes.data(), sizeof(header_bytes));
  if (header_bytes > bytes.size() - sizeof(header_bytes)) throw std::runtime_error("the header is cut off");
  const auto begin = bytes.begin() + sizeof(header_bytes);
  const Json header = Json::parse(begin, begin + static_cast<std::ptrdiff_t>(header_bytes));
  const size_t first = sizeof(header_bytes) + header_bytes;
  Checkpoint checkpoint;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      checkpoint.state = Json::parse(entry.at("state").get<std::string>());
      continue;
    }
    const auto from = entry.at("data_offsets").at(0).get<uint64_t>(),
               to = entry.at("data_offsets").at(1).get<uint64_t>();
    if (entry.at("dtype") != "F32" || from > to || to > bytes.size() - first || (to - from) % sizeof(float) != 0) {
      throw std::runtime_error("array '" + name + "'");
    }
    std::vector<float> values((to - from) / sizeof(float));
    std::memcpy(values.data(), bytes.data() + first + from, to - from);
    checkpoint.arrays.emplace_back(name, std::move(values));
  }
  return checkpoint;
}

}  // namespace

const std::vector<float>& Checkpoint::array(const std::string& name, size_t size) const {
  const auto found = std::find_if(arrays.begin(), arrays.end(), [&](const auto& each) { return each.first == name; });
  if (found == arrays.end()) bad(fmt::format("the checkpoint has no array '{}'", name), "");
  if (found->second.size() != size) {
    bad(fmt::format("array '{}' of the checkpoint has {} numbers, not {}", name, found->second.size(), size), "");
  }
  return found->second;
}

void write_checkpoint(const Checkpoint& checkpoint, const std::string& file) {
  Json header;
  header["__metadata__"] = {{"format", "whit"}, {"state", checkpoint.state.dump()}};
  size_t at = 0;
  for (const auto& [name, values] : checkpoint.arrays) {
    const size_t bytes = values.size() * sizeof(float);
    header[name] = {{"dtype", "F32"}, {"shape", {values.size()}}, {"data_offsets", {at, at + bytes}}};
    at += bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // arrays stand aligned
  const uint64_t size = text.size();
  std::string content(reinterpret_cast<const char*>(&size), sizeof(size));
  content.reserve(content.size() + text.size() + at);
  content += text;
  for (const auto& [name, values] : checkpoint.arrays) {
    content.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  }
  write_file(file, content);
}

Checkpoint read_checkpoint(const std::string& file) {
  try {
    return parse(read_file(file));
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    bad(fmt::format("this is no checkpoint, or a damaged one: {}", error.what()), file);
  }
}

}  // namespace whit::learn
