#include "whit/compress/blame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "whit/base/error.hpp"
#include "whit/compile/passes/rewrite.hpp"
#include "whit/compress/model_runner.hpp"
#include "whit/compress/recurrent_probe.hpp"
#include "whit/ir/stored_range.hpp"

namespace whit::compress {
namespace {

// What its integers lose shows in no weights and outputs alone.
bool is_taken_whole(const ir::Node& node) { return is_recurrent(node) || node.op == ir::Op::tree_ensemble; }

bool has_weights(const ir::Node& node) {
  return node.op == ir::Op::conv2d || node.op == ir::Op::depthwise_conv2d || node.op == ir::Op::fully_connected ||
         node.op == ir::Op::transpose_conv2d || is_taken_whole(node);
}

bool is_quantized(const ir::Tensor& tensor) {
  return !tensor.quantization.empty() && (tensor.type == ir::DType::i8 || tensor.type == ir::DType::i16);
}

// A layer of the float graph and its counterpart in the quantized one.
struct Match {
  size_t node;                          // of the float graph
  std::optional<size_t> weights;        // node of the quantized graph that holds the layer's weights
  ir::TensorId output = ir::kNoTensor;  // of the quantized graph
};

std::vector<size_t> layers_of(const ir::Graph& graph) {
  std::vector<size_t> layers;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (has_weights(graph.nodes[n])) layers.push_back(n);
  }
  return layers;
}

std::vector<Match> match_by_name(const ir::Graph& from, const ir::Graph& to) {
  std::map<std::string, size_t> nodes;  // of `to`, by the name of their output
  for (size_t n = 0; n < to.nodes.size(); ++n) {
    if (!to.nodes[n].outputs.empty()) nodes[to.tensor(to.nodes[n].outputs[0]).name] = n;
  }
  std::vector<Match> matches;
  for (size_t n = 0; n < from.nodes.size(); ++n) {
    if (from.nodes[n].outputs.empty()) continue;
    const auto found = nodes.find(from.tensor(from.nodes[n].outputs[0]).name);
    if (found == nodes.end()) continue;
    const ir::Node& node = to.nodes[found->second];
    if (!is_quantized(to.tensor(node.outputs[0]))) continue;
    const bool weights = node.op == from.nodes[n].op && has_weights(node);
    matches.push_back({n, weights ? std::optional(found->second) : std::nullopt, node.outputs[0]});
  }
  return matches;
}

std::vector<Match> match_by_order(const ir::Graph& from, const ir::Graph& to) {
  const std::vector<size_t> a = layers_of(from), b = layers_of(to);
  std::vector<Match> matches;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const ir::Node& float_node = from.nodes[a[i]];
    const ir::Node& node = to.nodes[b[i]];
    const auto elements = [](const ir::Graph& graph, ir::TensorId id) { return ir::elements(graph.tensor(id).shape); };
    if (elements(from, float_node.inputs[1]) != elements(to, node.inputs[1]) ||
        !is_quantized(to.tensor(node.outputs[0])))
      break;
    matches.push_back({a[i], b[i], node.outputs[0]});
  }
  if (a.size() != b.size() || matches.size() != a.size()) matches.clear();
  return matches;
}

// The real numbers that a constant of the quantized graph stands for.
std::vector<uint8_t> real_values(const ir::Tensor& tensor) {
  const ir::Quantization& q = tensor.quantization;
  std::vector<float> values(static_cast<size_t>(ir::elements(tensor.shape)));
  size_t inner = 1;
  for (size_t d = static_cast<size_t>(q.axis) + 1; d < tensor.shape.size(); ++d)
    inner *= static_cast<size_t>(tensor.shape[d]);
  for (size_t i = 0; i < values.size(); ++i) {
    double stored = 0;
    if (tensor.type == ir::DType::i8 || tensor.type == ir::DType::i4) stored = ir::data<int8_t>(tensor)[i];
    if (tensor.type == ir::DType::i16) stored = ir::data<int16_t>(tensor)[i];
    if (tensor.type == ir::DType::i32) stored = ir::data<int32_t>(tensor)[i];
    if (tensor.type == ir::DType::i64) stored = static_cast<double>(ir::data<int64_t>(tensor)[i]);
    const float scale = q.per_channel() ? q.scale[i / inner % q.scale.size()] : q.scale.at(0);
    values[i] = static_cast<float>(stored * static_cast<double>(scale));
  }
  return compile::bytes_of_values(values);
}

// The weights of the quantized layer as the float layer stores them.
void take_weights(ir::Graph& graph, ir::Node& node, const ir::Graph& quantized, const ir::Node& source) {
  for (size_t i = 1; i < std::min(node.inputs.size(), source.inputs.size()); ++i) {
    if (node.inputs[i] == ir::kNoTensor || source.inputs[i] == ir::kNoTensor) continue;
    ir::Tensor values = graph.tensor(node.inputs[i]);
    const ir::Tensor& stored = quantized.tensor(source.inputs[i]);
    if (stored.type == ir::DType::f32) continue;
    if (i > 1 && stored.quantization.empty()) continue;  // a bias without a scale of its own: float's is as good
    values.data = real_values(stored);
    node.inputs[i] = graph.add_tensor(std::move(values));
  }
}

ir::Node converted(ir::Op op, ir::TensorId from, ir::TensorId to) {
  ir::Node node;
  node.op = op, node.inputs = {from}, node.outputs = {to};
  return node;
}

// `id` rounded to the type and scale of `like` by a quantize and a dequantize node, inserted at `place`.
ir::TensorId round_tensor(ir::Graph& graph, ir::TensorId id, const ir::Tensor& like, size_t place) {
  ir::Tensor stored = graph.tensor(id);
  stored.name += "_stored";
  stored.type = like.type;
  stored.quantization = like.quantization;
  ir::Tensor rounded = graph.tensor(id);
  rounded.name += "_rounded";
  const ir::TensorId stored_id = graph.add_tensor(std::move(stored));
  const ir::TensorId rounded_id = graph.add_tensor(std::move(rounded));
  graph.nodes.insert(
      graph.nodes.begin() + static_cast<ptrdiff_t>(place),
      {converted(ir::Op::quantize, id, stored_id), converted(ir::Op::dequantize, stored_id, rounded_id)});
  return rounded_id;
}

// The float graph with one layer as in the quantized model. Outputs: the model's first; the layer's in float (left out
// for the model's input), with its weights quantized, and rounded as well.
ir::Graph with_quantized_input(const ir::Graph& float_graph, size_t input, const ir::Tensor& like) {
  ir::Graph graph = float_graph;
  const ir::TensorId id = graph.inputs[input];
  const ir::TensorId rounded = round_tensor(graph, id, like, 0);
  for (size_t n = 2; n < graph.nodes.size(); ++n) {
    std::replace(graph.nodes[n].inputs.begin(), graph.nodes[n].inputs.end(), id, rounded);
  }
  graph.outputs = {graph.outputs[0], rounded};
  return graph;
}

// Inserts layer `source` of the quantized model at `place`, between quantize and dequantize nodes: a recurrent layer
// rounds its state at each step, a forest its features, which no rounding of outputs shows. What takes the place of the
// outputs of `real`.
std::vector<ir::TensorId> add_quantized(ir::Graph& graph, const ir::Node& real, const ir::Graph& quantized,
                                        const ir::Node& source, size_t place) {
  std::vector<ir::Node> nodes;
  ir::Node layer = source;
  for (size_t i = 0; i < source.inputs.size(); ++i) {
    if (source.inputs[i] == ir::kNoTensor) continue;
    ir::Tensor stored = quantized.tensor(source.inputs[i]);
    const bool constant = stored.is_constant;
    layer.inputs[i] = graph.add_tensor(std::move(stored));
    if (!constant) nodes.push_back(converted(ir::Op::quantize, real.inputs[i], layer.inputs[i]));
  }
  for (ir::TensorId& id : layer.outputs) id = graph.add_tensor(quantized.tensor(id));
  nodes.push_back(layer);
  std::vector<ir::TensorId> results;
  for (size_t o = 0; o < layer.outputs.size(); ++o) {
    ir::Tensor result = graph.tensor(real.outputs[o]);
    result.name += "_rounded";
    results.push_back(graph.add_tensor(std::move(result)));
    nodes.push_back(converted(ir::Op::dequantize, layer.outputs[o], results.back()));
  }
  graph.nodes.insert(graph.nodes.begin() + static_cast<ptrdiff_t>(place), nodes.begin(), nodes.end());
  return results;
}

ir::Graph with_quantized_layer(const ir::Graph& float_graph, const ir::Graph& quantized, const Match& match) {
  ir::Graph graph = float_graph;
  const ir::Node source = graph.nodes[match.node];
  const ir::TensorId real = source.outputs[0];
  ir::Node layer = source;
  for (ir::TensorId& id : layer.outputs) {
    ir::Tensor result = graph.tensor(id);
    result.name += "_weights_quantized";
    id = graph.add_tensor(std::move(result));
  }
  if (match.weights && source.op != ir::Op::tree_ensemble)
    take_weights(graph, layer, quantized, quantized.nodes[*match.weights]);
  graph.nodes.insert(graph.nodes.begin() + static_cast<ptrdiff_t>(match.node) + 1, layer);
  const size_t before = graph.nodes.size();
  std::vector<ir::TensorId> rounded;
  if (is_taken_whole(source) && match.weights) {
    rounded = add_quantized(graph, source, quantized, quantized.nodes[*match.weights], match.node + 2);
  } else {
    rounded = {round_tensor(graph, layer.outputs[0], quantized.tensor(match.output), match.node + 2)};
  }
  ir::TensorId output = graph.outputs[0];
  for (size_t o = 0; o < rounded.size(); ++o) {
    for (size_t n = match.node + 2 + graph.nodes.size() - before; n < graph.nodes.size(); ++n) {
      std::replace(graph.nodes[n].inputs.begin(), graph.nodes[n].inputs.end(), source.outputs[o], rounded[o]);
    }
    if (output == source.outputs[o]) output = rounded[o];
  }
  graph.outputs = {output, real, layer.outputs[0], rounded[0]};
  return graph;
}

double clipped_share(std::span<const float> values, const ir::Tensor& like) {
  const auto zero_point = static_cast<float>(like.quantization.zero_point[0]);
  const float scale = like.quantization.scale[0], half = 0.5f;
  const ir::StoredRange stored = ir::stored_range(like.type);
  const float low = scale * (static_cast<float>(stored.low) - half - zero_point);
  const float high = scale * (static_cast<float>(stored.high) + half - zero_point);
  const auto outside = std::count_if(values.begin(), values.end(), [&](float v) { return v < low || v > high; });
  return static_cast<double>(outside) / static_cast<double>(values.size());
}

std::string fix_for(const LayerBlame& layer, const ir::Node& node, const ir::Graph& quantized, const Match& match) {
  if (layer.clipped > 0.001) return "--observer min_max: its range cuts off outputs";
  if (node.op == ir::Op::tree_ensemble) {
    const bool wide = quantized.tensor(match.output).type == ir::DType::i16;
    return wide ? "" : "--precision int16x8: its thresholds lie closer than features of 8 bits tell apart";
  }
  if (match.weights && layer.weights_sqnr_db < layer.rounding_sqnr_db) {
    const ir::Tensor& weights = quantized.tensor(quantized.nodes[*match.weights].inputs[1]);
    const bool per_channel =
        weights.quantization.per_channel() || node.op == ir::Op::transpose_conv2d || is_recurrent(node);
    if (!per_channel && weights.shape[0] > 1) return "--weight-scales per_channel: one scale does not fit all channels";
    return "--weight-range least_error --adaround --bias-correction: a few large weights take the resolution of the "
           "others";
  }
  if (layer.rounding_sqnr_db < 25)
    return "--observer mse, or int16x8 for this layer: its outputs span too wide a range";
  return "";
}

// Runs a graph of with_quantized_layer() or with_quantized_input(); `input` of the latter starts at `offset` of a
// sample.
LayerBlame measure(const ir::Graph& graph, const ir::Tensor& like, const data::Samples& samples,
                   const Evaluation& float_model, size_t offset = 0) {
  const ModelRunner runner(graph, /*passes=*/false);
  DifferenceMeter weights, rounding, both;
  LayerBlame layer;
  Evaluation alone{float_model.metric, 0.0, float_model.samples, 0.0, {}};
  runner.run(samples.values, [&](int64_t sample, const std::vector<std::vector<float>>& outputs) {
    const bool is_input = outputs.size() == 2;
    const std::span<const float> real =
        is_input ? samples.sample(sample).subspan(offset, outputs[1].size()) : std::span<const float>(outputs[1]);
    alone.outputs.insert(alone.outputs.end(), outputs[0].begin(), outputs[0].end());
    weights.add(real, is_input ? real : std::span<const float>(outputs[2]));
    rounding.add(real, load(store(real, like), like));
    both.add(real, outputs.back());
    layer.clipped += clipped_share(real, like);
  });
  layer.output = both.result();
  layer.weights_sqnr_db = weights.result().sqnr_db;
  layer.rounding_sqnr_db = rounding.result().sqnr_db;
  layer.clipped /= static_cast<double>(samples.count());
  alone.value = layer.metric = metric_value(alone.metric, samples, alone.outputs);
  layer.drop = drop(float_model, alone);
  return layer;
}

}  // namespace

Blame blame(const ir::Graph& float_graph, const ir::Graph& quantized, const data::Samples& samples,
            const std::string& metric, const Progress& progress) {
  check_shape(float_graph, samples);
  const auto is_quantized = [](const ir::Tensor& tensor) { return !tensor.quantization.empty(); };
  if (std::none_of(quantized.tensors.begin(), quantized.tensors.end(), is_quantized)) {
    throw Error(ErrorCode::unsupported, "nothing in this model is quantized: there is no layer to blame",
                quantized.name, "`whit compare` sets two models side by side");
  }
  std::vector<Match> matches = match_by_name(float_graph, quantized);
  const auto layers =
      std::count_if(matches.begin(), matches.end(), [](const Match& m) { return m.weights.has_value(); });
  if (layers == 0) matches = match_by_order(float_graph, quantized);
  if (matches.empty()) {
    throw Error(ErrorCode::bad_input, "the layers of the two models cannot be matched", quantized.name,
                fmt::format("is it made from {}? names of tensors, or number and sizes of layers, must agree",
                            float_graph.name));
  }
  Blame result;
  result.float_model = evaluate(float_graph, samples, metric);
  result.quantized_model = evaluate(quantized, samples, metric);
  const auto rounded_inputs = std::count_if(quantized.inputs.begin(), quantized.inputs.end(),
                                            [&](ir::TensorId id) { return is_quantized(quantized.tensor(id)); });
  const auto total = static_cast<int64_t>(matches.size()) + rounded_inputs;
  const auto done = [&] {
    if (progress) progress(static_cast<int64_t>(result.layers.size()), total);
  };
  size_t offset = 0;
  for (size_t i = 0; i < quantized.inputs.size(); ++i) {
    const ir::Tensor& input = quantized.tensor(quantized.inputs[i]);
    const size_t start = offset;
    offset += static_cast<size_t>(ir::elements(input.shape));
    if (!is_quantized(input)) continue;
    LayerBlame layer = measure(with_quantized_input(float_graph, i, input), input, samples, result.float_model, start);
    layer.op = "input";
    layer.name = quantized.inputs.size() == 1 ? "input" : input.name;
    result.layers.push_back(std::move(layer));
    done();
  }
  for (const Match& match : matches) {
    const ir::Node& node = float_graph.nodes[match.node];
    LayerBlame layer = measure(with_quantized_layer(float_graph, quantized, match), quantized.tensor(match.output),
                               samples, result.float_model);
    layer.name = float_graph.tensor(node.outputs[0]).name;
    layer.op = ir::name_of(node.op);
    layer.fix = fix_for(layer, node, quantized, match);
    result.layers.push_back(std::move(layer));
    done();
  }
  std::stable_sort(result.layers.begin(), result.layers.end(), [](const LayerBlame& a, const LayerBlame& b) {
    return a.drop != b.drop ? a.drop > b.drop : a.output.sqnr_db < b.output.sqnr_db;
  });
  return result;
}

}  // namespace whit::compress
