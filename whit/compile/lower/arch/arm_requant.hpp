// Host side of whit_runtime/kernels/arch/arm_dsp/requant.hpp: proves that its short requantization is exact for a layer
// and gives each channel's multiplier and shift. Called by the lower_*() functions that pack for arm_dsp kernels.
// Does not pack: where the words of a channel lie is each kernel's own affair.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "whit/compile/lower/quantized.hpp"

namespace whit::compile {

struct DspRequant {
  int32_t multiplier = 0;  // [2^30, 2^31)
  int32_t f = 0;           // e - 1, [0, max_f]
};

// Multiplier and f of every channel; std::nullopt when a channel does not meet the preconditions.
std::optional<std::vector<DspRequant>> dsp_requant(const QuantizedLayer& layer, int32_t max_f = 15);

}  // namespace whit::compile
