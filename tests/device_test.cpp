// Every program in tests/device is built for the emulated Cortex-M4 twice, with assembly and with portable bodies of
// the kernels, and must print the same.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "whit/base/file.hpp"
#include "whit/base/process.hpp"
#include "whit/target/build.hpp"
#include "whit/target/measure.hpp"

namespace whit::target {
namespace {

constexpr double kRunSeconds = 300;

std::string run_program(const std::filesystem::path& source, const std::vector<std::string>& defines) {
  const Target& target = find_target("qemu-cortex-m4");
  const TemporaryDirectory directory;
  const std::filesystem::path elf = directory.path() / "program.elf";
  build_image(target, {{source}, {WHIT_SOURCE_DIR}, defines, {}}, elf);
  const RunResult result = run_image(target, elf, kRunSeconds);
  EXPECT_EQ(result.exit_code, 0) << result.output;
  return result.output;
}

TEST(Device, AssemblyEqualsPortableBodies) {
  const Target& target = find_target("qemu-cortex-m4");
  if (!program_exists(target.compiler) || !program_exists(target.emulator)) {
    GTEST_SKIP() << "skipped: no " << target.compiler << " or no " << target.emulator;
  }
  int programs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(WHIT_SOURCE_DIR "/tests/device")) {
    if (entry.path().extension() != ".cpp") continue;
    ++programs;
    const std::string assembly = run_program(entry.path(), {});
    EXPECT_GT(assembly.size(), 100u);
    EXPECT_EQ(assembly, run_program(entry.path(), {"WHIT_DSP_PORTABLE"})) << entry.path();
  }
  EXPECT_GT(programs, 0);
}

}  // namespace
}  // namespace whit::target
