#include "whit/learn/quantization.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "whit/base/error.hpp"
#include "whit/compress/quantize_rules.hpp"
#include "whit/ir/kept_state.hpp"
#include "whit/ir/stored_range.hpp"
#include "whit_runtime/kernels/fixed_point_16.hpp"

namespace whit::learn {
namespace {

using compress::Scales;

// Weight of a batch in the averages.
constexpr float kMomentum = 0.05f;

bool is_integer(const ir::Tensor& tensor) {
  return tensor.type == ir::DType::i8 || tensor.type == ir::DType::i16 || tensor.type == ir::DType::i4;
}

// How the operands of a node of a quantized graph are quantized.
Scales scales_of(const ir::Graph& quantized, const ir::Node& node) {
  if (node.inputs.empty() || node.inputs[0] == ir::kNoTensor) return Scales::none;
  const ir::Tensor& first = quantized.tensor(node.inputs[0]);
  return is_integer(first) ? compress::scales_of(node.op, first.type) : Scales::none;
}

// The tensor of the float graph that "t7" or "t7_i8" is made from; none for what compress adds on its own.
ir::TensorId origin_of(const std::string& name) {
  if (name.ends_with("_bias")) return ir::kNoTensor;
  return static_cast<ir::TensorId>(std::stol(name.substr(1)));
}

// All of a quantized graph but its numbers.
std::string structure_of(const ir::Graph& graph) {
  std::string text;
  for (const ir::Tensor& tensor : graph.tensors) text += fmt::format("{}:{} ", tensor.name, ir::name_of(tensor.type));
  for (const ir::Node& node : graph.nodes) text += fmt::format("{}, ", ir::name_of(node.op));
  return text;
}

// Ops that only move values, which stay on their grid.
bool only_moves(ir::Op op) {
  return op == ir::Op::reshape || op == ir::Op::transpose || op == ir::Op::slice || op == ir::Op::concat;
}

}  // namespace

Quantization::Quantization(ir::Graph graph, const compress::Calibration& calibration,
                           const compress::QuantizeOptions& options)
    : float_(std::move(graph)), options_(options) {
  std::set<ir::TensorId> states;
  for (const ir::Node& node : float_.nodes) {
    const auto& operands = ir::state_operands(node.op);
    if (!operands.empty()) states.insert(node.outputs[operands.back().output]);
  }
  const int32_t levels = options.recipe.precision == compress::Precision::int16x8 ? 65535 : 255;
  const auto count = static_cast<int64_t>(float_.tensors.size());
  used_ = at::zeros({count, 2});
  for (size_t i = 0; i < float_.tensors.size(); ++i) {
    const auto id = static_cast<ir::TensorId>(i);
    names_.push_back(std::exchange(float_.tensor(id).name, fmt::format("t{}", i)));
    const compress::RangeObserver& observer = calibration.tensors[i];
    observed_.push_back(observer.count() > 0);
    if (!observed_[i]) continue;
    // As in compress: states add up what is cut off.
    const auto kind = states.contains(id) ? compress::Observer::min_max : options.recipe.observer;
    const compress::Range range = observer.range(kind, levels, options.percentile);
    used_[static_cast<int64_t>(i)][0] = range.low;
    used_[static_cast<int64_t>(i)][1] = range.high;
  }
  averages_ = used_.clone();
  options_.recipe.observer = compress::Observer::min_max;
  const ir::Graph quantized = quantize(float_);
  structure_ = structure_of(quantized);
  make_rounded(quantized);
  if (layers_.empty()) {
    throw Error(ErrorCode::unsupported, "no layer with weights becomes integers", float_.name,
                "train without [quantize]");
  }
}

compress::Calibration Quantization::ranges() const {
  compress::Calibration calibration;
  calibration.tensors.resize(float_.tensors.size());
  calibration.layers.resize(float_.nodes.size());
  const float* range = used_.data_ptr<float>();
  for (size_t i = 0; i < observed_.size(); ++i, range += 2) {
    if (observed_[i]) calibration.tensors[i].see_extent({range, 2});
  }
  return calibration;
}

ir::Graph Quantization::quantize(const ir::Graph& graph) const { return compress::quantize(graph, ranges(), options_); }

std::vector<Quantization::Layer> Quantization::layers_of(const ir::Graph& quantized, const ir::Node& node) const {
  const auto layer = [&](size_t weights, size_t bias, ir::TensorId scale) {
    const ir::Tensor& stored = quantized.tensor(node.inputs[weights]);
    const bool has_bias = bias > 0 && bias < node.inputs.size() && node.inputs[bias] != ir::kNoTensor &&
                          origin_of(quantized.tensor(node.inputs[bias]).name) != ir::kNoTensor;
    return Layer{weights,
                 has_bias ? static_cast<int>(bias) : -1,
                 scale,
                 {stored.type == ir::DType::i4 ? 7 : 127, stored.quantization.per_channel(),
                  node.op == ir::Op::depthwise_conv2d}};
  };
  const Scales scales = scales_of(quantized, node);
  if (scales == Scales::layer) return {layer(1, 2, node.inputs[0])};
  std::vector<Layer> layers;
  if (scales != Scales::recurrent) return layers;
  const bool lstm = node.op == ir::Op::lstm;
  const size_t gates = lstm ? 4 : 3;
  for (size_t g = 0; g < 2 * gates; ++g) {
    const bool of_state = g >= gates;
    const size_t bias = lstm && of_state ? 0 : 1 + 2 * gates + g;
    layers.push_back(layer(1 + g, bias, of_state ? node.outputs[0] : node.inputs[0]));
  }
  return layers;
}

void Quantization::add_node(const ir::Graph& quantized, ir::Node node, std::map<std::string, ir::TensorId>& constants) {
  const std::vector<Layer> layers = layers_of(quantized, node);
  if (!layers.empty()) layers_[node.outputs[0]] = layers;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    ir::TensorId& id = node.inputs[i];
    if (id == ir::kNoTensor || !quantized.tensor(id).is_constant) continue;
    const ir::Tensor& stored = quantized.tensor(id);
    const ir::TensorId origin = origin_of(stored.name);
    if (origin == ir::kNoTensor) {  // a bias of zeros
      id = ir::kNoTensor;
      continue;
    }
    // Layers that share weights go on sharing them.
    id = constants.insert({stored.name, id}).first->second;
    rounded_.tensor(id) = float_.tensor(origin);
    const bool weights =
        std::any_of(layers.begin(), layers.end(), [&](const Layer& layer) { return layer.weights == i; });
    if (is_integer(stored) && !weights) grids_[id] = grid_of(stored);
  }
  if (auto* pad = std::get_if<ir::PadAttributes>(&node.attributes)) {
    const ir::TensorId origin = origin_of(quantized.tensor(node.outputs[0]).name);
    const auto source = std::find_if(float_.nodes.begin(), float_.nodes.end(), [&](const ir::Node& other) {
      return !other.outputs.empty() && other.outputs[0] == origin;
    });
    pad->value = ir::attributes<ir::PadAttributes>(*source).value;
  }
  rounded_.nodes.push_back(std::move(node));
}

void Quantization::make_rounded(const ir::Graph& quantized) {
  rounded_ = quantized;
  rounded_.nodes.clear();
  for (size_t i = 0; i < quantized.tensors.size(); ++i) {
    const auto id = static_cast<ir::TensorId>(i);
    ir::Tensor& tensor = rounded_.tensor(id);
    if (tensor.is_constant) continue;
    const ir::TensorId origin = origin_of(tensor.name);
    if (tensor.name == float_.tensor(origin).name && observed_[static_cast<size_t>(origin)]) origins_[id] = origin;
    if (!is_integer(tensor)) continue;
    grids_[id] = grid_of(tensor);
    tensor.type = ir::DType::f32;
    tensor.quantization = {};
  }
  for (size_t i = 0; i < quantized.variables.size(); ++i) rounded_.variables[i] = float_.variables[i];
  // What comes in is rounded like all else.
  for (ir::TensorId& input : rounded_.inputs) {
    if (!grids_.contains(input)) continue;
    ir::Tensor real = rounded_.tensor(input);
    real.name += "_real";
    ir::Node node;
    node.op = ir::Op::quantize;
    node.outputs = {input};
    input = rounded_.add_tensor(std::move(real));
    node.inputs = {input};
    rounded_.nodes.push_back(std::move(node));
  }
  std::map<std::string, ir::TensorId> constants;
  for (const ir::Node& node : quantized.nodes) add_node(quantized, node, constants);
}

void Quantization::use_ranges() {
  const ir::Graph quantized = quantize(float_);
  for (auto& [id, grid] : grids_) grid = grid_of(quantized.tensor(id));
}

std::vector<Parameter> Quantization::state() const { return {{"ranges/used", used_}, {"ranges/averages", averages_}}; }

void Quantization::end_epoch(bool adopt_averages) {
  if (!adopt_averages) return;
  const at::Tensor before = used_.clone();
  used_.copy_(averages_);
  // A range can decide whether an output has its given scale or must be requantized: then what was stays.
  if (structure_of(quantize(float_)) != structure_) used_.copy_(before);
  use_ranges();
}

ir::Graph Quantization::quantized(const ir::Graph& trained) const {
  ir::Graph graph = float_;
  for (const ir::Node& node : rounded_.nodes) {
    if (node.outputs.empty() || !layers_.contains(node.outputs[0])) continue;
    for (const Layer& layer : layers_.at(node.outputs[0])) {
      const auto take = [&](ir::TensorId id) {
        graph.tensor(origin_of(rounded_.tensor(id).name)).data = trained.tensor(id).data;
      };
      take(node.inputs[layer.weights]);
      if (layer.bias >= 0) take(node.inputs[static_cast<size_t>(layer.bias)]);
    }
  }
  for (size_t i = 0; i < names_.size(); ++i) graph.tensors[i].name = names_[i];
  return quantize(graph);
}

void Quantization::observe(ir::TensorId id, const at::Tensor& values) {
  const auto origin = origins_.find(id);
  if (origin == origins_.end() || !values.is_floating_point()) return;
  const auto [low, high] = at::aminmax(values.detach());
  const float ends[] = {std::min(low.item<float>(), 0.0f), std::max(high.item<float>(), 0.0f)};
  if (!std::isfinite(ends[0]) || !std::isfinite(ends[1])) return;  // the loss will say so
  float* average = averages_.data_ptr<float>() + 2 * origin->second;
  for (int i = 0; i < 2; ++i) average[i] += kMomentum * (ends[i] - average[i]);
}

at::Tensor Quantization::round(ir::TensorId id, const at::Tensor& values, Halves halves,
                               const std::vector<float>& inner) const {
  const auto grid = grids_.find(id);
  return grid == grids_.end() ? values : fake_quantize(values, grid->second, halves, inner);
}

// inner_steps() of the output of a node whose kernel multiplies sums or products by one number, and rounds to int8.
std::vector<float> Quantization::inner(const ir::Node& node, const std::vector<float>& weight_scales) const {
  const auto output = node.outputs.empty() ? grids_.end() : grids_.find(node.outputs[0]);
  if (output == grids_.end() || output->second.high != 127) return {};
  const auto scale = [&](size_t i) {
    const auto grid = grids_.find(node.inputs[i]);
    return grid == grids_.end() ? 0.0 : static_cast<double>(grid->second.scale);
  };
  const double step = scale(0) / static_cast<double>(output->second.scale);
  if (!(step > 0)) return {};  // from a float tensor
  std::vector<float> steps;
  switch (node.op) {
    case ir::Op::conv2d:
    case ir::Op::depthwise_conv2d:
    case ir::Op::transpose_conv2d:
    case ir::Op::fully_connected:
      for (const float weight_scale : weight_scales)
        steps.push_back(inner_steps(step * static_cast<double>(weight_scale)));
      return steps;
    case ir::Op::mul:
    case ir::Op::batch_matmul:
      return {inner_steps(step * scale(1))};
    case ir::Op::quantize:
    case ir::Op::sum:
      return {inner_steps(step)};
    case ir::Op::mean: {
      // The kernel shifts by the whole bits of the count, and divides by what is left.
      const int64_t count =
          ir::elements(rounded_.tensor(node.inputs[0]).shape) / ir::elements(rounded_.tensor(node.outputs[0]).shape);
      return {inner_steps(std::ldexp(step, -std::ilogb(static_cast<double>(count))))};
    }
    default:
      return {};
  }
}

Tensors Quantization::round_operands(const ir::Node& node, const std::vector<Layer>& layers, Tensors operands,
                                     std::vector<float>& scales) const {
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const ir::TensorId id = node.inputs[i];
    if (id == ir::kNoTensor || !rounded_.tensor(id).is_constant || !grids_.contains(id)) continue;
    operands[i] = round(id, operands[i].detach());
  }
  for (const Layer& layer : layers) {
    at::Tensor none;
    at::Tensor& bias = layer.bias < 0 ? none : operands[static_cast<size_t>(layer.bias)];
    FakeWeights rounded =
        fake_quantize_layer(operands[layer.weights], bias, grids_.at(layer.scale).scale, layer.format);
    operands[layer.weights] = std::move(rounded.weights);
    bias = std::move(rounded.bias);
    scales = std::move(rounded.scales);
  }
  return operands;
}

RecurrentRounding Quantization::recurrent_rounding(const ir::Node& node) const {
  const ir::StoredRange stored = ir::stored_range(ir::DType::i16);
  constexpr int32_t kGateBits = 12;  // gates are int16 in Q3.12
  const Grid gate{std::ldexp(1.0f, -kGateBits), 0, stored.low, stored.high};
  const auto to = [this](ir::TensorId id) { return [this, id](const at::Tensor& x) { return round(id, x); }; };
  const ir::TensorId state = node.outputs[ir::state_operands(node.op).back().output];
  const float state_step = grids_.at(state).scale;  // a power of two
  const auto state_bits = static_cast<int32_t>(std::lround(-std::log2(state_step)));
  const auto tanh_of = [](int32_t bits) { return [bits](int32_t x) { return rt::tanh_16(x, bits); }; };
  const KernelFunction logistic(rt::logistic_16, gate.scale), tanh(tanh_of(kGateBits), gate.scale),
      state_tanh(tanh_of(state_bits), state_step);
  return {[gate](const at::Tensor& x) { return fake_quantize(x, gate); },
          to(state),
          to(node.outputs[0]),
          [logistic](const at::Tensor& x) { return logistic(x, at::sigmoid(x)); },
          [tanh](const at::Tensor& x) { return tanh(x, at::tanh(x)); },
          [state_tanh](const at::Tensor& x) { return state_tanh(x, at::tanh(x)); }};
}

Function Quantization::function_of(const Site& site) {
  const ir::Node node = site.node;
  const bool converts = node.op == ir::Op::quantize || node.op == ir::Op::dequantize;
  const auto layers = node.outputs.empty() ? layers_.end() : layers_.find(node.outputs[0]);
  const bool recurrent = layers != layers_.end() && !ir::state_operands(node.op).empty();
  Site own = site;
  if (recurrent) own.rounding = recurrent_rounding(node);
  const Function function = converts ? [](const Tensors& inputs, Frame&) -> Tensors { return {inputs[0]}; }
                                     : learn::function_of(own);
  const Halves halves = node.op == ir::Op::average_pool2d ? Halves::stored : Halves::real;
  return [this, node, function, halves, recurrent,
          of = layers == layers_.end() ? std::vector<Layer>() : layers->second](const Tensors& inputs, Frame& frame) {
    std::vector<float> scales;
    Tensors results = function(round_operands(node, of, inputs, scales), frame);
    const std::vector<float> steps = recurrent ? std::vector<float>() : inner(node, scales);
    for (size_t i = 0; i < results.size(); ++i) {
      // A recurrent layer has rounded its steps: what they would have been is not seen here.
      if (frame.training && !recurrent) observe(node.outputs[i], results[i]);
      if (!only_moves(node.op)) results[i] = round(node.outputs[i], results[i], halves, steps);
    }
    return results;
  };
}

}  // namespace whit::learn
