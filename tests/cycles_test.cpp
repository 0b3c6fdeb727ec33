// The counter against loops whose instructions and cycles follow from docs/cycles.md by hand.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "whit/base/file.hpp"
#include "whit/target/build.hpp"
#include "whit/target/measure.hpp"

namespace whit::target {
namespace {

// One loop: `body` runs n times, followed by the loop's own decrement and branch.
struct Loop {
  const char* body;
  uint64_t instructions;
  std::array<uint64_t, 3> cycles;  // of the body alone: low, mid, high
};

// Layers 2i and 2i + 1 run loop i once and 101 times: the difference is 100 turns, whatever the frame costs.
std::string image_source(const std::vector<Loop>& loops, const char* step) {
  std::string source =
      "#include \"targets/common/support.h\"\n"
      "__attribute__((aligned(16))) uint32_t memory[16];\n"
      "extern \"C\" __attribute__((naked, used)) void whit_test_leaf() { __asm__ volatile(RETURN); }\n";
  std::string calls;
  for (size_t i = 0; i < loops.size(); ++i) {
    source += fmt::format(
        "__attribute__((noinline)) void loop{}(int n) {{\n"
        "  register int count __asm__(COUNT) = n;\n  register uint32_t* p __asm__(POINTER) = memory;\n"
        "  __asm__ volatile(\".p2align 2\\n1:\\n\" \"{}\\n\" \"{}\" : \"+r\"(count), \"+r\"(p) : : CLOBBERS);\n}}\n",
        i, loops[i].body, step);
    calls += fmt::format("  WHIT_MARK_LAYER({});\n  loop{}(1);\n  WHIT_MARK_LAYER({});\n  loop{}(101);\n", 2 * i, i,
                         2 * i + 1, i);
  }
  return source + "int main() {\n  memory[0] = (uint32_t)(uintptr_t)memory;\n  whit_profile_start();\n" + calls +
         fmt::format("  WHIT_MARK_LAYER({});\n  whit_profile_stop();\n  return 0;\n}}\n", 2 * loops.size());
}

void check_loops(const char* name, const std::vector<Loop>& loops, const char* step, Cost turn,
                 const std::vector<std::string>& defines) {
  const Target& target = find_target(name);
  const TemporaryDirectory directory;
  write_file(directory.path() / "loops.cpp", image_source(loops, step));
  BuildInput input;
  input.sources = {directory.path() / "loops.cpp"};
  input.defines = defines;
  build_image(target, input, directory.path() / "loops.elf");
  const Measurement measured = measure_image(target, directory.path() / "loops.elf", 60);
  EXPECT_EQ(measured.run.exit_code, 0);
  std::map<int, Cost> layers;
  for (const LayerCost& layer : measured.layers) layers[layer.number] = layer.cost;
  for (size_t i = 0; i < loops.size(); ++i) {
    SCOPED_TRACE(fmt::format("{}: {}", name, loops[i].body));
    const Cost& once = layers[static_cast<int>(2 * i)];
    const Cost& often = layers[static_cast<int>(2 * i + 1)];
    EXPECT_EQ(often.instructions - once.instructions, 100 * (loops[i].instructions + turn.instructions));
    for (size_t v = 0; v < 3; ++v) {
      EXPECT_EQ(often.cycles[v] - once.cycles[v], 100 * (loops[i].cycles[v] + turn.cycles[v])) << "variant " << v;
    }
  }
}

TEST(Cycles, CortexM4) {
  check_loops("cortex-m4",
              {
                  {"nop", 1, {1, 1, 1}},
                  {"mul r1, r2, r2", 1, {1, 1, 1}},
                  {"smlad r1, r2, r2, r1", 1, {1, 1, 1}},
                  {"smmla r1, r2, r2, r1", 1, {1, 1, 1}},
                  {"smlal r1, r3, r2, r2", 1, {1, 1, 1}},
                  {"sdiv r1, r2, r2", 1, {2, 6, 12}},
                  {"ldr r1, [r2]", 1, {2, 2, 2}},
                  {"ldr r1, [r2]\\n ldrb r3, [r2, #4]", 2, {3, 3, 3}},
                  {"ldr r1, [r2]\\n ldr r3, [r1]", 2, {4, 4, 5}},
                  {"add r1, r2, #4\\n ldr r3, [r1]", 2, {3, 3, 4}},
                  {"str r1, [r2, #8]", 1, {1, 1, 1}},
                  {"movs r3, #8\\n nop\\n str r1, [r2, r3]", 3, {4, 4, 4}},
                  {"movs r3, #8\\n ldr r1, [r2]\\n str r1, [r2, r3]", 3, {4, 4, 4}},
                  {"ldr r1, [r2, #1]", 1, {2, 4, 4}},
                  {"ldr r1, [r2, #2]", 1, {2, 3, 3}},
                  {"ldrh r1, [r2, #1]", 1, {2, 3, 3}},
                  {"str r1, [r2, #18]", 1, {1, 2, 2}},
                  {"ldm r2, {r1, r3, r4, r5}", 1, {5, 5, 5}},
                  {"ldrd r4, r5, [r2]", 1, {3, 3, 3}},
                  {"push {r4, r5}\\n pop {r4, r5}", 2, {6, 6, 6}},
                  {"cmp r0, r0\\n it ne\\n ldrne r1, [r2]", 3, {2, 2, 3}},
                  {"cmp r0, r0\\n it eq\\n ldreq r1, [r2]", 3, {3, 3, 4}},
                  {"cmp.w r0, r0\\n it eq\\n moveq r1, r2", 3, {2, 3, 3}},
                  {"cmp r0, r0\\n bne 1b", 2, {2, 2, 2}},
                  {"cmp r0, r0\\n beq 2f\\n 2:", 2, {2, 2, 2}},  // to the next instruction: as good as not taken
                  {"b 2f\\n nop\\n 2:", 1, {2, 3, 4}},
                  {"bl whit_test_leaf", 2, {4, 6, 8}},
                  {"vldr s0, [r2]", 1, {2, 2, 2}},
                  {"vmul.f32 s0, s1, s1", 1, {1, 1, 1}},
                  {"vfma.f32 s0, s1, s1", 1, {3, 3, 3}},
                  {"vdiv.f32 s0, s1, s1", 1, {14, 14, 14}},
                  {"vldm r2, {s0-s3}", 1, {5, 5, 5}},
              },
              "subs r0, #1\\n bne 1b", {2, {3, 4, 5}},
              {"COUNT=\"r0\"", "POINTER=\"r2\"", "RETURN=\"bx lr\"",
               "CLOBBERS=\"r1\",\"r3\",\"r4\",\"r5\",\"lr\",\"s0\",\"s1\",\"s2\",\"s3\",\"cc\",\"memory\""});
}

TEST(Cycles, CortexM3MultipliesSlower) {
  check_loops("cortex-m3",
              {{"mul r1, r2, r2", 1, {1, 1, 1}},
               {"mla r1, r2, r2, r1", 1, {2, 2, 2}},
               {"smull r1, r3, r2, r2", 1, {4, 4, 4}},
               {"smlal r1, r3, r2, r2", 1, {6, 6, 6}}},
              "subs r0, #1\\n bne 1b", {2, {3, 4, 5}},
              {"COUNT=\"r0\"", "POINTER=\"r2\"", "RETURN=\"bx lr\"",
               "CLOBBERS=\"r1\",\"r3\",\"r4\",\"r5\",\"lr\",\"cc\",\"memory\""});
}

TEST(Cycles, CortexM0Plus) {
  check_loops("cortex-m0plus",
              {{"nop", 1, {1, 1, 1}},
               {"mul r1, r2", 1, {1, 1, 1}},
               {"ldr r1, [r2]\\n ldr r3, [r2]", 2, {4, 4, 4}},
               {"str r1, [r2, #8]", 1, {2, 2, 2}},
               {"push {r4, r5}\\n pop {r4, r5}", 2, {6, 6, 6}},
               {"mov r3, r2\\n ldmia r3!, {r1, r4, r5}", 2, {5, 5, 5}},
               {"b 2f\\n nop\\n 2:", 1, {2, 2, 2}},
               {"bl whit_test_leaf", 2, {5, 5, 5}}},
              "sub r0, #1\\n bne 1b", {2, {3, 3, 3}},
              {"COUNT=\"r0\"", "POINTER=\"r2\"", "RETURN=\"bx lr\"",
               "CLOBBERS=\"r1\",\"r3\",\"r4\",\"r5\",\"lr\",\"cc\",\"memory\""});
}

TEST(Cycles, RiscV) {
  check_loops("riscv32",
              {{"nop", 1, {1, 1, 1}},
               {"lw t0, 0(a2)", 1, {1, 2, 2}},
               {"lbu t0, 1(a2)", 1, {1, 2, 2}},
               {"sw t0, 8(a2)", 1, {1, 1, 1}},
               {"mul t0, a2, a2", 1, {1, 1, 5}},
               {"div t0, a2, a2", 1, {8, 34, 34}},
               {"bnez zero, 1b", 1, {1, 1, 1}},
               {"j 2f\\n nop\\n 2:", 1, {2, 3, 4}},
               {"jal whit_test_leaf", 2, {4, 6, 8}}},
              "addi a0, a0, -1\\n bnez a0, 1b", {2, {3, 4, 5}},
              {"COUNT=\"a0\"", "POINTER=\"a2\"", "RETURN=\"ret\"", "CLOBBERS=\"t0\",\"ra\",\"memory\""});
}

TEST(Count, ALoopOfNTurnsIsTwoNPlusFive) {
  const Target& target = find_target("cortex-m4");
  const TemporaryDirectory directory;
  // bx lr of the marker, mov or movw + movt, bl, 2n, bx lr, and a nop where one word is enough for n.
  write_file(directory.path() / "loop.cpp",
             "#include \"targets/common/support.h\"\n"
             "__attribute__((naked, noinline)) void loop() {\n"
             "  __asm__ volatile(\"movw r0, %0\\n movt r0, %1\\n 1: subs r0, #1\\n bne 1b\\n b whit_profile_stop\"\n"
             "                   : : \"i\"(TURNS & 0xFFFF), \"i\"(TURNS >> 16));\n}\n"
             "int main() { whit_profile_start(); loop(); return 3; }\n");
  for (const int turns : {1, 2, 1000, 5'000'000}) {
    BuildInput input;
    input.sources = {directory.path() / "loop.cpp"};
    input.defines = {fmt::format("TURNS={}", turns)};
    build_image(target, input, directory.path() / "loop.elf");
    const Measurement measured = measure_image(target, directory.path() / "loop.elf", 60);
    EXPECT_EQ(measured.total.instructions, 2u * static_cast<unsigned>(turns) + 5);  // bx lr, bl, movw, movt, b
    EXPECT_EQ(measured.run.exit_code, 3);
  }
}

// 48 lines of constants, read twice from the first to the last: a cache of 32 lines holds none of them for the second
// time, one of 64 all.
TEST(Traffic, ConstantsReadTwice) {
  for (const char* name : {"cortex-m4", "riscv32"}) {
    SCOPED_TRACE(name);
    const TemporaryDirectory directory;
    write_file(directory.path() / "read.cpp", R"(
#include "targets/common/support.h"
__attribute__((aligned(32))) extern const uint32_t constants[48 * 8];
const uint32_t constants[48 * 8] = {1};
int main() {
  uint32_t sum = 0;
  const volatile uint32_t* at = constants;
  __asm__("" : "+r"(at));
  whit_profile_start();
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 48 * 8; ++i) sum += at[i];
  }
  whit_profile_stop();
  return sum == 2 ? 0 : 1;
}
)");
    BuildInput input;
    input.sources = {directory.path() / "read.cpp"};
    build_image(find_target(name), input, directory.path() / "read.elf");
    const Measurement measured = measure_image(find_target(name), directory.path() / "read.elf", 60);
    EXPECT_EQ(measured.run.exit_code, 0);
    const Reuse& data = measured.traffic.data;
    EXPECT_EQ(data[0], 2u * 48 * 7);
    EXPECT_EQ(data[6], 48u);
    EXPECT_GE(data.back(), 48u);  // and a literal of the loop's own
    EXPECT_LE(data.back(), 49u);
    // The loop's few lines stay in any cache that has two, but for the data between them.
    EXPECT_LE(measured.traffic.code.back(), 4u);
    EXPECT_GE(measured.traffic.both.back(), data.back() + 1);
  }
}

}  // namespace
}  // namespace whit::target
