#include "whit/control/target_run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "whit/base/file.hpp"
#include "whit/compile/emit/emit_control.hpp"
#include "whit/compile/emit/emit_features.hpp"
#include "whit/compile/emit/text.hpp"
#include "whit/target/build.hpp"
#include "whit/target/elf.hpp"
#include "whit/target/measure.hpp"

namespace whit::control {
namespace {

// The readings come from the emulator, so that the image holds none. `measured`: the minute to count.
constexpr char kMain[] = R"(#include "{name}.hpp"
#include "{name}_control.hpp"
#include "targets/common/support.h"

struct Input {{
  int32_t count, measured;
  {name}_control saved;
  struct {{
    int32_t minute;
    float sensors[4];
  }} minutes[{minutes}];
}};
__attribute__((section(".noinit"))) Input whit_control_input;
alignas(16) static uint8_t arena[{upper}_ARENA_BYTES];
static {name}_control control;

int main() {{
  const Input& input = whit_control_input;
  if ({name}_init(arena, sizeof arena) != whit_status_ok) return 1;
  control = input.saved;
  {name}_control_resume(&control);
  whit_stack_paint();
  for (int32_t i = 0; i < input.count; ++i) {{
    const float* sensors = input.minutes[i].sensors;
    if (i == input.measured) whit_profile_start();
    const int demand = {name}_control_minute(&control, arena, input.minutes[i].minute, sensors[0], sensors[1],
                                             sensors[2], sensors[3]);
    if (i == input.measured) whit_profile_stop();
    const uint8_t byte = static_cast<uint8_t>(demand);
    whit_write_hex(&byte, 1);
    for (int plan = 0; plan < 3; ++plan) {{
      const float forecast = {name}_control_forecast(&control, plan);
      whit_write_hex(&forecast, sizeof forecast);
    }}
  }}
  const uint32_t stack_bytes = whit_stack_used_bytes();
  whit_write_hex(&stack_bytes, sizeof stack_bytes);
  whit_write_hex(&control, sizeof control);
  return 0;
}}
)";

// What one run of the image prints.
struct Printed {
  std::vector<uint8_t> demands;
  std::vector<rt::Forecast> forecasts;
  uint32_t stack_bytes = 0;
  std::vector<uint8_t> saved;
};

class ControlImage {
 public:
  ControlImage(const target::Target& target, const Forecaster& forecaster, const Options& options,
               compile::Optimize optimize, const std::vector<Minute>& loop)
      : target_(target),
        name_(forecaster.program.name()),
        saved_bytes_(sizeof(rt::ControlState) + sizeof(float) * static_cast<size_t>(forecaster.table.rows) *
                                                    static_cast<size_t>(forecaster.table.channels)),
        loop_(loop) {
    compile::Firmware firmware = compile::emit(
        forecaster.program,
        {name_, optimize, target.name, target.compiler, fmt::format("{}", fmt::join(target.machine_flags, " "))});
    compile::emit_features(forecaster.table, name_, firmware);
    compile::emit_control(options.device, forecaster.sensors, name_, firmware);
    firmware["main.cpp"] = fmt::format(fmt::runtime(kMain), fmt::arg("name", name_),
                                       fmt::arg("upper", compile::upper(name_)), fmt::arg("minutes", loop.size()));
    compile::write_firmware(firmware, directory_.path());
    target::BuildInput build;
    for (const char* part : {"", "_control"}) build.sources.push_back(file(name_ + part + ".cpp"));
    build.sources.push_back(file("main.cpp"));
    build.include_directories = {directory_.path()};
    target::build_image(target, build, file("image.elf"));
    elf_ = target::read_elf(file("image.elf"));
  }

  const target::ElfImage& elf() const { return elf_; }

  // Minutes [first, last), from `saved` (empty: from the beginning).
  Printed run(size_t first, size_t last, const std::vector<uint8_t>& saved) const {
    return read(target::run_image(target_, file("image.elf"), kSeconds, {input(first, last, saved, -1)}), last - first);
  }
  // What minute `measured` costs.
  target::Cost measure(size_t measured) const {
    return target::measure_image(target_, file("image.elf"), kSeconds,
                                 {input(0, measured + 1, {}, static_cast<int32_t>(measured))})
        .total;
  }

 private:
  static constexpr double kSeconds = 600;
  static constexpr size_t kMinuteBytes = 1 + sizeof(rt::Forecast);

  std::filesystem::path file(const std::string& name) const { return directory_.path() / name; }

  target::MemoryFile input(size_t first, size_t last, const std::vector<uint8_t>& saved, int32_t measured) const {
    // As struct Input of the image has it.
    const int32_t head[2] = {static_cast<int32_t>(last - first), measured};
    std::vector<uint8_t> bytes(sizeof head + saved_bytes_ + (last - first) * sizeof(rt::MinuteReadings));
    std::memcpy(bytes.data(), head, sizeof head);
    std::copy(saved.begin(), saved.end(), bytes.begin() + sizeof head);
    uint8_t* at = bytes.data() + sizeof head + saved_bytes_;
    for (size_t i = first; i < last; ++i, at += sizeof(rt::MinuteReadings)) {
      std::memcpy(at, &loop_[i].readings, sizeof(rt::MinuteReadings));
    }
    write_file(file("input.bin"), bytes);
    return {target::symbol_address(elf_, "whit_control_input"), file("input.bin")};
  }

  Printed read(const target::RunResult& run, size_t minutes) const {
    const std::vector<uint8_t> bytes = target::printed_bytes(run, minutes * kMinuteBytes + 4 + saved_bytes_, name_);
    Printed printed;
    printed.forecasts.resize(minutes);
    const uint8_t* at = bytes.data();
    for (size_t i = 0; i < minutes; ++i, at += kMinuteBytes) {
      printed.demands.push_back(at[0]);
      std::memcpy(&printed.forecasts[i], at + 1, sizeof(rt::Forecast));
    }
    std::memcpy(&printed.stack_bytes, at, sizeof printed.stack_bytes);
    printed.saved.assign(at + sizeof printed.stack_bytes, bytes.data() + bytes.size());
    return printed;
  }

  const target::Target& target_;
  std::string name_;
  size_t saved_bytes_;
  const std::vector<Minute>& loop_;
  TemporaryDirectory directory_;
  target::ElfImage elf_;
};

}  // namespace

TargetRun run_on_target(const target::Target& target, const Forecaster& forecaster, const Options& options,
                        compile::Optimize optimize, const std::vector<Minute>& loop, int64_t restart) {
  const ControlImage image(target, forecaster, options, optimize, loop);
  const Printed all = image.run(0, loop.size(), {});
  TargetRun result;
  result.minutes = static_cast<int64_t>(loop.size());
  result.restarted_at = restart;
  const bool is_float = forecaster.table.output_scale == 0;
  for (size_t i = 0; i < loop.size(); ++i) {
    if (all.demands[i] == static_cast<uint8_t>(loop[i].demand)) ++result.same_demands;
    const rt::Forecast &ours = loop[i].forecast, &theirs = all.forecasts[i];
    if (!rt::is_forecast_due(options.device, loop[i].readings.minute) || !rt::is_number(ours.at[0])) continue;
    ++result.forecasts;
    bool same = true;
    for (size_t plan = 0; plan < 3; ++plan) {
      const float difference = std::abs(theirs.at[plan] - ours.at[plan]);
      same = same && (is_float ? difference <= 1e-4f : difference == 0);
    }
    if (same) ++result.same_forecasts;
  }
  const auto at = static_cast<size_t>(restart);
  const Printed before = image.run(0, at, {});
  const Printed after = image.run(at, loop.size(), before.saved);
  for (size_t i = at; i < loop.size(); ++i) {
    if (after.demands[i - at] == static_cast<uint8_t>(loop[i].demand)) ++result.same_after_restart;
  }
  const target::SectionSizes sizes = target::section_sizes(image.elf());
  result.flash_bytes = sizes.code_bytes + sizes.weights_bytes + sizes.data_bytes;
  result.weights_bytes = sizes.weights_bytes;
  result.arena_bytes = forecaster.program.header().arena_bytes;
  result.stack_bytes = all.stack_bytes;
  result.window_bytes = static_cast<uint32_t>(forecaster.table.rows * forecaster.table.channels * 4);
  result.state_bytes = sizeof(rt::ControlState);
  auto asked = static_cast<size_t>(forecaster.table.rows);
  while (asked + 1 < loop.size() && !rt::is_forecast_due(options.device, loop[asked].readings.minute)) ++asked;
  const target::Cost forecast = image.measure(asked);
  result.forecast_instructions = forecast.instructions;
  result.forecast_cycles = forecast.cycles[1];
  result.minute_instructions = image.measure(asked - 1).instructions;
  return result;
}

std::string cost_text(const TargetRun& run, const target::Target& target) {
  return fmt::format(
      "flash     {} bytes: {} weights and biases, {} code, tables and start-up\n"
      "RAM       {} bytes: {} arena, {} stack, {} window of readings, {} state\n"
      "time      {} instructions for a minute, {} with a forecast: {:.2f} ms estimated at {} MHz\n",
      run.flash_bytes, run.weights_bytes, run.flash_bytes - run.weights_bytes, run.ram_bytes(), run.arena_bytes,
      run.stack_bytes, run.window_bytes, run.state_bytes, run.minute_instructions, run.forecast_instructions,
      1e3 * static_cast<double>(run.forecast_cycles) / target.clock_hz, target.clock_hz / 1000000);
}

nlohmann::ordered_json to_json(const TargetRun& run, const target::Target& target) {
  return {{"target", target.name},
          {"same", run.same()},
          {"minutes", run.minutes},
          {"same_demands", run.same_demands},
          {"forecasts", run.forecasts},
          {"same_forecasts", run.same_forecasts},
          {"restarted_at", run.restarted_at},
          {"same_after_restart", run.same_after_restart},
          {"flash_bytes", run.flash_bytes},
          {"weights_bytes", run.weights_bytes},
          {"ram_bytes", run.ram_bytes()},
          {"arena_bytes", run.arena_bytes},
          {"stack_bytes", run.stack_bytes},
          {"window_bytes", run.window_bytes},
          {"state_bytes", run.state_bytes},
          {"minute_instructions", run.minute_instructions},
          {"forecast_instructions", run.forecast_instructions},
          {"forecast_cycles_estimated", run.forecast_cycles},
          {"clock_hz", target.clock_hz}};
}

}  // namespace whit::control
