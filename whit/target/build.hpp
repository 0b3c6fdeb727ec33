// Cross-compiles and links a firmware image for a target, with the target's start-up code and linker script.
// After compile/emit on a model's way, before measure.hpp. Calls the compiler of the target once; does not cache.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "whit/target/target.hpp"

namespace whit::target {

struct BuildInput {
  std::vector<std::filesystem::path> sources;  // one of them defines main(); they may include targets/common/support.h
  std::vector<std::filesystem::path> include_directories;
  std::vector<std::string> defines;  // "NAME" or "NAME=VALUE"
  std::vector<std::string> flags;    // more compiler flags, after the common ones
};

// Writes the image to `elf`. On an emulated machine the image has start-up, semihosting and memory functions but no C
// library; on the host it is an ordinary program. Error tool_missing without the compiler, bad_input when it refuses.
void build_image(const Target& target, const BuildInput& input, const std::filesystem::path& elf);

}  // namespace whit::target
