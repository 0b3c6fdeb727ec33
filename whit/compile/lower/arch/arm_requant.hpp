// Host side of whit_runtime/kernels/arch/arm_dsp/requant.hpp: proves that its short requantization is exact for a layer
// and gives each channel's multiplier and shift. Called by the lower_*() functions that pack for arm_dsp kernels.
// Does not pack: where the words of a channel lie is each kernel's own affair.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "whit/compile/lower/quantized.hpp"

namespace whit::compile {

// All values that the accumulator of a channel can take, bias included, for int8 inputs in [-128, 127].
struct AccumulatorRange {
  int64_t low = 0;
  int64_t high = 0;
};
AccumulatorRange accumulator_range(const QuantizedLayer& layer, int32_t channel);

// The reference's output of a channel for an accumulator; requant.bias is not added. `acc` must fit 32 bits.
int32_t reference_output(const QuantizedLayer& layer, int32_t channel, int32_t acc);

struct DspRequant {
  int32_t multiplier = 0;  // [2^30, 2^31)
  int32_t f = 0;           // e - 1, [0, max_f]
};

// Multiplier and f of every channel; std::nullopt when a channel does not meet the preconditions.
// A channel that would not but whose output is the same for every input (a dead channel with an absurd scale) is
// changed in `layer` to zero weights and a bias, multiplier and shift that do, and that give the same output.
std::optional<std::vector<DspRequant>> dsp_requant(QuantizedLayer& layer, int32_t max_f = 15);

}  // namespace whit::compile
