// The machines that whit can build firmware for, and run it on in an emulator: one record each.
// After compile/emit on a model's way: cross-compile (build.hpp), run and count (measure.hpp).
// Does not know models; a target's kernels are chosen by name in compile/lower.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace whit::target {

struct Target {
  std::string name;                  // "qemu-cortex-m4"
  std::vector<std::string> aliases;  // "cortex-m4"
  std::string kernels;               // "arm_dsp", "arm_v7m", "arm_v6m", "rv32" or "host"
  std::string compiler;              // "arm-none-eabi-g++"
  std::string compiler_package;      // Debian package that holds it
  std::vector<std::string> machine_flags;
  std::string start_source;            // embedded file; empty on the host
  std::string linker_script;           // embedded file; empty on the host
  std::vector<std::string> libraries;  // at the end of the link command
  std::string emulator;                // "qemu-system-arm"; empty on the host
  std::string emulator_package;
  std::vector<std::string> emulator_flags;
  std::string counter_core;  // name of the cycle table in targets/qemu_count
  uint32_t flash_bytes = 0;  // of the emulated machine
  uint32_t ram_bytes = 0;
  uint32_t clock_hz = 0;

  bool is_host() const { return emulator.empty(); }
};

// All targets, the host last. Static storage.
const std::vector<Target>& all_targets();

// By name or alias. Error usage, with the nearest name and the list of all, when there is none.
const Target& find_target(std::string_view name);

// The same among the targets with an emulator; Error unsupported for the host.
const Target& find_emulated_target(std::string_view name);

// What every firmware is compiled with besides the machine's own flags; results print both.
const std::vector<std::string>& common_compile_flags();

// machine_flags and common_compile_flags in one line.
std::string flags_text(const Target& target);

}  // namespace whit::target
