#include "whit/device/subject.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include "whit/base/error.hpp"
#include "whit/device/fit.hpp"
#include "whit/device/variants.hpp"

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

bool Subject::is_integer() const {
  if (graph) return is_full_integer(*graph);
  const auto is_int8 = [](const compile::ProgramTensor& tensor) {
    return tensor.info.type == static_cast<uint32_t>(rt::ElementType::i8);
  };
  return std::all_of(program->inputs().begin(), program->inputs().end(), is_int8) &&
         std::all_of(program->outputs().begin(), program->outputs().end(), is_int8);
}

Measured measure(const Subject& subject, const Profile& profile, const MeasurementCache& cache) {
  const target::Target& target = measured_target(profile);
  const compile::Program program = subject.program_for(target);
  if (!can_run(target, program)) return without_run(program);
  try {
    return measure(target, program, subject.optimize, cache);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unsupported) throw;
    return without_run(program);  // the image could not be linked
  }
}

std::vector<Outcome> measure_on(const Subject& subject, const std::vector<const Profile*>& devices,
                                const MeasurementCache& cache) {
  // Devices with the same target, own or as a stand-in, share an outcome.
  std::map<std::string, std::vector<size_t>> groups;
  for (size_t i = 0; i < devices.size(); ++i) {
    groups[measured_target(*devices[i]).name].push_back(i);
  }
  std::vector<Outcome> outcomes(devices.size());
  std::vector<std::optional<Error>> failures(devices.size());
  std::vector<std::function<void()>> jobs;
  for (const auto& group : groups) {
    const std::vector<size_t>& members = group.second;
    jobs.push_back([&, members] {
      Outcome outcome;
      try {
        outcome.measured = measure(subject, *devices[members[0]], cache);
      } catch (const Error& error) {
        outcome.failure = error.what();
        failures[members[0]] = error;
      }
      for (const size_t i : members) outcomes[i] = outcome;
    });
  }
  run_parallel(jobs);
  const bool any =
      std::any_of(outcomes.begin(), outcomes.end(), [](const Outcome& o) { return o.measured.has_value(); });
  if (any) return outcomes;
  for (const std::optional<Error>& failure : failures) {
    if (failure) throw *failure;
  }
  return outcomes;
}

}  // namespace whit::device
