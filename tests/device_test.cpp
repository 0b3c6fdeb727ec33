// Kernels on the machines that they are for. Every program in tests/device is built for the emulated Cortex-M4 twice,
// with assembly and with portable bodies of the kernels, and must print the same. Random layers, packed for a target's
// kernel set and played on it, must give what the portable kernels give on this machine.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/player_image.hpp"
#include "whit/base/file.hpp"
#include "whit/base/hash.hpp"
#include "whit/base/process.hpp"
#include "whit/compile/compile.hpp"
#include "whit/compile/lower/random_layer_test.hpp"
#include "whit/target/build.hpp"
#include "whit/target/measure.hpp"

namespace whit::target {
namespace {

constexpr double kRunSeconds = 300;

// What the programs need of targets/common/support.h, on this machine.
constexpr char kHostSupport[] = R"(#include <stdio.h>
#include "targets/common/support.h"
void whit_write(const char* text) { fputs(text, stdout); }
void whit_write_hex(const void* data, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) printf("%02x", static_cast<const uint8_t*>(data)[i]);
}
)";

std::string run_program(const std::filesystem::path& source, const std::vector<std::string>& defines,
                        const char* target_name = "qemu-cortex-m4") {
  const Target& target = find_target(target_name);
  const TemporaryDirectory directory;
  const std::filesystem::path elf = directory.path() / "program.elf";
  std::vector<std::filesystem::path> sources = {source};
  if (target.is_host()) {
    sources.push_back(directory.path() / "support.cpp");
    write_file(sources.back(), kHostSupport);
  }
  build_image(target, {sources, {WHIT_SOURCE_DIR}, defines, {}}, elf);
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

// An FPU, soft float of two compilers, and this machine.
TEST(Device, FeaturesHaveTheSameBitsOnEveryMachine) {
  const std::string features = WHIT_SOURCE_DIR "/tests/device/features.cpp";
  const std::string expected = run_program(features, {}, "host");
  EXPECT_GT(expected.size(), 1000u);
  for (const char* name : {"cortex-m4", "cortex-m3", "cortex-m0plus", "riscv32"}) {
    const Target& target = find_target(name);
    if (!program_exists(target.compiler) || !program_exists(target.emulator)) {
      GTEST_SKIP() << "skipped: no " << target.compiler << " or no " << target.emulator;
    }
    EXPECT_EQ(run_program(features, {}, name), expected) << name;
  }
}

class DeviceLayers : public testing::TestWithParam<const char*> {};

TEST_P(DeviceLayers, RandomShapesEqualPortableKernelsOfThisMachine) {
  namespace layer = compile::random_layer;
  const Target& target = find_target(GetParam());
  if (!program_exists(target.compiler) || !program_exists(target.emulator)) {
    GTEST_SKIP() << "skipped: no " << target.compiler << " or no " << target.emulator;
  }
  const tests::PlayerImage player(target);
  layer::Random random(500);
  int packed = 0;
  for (int i = 0; i < 40; ++i) {
    ir::Graph graph = i % 4 == 0   ? layer::random_conv2d(random)
                      : i % 4 == 1 ? layer::random_conv3x3(random)
                      : i % 4 == 2 ? layer::random_fully_connected(random)
                                   : layer::depthwise_layer(random, layer::random_map(random, 20), i % 3 == 0);
    if (i % 5 == 0) layer::narrow_weights(graph);
    const std::vector<uint8_t> input = layer::random_input(random, graph);
    const compile::Program program(compile::lower(graph, {compile::kernel_set(target.kernels)}).program, "layer");
    const std::vector<uint8_t> expected = layer::play(compile::lower(graph, {compile::KernelSet::host}), input);
    packed += program.ops()[0].kernel >= 200 ? 1 : 0;  // one of kernels/arch
    ASSERT_EQ(player.play(program, input), hex(expected))
        << "case " << i << ": " << program.ops()[0].kernel_name << " " << layer::shapes_text(graph);
  }
  EXPECT_GE(packed, 20);
}

TEST_P(DeviceLayers, SparseLayersEqualPortableKernelsOfThisMachine) {
  namespace layer = compile::random_layer;
  const Target& target = find_target(GetParam());
  if (!program_exists(target.compiler) || !program_exists(target.emulator)) {
    GTEST_SKIP() << "skipped: no " << target.compiler << " or no " << target.emulator;
  }
  const tests::PlayerImage player(target);
  layer::Random random(501);
  std::map<std::string, int> seen;
  for (int i = 0; i < 15; ++i) {
    const auto zeros = static_cast<layer::Zeros>(i % 3);
    const ir::Graph graph =
        layer::sparse_layer(random, i % 4 == 0 ? 3 : 1, layer::pick(random, 40, 70), 4 * layer::pick(random, 25, 60),
                            zeros == layer::Zeros::four_of_16 ? 0.2 : 0.7, zeros);
    const std::vector<uint8_t> input = layer::random_input(random, graph);
    const compile::Program program(
        compile::lower(graph, {compile::kernel_set(target.kernels), compile::Optimize::size}).program, "layer");
    const std::vector<uint8_t> expected = layer::play(compile::lower(graph, {compile::KernelSet::host}), input);
    ++seen[program.ops()[0].kernel_name];
    ASSERT_EQ(player.play(program, input), hex(expected))
        << "case " << i << ": " << program.ops()[0].kernel_name << " " << layer::shapes_text(graph);
  }
  for (const char* kernel : {"bitmap", "4of16", "1x4"}) EXPECT_GE(seen[std::string("fully_connected_s8_") + kernel], 4);
}

TEST_P(DeviceLayers, WeightsStoredAsHalvesGiveWhatFloatsGiveOnThisMachine) {
  namespace layer = compile::random_layer;
  const Target& target = find_target(GetParam());
  if (!program_exists(target.compiler) || !program_exists(target.emulator)) {
    GTEST_SKIP() << "skipped: no " << target.compiler << " or no " << target.emulator;
  }
  const tests::PlayerImage player(target);
  layer::Random random(502);
  for (int i = 0; i < 12; ++i) {
    const ir::Graph graph =
        layer::in_halves(random, i % 3 == 0   ? layer::random_conv2d(random)
                                 : i % 3 == 1 ? layer::random_fully_connected(random)
                                              : layer::depthwise_layer(random, layer::random_map(random, 9), false));
    const std::vector<uint8_t> input = layer::random_floats(random, graph);
    const compile::Program program(compile::lower(graph, {compile::kernel_set(target.kernels)}).program, "layer");
    EXPECT_NE(program.ops()[0].kernel_name.find("_f32_w16"), std::string::npos);
    const std::vector<uint8_t> expected = layer::play(compile::lower(graph, {compile::KernelSet::host}), input);
    ASSERT_EQ(player.play(program, input), hex(expected))
        << "case " << i << ": " << program.ops()[0].kernel_name << " " << layer::shapes_text(graph);
  }
}

INSTANTIATE_TEST_SUITE_P(All, DeviceLayers, testing::Values("cortex-m4", "cortex-m3", "cortex-m0plus", "riscv32"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace whit::target
