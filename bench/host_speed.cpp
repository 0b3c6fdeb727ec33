// How fast the host player runs models: time of one inference and nanoseconds for each multiply-accumulate.
//
//   host_speed [--benchmark_...] MODEL.tflite...
//
// The constant-channel pass is left out, so that all runtimes do the same multiply-accumulates. bench/host_speed.py
// runs this beside TensorFlow Lite and writes docs/results/host_speed.md.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/compile/compile.hpp"
#include "whit/formats/tflite/reader.hpp"

namespace {

using namespace whit;

compile::Program load(const std::string& file) {
  const std::vector<uint8_t> bytes = read_file(file);
  compile::CompileOptions options;
  options.passes.skip = {"fold_constant_channels"};
  return compile::compile(tflite::read_tflite(bytes, file), options, sha256(bytes)).program;
}

void run(benchmark::State& state, const compile::Program& program) {
  compile::HostPlayer player(program);
  for (size_t i = 0; i < program.inputs().size(); ++i) {
    std::vector<uint8_t> input(program.inputs()[i].info.bytes);
    for (size_t b = 0; b < input.size(); ++b) input[b] = static_cast<uint8_t>(b * 37 + 11 - 128);
    player.set_input(i, input);
  }
  int64_t macs = 0;
  for (const compile::ProgramOp& op : program.ops()) macs += op.macs;
  for (auto _ : state) {
    player.invoke();
    benchmark::ClobberMemory();
  }
  state.counters["macs"] = static_cast<double>(macs);
  state.counters["seconds_per_mac"] =
      benchmark::Counter(static_cast<double>(macs) * static_cast<double>(state.iterations()),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  try {
    for (int i = 1; i < argc; ++i) {
      const auto program = std::make_shared<compile::Program>(load(argv[i]));
      benchmark::RegisterBenchmark(std::filesystem::path(argv[i]).stem().c_str(), [program](benchmark::State& state) {
        run(state, *program);
      })->Unit(benchmark::kMicrosecond);
    }
  } catch (const Error& error) {
    std::fprintf(stderr, "host_speed: %s\n", error.what());
    return static_cast<int>(error.code());
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
