#include "whit/learn/module.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace whit::learn {
namespace {

at::Tensor tensor_of(const std::vector<uint8_t>& data, const ir::Shape& shape, at::ScalarType type) {
  at::Tensor tensor = at::empty(std::vector<int64_t>(shape.begin(), shape.end()), at::TensorOptions().dtype(type));
  std::memcpy(tensor.data_ptr(), data.data(), data.size());
  return tensor;
}

// The nodes that `wanted` depend on.
std::vector<bool> needed_nodes(const ir::Graph& graph, const std::vector<ir::TensorId>& wanted) {
  std::vector<bool> tensors(graph.tensors.size()), nodes(graph.nodes.size());
  std::vector<bool> variables(graph.variables.size());
  for (const ir::TensorId id : wanted) tensors[static_cast<size_t>(id)] = true;
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    const ir::Node& node = graph.nodes[n];
    const auto* variable = std::get_if<ir::VariableAttributes>(&node.attributes);
    bool needed = std::any_of(node.outputs.begin(), node.outputs.end(),
                              [&](ir::TensorId id) { return tensors[static_cast<size_t>(id)]; });
    if (node.op == ir::Op::assign_variable) needed = variables[static_cast<size_t>(variable->variable)];
    if (!needed) continue;
    if (node.op == ir::Op::read_variable) variables[static_cast<size_t>(variable->variable)] = true;
    nodes[n] = true;
    for (const ir::TensorId id : node.inputs) {
      if (id != ir::kNoTensor) tensors[static_cast<size_t>(id)] = true;
    }
  }
  return nodes;
}

std::vector<float> values_of(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), tensor.data_ptr<float>() + tensor.numel()};
}

template <typename Values>
void store(const Values& values, size_t count, ir::Tensor& tensor) {
  std::memcpy(tensor.data.data(), values, count * sizeof(float));
}

// gamma * (w x - mean) / sqrt(variance + e) + beta as weights and bias.
void fold(const BatchNorm& norm, const ir::Node& layer, ir::Graph& graph) {
  const std::vector<float> gamma = values_of(norm.gamma), beta = values_of(norm.beta);
  const std::vector<float> mean = values_of(norm.mean), variance = values_of(norm.variance);
  const size_t channels = gamma.size();
  std::vector<float> factor(channels), bias(channels);
  for (size_t c = 0; c < channels; ++c) {
    const double scale = gamma[c] / std::sqrt(double{variance[c]} + BatchNorm::kEpsilon);
    factor[c] = static_cast<float>(scale);
    bias[c] = static_cast<float>(beta[c] - mean[c] * scale);
  }
  ir::Tensor& tensor = graph.tensor(layer.inputs[1]);
  auto* weights = reinterpret_cast<float*>(tensor.data.data());
  const size_t count = tensor.data.size() / sizeof(float), depth = count / channels;
  const bool channel_last = layer.op == ir::Op::depthwise_conv2d;
  for (size_t i = 0; i < count; ++i) weights[i] *= factor[channel_last ? i % channels : i / depth];
  store(bias.data(), channels, graph.tensor(layer.inputs[2]));
}

}  // namespace

Module::Module(ir::Graph graph, const std::vector<ir::TensorId>& normalised, std::vector<ir::TensorId> wanted,
               const Maker& maker)
    : graph_(std::move(graph)), wanted_(wanted.empty() ? graph_.outputs : std::move(wanted)) {
  const std::vector<bool> needed = needed_nodes(graph_, wanted_);
  const auto is_normalised = [&](const ir::Node& node) {
    return !node.outputs.empty() && std::count(normalised.begin(), normalised.end(), node.outputs[0]) != 0;
  };
  constants_.resize(graph_.tensors.size());
  for (size_t n = 0; n < needed.size(); ++n) {
    if (needed[n]) add_parameters(graph_.nodes[n], is_normalised(graph_.nodes[n]));
  }
  for (size_t n = 0; n < needed.size(); ++n) {
    if (!needed[n]) continue;
    const ir::Node& node = graph_.nodes[n];
    add_step(node, is_normalised(node) ? std::optional(add_norm(node)) : std::nullopt, maker);
  }
  for (const ir::Variable& variable : graph_.variables) {
    const bool is_float = variable.type == ir::DType::f32;
    initial_variables_.push_back(is_float ? tensor_of(variable.initial, variable.shape, at::kFloat) : at::Tensor());
  }
}

void Module::add_parameters(const ir::Node& node, bool normalised) {
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const ir::TensorId id = node.inputs[i];
    if (id == ir::kNoTensor || !is_weight(node.op, i) || (normalised && i == 2)) continue;
    const ir::Tensor& tensor = graph_.tensor(id);
    at::Tensor& constant = constants_[static_cast<size_t>(id)];
    if (!tensor.is_constant || tensor.type != ir::DType::f32 || constant.defined()) continue;
    constant = tensor_of(tensor.data, tensor.shape, at::kFloat).set_requires_grad(true);
    parameters_.push_back({tensor.name, constant, id});
  }
}

BatchNorm Module::add_norm(const ir::Node& node) {
  if (node.inputs.size() < 3 || node.inputs[2] == ir::kNoTensor) {
    throw std::logic_error("a normalised layer needs a bias");
  }
  const std::string& name = graph_.tensor(node.outputs[0]).name;
  const int64_t channels = graph_.tensor(node.outputs[0]).shape.back();
  const BatchNorm norm{at::ones({channels}).set_requires_grad(true), at::zeros({channels}).set_requires_grad(true),
                       at::zeros({channels}), at::ones({channels})};
  parameters_.push_back({name + ":gamma", norm.gamma});
  parameters_.push_back({name + ":beta", norm.beta});
  statistics_.push_back({name + ":mean", norm.mean});
  statistics_.push_back({name + ":variance", norm.variance});
  norms_.push_back({&node, norm});
  return norm;
}

void Module::add_step(const ir::Node& node, const std::optional<BatchNorm>& norm, const Maker& maker) {
  const Site site{graph_, node, norm, {}};
  Step step{&node, maker(site), {}, !node.inputs.empty()};
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const bool constant = site.has(i) && site.in(i).is_constant;
    if (constant) {
      at::Tensor& value = constants_[static_cast<size_t>(node.inputs[i])];
      if (!value.defined()) value = tensor_of(site.in(i).data, site.in(i).shape, scalar_type(site, site.in(i).type));
    }
    step.expanded.push_back(constant && !takes_constant(node.op, i));
    step.constant = step.constant && constant && !step.expanded.back();
  }
  steps_.push_back(std::move(step));
}

Tensors Module::forward(const Tensors& inputs, bool training) {
  Frame frame;
  frame.batch = inputs.at(0).size(0);
  frame.training = training;
  Tensors values = constants_;
  for (size_t i = 0; i < inputs.size(); ++i) values[static_cast<size_t>(graph_.inputs.at(i))] = inputs[i];
  const auto for_each_sample = [&](const at::Tensor& constant) {
    std::vector<int64_t> dims = {frame.batch};
    dims.insert(dims.end(), constant.sizes().begin(), constant.sizes().end());
    return constant.unsqueeze(0).expand(dims);
  };
  for (const at::Tensor& variable : initial_variables_) {
    frame.variables.push_back(variable.defined() ? for_each_sample(variable) : variable);
  }
  Tensors operands;
  for (const Step& step : steps_) {
    operands.clear();
    for (size_t i = 0; i < step.node->inputs.size(); ++i) {
      const ir::TensorId id = step.node->inputs[i];
      operands.push_back(id == ir::kNoTensor ? at::Tensor() : values[static_cast<size_t>(id)]);
      if (step.expanded[i]) operands.back() = for_each_sample(operands.back());
    }
    Tensors results = step.function(operands, frame);
    for (size_t i = 0; i < results.size(); ++i) {
      at::Tensor& value = values[static_cast<size_t>(step.node->outputs[i])];
      value = step.constant ? for_each_sample(results[i]) : std::move(results[i]);
    }
  }
  Tensors outputs;
  for (const ir::TensorId id : wanted_) outputs.push_back(values[static_cast<size_t>(id)]);
  return outputs;
}

ir::Graph Module::graph() const {
  ir::Graph graph = graph_;
  for (const Parameter& each : parameters_) {
    if (each.constant == ir::kNoTensor) continue;
    store(each.value.data_ptr<float>(), static_cast<size_t>(each.value.numel()), graph.tensor(each.constant));
  }
  for (const Normalised& each : norms_) fold(each.norm, *each.node, graph);
  return graph;
}

}  // namespace whit::learn
