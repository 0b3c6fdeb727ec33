// Temperature scaling (Guo et al., "On calibration of modern neural networks", ICML 2017): one number T by which a
// classifier's logits are divided before softmax, so that its confidence says how often it is right. Changes no
// decision.
#pragma once

#include <span>

#include "whit/data/samples.hpp"
#include "whit/ir/graph.hpp"

namespace whit::compress {

// The T > 0 with the least negative log-likelihood of the labels. `logits` is [samples, classes]; labels are classes.
double fit_temperature(std::span<const float> logits, std::span<const float> labels);

struct TemperatureScaling {
  double temperature = 1.0;
  double error_before = 0.0;  // expected calibration error on the data that T was fitted to
  double error_after = 0.0;
};

// Fits T to `validation` and divides the logits of the model by it: as the beta of its last softmax. A quantized or a
// float model. Error unsupported when its first output is not that of a softmax.
TemperatureScaling scale_temperature(ir::Graph& graph, const data::Samples& validation);

}  // namespace whit::compress
