// What a Program costs on an emulated target, built and run once and then remembered in a folder of the user: a
// measurement repeats exactly, so it is taken again only when something changed. The input of cost model and fit.
// Does not know devices.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "whit/base/cache.hpp"
#include "whit/compile/program.hpp"
#include "whit/device/cost_model.hpp"
#include "whit/target/bench.hpp"

namespace whit::device {

struct Measured {
  Work work;
  uint32_t arena_bytes = 0;
  uint32_t stack_bytes = 0;  // high-water mark of one inference
  uint32_t code_bytes = 0;   // all flash of the linked image that is not weights or biases
  uint32_t weights_bytes = 0;
  bool is_float = false;  // a layer with MACs computes with floats

  bool has_run() const { return work.cost.instructions > 0; }  // false: see without_run()
  double ram_bytes() const { return static_cast<double>(arena_bytes) + stack_bytes; }
  double flash_bytes() const { return static_cast<double>(code_bytes) + weights_bytes; }
};

// Measurements by the digest of all that decides them; see whit/base/cache.hpp.
class MeasurementCache {
 public:
  MeasurementCache() = default;
  explicit MeasurementCache(std::filesystem::path folder) : cache_(std::move(folder)) {}

  std::optional<Measured> find(const std::string& key) const;
  void store(const std::string& key, const Measured& measured) const;

 private:
  Cache cache_;
};

// What the compilers and emulators of all targets say of their versions; empty of those that are not installed.
const std::string& toolchain_versions();

// Digest of Program, target, flags, compiler and this program of ours, whose kernels, emitter and counter are part of
// the result.
std::string measurement_key(const target::Target& target, const compile::Program& program, compile::Optimize optimize);

// What code and stack take at most, to judge a Program that was not built.
inline constexpr int64_t kMostCodeBytes = 256 * 1024, kMostStackBytes = 64 * 1024;

// False when the Program needs more memory than the emulated machine has: no image of it can be linked or run.
bool can_run(const target::Target& target, const compile::Program& program);

// What is known of a Program that does not run: arena, constants and MACs; no code, no stack, no instructions.
Measured without_run(const compile::Program& program);

// From the cache, or by building and running the image (target/bench.hpp, input rule ramp37; its errors). Error
// gate_failed when it cannot run.
Measured measure(const target::Target& target, const compile::Program& program, compile::Optimize optimize,
                 const MeasurementCache& cache);

// Runs the jobs on as many threads as there are cores. An Error of a job is thrown once all have ended, the first
// one's.
void run_parallel(const std::vector<std::function<void()>>& jobs);

}  // namespace whit::device
