#include "whit/target/bench.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <nlohmann/json.hpp>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/base/hash.hpp"
#include "whit/compile/emit/emit.hpp"
#include "whit/compile/emit/text.hpp"
#include "whit/target/build.hpp"

namespace whit::target {
namespace {

// The program round the model. The input comes from the emulator, so that the image holds none.
constexpr char kMain[] = R"(#include "{name}.hpp"
#include "targets/common/support.h"

__attribute__((section(".noinit"))) uint8_t whit_bench_input[{input_bytes}];
alignas(16) static uint8_t arena[{upper}_ARENA_BYTES];

int main() {{
  if ({name}_init(arena, sizeof arena) != whit_status_ok) return 1;
{fills}  whit_stack_paint();
  whit_profile_start();
  {name}_invoke(arena);
  whit_profile_stop();
  const uint32_t stack_bytes = whit_stack_used_bytes();
  whit_write_hex(&stack_bytes, sizeof stack_bytes);
{prints}  return 0;
}}
)";

std::string bench_main(const compile::Program& program) {
  std::string fills;
  std::string prints;
  size_t offset = 0;
  for (size_t i = 0; i < program.inputs().size(); ++i) {
    const uint32_t bytes = program.inputs()[i].info.bytes;
    fills += fmt::format("  __builtin_memcpy({}_input_{}(arena), whit_bench_input + {}, {});\n", program.name(), i,
                         offset, bytes);
    offset += bytes;
  }
  for (size_t i = 0; i < program.outputs().size(); ++i) {
    prints +=
        fmt::format("  whit_write_hex({}_output_{}(arena), {});\n", program.name(), i, program.outputs()[i].info.bytes);
  }
  return fmt::format(
      fmt::runtime(kMain), fmt::arg("name", program.name()), fmt::arg("upper", compile::upper(program.name())),
      fmt::arg("input_bytes", std::max<size_t>(offset, 1)), fmt::arg("fills", fills), fmt::arg("prints", prints));
}

struct Printed {
  uint32_t stack_bytes = 0;
  Tensors outputs;
};

Printed read_printed(const compile::Program& program, const RunResult& run) {
  Printed printed;
  size_t bytes = sizeof printed.stack_bytes;
  for (const compile::ProgramTensor& output : program.outputs()) bytes += output.info.bytes;
  const std::vector<uint8_t> all = printed_bytes(run, bytes, program.name());
  std::memcpy(&printed.stack_bytes, all.data(), sizeof printed.stack_bytes);
  auto at = all.begin() + sizeof printed.stack_bytes;
  for (const compile::ProgramTensor& output : program.outputs()) {
    printed.outputs.emplace_back(at, at + output.info.bytes);
    at += output.info.bytes;
  }
  return printed;
}

std::vector<uint8_t> joined(const Tensors& tensors) {
  std::vector<uint8_t> all;
  for (const auto& bytes : tensors) all.insert(all.end(), bytes.begin(), bytes.end());
  return all;
}

}  // namespace

BenchImage::BenchImage(const Target& target, const compile::Program& program, compile::Optimize optimize)
    : target_(target), program_(program) {
  compile::EmitOptions options;
  options.name = program.name();
  options.optimize = optimize;
  options.target = target.name;
  options.compiler = target.compiler;
  options.flags = fmt::format("{}", fmt::join(target.machine_flags, " "));
  compile::write_firmware(compile::emit(program, options), directory_.path());
  const std::filesystem::path main = directory_.path() / "bench_main.cpp";
  file_ = directory_.path() / "image.elf";
  write_file(main, bench_main(program));
  BuildInput build;
  build.sources = {directory_.path() / (program.name() + ".cpp"), main};
  build.include_directories = {directory_.path()};
  build.defines = {"WHIT_PROFILE"};
  build_image(target, build, file_);
  elf_ = read_elf(file_);
}

MemoryFile BenchImage::input_file(const Tensors& inputs) const {
  assert(inputs.size() == program_.inputs().size());
  const std::filesystem::path path = directory_.path() / "input.bin";
  write_file(path, joined(inputs));
  return {symbol_address(elf_, "whit_bench_input"), path};
}

Tensors BenchImage::run(const Tensors& inputs, double timeout_seconds) const {
  return read_printed(program_, run_image(target_, file_, timeout_seconds, {input_file(inputs)})).outputs;
}

BenchResult BenchImage::measure(const Tensors& inputs, double timeout_seconds) const {
  const Measurement measured = measure_image(target_, file_, timeout_seconds, {input_file(inputs)});
  const Printed printed = read_printed(program_, measured.run);
  BenchResult result;
  result.model_name = program_.name();
  result.model_sha256 = hex(program_.header().model_sha256);
  result.target = target_.name;
  result.flags = flags_text(target_);
  result.total = measured.total;
  result.traffic = measured.traffic;
  result.functions = measured.functions;
  for (const compile::ProgramOp& op : program_.ops()) {
    result.layers.push_back({op.name, op.op, static_cast<uint64_t>(op.macs), {}, {}});
  }
  for (const LayerCost& layer : measured.layers) {
    if (layer.number < 0 || static_cast<size_t>(layer.number) >= result.layers.size()) continue;
    result.layers[static_cast<size_t>(layer.number)].cost = layer.cost;
  }
  const SectionSizes sizes = section_sizes(elf_);
  result.arena_bytes = program_.header().arena_bytes;
  result.stack_bytes = printed.stack_bytes;
  result.weights_bytes = std::min(program_.header().weights_bytes, sizes.weights_bytes);
  result.code_bytes = sizes.code_bytes + sizes.weights_bytes + sizes.data_bytes - result.weights_bytes;
  result.forbidden = forbidden_symbols(elf_);
  result.outputs = printed.outputs;
  result.output_sha256 = hex(sha256(joined(printed.outputs)));
  return result;
}

std::string bench_json(const BenchResult& result) {
  using Json = nlohmann::ordered_json;
  const auto cost = [](Json& into, const Cost& c) {
    into["instructions"] = c.instructions;
    into["cycles_estimated"] = c.cycles[1];
    into["cycles_estimated_low"] = c.cycles[0];
    into["cycles_estimated_high"] = c.cycles[2];
  };
  Json json;
  json["model"] = {{"name", result.model_name}, {"sha256", result.model_sha256}};
  json["target"] = result.target;
  json["flags"] = result.flags;
  cost(json, result.total);
  json["layers"] = Json::array();
  for (const BenchLayer& layer : result.layers) {
    Json entry = {{"name", layer.name}, {"op", layer.op}, {"macs", layer.macs}};
    cost(entry, layer.cost);
    if (layer.alive_bytes) entry["alive_bytes"] = *layer.alive_bytes;
    json["layers"].push_back(entry);
  }
  json["functions"] = Json::array();
  for (const FunctionCost& function : result.functions) {
    Json entry = {{"name", function.name}};
    cost(entry, function.cost);
    json["functions"].push_back(entry);
  }
  json["arena_bytes"] = result.arena_bytes;
  json["stack_bytes"] = result.stack_bytes;
  json["code_bytes"] = result.code_bytes;
  json["weights_bytes"] = result.weights_bytes;
  json["output_sha256"] = result.output_sha256;
  json["forbidden_symbols"] = result.forbidden;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string bench_text(const BenchResult& result) {
  std::string text = fmt::format("{} on {}\nflags: {}\n\n", result.model_name, result.target, result.flags);
  const auto line = [&](const std::string& name, const std::string& op, uint64_t macs, const Cost& cost) {
    const std::string per_mac =
        macs == 0 ? "" : fmt::format("{:.2f}", static_cast<double>(cost.instructions) / static_cast<double>(macs));
    text += fmt::format("{:<36.36} {:<20.20} {:>10} {:>12} {:>7} {:>12}\n", name, op, macs, cost.instructions, per_mac,
                        cost.cycles[1]);
  };
  text += fmt::format("{:<36} {:<20} {:>10} {:>12} {:>7} {:>12}\n", "layer", "op", "MAC", "instructions", "per MAC",
                      "cycles est.");
  uint64_t macs = 0;
  for (const BenchLayer& layer : result.layers) {
    line(layer.name, layer.op, layer.macs, layer.cost);
    macs += layer.macs;
  }
  line("total", "", macs, result.total);
  text += fmt::format("\ninstructions      {}\ncycles, estimated {} ({} to {})\n", result.total.instructions,
                      result.total.cycles[1], result.total.cycles[0], result.total.cycles[2]);
  text +=
      fmt::format("arena             {} bytes\nstack             {} bytes\n", result.arena_bytes, result.stack_bytes);
  text +=
      fmt::format("code              {} bytes\nweights           {} bytes\n", result.code_bytes, result.weights_bytes);
  return text + fmt::format("output SHA-256    {}\n", result.output_sha256);
}

Tensors ramp37(const compile::Program& program) {
  const auto value = [](size_t i) { return static_cast<int32_t>((i * 37 + 11) % 256) - 128; };
  Tensors inputs;
  for (const compile::ProgramTensor& input : program.inputs()) {
    std::vector<uint8_t>& bytes = inputs.emplace_back(input.info.bytes);
    const auto type = static_cast<rt::ElementType>(input.info.type);
    if (type == rt::ElementType::i8 || type == rt::ElementType::u8) {
      for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(value(i));
    } else if (type == rt::ElementType::f32) {
      for (size_t i = 0; i < bytes.size() / 4; ++i) {
        const float real = static_cast<float>(value(i)) / 128.0f;
        std::memcpy(&bytes[i * 4], &real, sizeof real);
      }
    }
  }
  return inputs;
}

}  // namespace whit::target
