// `whit quantize --auto`: quantizes, looks where the accuracy went (blame.hpp), mends there, until the gate holds.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "whit/compress/blame.hpp"
#include "whit/compress/quantize.hpp"
#include "whit/data/samples.hpp"

namespace whit::compress {

struct Step {
  std::string change;  // "conv_3: adaround, least_error", "as asked"
  Evaluation result;
  double drop = 0;
  bool kept = false;
};

struct Improved {
  ir::Graph quantized;
  Evaluation result;
  QuantizeOptions options;  // that gave it
  std::vector<Step> steps;
};

// Fixes are tried for the whole model first where they cost nothing on the device (per-channel scales, equalization,
// the MSE observer, cut-off weights with AdaRound and bias correction), then int16 activations and at last float32 for
// the layers to blame, worst first; what does not help is taken back. Ends when drop() <= max_drop or nothing is left
// to try. Calibrates and judges on `data`, which must not be that of the final test; `float_model` is what the model,
// before it was pruned, gave on it. `say` gets each step.
Improved improve(const ir::Graph& graph, const Evaluation& float_model, const QuantizeOptions& options,
                 const data::Samples& data, const std::string& metric, double max_drop,
                 const std::function<void(const Step&)>& say = nullptr);

}  // namespace whit::compress
