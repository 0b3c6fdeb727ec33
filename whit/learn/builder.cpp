#include "whit/learn/builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace whit::learn {
namespace {

bool is_relu(ir::Activation activation) {
  return activation == ir::Activation::relu || activation == ir::Activation::relu6;
}

// Outputs, padding before and padding after of TensorFlow's SAME.
struct Same {
  int32_t outputs, before, after;
  Same(int32_t size, int32_t kernel, int32_t stride) : outputs((size + stride - 1) / stride) {
    const int32_t padding = std::max((outputs - 1) * stride + kernel - size, 0);
    before = padding / 2, after = padding - before;
  }
};

template <typename A>
A window_attributes(const Same& h, const Same& w, Builder::Pair stride, ir::Activation activation) {
  A a;
  a.stride_h = stride[0], a.stride_w = stride[1];
  a.pad_top = h.before, a.pad_bottom = h.after, a.pad_left = w.before, a.pad_right = w.after;
  a.activation = activation;
  return a;
}

}  // namespace

Builder::Builder(std::string name, uint64_t seed) : random_({seed, 0x77656967687473}) {
  model_.graph.name = std::move(name);
}

Builder::Id Builder::tensor(const std::string& name, ir::Shape shape) {
  ir::Tensor tensor;
  tensor.name = name;
  tensor.shape = std::move(shape);
  return model_.graph.add_tensor(std::move(tensor));
}

Builder::Id Builder::constant(const std::string& name, ir::Shape shape, const std::vector<float>& values) {
  const Id id = tensor(name, std::move(shape));
  ir::Tensor& made = model_.graph.tensor(id);
  made.is_constant = true;
  made.data.resize(values.size() * sizeof(float));
  std::memcpy(made.data.data(), values.data(), made.data.size());
  return id;
}

Builder::Id Builder::weights(const std::string& name, ir::Shape shape, double fan_in, double fan_out,
                             bool before_relu) {
  std::vector<float> values(static_cast<size_t>(ir::elements(shape)));
  const double deviation = std::sqrt(2.0 / fan_in), limit = std::sqrt(6.0 / (fan_in + fan_out));
  for (float& value : values) {
    value = static_cast<float>(before_relu ? deviation * random_.normal() : random_.uniform(-limit, limit));
  }
  return constant(name, std::move(shape), values);
}

Builder::Id Builder::zeros(const std::string& name, int32_t count, float value) {
  return constant(name, {count}, std::vector<float>(static_cast<size_t>(count), value));
}

// The rows of a matrix of normal numbers, made orthonormal one after the other (Gram and Schmidt).
Builder::Id Builder::orthogonal(const std::string& name, int32_t units) {
  const auto n = static_cast<size_t>(units);
  std::vector<std::vector<double>> rows(n, std::vector<double>(n));
  for (size_t r = 0; r < n; ++r) {
    for (double& value : rows[r]) value = random_.normal();
    for (int pass = 0; pass < 2; ++pass) {  // twice: the first leaves rounding behind
      for (size_t other = 0; other < r; ++other) {
        double product = 0;
        for (size_t i = 0; i < n; ++i) product += rows[r][i] * rows[other][i];
        for (size_t i = 0; i < n; ++i) rows[r][i] -= product * rows[other][i];
      }
    }
    double square = 0;
    for (const double value : rows[r]) square += value * value;
    for (double& value : rows[r]) value /= std::sqrt(square);
  }
  std::vector<float> values;
  for (const std::vector<double>& row : rows) values.insert(values.end(), row.begin(), row.end());
  return constant(name, {units, units}, values);
}

std::string Builder::next_name(ir::Op op) { return fmt::format("{}_{}", ir::name_of(op), ++layers_); }

Builder::Id Builder::node(ir::Op op, std::vector<Id> inputs, ir::Shape shape, ir::Attributes attributes,
                          const std::string& name) {
  const Id output = tensor(name, std::move(shape));
  model_.graph.nodes.push_back({op, std::move(inputs), {output}, std::move(attributes)});
  return output;
}

Builder::Id Builder::layer(ir::Op op, Id x, Id weights, ir::Shape shape, ir::Attributes attributes, bool norm,
                           const std::string& name) {
  const Id bias = zeros(name + "/bias", shape.back());
  const Id output = node(op, {x, weights, bias}, std::move(shape), std::move(attributes), name);
  if (norm) model_.normalised.push_back(output);
  return output;
}

Builder::Id Builder::input(const ir::Shape& sample) {
  ir::Shape shape = {1};
  shape.insert(shape.end(), sample.begin(), sample.end());
  const Id id = tensor("input", std::move(shape));
  model_.graph.inputs = {id};
  return id;
}

Model Builder::finish(Id output) {
  model_.graph.outputs = {output};
  return std::move(model_);
}

Builder::Id Builder::conv(Id x, int32_t filters, Pair kernel, Pair stride, ir::Activation activation, bool norm) {
  const ir::Shape in = shape(x);
  const Same h(in[1], kernel[0], stride[0]), w(in[2], kernel[1], stride[1]);
  const std::string name = next_name(ir::Op::conv2d);
  const double taps = kernel[0] * kernel[1];
  const Id weight = weights(name + "/weights", {filters, kernel[0], kernel[1], in[3]}, taps * in[3], taps * filters,
                            is_relu(activation));
  return layer(ir::Op::conv2d, x, weight, {1, h.outputs, w.outputs, filters},
               window_attributes<ir::ConvAttributes>(h, w, stride, activation), norm, name);
}

Builder::Id Builder::depthwise(Id x, Pair kernel, Pair stride, ir::Activation activation, bool norm) {
  const ir::Shape in = shape(x);
  const Same h(in[1], kernel[0], stride[0]), w(in[2], kernel[1], stride[1]);
  const std::string name = next_name(ir::Op::depthwise_conv2d);
  const double taps = kernel[0] * kernel[1];
  const Id weight = weights(name + "/weights", {1, kernel[0], kernel[1], in[3]}, taps, taps, is_relu(activation));
  return layer(ir::Op::depthwise_conv2d, x, weight, {1, h.outputs, w.outputs, in[3]},
               window_attributes<ir::ConvAttributes>(h, w, stride, activation), norm, name);
}

Builder::Id Builder::max_pool(Id x, Pair kernel, Pair stride) {
  const ir::Shape in = shape(x);
  const Same h(in[1], kernel[0], stride[0]), w(in[2], kernel[1], stride[1]);
  auto a = window_attributes<ir::PoolAttributes>(h, w, stride, ir::Activation::none);
  a.kernel_h = kernel[0], a.kernel_w = kernel[1];
  return node(ir::Op::max_pool2d, {x}, {1, h.outputs, w.outputs, in[3]}, a, next_name(ir::Op::max_pool2d));
}

Builder::Id Builder::global_average(Id x) {
  return node(ir::Op::mean, {x}, {1, shape(x)[3]}, ir::ReduceAttributes{{1, 2}, false}, next_name(ir::Op::mean));
}

Builder::Id Builder::add(Id a, Id b, ir::Activation activation) {
  return node(ir::Op::add, {a, b}, shape(a), ir::ActivationAttributes{activation}, next_name(ir::Op::add));
}

Builder::Id Builder::dense(Id x, int32_t units, ir::Activation activation, bool norm) {
  const int32_t depth = shape(x)[1];
  const std::string name = next_name(ir::Op::fully_connected);
  const Id weight = weights(name + "/weights", {units, depth}, depth, units, is_relu(activation));
  return layer(ir::Op::fully_connected, x, weight, {1, units}, ir::ActivationAttributes{activation}, norm, name);
}

Builder::Id Builder::recurrent(Id x, int32_t units, ir::Op op, bool sequence) {
  const ir::Shape in = shape(x);
  const bool lstm = op == ir::Op::lstm;
  const std::string name = next_name(op);
  const std::vector<std::string> gates = lstm ? std::vector<std::string>{"input", "forget", "cell", "output"}
                                              : std::vector<std::string>{"update", "reset", "candidate"};
  std::vector<Id> inputs = {x};
  for (const std::string& gate : gates) {
    inputs.push_back(weights(name + "/weights_" + gate, {units, in[2]}, in[2], units, false));
  }
  for (const std::string& gate : gates) inputs.push_back(orthogonal(name + "/recurrent_" + gate, units));
  for (const std::string& gate : gates) {
    inputs.push_back(zeros(name + "/bias_" + gate, units, gate == "forget" ? 1.0f : 0.0f));
  }
  if (!lstm) {
    for (const std::string& gate : gates) inputs.push_back(zeros(name + "/recurrent_bias_" + gate, units));
  }
  inputs.resize(lstm ? ir::LstmInput::count : ir::GruInput::count, ir::kNoTensor);
  ir::RecurrentAttributes attributes;
  attributes.linear_before_reset = !lstm;
  const Id output = node(op, inputs, {1, in[1], units}, attributes, name);
  std::vector<Id>& outputs = model_.graph.nodes.back().outputs;
  outputs.push_back(tensor(name + "/hidden", {1, units}));
  const Id hidden = outputs.back();
  if (lstm) outputs.push_back(tensor(name + "/cell", {1, units}));
  return sequence ? output : hidden;
}

Builder::Id Builder::reshape(Id x, ir::Shape to) {
  if (to == shape(x)) return x;
  return node(ir::Op::reshape, {x}, std::move(to), ir::NoAttributes{}, next_name(ir::Op::reshape));
}

Builder::Id Builder::unary(Id x, ir::Op op, ir::Attributes attributes) {
  return node(op, {x}, shape(x), std::move(attributes), next_name(op));
}

}  // namespace whit::learn
