// Named arrays of float32 and a JSON object in one file: what a run of training needs to go on. The file is a
// safetensors file (8 bytes of the header's size, the header as JSON, the arrays), which other tools open; the object
// stands as text in its metadata. Written whole or not at all. Trusts no byte of a file.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace whit::learn {

struct Checkpoint {
  nlohmann::ordered_json state;
  std::vector<std::pair<std::string, std::vector<float>>> arrays;

  // Error bad_input when there is none of that name and size.
  const std::vector<float>& array(const std::string& name, size_t size) const;
};

void write_checkpoint(const Checkpoint& checkpoint, const std::string& file);

// Error bad_input for a file that is damaged or no checkpoint.
Checkpoint read_checkpoint(const std::string& file);

}  // namespace whit::learn
