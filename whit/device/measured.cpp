#include "whit/device/measured.hpp"

#include <fmt/format.h>

#include <atomic>
#include <exception>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/base/hash.hpp"
#include "whit/base/process.hpp"
#include "whit/base/units.hpp"

namespace whit::device {
namespace {

using Json = nlohmann::ordered_json;

std::span<const uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Json to_json(const Measured& m) {
  return {{"instructions", m.work.cost.instructions},
          {"cycles", m.work.cost.cycles},
          {"code", m.work.traffic.code},
          {"data", m.work.traffic.data},
          {"both", m.work.traffic.both},
          {"macs", m.work.macs},
          {"arena_bytes", m.arena_bytes},
          {"stack_bytes", m.stack_bytes},
          {"code_bytes", m.code_bytes},
          {"weights_bytes", m.weights_bytes},
          {"is_float", m.is_float}};
}

Measured from_json(const Json& json) {
  Measured m;
  json.at("instructions").get_to(m.work.cost.instructions);
  json.at("cycles").get_to(m.work.cost.cycles);
  json.at("code").get_to(m.work.traffic.code);
  json.at("data").get_to(m.work.traffic.data);
  json.at("both").get_to(m.work.traffic.both);
  json.at("macs").get_to(m.work.macs);
  json.at("arena_bytes").get_to(m.arena_bytes);
  json.at("stack_bytes").get_to(m.stack_bytes);
  json.at("code_bytes").get_to(m.code_bytes);
  json.at("weights_bytes").get_to(m.weights_bytes);
  json.at("is_float").get_to(m.is_float);
  return m;
}

// The running program, and the compiler with its version: computed once.
const std::string& own_digest() {
  static const std::string digest = hex(sha256(read_file("/proc/self/exe")));
  return digest;
}

std::string version_of(const std::string& program) {
  if (!program_exists(program)) return "";
  constexpr double kSeconds = 30;
  return run_process({program, "--version"}, kSeconds).output;
}

}  // namespace

std::optional<Measured> MeasurementCache::find(const std::string& key) const {
  const std::optional<std::vector<uint8_t>> content = cache_.find(key);
  if (!content) return std::nullopt;
  try {
    return from_json(Json::parse(*content));
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

void MeasurementCache::store(const std::string& key, const Measured& measured) const {
  cache_.store(key, bytes_of(to_json(measured).dump()));
}

std::string measurement_key(const target::Target& target, const compile::Program& program, compile::Optimize optimize) {
  const std::string text =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n", own_digest(), target.name, target::flags_text(target),
                  version_of(target.compiler), static_cast<int>(optimize), hex(sha256(program.bytes())));
  return hex(sha256(bytes_of(text)));
}

const std::string& toolchain_versions() {
  static const std::string versions = [] {
    std::set<std::string> programs;
    for (const target::Target& target : target::all_targets()) programs.insert({target.compiler, target.emulator});
    std::string text;
    for (const std::string& program : programs) text += program.empty() ? "" : version_of(program);
    return text;
  }();
  return versions;
}

bool can_run(const target::Target& target, const compile::Program& program) {
  int64_t ram = int64_t{program.header().arena_bytes} + kMostStackBytes;
  for (const compile::ProgramTensor& input : program.inputs()) ram += input.info.bytes;
  return ram <= target.ram_bytes && program.header().constants_bytes + kMostCodeBytes <= target.flash_bytes;
}

Measured without_run(const compile::Program& program) {
  Measured m;
  for (const compile::ProgramOp& op : program.ops()) {
    m.work.macs += op.macs;
    m.is_float = m.is_float || (op.macs > 0 && op.kernel_name.find("_f32") != std::string::npos);
  }
  m.arena_bytes = program.header().arena_bytes;
  m.weights_bytes = program.header().constants_bytes;
  return m;
}

Measured measure(const target::Target& target, const compile::Program& program, compile::Optimize optimize,
                 const MeasurementCache& cache) {
  if (!can_run(target, program)) {
    throw Error(ErrorCode::gate_failed,
                fmt::format("an arena of {} and {} of constants are more than can be emulated, {} of each",
                            text_of_bytes(program.header().arena_bytes),
                            text_of_bytes(program.header().constants_bytes), text_of_bytes(target.ram_bytes)),
                program.name(), "a smaller input or model, or a device that runs Linux");
  }
  const std::string key = measurement_key(target, program, optimize);
  if (const std::optional<Measured> known = cache.find(key)) return *known;
  const target::BenchImage image(target, program, optimize);
  const target::BenchResult result = image.measure(target::ramp37(program));
  Measured m = without_run(program);
  m.work.cost = result.total;
  m.work.traffic = result.traffic;
  m.arena_bytes = result.arena_bytes;
  m.stack_bytes = result.stack_bytes;
  m.code_bytes = result.code_bytes;
  m.weights_bytes = result.weights_bytes;
  cache.store(key, m);
  return m;
}

void run_parallel(const std::vector<std::function<void()>>& jobs) {
  std::atomic<size_t> next = 0;
  std::vector<std::exception_ptr> failures(jobs.size());
  const auto work = [&] {
    for (size_t i = next++; i < jobs.size(); i = next++) {
      try {
        jobs[i]();
      } catch (...) {
        failures[i] = std::current_exception();
      }
    }
  };
  std::vector<std::thread> threads;
  const size_t cores = std::max(1u, std::thread::hardware_concurrency());
  while (threads.size() < std::min(jobs.size(), cores)) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace whit::device
