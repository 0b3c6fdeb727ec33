// The model that is asked about, and what it costs on targets. A graph can be compiled for any target and changed; a
// Program is what it is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "whit/compile/compile.hpp"
#include "whit/device/measured.hpp"
#include "whit/device/profile.hpp"

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

  // All activations are int8; of a Program, its inputs and outputs.
  bool is_integer() const;
};

// On the target of the device, see measured_target(); without_run() where the emulated machine is too small.
Measured measure(const Subject& subject, const Profile& profile, const MeasurementCache& cache);

// Why a model could not be built or run for a device, instead of what it costs there.
struct Outcome {
  std::optional<Measured> measured;
  std::string failure;
};

// In the order of the devices, each target once and in parallel. Error when no device succeeds: the first one's.
std::vector<Outcome> measure_on(const Subject& subject, const std::vector<const Profile*>& devices,
                                const MeasurementCache& cache);

}  // namespace whit::device
