#include "whit/compile/emit/emit.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/compile/compile.hpp"
#include "whit/ir/text.hpp"

namespace whit::compile {
namespace {

constexpr const char* kTinyGraph = R"(graph "tiny"
input %0 "x": i8 [1,3] scale 0.5 zero_point -1
const %1 "w": i8 [2,3] scale 0.25 zero_point 0 = {1 -2 3 127 -127 0}
const %2 "b": i32 [2] scale 0.125 zero_point 0 = {10 -20}
%3 "y": i8 [1,2] scale 1 zero_point 3 = fully_connected(%0, %1, %2) {activation=relu}
output %3
)";

Compiled tiny() { return compile(ir::parse_text(kTinyGraph), {}, Sha256{}); }

Firmware firmware_of(const Program& program, Optimize optimize = Optimize::balanced) {
  return emit(program, {"tiny", optimize, "host", "g++", ""});
}

int shell(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()); }

TEST(Emit, SelftestPassesWithEveryOptimization) {
  const Compiled compiled = tiny();
  for (const Optimize optimize : {Optimize::size, Optimize::balanced, Optimize::speed}) {
    const TemporaryDirectory directory;
    write_firmware(firmware_of(compiled.program, optimize), directory.path());
    EXPECT_EQ(
        shell("make -C " + directory.path().string() + " selftest CXXFLAGS='-O1 -std=c++17 -Wall -Wextra -Werror'"), 0);
  }
}

TEST(Emit, SelftestFindsAWrongWeight) {
  const Compiled compiled = tiny();
  Firmware firmware = firmware_of(compiled.program);
  std::string& source = firmware.at("tiny.cpp");
  const size_t constants = source.find("kConstants[] = {\n") + 17;
  source.replace(constants, source.find(',', constants) - constants, "0x7f7f7f7f");
  const TemporaryDirectory directory;
  write_firmware(firmware, directory.path());
  EXPECT_NE(shell("make -C " + directory.path().string() + " selftest"), 0);
}

TEST(Emit, ApiCanBeCalledFromC) {
  const TemporaryDirectory directory;
  write_firmware(firmware_of(tiny().program), directory.path());
  write_file(directory.path() / "user.c", R"(#include "tiny.hpp"
#include "tiny_selftest.hpp"
static uint8_t arena[TINY_ARENA_BYTES] __attribute__((aligned(16)));
int main(void) {
  if (tiny_init(arena, sizeof arena - 1) != whit_status_arena_too_small) return 1;
  if (tiny_init(arena + 1, sizeof arena) != whit_status_arena_misaligned) return 2;
  if (tiny_init(arena, sizeof arena) != whit_status_ok) return 3;
  tiny_input_0(arena)[0] = tiny_quantize_input_0(0.5f);
  if (tiny_quantize_input_0(1e30f) != 127 || tiny_quantize_input_0(-1e30f) != -128) return 4;
  if (tiny_quantize_input_0(0.5f) != 0) return 5;
  tiny_invoke(arena);
  return tiny_dequantize_output_0(4) == 1.0f ? 0 : 6;
}
)");
  const std::string in_directory = "cd " + directory.path().string() + " && ";
  ASSERT_EQ(shell(in_directory + "gcc -std=c99 -Wall -Werror -I. -c user.c && g++ -std=c++17 -I. -c tiny.cpp"), 0);
  EXPECT_EQ(shell(in_directory + "gcc user.o tiny.o -o user && ./user"), 0);
}

TEST(Emit, HoldsOnlyTheKernelsThatItUses) {
  const Firmware firmware = firmware_of(tiny().program);
  EXPECT_EQ(firmware.count("whit_runtime/kernels/kernel.hpp"), 1u);
  EXPECT_EQ(firmware.count("whit_runtime/kernels/depthwise_conv2d_s8.hpp"), 0u);
  EXPECT_EQ(firmware.count("whit_runtime/player/player.hpp"), 0u);
}

TEST(Emit, NamesFromTheModelStayInTheirComments) {
  ir::Graph graph = ir::parse_text(kTinyGraph);
  graph.name = "../tiny";
  for (ir::Tensor& tensor : graph.tensors) tensor.name = "*/ int bad; // \\\n#error\n";
  const Compiled compiled = compile(graph, {}, Sha256{});
  EXPECT_EQ(compiled.program.name(), "tiny");
  const TemporaryDirectory directory;
  write_firmware(firmware_of(compiled.program), directory.path());
  EXPECT_EQ(shell("make -C " + directory.path().string() + " selftest"), 0);
}

TEST(Emit, ReplacesItsOwnFirmwareAndNothingElse) {
  const TemporaryDirectory directory;
  const Firmware firmware = firmware_of(tiny().program);
  write_firmware(firmware, directory.path() / "fw");
  write_file(directory.path() / "fw/tiny.o", "an object file of the last build");
  write_firmware(firmware, directory.path() / "fw");
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "fw/tiny.o"));
  write_file(directory.path() / "fw/mine.txt", "a user's file");
  EXPECT_THROW(write_firmware(firmware, directory.path() / "fw"), Error);
  EXPECT_TRUE(std::filesystem::exists(directory.path() / "fw/mine.txt"));
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "fw.part"));
}

TEST(Identifier, IsACName) {
  EXPECT_EQ(identifier("a/kws-ref model.tflite"), "kws_ref_model");
  EXPECT_EQ(identifier("01.tflite"), "model_01");
  EXPECT_EQ(identifier("caf\xC3\xA9.onnx"), "caf_");
  EXPECT_EQ(identifier("\xE6\xA8\xA1\xE5\x9E\x8B.onnx"), "model");
  EXPECT_EQ(identifier(".tflite"), "_tflite");
}

}  // namespace
}  // namespace whit::compile
