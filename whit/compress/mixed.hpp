// Mixed precision: which layers get which type so that a model fits a budget of flash or of time. A budget of accuracy
// is what improve.hpp works to.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "whit/compress/calibrate.hpp"
#include "whit/compress/quantize.hpp"
#include "whit/data/samples.hpp"

namespace whit::compress {

// `options` with int4 weights (AdaRound, least-error scales, bias correction) for as many layers as `max_bytes` of
// constants ask for: those first whose outputs gain the least noise for each byte that they give up; layers that
// options.nodes names stay as they are. The precision is int8; `calibration` has the moments of the layers. Error
// gate_failed, saying what the least is, when int4 everywhere is not enough.
QuantizeOptions fit_weight_bytes(const ir::Graph& graph, const Calibration& calibration, QuantizeOptions options,
                                 int64_t max_bytes);

// What one inference of a quantized graph takes, and each of its layers, by the name of the layer's output.
struct Instructions {
  int64_t total = 0;
  std::map<std::string, int64_t> layers;
};
using CountInstructions = std::function<Instructions(const ir::Graph& quantized)>;

// `options`, whose precision is int16x8, with int8 for as many layers as `max_instructions` ask for: those first whose
// outputs, alone in int8, lose the least on `samples` for each instruction that is saved. Every choice is counted.
// Error gate_failed, saying what the least is, when int8 everywhere is not enough.
QuantizeOptions fit_instructions(const ir::Graph& graph, const Calibration& calibration, QuantizeOptions options,
                                 const data::Samples& samples, const CountInstructions& count,
                                 int64_t max_instructions);

}  // namespace whit::compress
