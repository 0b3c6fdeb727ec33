// Program -> firmware: C++ source with one straight line of kernel calls, the runtime headers that it uses, a
// self-test. The last step of the compiler; the result needs nothing but a C++17 compiler. Does not call one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "whit/compile/lower/lowering.hpp"
#include "whit/compile/program.hpp"

namespace whit::compile {

struct EmitOptions {
  std::string name;  // of the model in the API: a C identifier
  Optimize optimize = Optimize::balanced;
  std::string target;    // for the build file and README: "cortex-m4"
  std::string compiler;  // "arm-none-eabi-g++"
  std::string flags;     // "-mcpu=cortex-m4 -mthumb"
};

// The files of a firmware directory: content by path within it.
using Firmware = std::map<std::string, std::string>;

// NAME.hpp, NAME.cpp, NAME_selftest.hpp/.cpp, NAME_selftest_main.cpp, whit_runtime/..., Makefile, README.md.
// Runs the Program on this machine to get the outputs that the self-test expects.
Firmware emit(const Program& program, const EmitOptions& options);

// Adds a file of the runtime ("whit_runtime/...") and every one that it includes.
void add_runtime(const std::string& path, Firmware& firmware);

// Writes a firmware directory, whole or not at all. It must be new, empty, or hold nothing but firmware of this model,
// which is replaced; else Error bad_input.
void write_firmware(const Firmware& firmware, const std::filesystem::path& directory);

// The inputs of the self-test, by a rule that a microcontroller can compute: for case `index` of kSelftestCases,
// element bytes follow s = s * 1664525 + 1013904223 (mod 2^32), x = s >> 24, from seed 12345 + index. Float elements
// are (x - 128) / 128, and elements of 2, 4 or 8 bytes and booleans are 0.
inline constexpr uint32_t kSelftestCases = 2;
std::vector<uint8_t> selftest_input(const rt::TensorInfo& info, uint32_t index);

}  // namespace whit::compile
