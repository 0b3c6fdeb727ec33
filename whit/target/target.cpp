#include "whit/target/target.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <span>

#include "whit/base/error.hpp"
#include "whit/base/nearest.hpp"

namespace whit::target {
namespace {

constexpr uint32_t kMegabyte = 1u << 20;

// A Cortex-M of QEMU's MPS2 boards: 4 MB for code and constants, 4 MB of RAM, 25 MHz.
Target arm(const char* core, const char* kernels, const char* machine, std::vector<std::string> flags) {
  Target t;
  t.name = fmt::format("qemu-{}", core);
  t.aliases = {core};
  t.kernels = kernels;
  t.compiler = "arm-none-eabi-g++";
  t.compiler_package = "gcc-arm-none-eabi, libnewlib-arm-none-eabi";
  t.machine_flags = {fmt::format("-mcpu={}", core), "-mthumb"};
  t.machine_flags.insert(t.machine_flags.end(), flags.begin(), flags.end());
  t.start_source = "targets/common/start_armv7m.cpp";
  t.linker_script = fmt::format("targets/{}/link.ld", t.name);
  t.libraries = {"-lm", "-lc", "-lgcc"};
  t.emulator = "qemu-system-arm";
  t.emulator_package = "qemu-system-arm";
  t.emulator_flags = {"-M", machine};
  t.counter_core = core;
  t.flash_bytes = 4 * kMegabyte;
  t.ram_bytes = 4 * kMegabyte;
  t.clock_hz = 25'000'000;
  return t;
}

// Code for the Cortex-M0+ runs unmodified on the M3 board: the instructions are a subset.
Target cortex_m0plus() {
  Target t = arm("cortex-m0plus", "arm_v6m", "mps2-an385", {"-mfloat-abi=soft"});
  t.linker_script = "targets/qemu-cortex-m3/link.ld";
  return t;
}

Target riscv32() {
  Target t;
  t.name = "qemu-riscv32";
  t.aliases = {"riscv32", "rv32imc", "rv32"};
  t.kernels = "rv32";
  t.compiler = "riscv64-unknown-elf-g++";
  t.compiler_package = "gcc-riscv64-unknown-elf, picolibc-riscv64-unknown-elf";
  t.machine_flags = {"-march=rv32imc", "-mabi=ilp32", "-mcmodel=medany", "-msmall-data-limit=0",
                     "--specs=picolibc.specs"};
  t.start_source = "targets/qemu-riscv32/start_rv32.cpp";
  t.linker_script = "targets/qemu-riscv32/link.ld";
  t.libraries = {"-lm", "-lc", "-lgcc"};
  t.emulator = "qemu-system-riscv32";
  t.emulator_package = "qemu-system-misc";
  t.emulator_flags = {"-M", "virt", "-bios", "none"};
  t.counter_core = "rv32";
  t.flash_bytes = 4 * kMegabyte;
  t.ram_bytes = 4 * kMegabyte;
  t.clock_hz = 25'000'000;  // the machine has none of its own: the same as the others, for comparison
  return t;
}

Target host() {
  Target t;
  t.name = "host";
  t.kernels = "host";
  t.compiler = "g++";
  t.compiler_package = "g++";
  t.libraries = {"-lm"};
  return t;
}

const Target& find_among(std::string_view name, std::span<const Target> targets) {
  std::vector<std::string> known;
  for (const Target& target : targets) {
    if (target.name == name) return target;
    known.push_back(target.name);
    for (const std::string& alias : target.aliases) {
      if (alias == name) return target;
      known.push_back(alias);
    }
  }
  throw Error(ErrorCode::usage, fmt::format("there is no target \"{}\"", name), "",
              fmt::format("did you mean {}? Targets are: {}", nearest(name, known), fmt::join(known, ", ")));
}

}  // namespace

const std::vector<Target>& all_targets() {
  static const std::vector<Target> targets = {
      arm("cortex-m4", "arm_dsp", "mps2-an386", {"-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"}),
      arm("cortex-m7", "arm_dsp", "mps2-an500", {"-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"}),
      arm("cortex-m3", "arm_v7m", "mps2-an385", {"-mfloat-abi=soft"}),
      cortex_m0plus(),
      riscv32(),
      host(),
  };
  return targets;
}

const Target& find_target(std::string_view name) { return find_among(name, all_targets()); }

const Target& find_emulated_target(std::string_view name) {
  if (name == "host") {
    throw Error(ErrorCode::unsupported, "the host has no emulator that counts instructions", "--target host",
                "choose an emulated target such as qemu-cortex-m4");
  }
  const std::span<const Target> all = all_targets();
  return find_among(name, all.first(all.size() - 1));
}

const std::vector<std::string>& common_compile_flags() {
  static const std::vector<std::string> flags = {"-O2",
                                                 "-std=c++17",
                                                 "-ffunction-sections",
                                                 "-fdata-sections",
                                                 "-fno-exceptions",
                                                 "-fno-rtti",
                                                 "-fno-asynchronous-unwind-tables",
                                                 "-ffp-contract=off"};
  return flags;
}

std::string flags_text(const Target& target) {
  std::vector<std::string> flags = target.machine_flags;
  flags.insert(flags.end(), common_compile_flags().begin(), common_compile_flags().end());
  return fmt::format("{}", fmt::join(flags, " "));
}

}  // namespace whit::target
