#include "whit/compile/emit/emit_features.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/base/process.hpp"
#include "whit/compile/compile.hpp"
#include "whit/compile/emit/emit_control.hpp"
#include "whit/ir/text.hpp"

namespace whit::compile {
namespace {

// Forecasts a change from four features: their sum, in steps of 0.25.
constexpr const char* kGraph = R"(graph "tiny"
input %0 "x": i8 [1,4] scale 0.125 zero_point -3
const %1 "w": i8 [1,4] scale 1 zero_point 0 = {1 1 1 1}
const %2 "b": i32 [1] scale 0.125 zero_point 0 = {0}
%3 "y": i8 [1,1] scale 0.25 zero_point 5 = fully_connected(%0, %1, %2)
output %3
)";

constexpr rt::LagFeature kLags[] = {
    {rt::LagKind::value, 0, 0}, {rt::LagKind::delta, 0, 2}, {rt::LagKind::mean, 1, 3}, {rt::LagKind::day_sin, 0, 0}};
constexpr rt::LagFeature kPlanned[] = {
    {rt::LagKind::value, 0, 0}, {rt::LagKind::delta, 0, 2}, {rt::LagKind::mean, 1, 3}, {rt::LagKind::planned, 1, 0}};
constexpr float kOffset[] = {20, 0.5f, 1, 0}, kScale[] = {0.25f, 1, 3, 1};

rt::FeatureTable table(bool plans) {
  rt::FeatureTable t{};
  t.kind = rt::FeatureKind::lags;
  t.channels = 2;
  t.rows = 3;
  t.lags = plans ? kPlanned : kLags;
  t.lag_count = 4;
  t.steps = t.every = 1;
  t.step_s = 60;
  t.offset = kOffset;
  t.scale = kScale;
  t.period = 4;
  t.change_of = 0;
  return t;
}

Program program() { return compile(ir::parse_text(kGraph), {}, Sha256{}).program; }

std::string output_of(const Firmware& firmware, const std::string& main, const std::vector<std::string>& sources) {
  const TemporaryDirectory directory;
  write_firmware(firmware, directory.path());
  write_file(directory.path() / "main.cpp", main);
  std::vector<std::string> command = {"g++",     "-std=c++17",
                                      "-Wall",   "-Wextra",
                                      "-Werror", "-O1",
                                      "-I",      directory.path().string(),
                                      "-o",      (directory.path() / "run").string()};
  for (const std::string& source : sources) command.push_back((directory.path() / source).string());
  const ProcessResult built = run_process(command, 300);
  if (built.exit_code != 0) return built.output;
  return run_process({(directory.path() / "run").string()}, 60).output;
}

class EmitFeatures : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(WithAndWithoutAPlan, EmitFeatures, testing::Bool());

TEST_P(EmitFeatures, ComputesWhatTheWorkshopComputes) {
  const Program model = program();
  const rt::FeatureTable bound = bind_features(table(GetParam()), model, "tiny");
  Firmware firmware = emit(model, {"tiny", Optimize::balanced, "host", "g++", ""});
  emit_features(bound, "tiny", firmware);
  EXPECT_NE(firmware.at("Makefile").find("tiny.cpp tiny_features.cpp tiny_selftest.cpp"), std::string::npos);

  const float rows[5][2] = {{18, 0}, {20, 1}, {20.5f, 0}, {21.25f, 1}, {22.5f, 1}};
  float features[rt::kMotionFeatures];  // 4 are used: the compiler sees every kind
  int8_t input[4];
  rt::write_input(bound, rows[2], 30000, 0.5f, features, input);
  HostPlayer player(model);
  player.set_input(0, std::vector<uint8_t>(input, input + 4));
  player.invoke();
  const float result = rt::read_output(bound, player.output(0).data(), rows[4]);
  const std::string expected =
      fmt::format("3 {} {} {} {} {}\n", input[0], input[1], input[2], input[3], static_cast<int>(result * 1000));
  const std::string plan = GetParam() ? "#define PLAN , 0.5f\n" : "#define PLAN\n";
  EXPECT_EQ(output_of(firmware, plan + R"(#include <stdio.h>
#include "tiny.hpp"
#include "tiny_features.hpp"
alignas(16) static uint8_t arena[TINY_ARENA_BYTES];
int main() {
  static tiny_window window;
  const float rows[5][TINY_CHANNELS] = {{18, 0}, {20, 1}, {20.5f, 0}, {21.25f, 1}, {22.5f, 1}};
  if (tiny_init(arena, sizeof arena) != whit_status_ok) return 1;
  for (const float* row : rows) tiny_window_push(&window, row);
  tiny_window_to_input(&window, 30000 PLAN, arena);
  const int8_t* x = tiny_input_0(arena);
  printf("%d %d %d %d %d ", static_cast<int>(window.filled), x[0], x[1], x[2], x[3]);
  tiny_invoke(arena);
  printf("%d\n", static_cast<int>(tiny_window_result(&window, arena) * 1000));
}
)",
                      {"main.cpp", "tiny.cpp", "tiny_features.cpp"}),
            expected);
}

constexpr rt::ControlOptions kOptions = {
    {20.5f, 24.5f}, {17, 29}, 1, 0.1f, {420, 1140, 31}, 180, 30, 5, 5, 30, 45, 60, 5, 15, 1.5f, 0.07f};

TEST(EmitControl, BuildsAndDecides) {  // by a model that is told what is planned
  const Program model = program();
  Firmware firmware = emit(model, {"tiny", Optimize::balanced, "host", "g++", ""});
  emit_features(bind_features(table(true), model, "tiny"), "tiny", firmware);
  const int32_t sensors[] = {0, 3};
  emit_control(kOptions, sensors, "tiny", firmware);
  // A cold room at noon of Monday, with somebody in it. Then the clock is lost, and the state is damaged: it begins
  // anew, as a machine that rests.
  EXPECT_EQ(output_of(firmware, R"(#include <stdio.h>
#include "tiny.hpp"
#include "tiny_control.hpp"
alignas(16) static uint8_t arena[TINY_ARENA_BYTES];
int main() {
  static tiny_control control;
  if (tiny_init(arena, sizeof arena) != whit_status_ok) return 1;
  printf("%d ", tiny_control_resume(&control));
  int demand = 0;
  for (int minute = 4 * 1440 + 720; minute < 4 * 1440 + 740; ++minute) {
    demand = tiny_control_minute(&control, arena, minute, 18, 0, 1, 0);
  }
  printf("%d %d ", demand, tiny_control_resume(&control));
  printf("%d ", tiny_control_minute(&control, arena, -1, 18, 0, 1, 0));
  for (int minute = 4 * 1440 + 740; minute < 4 * 1440 + 760; ++minute) {
    demand = tiny_control_minute(&control, arena, minute, 18, 0, 1, 0);
  }
  control.state[9] ^= 1;
  printf("%d %d ", demand, tiny_control_resume(&control));
  printf("%d ", tiny_control_minute(&control, arena, 4 * 1440 + 760, 23, 0, 1, 0));
  printf("%d\n", tiny_control_resume(&control));
}
)",
                      {"main.cpp", "tiny.cpp", "tiny_control.cpp"}),
            "0 1 1 0 1 0 0 1\n");
}

// What the firmware says of the state in `file`, where it then leaves its own after some minutes.
std::string resumed(const Program& model, const rt::FeatureTable& features, const rt::ControlOptions& options,
                    const std::string& file) {
  Firmware firmware = emit(model, {"tiny", Optimize::balanced, "host", "g++", ""});
  emit_features(bind_features(features, model, "tiny"), "tiny", firmware);
  emit_control(options, std::vector<int32_t>{0, 3}, "tiny", firmware);
  return output_of(firmware,
                   fmt::format(R"(#include <stdio.h>
#include "tiny.hpp"
#include "tiny_control.hpp"
alignas(16) static uint8_t arena[TINY_ARENA_BYTES];
int main() {{
  static tiny_control control;
  if (tiny_init(arena, sizeof arena) != whit_status_ok) return 1;
  if (FILE* saved = fopen("{0}", "rb")) {{
    if (fread(&control, sizeof control, 1, saved) != 1) return 1;
    fclose(saved);
  }}
  printf("%d", tiny_control_resume(&control));
  for (int minute = 7000; minute < 7020; ++minute) tiny_control_minute(&control, arena, minute, 18, 0, 1, 0);
  FILE* saved = fopen("{0}", "wb");
  if (saved == nullptr || fwrite(&control, sizeof control, 1, saved) != 1) return 1;
  fclose(saved);
}}
)",
                               file),
                   {"main.cpp", "tiny.cpp", "tiny_control.cpp"});
}

TEST(EmitControl, RefusesTheStateOfAnotherFirmware) {
  const TemporaryDirectory directory;
  const std::string file = directory.path() / "state";
  EXPECT_EQ(resumed(program(), table(false), kOptions, file), "0");
  EXPECT_EQ(resumed(program(), table(false), kOptions, file), "1");
  rt::ControlOptions options = kOptions;
  options.setback.low = 16;
  EXPECT_EQ(resumed(program(), table(false), options, file), "0");
  rt::FeatureTable other = table(false);
  other.offset = kScale;
  EXPECT_EQ(resumed(program(), other, options, file), "0");
  std::string graph = kGraph;
  graph.replace(graph.find("{1 1 1 1}"), 9, "{1 1 1 2}");
  EXPECT_EQ(resumed(compile(ir::parse_text(graph), {}, Sha256{}).program, other, options, file), "0");
}

TEST(BindFeatures, RefusesOtherModels) {
  rt::FeatureTable wrong = table(false);
  wrong.lag_count = 3;
  const auto message = [&](const rt::FeatureTable& t, const char* graph) {
    try {
      bind_features(t, compile(ir::parse_text(graph), {}, Sha256{}).program, "data.json");
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(message(wrong, kGraph), "the model takes 4 numbers, the data has 3 features");
  EXPECT_EQ(message(table(false), kGraph), "no error");
}

}  // namespace
}  // namespace whit::compile
