// The golden vectors against emitted firmware, compiled by this machine's compiler: every model, rule and kernel set.
#include <gtest/gtest.h>

#include "tests/golden.hpp"
#include "whit/base/file.hpp"
#include "whit/base/process.hpp"
#include "whit/compile/compile.hpp"
#include "whit/compile/emit/emit.hpp"
#include "whit/formats/tflite/reader.hpp"

namespace whit::tests {
namespace {

constexpr char kMain[] = R"(#include <stdio.h>
#include "golden.hpp"
alignas(16) static uint8_t arena[GOLDEN_ARENA_BYTES];
int main(int, char** files) {
  if (golden_init(arena, sizeof arena) != whit_status_ok) return 1;
  FILE* in = fopen(files[1], "rb");
  if (in == nullptr || fread(golden_input_0(arena), 1, GOLDEN_INPUT_0_BYTES, in) != GOLDEN_INPUT_0_BYTES) return 2;
  golden_invoke(arena);
  return fwrite(golden_output_0(arena), 1, GOLDEN_OUTPUT_0_BYTES, stdout) == GOLDEN_OUTPUT_0_BYTES ? 0 : 3;
}
)";

TEST(EmittedOnTheHost, GivesTheGoldenBytes) {
  if (shared_directory().empty()) GTEST_SKIP() << "skipped: no ../shared";
  for (const GoldenModel& model : golden_models()) {
    for (const char* kernels : {"host", "arm_dsp", "rv32"}) {
      SCOPED_TRACE(model.name + " " + kernels);
      const std::vector<uint8_t> bytes = read_file(model.file);
      compile::CompileOptions options;
      options.kernels = compile::kernel_set(kernels);
      const compile::Compiled compiled = compile::compile(tflite::read_tflite(bytes, "golden"), options, sha256(bytes));
      const TemporaryDirectory directory;
      const auto in = [&](const char* file) { return (directory.path() / file).string(); };
      compile::write_firmware(
          compile::emit(compiled.program, {"golden", compile::Optimize::balanced, "host", "g++", ""}),
          directory.path());
      write_file(in("main.cpp"), kMain);
      const ProcessResult build = run_process({"g++", "-O1", "-std=c++17", "-I", directory.path().string(),
                                               in("golden.cpp"), in("main.cpp"), "-o", in("run")},
                                              300);
      ASSERT_EQ(build.exit_code, 0) << build.output;
      for (const GoldenCase& golden : model.cases) {
        write_file(in("input"), golden.input);
        const ProcessResult result = run_process({in("run"), in("input")}, 60);
        EXPECT_EQ(result.exit_code, 0);
        EXPECT_EQ(result.output, std::string(golden.output.begin(), golden.output.end())) << golden.rule;
      }
    }
  }
}

}  // namespace
}  // namespace whit::tests
