#include "whit/device/subject.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <vector>

#include "whit/base/error.hpp"

namespace whit::device {

compile::Program Subject::program_for(const target::Target& target) const {
  if (program) return *program;
  compile::CompileOptions options;
  options.kernels = compile::kernel_set(target.kernels);
  options.optimize = optimize;
  options.passes = passes;
  try {
    return compile::compile(*graph, options, sha256).program;
  } catch (const Error& error) {
    throw error.at(error.where().empty() ? file : file + ": " + error.where());
  }
}

Measured measure(const Subject& subject, const target::Target& target, const MeasurementCache& cache) {
  return measure(target, subject.program_for(target), subject.optimize, cache);
}

std::map<std::string, Outcome> measure_on(const Subject& subject, const std::set<std::string>& targets,
                                          const MeasurementCache& cache) {
  std::map<std::string, Outcome> outcomes;
  std::optional<Error> first;
  std::mutex mutex;
  std::vector<std::function<void()>> jobs;
  for (const std::string& name : targets) {
    jobs.push_back([&, name] {
      Outcome outcome;
      std::optional<Error> failure;
      try {
        outcome.measured = measure(subject, target::find_emulated_target(name), cache);
      } catch (const Error& error) {
        outcome.failure = error.what();
        failure = error;
      }
      const std::lock_guard lock(mutex);
      outcomes[name] = outcome;
      if (failure && !first) first = failure;
    });
  }
  run_parallel(jobs);
  const bool any = std::any_of(outcomes.begin(), outcomes.end(), [](const auto& o) { return o.second.measured; });
  if (!any && first) throw *first;
  return outcomes;
}

}  // namespace whit::device
