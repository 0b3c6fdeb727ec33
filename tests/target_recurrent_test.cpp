// Recurrent layers and int16 activations on emulated targets: the bytes of the host, and what a step costs.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/golden.hpp"
#include "whit/base/file.hpp"
#include "whit/compile/compile.hpp"
#include "whit/compress/quantize.hpp"
#include "whit/compress/test_quantized.hpp"
#include "whit/formats/tflite/reader.hpp"
#include "whit/ir/text.hpp"
#include "whit/target/bench.hpp"

namespace whit::tests {
namespace {

std::vector<uint8_t> random_bytes(size_t count) {
  std::mt19937 random(1);
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

void expect_same_bytes_as_host(ir::Graph graph, const char* target_name) {
  const std::string name = graph.name;
  const target::Target& machine = target::find_target(target_name);
  compile::CompileOptions options;
  options.kernels = compile::kernel_set(machine.kernels);
  const compile::Compiled compiled = compile::compile(std::move(graph), options, {});
  compile::HostPlayer player(compiled.program);
  target::Tensors inputs;
  for (size_t i = 0; i < compiled.program.inputs().size(); ++i) {
    inputs.push_back(random_bytes(compiled.program.inputs()[i].info.bytes));
    player.set_input(i, inputs.back());
  }
  player.invoke();
  const target::BenchImage image(machine, compiled.program, compile::Optimize::balanced);
  const target::BenchResult result = image.measure(inputs);
  for (size_t i = 0; i < result.outputs.size(); ++i) EXPECT_EQ(result.outputs[i], player.output(i)) << name;
  for (const target::BenchLayer& layer : result.layers) {
    if (layer.op != "lstm" && layer.op != "gru" && layer.op != "svdf") continue;
    fmt::print("{} on {}: {} {}: {} instructions, {} multiply-accumulates\n", name, target_name, layer.op, layer.name,
               layer.cost.instructions, layer.macs);
  }
}

class TargetRecurrent : public testing::TestWithParam<const char*> {};

TEST_P(TargetRecurrent, GivesTheBytesOfTheHost) {
  if (shared_directory().empty()) GTEST_SKIP() << "skipped: no ../shared";
  const std::string folder = shared_directory().string() + "/models/tflite/tflite-micro/";
  for (const char* file : {"examples__dtln__dtln_noise_suppression", "micro__models__keyword_scrambled",
                           "micro__models__keyword_scrambled_8bit", "seanet__conv__conv15"}) {
    expect_same_bytes_as_host(tflite::read_tflite_file(folder + file + ".tflite"), GetParam());
  }
}

// A float model, quantized: its integers are the same on the target.
TEST_P(TargetRecurrent, QuantizedLayersGiveTheBytesOfTheHost) {
  for (const bool lstm : {true, false}) {
    const ir::Graph graph = ir::parse_text(compress::recurrent_net(lstm));
    const compress::Calibration calibration = compress::calibrate(graph, compress::samples(200, 12 * 3), false);
    for (const auto precision : {compress::Precision::int8, compress::Precision::int16x8}) {
      compress::QuantizeOptions options;
      options.recipe.precision = precision;
      expect_same_bytes_as_host(compress::quantize(graph, calibration, options), GetParam());
    }
  }
}

// No model of others has a GRU: four steps of three units.
TEST_P(TargetRecurrent, AGruGivesTheBytesOfTheHost) {
  for (const char* type : {"i8", "i16"}) {
    const std::string scale =
        std::string(type) == "i8" ? "scale 0.0078125 zero_point 2" : "scale 3.0517578125e-05 zero_point 0";
    expect_same_bytes_as_host(ir::parse_text(fmt::format(R"(graph "gru_{0}"
input %0 "x": {0} [1,4,5] {1}
const %1 "w": i8 [3,5] scale 0.01 zero_point 0 = {{1 -20 30 -40 50 60 -70 80 -90 100 110 -120 127 -128 7}}
const %2 "r": i8 [3,3] scale 0.01 zero_point 0 = {{100 -20 30 -40 50 60 -70 80 90}}
const %3 "b": i32 [3] = {{1000 -2000 500}}
%4 "y": {0} [1,4,3] {1}, %5 "h": i16 [1,3] scale 3.0517578125e-05 zero_point 0 = gru(%0, %1, %1, %1, %2, %2, %2, %3, %3, %3, %3, %3, %3, -)
output %4, %5
)",
                                                         type, scale)),
                              GetParam());
  }
}

INSTANTIATE_TEST_SUITE_P(All, TargetRecurrent, testing::Values("cortex-m4", "riscv32"), [](const auto& info) {
  return std::string(info.param) == "riscv32" ? "riscv32" : "cortex_m4";
});

}  // namespace
}  // namespace whit::tests
