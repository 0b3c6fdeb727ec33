// Runs a firmware image in the target's emulator and measures it: exact instructions, estimated cycles, by layer and
// by function. After build.hpp on a model's way; the figures go into reports. Does not measure time: emulators have
// none.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "whit/target/target.hpp"

namespace whit::target {

struct RunResult {
  int exit_code = 0;
  std::string output;  // what the image wrote
};

// A file that the emulator writes into the machine's memory before the start; into section .noinit, or the start-up
// code clears it.
struct MemoryFile {
  uint32_t address = 0;
  std::filesystem::path path;
};

// Runs the image to its end. Error tool_missing without the emulator, gate_failed when the time is over.
RunResult run_image(const Target& target, const std::filesystem::path& elf, double timeout_seconds,
                    const std::vector<MemoryFile>& memory = {});

// What an image that wrote nothing else wrote by whit_write_hex. Error gate_failed at `where` when it is not
// `expected_bytes` long: the image did not run to its end.
std::vector<uint8_t> printed_bytes(const RunResult& run, size_t expected_bytes, const std::string& where);

struct Cost {
  uint64_t instructions = 0;
  std::array<uint64_t, 3> cycles = {};  // estimated: low, mid, high variant (docs/cycles.md)

  Cost& operator+=(const Cost& other);
};

struct LayerCost {
  int number = -1;  // N of the symbol whit_layer_N; -1: before the first layer
  Cost cost;
};

struct FunctionCost {
  std::string name;
  Cost cost;
};

// Accesses to flash by lines of kLineBytes: [n] hit in a fully associative LRU cache of 2^n lines but in no smaller one
// of these sizes, the last in none (docs/cycles.md).
inline constexpr uint32_t kLineBytes = 32;
using Reuse = std::array<uint64_t, 19>;

struct Traffic {
  Reuse code = {}, data = {}, both = {};  // instructions fetched, constants read, and one cache for either
};

struct Measurement {
  RunResult run;
  Traffic traffic;
  Cost total;                           // from whit_profile_start to whit_profile_stop
  std::vector<LayerCost> layers;        // sums up to the total
  std::vector<FunctionCost> functions;  // sums up to the total, most instructions first
};

// As run_image, and counts. Error bad_input when the image lacks the symbols whit_profile_start and whit_profile_stop
// or never passes them, unsupported on the host.
Measurement measure_image(const Target& target, const std::filesystem::path& elf, double timeout_seconds,
                          const std::vector<MemoryFile>& memory = {});

}  // namespace whit::target
