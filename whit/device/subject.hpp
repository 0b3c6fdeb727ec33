// The model that is asked about, and what it costs on targets. A graph can be compiled for any target and changed; a
// Program is what it is.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "whit/compile/compile.hpp"
#include "whit/device/measured.hpp"

namespace whit::device {

struct Subject {
  std::string file;
  compile::Optimize optimize = compile::Optimize::balanced;
  compile::PassOptions passes;
  Sha256 sha256{};
  std::optional<ir::Graph> graph;           // one of these two
  std::optional<compile::Program> program;  // compiled already: nothing but the device can change

  // Compiled for the target's kernels. Errors as of compile(), naming the file.
  compile::Program program_for(const target::Target& target) const;
};

Measured measure(const Subject& subject, const target::Target& target, const MeasurementCache& cache);

// Why a model could not be built or run for a target, instead of what it costs there.
struct Outcome {
  std::optional<Measured> measured;
  std::string failure;
};

// By the names of emulated targets; in parallel. Error when no target succeeds: the first one's.
std::map<std::string, Outcome> measure_on(const Subject& subject, const std::set<std::string>& targets,
                                          const MeasurementCache& cache);

}  // namespace whit::device
