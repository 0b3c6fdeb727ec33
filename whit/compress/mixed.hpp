// Mixed precision under a budget of flash: which layers get int4 weights so that the model's constants fit.
#pragma once

#include <cstdint>

#include "whit/compress/calibrate.hpp"
#include "whit/compress/quantize.hpp"

namespace whit::compress {

// `options` with int4 weights (AdaRound, least-error scales, bias correction) for as many layers as `max_bytes` of
// constants ask for: those first whose outputs gain the least noise for each byte that they give up. `calibration` has
// the moments of the layers. Error gate_failed, saying what the least is, when int4 everywhere is not enough.
QuantizeOptions fit_weight_bytes(const ir::Graph& graph, const Calibration& calibration, QuantizeOptions options,
                                 int64_t max_bytes);

}  // namespace whit::compress
