// The golden vectors on every emulated target: emitted firmware, and the Program as a blob that the player runs.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/golden.hpp"
#include "whit/base/file.hpp"
#include "whit/compile/compile.hpp"
#include "whit/formats/tflite/reader.hpp"
#include "whit/target/bench.hpp"
#include "whit/target/build.hpp"

namespace whit::tests {
namespace {

namespace fs = std::filesystem;

// Plays whatever blob the emulator has put into memory, on the input that it has put beside it.
constexpr char kPlayerMain[] = R"(#include "targets/common/support.h"
#include <string.h>

#include "whit_runtime/player/player.hpp"

__attribute__((section(".noinit"), aligned(16))) uint8_t whit_blob[1 << 20];
__attribute__((section(".noinit"), aligned(16))) uint8_t whit_bench_input[1 << 16];
alignas(16) static uint8_t arena[1 << 18];

int main() {
  whit::rt::Player player;
  const auto* header = reinterpret_cast<const whit::rt::ProgramHeader*>(whit_blob);
  const whit_status status = whit::rt::player_init(&player, whit_blob, header->total_bytes, arena, sizeof arena);
  if (status != whit_status_ok) return 1;
  memcpy(whit::rt::player_input(player, 0), whit_bench_input, player.tensors[0].bytes);
  whit::rt::player_invoke(player);
  whit_write_hex(whit::rt::player_output(player, 0), player.tensors[header->input_count].bytes);
  return 0;
}
)";

class PlayerImage {
 public:
  explicit PlayerImage(const target::Target& target) : target_(target) {
    write_file(directory_.path() / "main.cpp", kPlayerMain);
    target::BuildInput build;
    build.include_directories = {WHIT_SOURCE_DIR};
    build.sources = {directory_.path() / "main.cpp"};
    for (const auto& entry : fs::directory_iterator(fs::path(WHIT_SOURCE_DIR) / "whit_runtime/player")) {
      const std::string name = entry.path().filename().string();
      if (name.ends_with(".cpp") && !name.ends_with("_test.cpp")) build.sources.push_back(entry.path());
    }
    target::build_image(target, build, file_);
    elf_ = target::read_elf(file_);
  }

  std::string play(const compile::Program& program, const std::vector<uint8_t>& input) const {
    write_file(directory_.path() / "blob", program.bytes());
    write_file(directory_.path() / "input", input);
    const target::RunResult result = target::run_image(target_, file_, 300,
                                                       {{address_of("whit_blob"), directory_.path() / "blob"},
                                                        {address_of("whit_bench_input"), directory_.path() / "input"}});
    EXPECT_EQ(result.exit_code, 0);
    return result.output;
  }

  const target::ElfImage& elf() const { return elf_; }

 private:
  uint32_t address_of(const std::string& name) const {
    for (const target::ElfSymbol& symbol : elf_.symbols) {
      if (symbol.name == name) return symbol.address;
    }
    throw std::runtime_error("no symbol " + name);
  }

  const target::Target& target_;
  TemporaryDirectory directory_;
  fs::path file_ = directory_.path() / "player.elf";
  target::ElfImage elf_;
};

compile::Compiled compile_for(const GoldenModel& model, const target::Target& target) {
  const std::vector<uint8_t> bytes = read_file(model.file);
  compile::CompileOptions options;
  options.kernels = compile::kernel_set(target.kernels);
  return compile::compile(tflite::read_tflite(bytes, model.name), options, sha256(bytes));
}

TEST(Bench, JsonHoldsEveryFigure) {
  if (shared_directory().empty()) GTEST_SKIP() << "skipped: no ../shared";
  const target::Target& machine = target::find_target("cortex-m4");
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
      if (golden.rule == "ramp37") EXPECT_EQ(json["output_sha256"], hex(sha256(golden.output)));
    }
  }
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
