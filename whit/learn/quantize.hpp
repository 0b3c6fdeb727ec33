// Training of a float graph as the integers that it shall become: quantization-aware training. Includes no torch.
// How it works: quantization.hpp and docs/adr/0010.
#pragma once

#include "whit/compress/quantize.hpp"
#include "whit/learn/train.hpp"

namespace whit::learn {

// A float graph as `whit quantize` would give it to the device, on ranges that `training` shows.
struct QuantizedStart {
  ir::Graph real;       // float, prepared for quantization
  ir::Graph quantized;  // post-training
  compress::Calibration calibration;
  compress::QuantizeOptions options;
};

// `precision`: int8, int8_w4 or int16x8. Calibrates on no more than kCalibrationSamples of the samples. Error usage for
// another precision, bad_input and unsupported as of compress::prepare() and quantize().
inline constexpr int64_t kCalibrationSamples = 500;
QuantizedStart begin_quantized(ir::Graph graph, compress::Precision precision, const data::Samples& training);

// As train(), but the graph of the result is the quantized one, and losses and metrics of the epochs are those that it
// will have on the device.
TrainResult train_quantized(const QuantizedStart& start, const data::Samples& training, const data::Samples& validation,
                            const TrainOptions& options, const CheckpointPlan& checkpoint = {},
                            const TrainHooks& hooks = {});

}  // namespace whit::learn
