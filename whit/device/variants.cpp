#include "whit/device/variants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "whit/base/error.hpp"
#include "whit/compile/passes/passes.hpp"
#include "whit/compress/calibrate.hpp"
#include "whit/compress/int4_weights.hpp"
#include "whit/compress/narrow.hpp"
#include "whit/compress/prune.hpp"
#include "whit/compress/quantize.hpp"

namespace whit::device {
namespace {

constexpr const char* kSparsity = "4:16";

bool has_constants(const ir::Graph& graph, ir::DType type) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [&](const ir::Node& node) {
    const bool layer = node.op == ir::Op::conv2d || node.op == ir::Op::fully_connected ||
                       node.op == ir::Op::depthwise_conv2d || node.op == ir::Op::lstm || node.op == ir::Op::gru;
    return layer && node.inputs[1] != ir::kNoTensor && graph.tensor(node.inputs[1]).type == type;
  });
}

// Ranges of activations decide scales, and with fold_constant_channels left out neither sizes nor instructions: any
// samples will do.
compress::Calibration calibration_of(const ir::Graph& graph) {
  constexpr int64_t kSamples = 2;
  int64_t elements = 0;
  for (const ir::TensorId id : graph.inputs) elements += ir::elements(graph.tensor(id).shape);
  std::mt19937 random(1);
  std::vector<float> samples(static_cast<size_t>(kSamples * elements));
  for (float& value : samples) value = static_cast<float>(random()) / static_cast<float>(random.max()) * 2 - 1;
  return compress::calibrate(graph, samples, false);
}

ir::Graph quantized(ir::Graph graph, compress::Precision precision, bool sparse) {
  compress::prepare(graph);
  if (sparse) compress::prune(graph, compress::sparsity_from_text(kSparsity));
  compress::QuantizeOptions options;
  options.recipe.precision = precision;
  options.recipe.observer = compress::Observer::min_max;
  return compress::quantize(graph, calibration_of(graph), options);
}

ir::Graph with_int4_weights(ir::Graph graph) {
  if (compress::round_to_int4_weights(graph) > 0) return graph;
  throw Error(ErrorCode::unsupported, "no layer can have int4 weights", graph.name);
}

ir::Graph pruned(ir::Graph graph) {
  if (compress::prune(graph, compress::sparsity_from_text(kSparsity)) > 0) return graph;
  throw Error(ErrorCode::unsupported, "no layer is large enough to prune", graph.name);
}

ir::Graph narrowed(ir::Graph graph, double share) {
  compile::run_passes(graph);
  return compress::narrower(graph, share);
}

}  // namespace

std::vector<Variant> variants(const ir::Graph& graph) {
  std::vector<Variant> all;
  const auto precision = [&](const char* change, const char* how, compress::Precision precision, bool sparse) {
    all.push_back({change, how, [&graph, precision, sparse] { return quantized(graph, precision, sparse); },
                   precision != compress::Precision::float16});
  };
  if (has_constants(graph, ir::DType::f32)) {
    precision("int8", "whit quantize", compress::Precision::int8, false);
    precision("int8, int4 weights", "whit quantize --precision int8_w4", compress::Precision::int8_w4, false);
    precision("int8, 4:16 sparse", "whit quantize --sparsity 4:16", compress::Precision::int8, true);
    precision("float16 weights", "whit quantize --precision float16", compress::Precision::float16, false);
  } else if (has_constants(graph, ir::DType::i8)) {
    all.push_back({"int4 weights", "whit quantize --precision int8_w4, from the float model",
                   [&graph] { return with_int4_weights(graph); }, false});
    all.push_back({"4:16 sparse", "whit quantize --sparsity 4:16, from the float model",
                   [&graph] { return pruned(graph); }, false});
  }
  for (const double share : {0.75, 0.5}) {
    all.push_back({fmt::format("{} of the width", share), fmt::format("train it with {} of its channels", share),
                   [&graph, share] { return narrowed(graph, share); }, false});
  }
  return all;
}

bool is_full_integer(const ir::Graph& graph) {
  return std::all_of(graph.nodes.begin(), graph.nodes.end(), [&](const ir::Node& node) {
    return std::all_of(node.outputs.begin(), node.outputs.end(),
                       [&](ir::TensorId id) { return graph.tensor(id).type == ir::DType::i8; });
  });
}

}  // namespace whit::device
