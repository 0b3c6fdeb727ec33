// The figures that the project promises, as limits: instructions, estimated cycles, RAM and flash of one inference of
// the four MLPerf Tiny models on the emulated targets, and the memory of a build. Counts repeat exactly, so a limit
// that breaks is a change in the code. Limits are fractions of what TensorFlow Lite Micro with CMSIS-NN needs for the
// same work (bench/peers.csv).
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <ostream>

#include "tests/golden.hpp"
#include "whit/base/file.hpp"
#include "whit/base/process.hpp"
#include "whit/compile/compile.hpp"
#include "whit/formats/tflite/reader.hpp"
#include "whit/target/bench.hpp"

namespace whit::tests {
namespace {

struct Limit {
  const char* model;
  const char* target;
  uint64_t instructions;
  uint64_t cycles;  // estimated; 0: no limit on this target
  uint32_t arena_bytes;
  uint32_t code_bytes;  // of the default image, all passes on; 0: no limit on this target
};

void PrintTo(const Limit& limit, std::ostream* stream) { *stream << limit.model << " on " << limit.target; }

constexpr Limit kLimits[] = {
    {"kws", "cortex-m4", 7'697'919 / 2, 9'090'000 * 10 / 18, 16'500, 16 * 1024},
    {"vww", "cortex-m4", 24'101'939 / 2, 28'890'000 * 10 / 18, 57'000, 20 * 1024},
    {"ic", "cortex-m4", 29'861'630 / 2, 36'420'000 * 10 / 18, 51'000, 20 * 1024},
    {"ad", "cortex-m4", 582'927 / 2, 721'000 * 10 / 18, 2'200, 16 * 1024},
    {"kws", "riscv32", 45'608'553 / 4, 0, 16'500, 16 * 1024},
    {"vww", "riscv32", 114'091'345 / 4, 0, 57'000, 20 * 1024},
    {"ic", "riscv32", 127'077'246 / 4, 0, 51'000, 20 * 1024},
    {"ad", "riscv32", 2'510'230 / 4, 0, 2'200, 16 * 1024},
    {"kws", "cortex-m0plus", 28'996'451 * 10ull / 15, 0, 16'500, 16 * 1024},
    {"vww", "cortex-m0plus", 86'904'255 * 10ull / 15, 0, 57'000, 20 * 1024},
    {"ic", "cortex-m0plus", 97'548'854 * 10ull / 15, 0, 51'000, 20 * 1024},
    {"ad", "cortex-m0plus", 1'763'195 * 10ull / 15, 0, 2'200, 16 * 1024},
    {"kws", "cortex-m3", 10'532'719 * 10ull / 12, 0, 16'500, 16 * 1024},
    {"vww", "cortex-m3", 31'959'324 * 10ull / 12, 0, 57'000, 20 * 1024},
    {"ic", "cortex-m3", 41'846'072 * 10ull / 12, 0, 51'000, 20 * 1024},
    {"ad", "cortex-m3", 955'955 * 10ull / 12, 0, 2'200, 16 * 1024},
};

target::BenchResult measure(const std::filesystem::path& file, const char* name, const target::Target& machine,
                            bool fold_channels) {
  const std::vector<uint8_t> bytes = read_file(file);
  compile::CompileOptions options;
  options.kernels = compile::kernel_set(machine.kernels);
  if (!fold_channels) options.passes.skip = {"fold_constant_channels"};
  const compile::Compiled compiled = compile::compile(tflite::read_tflite(bytes, name), options, sha256(bytes));
  return target::BenchImage(machine, compiled.program, compile::Optimize::balanced)
      .measure(target::ramp37(compiled.program));
}

class Figures : public testing::TestWithParam<Limit> {};

// Speed is held with the constant-channel pass off (it only helps vww, and is a property of that file); flash with it
// on.
TEST_P(Figures, StayWithinTheLimits) {
  if (shared_directory().empty()) GTEST_SKIP() << "skipped: no ../shared";
  const Limit& limit = GetParam();
  const target::Target& machine = target::find_target(limit.target);
  bool found = false;
  for (const GoldenModel& model : golden_models()) {
    if (model.name != limit.model) continue;
    found = true;
    const target::BenchResult plain = measure(model.file, limit.model, machine, false);
    EXPECT_LE(plain.total.instructions, limit.instructions);
    if (limit.cycles > 0) {
      EXPECT_LE(plain.total.cycles[1], limit.cycles);
    }
    EXPECT_LE(plain.arena_bytes, limit.arena_bytes);
    EXPECT_TRUE(plain.forbidden.empty());
    const target::BenchResult standard = measure(model.file, limit.model, machine, true);
    EXPECT_LE(standard.code_bytes, limit.code_bytes);
    EXPECT_LE(standard.total.instructions, plain.total.instructions);
    EXPECT_EQ(standard.output_sha256, plain.output_sha256);
  }
  EXPECT_TRUE(found);
}

std::string limit_name(const testing::TestParamInfo<Limit>& info) {
  std::string target = info.param.target;
  std::replace(target.begin(), target.end(), '-', '_');
  return std::string(info.param.model) + "_" + target;
}

INSTANTIATE_TEST_SUITE_P(Models, Figures, testing::ValuesIn(kLimits), limit_name);

// Seconds are a benchmark (bench/build_cost.py), never a test.
TEST(Build, TakesLessThan200MegabytesForEveryModel) {
  if (shared_directory().empty()) GTEST_SKIP() << "skipped: no ../shared";
  const TemporaryDirectory directory;
  for (const GoldenModel& model : golden_models()) {
    const ProcessResult build = run_process(
        {WHIT_BINARY, "build", model.file, "--target", "cortex-m4", "-o", directory.path() / model.name}, 600);
    EXPECT_EQ(build.exit_code, 0) << model.name << ": " << build.output;
    EXPECT_NE(build.output.find("the same bits"), std::string::npos) << build.output;
  }
  rusage usage{};
  ASSERT_EQ(getrusage(RUSAGE_CHILDREN, &usage), 0);
  EXPECT_LT(usage.ru_maxrss * 1024, 200'000'000) << "the largest process so far: whit, compiler or emulator";
}

}  // namespace
}  // namespace whit::tests
