#include "whit/compress/mixed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "whit/base/error.hpp"
#include "whit/compress/blame.hpp"
#include "whit/compress/quantize_layer.hpp"

namespace whit::compress {
namespace {

struct Candidate {
  std::string name;
  int64_t saved = 0;  // bytes or instructions
  double noise = 0;   // added to the layer's output
};

// The least noise for what is saved first.
void sort_by_price(std::vector<Candidate>& candidates) {
  std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.noise * static_cast<double>(b.saved) < b.noise * static_cast<double>(a.saved);
  });
}

int64_t bytes_with(const ir::Graph& graph, const Calibration& calibration, const QuantizeOptions& options) {
  return constant_bytes(quantize(graph, calibration, options));
}

}  // namespace

QuantizeOptions fit_weight_bytes(const ir::Graph& graph, const Calibration& calibration, QuantizeOptions options,
                                 int64_t max_bytes) {
  Recipe narrow = options.recipe;
  narrow.precision = Precision::int8_w4;
  narrow.rounding = Rounding::adaround;
  narrow.weight_range = WeightRange::least_error;
  narrow.bias_correction = true;
  std::vector<Candidate> candidates;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const ir::Node& node = graph.nodes[n];
    const PatchMoments& moments = calibration.layers[n];
    if (moments.count == 0 || !can_have_int4_weights(node.op)) continue;
    const std::string& name = graph.tensor(node.outputs[0]).name;
    if (options.nodes.contains(name)) continue;
    const int64_t weights = ir::elements(graph.tensor(node.inputs[1]).shape);
    candidates.push_back({name, weights / 2, weight_noise(graph, node, narrow, moments)});
  }
  sort_by_price(candidates);
  int64_t bytes = bytes_with(graph, calibration, options);
  for (const Candidate& candidate : candidates) {
    if (bytes <= max_bytes) return options;
    options.nodes[candidate.name] = narrow;
    bytes -= candidate.saved;
  }
  bytes = bytes_with(graph, calibration, options);
  if (bytes <= max_bytes) return options;
  throw Error(
      ErrorCode::gate_failed,
      fmt::format(
          "the constants take {} bytes even with int4 weights in every layer that was left open, {} are allowed", bytes,
          max_bytes),
      graph.name, "a narrower or pruned model is needed");
}

QuantizeOptions fit_instructions(const ir::Graph& graph, const Calibration& calibration, QuantizeOptions options,
                                 const data::Samples& samples, const CountInstructions& count,
                                 int64_t max_instructions) {
  const Instructions wide = count(quantize(graph, calibration, options));
  if (wide.total <= max_instructions) return options;
  QuantizeOptions narrow = options;
  narrow.recipe.precision = Precision::int8;
  const ir::Graph narrow_graph = quantize(graph, calibration, narrow);
  const Instructions least = count(narrow_graph);
  if (least.total > max_instructions) {
    throw Error(
        ErrorCode::gate_failed,
        fmt::format(
            "an inference takes {} instructions even with int8 in every layer that was left open, {} are allowed",
            least.total, max_instructions),
        graph.name, "a smaller model or a faster target is needed");
  }
  std::vector<Candidate> candidates;
  for (const LayerBlame& layer : blame(graph, narrow_graph, samples, "auto").layers) {
    if (options.nodes.contains(layer.name)) continue;
    const auto before = wide.layers.find(layer.name), after = least.layers.find(layer.name);
    if (before == wide.layers.end() || after == least.layers.end() || before->second <= after->second) continue;
    candidates.push_back({layer.name, before->second - after->second, std::pow(10.0, -layer.output.sqnr_db / 10)});
  }
  sort_by_price(candidates);
  // What conversions between the precisions cost is known once they are there: counted until it fits.
  int64_t expected = wide.total;
  for (const Candidate& candidate : candidates) {
    options.nodes[candidate.name] = narrow.recipe;
    expected -= candidate.saved;
    if (expected > max_instructions) continue;
    expected = count(quantize(graph, calibration, options)).total;
    if (expected <= max_instructions) return options;
  }
  return narrow;
}

}  // namespace whit::compress
