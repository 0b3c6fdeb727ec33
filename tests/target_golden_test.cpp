// The golden vectors on every emulated target: emitted firmware, and the Program as a blob that the player runs.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/golden.hpp"
#include "tests/player_image.hpp"
#include "whit/base/file.hpp"
#include "whit/compile/compile.hpp"
#include "whit/formats/tflite/reader.hpp"
#include "whit/target/bench.hpp"

namespace whit::tests {
namespace {

compile::Compiled compile_for(const GoldenModel& model, const target::Target& target) {
  const std::vector<uint8_t> bytes = read_file(model.file);
  compile::CompileOptions options;
  options.kernels = compile::kernel_set(target.kernels);
  return compile::compile(tflite::read_tflite(bytes, model.name), options, sha256(bytes));
}

TEST(Bench, JsonHoldsEveryFigure) {
  if (shared_directory().empty()) GTEST_SKIP() << "skipped: no ../shared";
  const target::Target& machine = target::find_target("cortex-m4");
  int ramps = 0;
  for (const GoldenModel& model : golden_models()) {
    if (model.name != "hello") continue;
    const compile::Compiled compiled = compile_for(model, machine);
    const target::BenchImage image(machine, compiled.program, compile::Optimize::balanced);
    const target::BenchResult result = image.measure(target::ramp37(compiled.program));
    const auto json = nlohmann::json::parse(target::bench_json(result));
    EXPECT_EQ(json["model"]["sha256"], hex(sha256(read_file(model.file))));
    EXPECT_EQ(json["target"], "qemu-cortex-m4");
    EXPECT_NE(json["flags"].get<std::string>().find("-mcpu=cortex-m4"), std::string::npos);
    EXPECT_EQ(json["arena_bytes"], compiled.program.header().arena_bytes);
    EXPECT_GT(json["stack_bytes"], 0);
    EXPECT_GT(json["code_bytes"], 500);
    EXPECT_EQ(json["weights_bytes"], compiled.program.header().weights_bytes);
    uint64_t sum = 0;
    for (const auto& layer : json["layers"]) sum += layer["instructions"].get<uint64_t>();
    EXPECT_LE(sum, json["instructions"]);
    EXPECT_GT(sum + 100, json["instructions"]);  // the call and its return
    EXPECT_GE(json["cycles_estimated"], json["instructions"]);
    for (const GoldenCase& golden : model.cases) {
      if (golden.rule != "ramp37") continue;
      ramps += 1;
      EXPECT_EQ(json["output_sha256"], hex(sha256(golden.output)));
    }
  }
  EXPECT_EQ(ramps, 1);
}

class TargetGolden : public testing::TestWithParam<const char*> {};

TEST_P(TargetGolden, EmittedFirmwareGivesTheGoldenBytesWithoutAHeap) {
  if (shared_directory().empty()) GTEST_SKIP() << "skipped: no ../shared";
  const target::Target& machine = target::find_target(GetParam());
  for (const GoldenModel& model : golden_models()) {
    const compile::Compiled compiled = compile_for(model, machine);
    const target::BenchImage image(machine, compiled.program, compile::Optimize::balanced);
    EXPECT_EQ(target::forbidden_symbols(image.elf()), std::vector<std::string>());
    for (const GoldenCase& golden : model.cases) {
      EXPECT_EQ(image.run({golden.input}).at(0), golden.output) << model.name << " " << golden.rule;
    }
  }
}

TEST_P(TargetGolden, ThePlayerGivesTheGoldenBytesWithoutAHeap) {
  if (shared_directory().empty()) GTEST_SKIP() << "skipped: no ../shared";
  const target::Target& machine = target::find_target(GetParam());
  const PlayerImage player(machine);
  EXPECT_EQ(target::forbidden_symbols(player.elf()), std::vector<std::string>());
  for (const GoldenModel& model : golden_models()) {
    const compile::Compiled compiled = compile_for(model, machine);
    for (const GoldenCase& golden : model.cases) {
      EXPECT_EQ(player.play(compiled.program, golden.input), hex(golden.output)) << model.name << " " << golden.rule;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, TargetGolden,
                         testing::Values("cortex-m4", "cortex-m7", "cortex-m3", "cortex-m0plus", "riscv32"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace whit::tests
