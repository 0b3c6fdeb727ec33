// Cross building, running and reading images: what works, and what is said when it does not.
#include <gtest/gtest.h>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/target/build.hpp"
#include "whit/target/elf.hpp"
#include "whit/target/measure.hpp"

namespace whit::target {
namespace {

class Image {
 public:
  Image(const char* target_name, const std::string& source) : target_(find_target(target_name)) {
    write_file(directory_.path() / "main.cpp", "#include \"targets/common/support.h\"\n" + source);
    BuildInput input;
    input.sources = {directory_.path() / "main.cpp"};
    build_image(target_, input, elf());
  }
  const Target& target() const { return target_; }
  std::filesystem::path elf() const { return directory_.path() / "main.elf"; }

 private:
  const Target& target_;
  TemporaryDirectory directory_;
};

template <typename Function>
Error error_of(Function function) {
  try {
    function();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no Error";
  return Error(ErrorCode::usage, "");
}

TEST(FindTarget, ByNameAndAlias) {
  EXPECT_EQ(find_target("qemu-cortex-m4").kernels, "arm_dsp");
  EXPECT_EQ(&find_target("cortex-m4"), &find_target("qemu-cortex-m4"));
  EXPECT_EQ(find_target("cortex-m0plus").kernels, "arm_v6m");
  EXPECT_EQ(find_target("rv32imc").name, "qemu-riscv32");
}

TEST(FindTarget, UnknownNameSuggestsTheNearest) {
  const Error error = error_of([] { find_target("cortex-m44"); });
  EXPECT_EQ(error.code(), ErrorCode::usage);
  EXPECT_NE(error.hint().find("did you mean cortex-m4?"), std::string::npos) << error.hint();
  EXPECT_NE(error.hint().find("qemu-riscv32"), std::string::npos);
}

class Machine : public testing::TestWithParam<const char*> {};

TEST_P(Machine, StartsWithVariablesInPlaceAndMeasuresItsStack) {
  const Image image(GetParam(), R"(
uint32_t set = 0x12345678, cleared;
char text[] = "hello ";
__attribute__((noinline)) uint32_t deep(uint32_t n) {
  volatile uint8_t block[1000];
  for (uint32_t i = 0; i < n; ++i) block[i] = (uint8_t)i;
  return block[n - 1];
}
int main() {
  whit_write(text);
  whit_write_hex(&set, 4);
  whit_write_hex(&cleared, 4);
  whit_stack_paint();
  deep(1000);
  const uint32_t used = whit_stack_used_bytes();
  return used >= 1000 && used < 1100 ? 7 : 8;
})");
  const RunResult result = run_image(image.target(), image.elf(), 30);
  EXPECT_EQ(result.output, "hello 7856341200000000");
  EXPECT_EQ(result.exit_code, 7);
  const SectionSizes sizes = section_sizes(read_elf(image.elf()));
  EXPECT_LT(sizes.code_bytes, 900u);
  EXPECT_EQ(sizes.data_bytes, 12u);
  EXPECT_EQ(sizes.weights_bytes, 0u);
  EXPECT_TRUE(forbidden_symbols(read_elf(image.elf())).empty());
}

TEST_P(Machine, MemoryFunctionsDoWhatTheirNamesSay) {
  const Image image(GetParam(), R"(
#include <string.h>
static uint8_t a[96], b[96];
static int check(uint32_t to, uint32_t from, uint32_t n) {
  for (uint32_t i = 0; i < 96; ++i) a[i] = b[i] = (uint8_t)(i * 7 + 1);
  memmove(a + to, a + from, n);
  for (uint32_t i = 0; i < 96; ++i) {
    const uint8_t want = i >= to && i < to + n ? b[i - to + from] : b[i];
    if (a[i] != want) return 1;
  }
  memcpy(b + to, a, n);
  if (memcmp(b + to, a, n) != 0) return 2;
  memset(b + to, (int)n, n);
  for (uint32_t i = to; i < to + n; ++i) if (b[i] != (uint8_t)n) return 3;
  return to + n < 96 && b[to + n] != (uint8_t)((to + n) * 7 + 1) ? 4 : 0;
}
int main() {
  for (uint32_t to = 0; to < 40; ++to)
    for (uint32_t from = 0; from < 40; ++from)
      for (uint32_t n = 0; n < 50; n += 1 + n / 8)
        if (const int wrong = check(to, from, n)) return wrong;
  return 0;
})");
  EXPECT_EQ(run_image(image.target(), image.elf(), 60).exit_code, 0);
}

TEST_P(Machine, AFaultEndsTheRun) {
  const Image image(GetParam(), R"(int main() {
#ifdef __riscv
  __asm__ volatile(".word 0");
#else
  __asm__ volatile("udf #0");
#endif
  return 0;
})");
  const RunResult result = run_image(image.target(), image.elf(), 30);
  EXPECT_EQ(result.exit_code, 99);
  EXPECT_EQ(result.output, "fault\n");
}

INSTANTIATE_TEST_SUITE_P(All, Machine,
                         testing::Values("cortex-m4", "cortex-m7", "cortex-m3", "cortex-m0plus", "riscv32"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Build, ACompilerErrorIsShown) {
  const Error error = error_of([] { Image("cortex-m4", "int main() { return nonsense; }"); });
  EXPECT_EQ(error.code(), ErrorCode::bad_input);
  EXPECT_NE(error.hint().find("nonsense"), std::string::npos);
}

TEST(Build, AMissingCompilerNamesItsPackage) {
  Target target = find_target("cortex-m4");
  target.compiler = "arm-none-whit-g++";
  const Error error = error_of([&] { build_image(target, {}, "/dev/null"); });
  EXPECT_EQ(error.code(), ErrorCode::tool_missing);
  EXPECT_NE(error.hint().find("gcc-arm-none-eabi"), std::string::npos);
}

TEST(Build, GlobalConstructorsAreRefused) {
  const Error error = error_of(
      [] { Image("cortex-m4", "int f(); int x = f(); int f() { return 1 + *(volatile int*)4; } int main() {}"); });
  EXPECT_NE(error.hint().find("constructors of globals"), std::string::npos) << error.hint();
}

TEST(Build, AHostProgramRuns) {
  const TemporaryDirectory directory;
  write_file(directory.path() / "main.cpp", "int main() { return 5; }");
  BuildInput input;
  input.sources = {directory.path() / "main.cpp"};
  build_image(find_target("host"), input, directory.path() / "main");
  EXPECT_EQ(run_image(find_target("host"), directory.path() / "main", 30).exit_code, 5);
  EXPECT_EQ(error_of([&] { measure_image(find_target("host"), directory.path() / "main", 30); }).code(),
            ErrorCode::unsupported);
}

TEST(Run, AnEndlessImageIsStopped) {
  const Image image("cortex-m4", "int main() { for (;;) __asm__ volatile(\"\"); }");
  EXPECT_EQ(error_of([&] { run_image(image.target(), image.elf(), 1); }).code(), ErrorCode::gate_failed);
}

TEST(Measure, NeedsItsMarkers) {
  const Image none("cortex-m4", "int main() { return 0; }");
  EXPECT_EQ(error_of([&] { measure_image(none.target(), none.elf(), 30); }).code(), ErrorCode::bad_input);
  const Image half("cortex-m4",
                   "int main(int c, char**) { whit_profile_start(); if (c == 77) whit_profile_stop(); return 4; }");
  const Error error = error_of([&] { measure_image(half.target(), half.elf(), 30); });
  EXPECT_EQ(error.code(), ErrorCode::bad_input);
  EXPECT_NE(std::string(error.what()).find("ended with 4"), std::string::npos);
}

TEST(Measure, SumsAreTheTotal) {
  const Image image("cortex-m4", R"(
volatile int sink;
__attribute__((noinline)) void work(int n) { for (int i = 0; i < n; ++i) sink = i; }
int main() {
  whit_profile_start();
  WHIT_MARK_LAYER(0);
  work(10);
  WHIT_MARK_LAYER(1);
  work(1000);
  whit_profile_stop();
  return 0;
})");
  const Measurement measured = measure_image(image.target(), image.elf(), 30);
  Cost layers;
  for (const LayerCost& layer : measured.layers) layers += layer.cost;
  Cost functions;
  for (const FunctionCost& function : measured.functions) functions += function.cost;
  EXPECT_EQ(layers.instructions, measured.total.instructions);
  EXPECT_EQ(functions.instructions, measured.total.instructions);
  EXPECT_EQ(functions.cycles, measured.total.cycles);
  EXPECT_EQ(measured.functions.at(0).name, "work");
  ASSERT_EQ(measured.layers.size(), 3u);
  EXPECT_GT(measured.layers[2].cost.instructions, 50 * measured.layers[1].cost.instructions);
}

TEST(MemoryProof, FindsAHeapAndStdio) {
  const Image heap("cortex-m4", R"(
#include <stdlib.h>
extern "C" void* _sbrk(int) { return (void*)-1; }
extern "C" void _exit(int) { for (;;) {} }
int main() { void* volatile p = malloc(4); free(p); return 0; })");
  const std::vector<std::string> found = forbidden_symbols(read_elf(heap.elf()));
  for (const char* name : {"malloc", "free", "_malloc_r", "_free_r", "_sbrk"}) {
    EXPECT_NE(std::find(found.begin(), found.end(), name), found.end()) << name;
  }
  const Image operators("cortex-m4", R"(
__attribute__((noinline)) void* operator new(unsigned) { return (void*)4; }
__attribute__((noinline)) void operator delete(void*, unsigned) noexcept {}
extern "C" __attribute__((noinline)) int printf(const char*, ...) { return 0; }
int main() { int* volatile p = new int; delete p; return printf("x"); })");
  EXPECT_GE(forbidden_symbols(read_elf(operators.elf())).size(), 2u);
}

TEST(Elf, DamagedFilesAreErrors) {
  const Image image("cortex-m4", "int main() { return 0; }");
  const std::vector<uint8_t> whole = read_file(image.elf());
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory.path() / "damaged.elf";
  for (size_t length = 0; length < whole.size(); length += 1 + whole.size() / 97) {
    write_file(file, std::vector<uint8_t>(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length)));
    EXPECT_EQ(error_of([&] { read_elf(file); }).code(), ErrorCode::bad_input) << length;
  }
  for (size_t i = 0; i < 2000; ++i) {  // must not crash, whatever it says
    std::vector<uint8_t> flipped = whole;
    const size_t end = whole.size() - 1;
    flipped[i < 52 ? i : end - (i - 52) % 800] ^= static_cast<uint8_t>(1u << (i % 8));
    write_file(file, flipped);
    try {
      section_sizes(read_elf(file));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::bad_input);
    }
  }
}

}  // namespace
}  // namespace whit::target
