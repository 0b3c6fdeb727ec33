#include "whit/target/target.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "whit/base/error.hpp"

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

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
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

const Target& find_target(std::string_view name) {
  std::vector<std::string> known;
  for (const Target& target : all_targets()) {
    known.push_back(target.name);
    known.insert(known.end(), target.aliases.begin(), target.aliases.end());
    if (std::find(known.end() - static_cast<ptrdiff_t>(target.aliases.size()) - 1, known.end(), name) != known.end()) {
      return target;
    }
  }
  const auto nearest = std::min_element(known.begin(), known.end(), [&](const auto& a, const auto& b) {
    return edit_distance(a, name) < edit_distance(b, name);
  });
  throw Error(ErrorCode::usage, fmt::format("there is no target \"{}\"", name), "",
              fmt::format("did you mean {}? Targets are: {}", *nearest, fmt::join(known, ", ")));
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
