// Small float graphs for the tests of modules, and samples for them.
#pragma once

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "whit/ir/verify.hpp"
#include "whit/learn/differentiable.hpp"
#include "whit/learn/torch.hpp"

namespace whit::learn {

using ir::Op;
using ir::Shape;

inline std::vector<float> random_floats(int64_t count, uint32_t seed, float low, float high) {
  std::mt19937 random(seed);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = std::uniform_real_distribution<float>(low, high)(random);
  return values;
}

// A graph of a node or a few, float32 inputs and constants.
struct Net {
  ir::Graph graph;
  uint32_t seed = 1;
  float low = -1, high = 1;  // of the values of inputs and constants

  ir::TensorId tensor(Shape shape, ir::DType type = ir::DType::f32) {
    ir::Tensor tensor;
    tensor.name = "t" + std::to_string(graph.tensors.size());
    tensor.shape = std::move(shape);
    tensor.type = type;
    return graph.add_tensor(std::move(tensor));
  }
  ir::TensorId input(Shape shape) {
    graph.inputs.push_back(tensor(std::move(shape)));
    return graph.inputs.back();
  }
  template <typename T>
  ir::TensorId constant(Shape shape, const std::vector<T>& values, ir::DType type) {
    const ir::TensorId id = tensor(std::move(shape), type);
    graph.tensor(id).is_constant = true;
    graph.tensor(id).data.resize(values.size() * sizeof(T));
    std::memcpy(graph.tensor(id).data.data(), values.data(), values.size() * sizeof(T));
    return id;
  }
  ir::TensorId weights(Shape shape) {
    const int64_t count = ir::elements(shape);
    return constant(std::move(shape), random_floats(count, ++seed, low, high), ir::DType::f32);
  }
  // Adds a node; shapes of outputs follow, but where only the caller can know it.
  ir::TensorId node(Op op, std::vector<ir::TensorId> inputs, ir::Attributes attributes = {}, Shape shape = {},
                    ir::DType type = ir::DType::f32) {
    const size_t outputs =
        op == Op::lstm ? 3 : (op == Op::gru || op == Op::svdf ? 2 : (op == Op::assign_variable ? 0 : 1));
    ir::Node made{op, std::move(inputs), {}, std::move(attributes)};
    for (size_t i = 0; i < outputs; ++i) made.outputs.push_back(tensor(shape, type));
    const std::vector<Shape> shapes = ir::infer_shapes(graph, made);
    for (size_t i = 0; i < outputs; ++i) graph.tensor(made.outputs[i]).shape = shapes[i];
    graph.nodes.push_back(made);
    return outputs > 0 ? made.outputs[0] : ir::kNoTensor;
  }
  ir::Graph finish(std::vector<ir::TensorId> outputs) {
    graph.outputs = std::move(outputs);
    ir::verify(graph);
    return graph;
  }
};

inline constexpr int64_t kSamples = 3;

inline Tensors inputs_of(const ir::Graph& graph, const std::vector<float>& values, int64_t elements) {
  const at::Tensor samples = at::tensor(values).view({kSamples, elements});
  Tensors inputs;
  int64_t at = 0;
  for (const ir::TensorId id : graph.inputs) {
    const Shape& shape = graph.tensor(id).shape;
    inputs.push_back(samples.slice(1, at, at + ir::elements(shape)).reshape(with_batch(kSamples, shape)));
    at += ir::elements(shape);
  }
  return inputs;
}

}  // namespace whit::learn
