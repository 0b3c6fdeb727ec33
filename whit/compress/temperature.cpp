#include "whit/compress/temperature.hpp"

#include <algorithm>
#include <cmath>

#include "whit/base/error.hpp"
#include "whit/compile/passes/rewrite.hpp"
#include "whit/compress/evaluate.hpp"
#include "whit/compress/model_runner.hpp"

namespace whit::compress {
namespace {

// Mean negative log-likelihood of the labels under softmax(logits / temperature).
double likelihood_loss(std::span<const float> logits, std::span<const float> labels, double temperature) {
  const size_t width = logits.size() / labels.size();
  double loss = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const std::span<const float> row = logits.subspan(i * width, width);
    const auto largest = static_cast<double>(*std::max_element(row.begin(), row.end()));
    double sum = 0;
    for (const float logit : row) sum += std::exp((static_cast<double>(logit) - largest) / temperature);
    const auto right = static_cast<double>(row[static_cast<size_t>(labels[i])]);
    loss += std::log(sum) - (right - largest) / temperature;
  }
  return loss / static_cast<double>(labels.size());
}

// The softmax whose result is the model's first output, perhaps reshaped or in another type.
ir::Node& last_softmax(ir::Graph& graph) {
  const compile::Uses uses(graph);
  ir::TensorId id = graph.outputs.at(0);
  while (uses.producer[static_cast<size_t>(id)] != compile::kNoNode) {
    ir::Node& node = graph.nodes[static_cast<size_t>(uses.producer[static_cast<size_t>(id)])];
    if (node.op == ir::Op::softmax) return node;
    if (node.op != ir::Op::reshape && node.op != ir::Op::dequantize && node.op != ir::Op::quantize) break;
    id = node.inputs[0];
  }
  throw Error(ErrorCode::unsupported, "the model's output is not that of a softmax", graph.name,
              "temperature scaling needs a classifier that ends in softmax");
}

}  // namespace

double fit_temperature(std::span<const float> logits, std::span<const float> labels) {
  // The loss has one minimum in log T: golden section.
  const double ratio = (std::sqrt(5.0) - 1) / 2;
  double low = std::log(0.05), high = std::log(20.0);
  const auto loss = [&](double log_t) { return likelihood_loss(logits, labels, std::exp(log_t)); };
  while (high - low > 1e-4) {
    const double a = high - ratio * (high - low), b = low + ratio * (high - low);
    if (loss(a) < loss(b)) {
      high = b;
    } else {
      low = a;
    }
  }
  return std::exp(0.5 * (low + high));
}

TemperatureScaling scale_temperature(ir::Graph& graph, const data::Samples& validation) {
  TemperatureScaling result;
  result.error_before = evaluate(graph, validation, "accuracy").calibration_error;
  ir::Node& softmax = last_softmax(graph);
  ir::Graph probe = graph;
  probe.outputs = {softmax.inputs[0]};
  std::vector<float> logits;
  ModelRunner(probe).run(validation.values, [&](int64_t, const std::vector<std::vector<float>>& outputs) {
    logits.insert(logits.end(), outputs[0].begin(), outputs[0].end());
  });
  auto& beta = ir::attributes<ir::SoftmaxAttributes>(softmax).beta;
  for (float& logit : logits) logit *= beta;
  result.temperature = fit_temperature(logits, validation.labels);
  beta = static_cast<float>(static_cast<double>(beta) / result.temperature);
  result.error_after = evaluate(graph, validation, "accuracy").calibration_error;
  return result;
}

}  // namespace whit::compress
