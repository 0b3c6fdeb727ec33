// The predictive controller as firmware on emulated machines: the decisions of this machine, also after a restart.
#include <gtest/gtest.h>

#include "whit/compile/compile.hpp"
#include "whit/compile/emit/emit_features.hpp"
#include "whit/control/target_run.hpp"
#include "whit/ir/text.hpp"

namespace whit::control {
namespace {

// A change in proportion to that of the last half hour.
constexpr const char* kGraph = R"(graph "trend"
input %0 "x": i8 [1,2] scale 0.0625 zero_point 0
const %1 "w": i8 [1,2] scale 0.0078125 zero_point 0 = {127 0}
const %2 "b": i32 [1] scale 0.00048828125 zero_point 0 = {0}
%3 "y": i8 [1,1] scale 0.0625 zero_point 0 = fully_connected(%0, %1, %2)
output %3
)";
constexpr rt::LagFeature kLags[] = {{rt::LagKind::delta, 0, 30}, {rt::LagKind::day_cos, 0, 0}};

Forecaster forecaster_for(const target::Target& target) {
  compile::CompileOptions options;
  options.kernels = compile::kernel_set(target.kernels);
  Forecaster forecaster{compile::compile(ir::parse_text(kGraph), options, Sha256{}).program, {}, {}, {0}};
  rt::FeatureTable table{};
  table.kind = rt::FeatureKind::lags;
  table.channels = table.steps = table.every = 1;
  table.rows = 31;
  table.lags = kLags;
  table.lag_count = 2;
  table.step_s = 60;
  forecaster.table = compile::bind_features(table, forecaster.program, "test");
  return forecaster;
}

TEST(Control, DecidesTheSameOnEmulatedMachines) {
  const std::string building = WHIT_SOURCE_DIR "/examples/hvac/building.toml";
  const TomlTable root = TomlTable::read(building);
  simulate::SimulationOptions simulation = simulate::read_simulation(root);
  const Options options = read_options(root, simulation, 3600);
  for (const char* name : {"qemu-cortex-m4", "qemu-riscv32", "qemu-cortex-m0plus"}) {
    SCOPED_TRACE(name);
    const target::Target& target = target::find_target(name);
    const Forecaster forecaster = forecaster_for(target);
    for (const Season& season : options.seasons) {
      simulation.start_seconds = season.start_seconds;
      const LoopResult loop = run_loop(Controller::predictive, simulation, 3, 1, options, &forecaster, true);
      const TargetRun run = run_on_target(target, forecaster, options, compile::Optimize::balanced, loop.minutes, 500);
      EXPECT_TRUE(run.same());
      EXPECT_GT(run.forecasts, 200);
      EXPECT_GT(loop.starts, 3);
      EXPECT_GT(run.forecast_instructions, run.minute_instructions);
      EXPECT_LT(run.flash_bytes, 32u << 10);
    }
  }
}

TEST(Control, AWrongDecisionIsFound) {
  const target::Target& target = target::find_target("qemu-cortex-m4");
  const TomlTable root = TomlTable::read(WHIT_SOURCE_DIR "/examples/hvac/building.toml");
  const simulate::SimulationOptions simulation = simulate::read_simulation(root);
  const Options options = read_options(root, simulation, 3600);
  const Forecaster forecaster = forecaster_for(target);
  LoopResult loop = run_loop(Controller::predictive, simulation, 3, 1, options, &forecaster, true);
  loop.minutes[700].demand = loop.minutes[700].demand == rt::Demand::off ? rt::Demand::heat : rt::Demand::off;
  const TargetRun run = run_on_target(target, forecaster, options, compile::Optimize::balanced, loop.minutes, 500);
  EXPECT_EQ(run.minutes - run.same_demands, 1);
  EXPECT_FALSE(run.same());
}

}  // namespace
}  // namespace whit::control
