// What tests of quantization share: samples, tensors by name, how far a model is from another.
#pragma once

#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "whit/compress/evaluate.hpp"
#include "whit/compress/model_runner.hpp"
#include "whit/ir/graph.hpp"

namespace whit::compress {

inline std::vector<float> samples(int64_t count, int64_t elements) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  std::vector<float> values(static_cast<size_t>(count * elements));
  for (float& value : values) value = uniform(random);
  return values;
}

inline const ir::Tensor& named(const ir::Graph& graph, const std::string& name) {
  for (const ir::Tensor& tensor : graph.tensors) {
    if (tensor.name == name) return tensor;
  }
  throw std::out_of_range(name);
}

// Of the first output.
inline double sqnr_db(const ir::Graph& a, const ir::Graph& b, const std::vector<float>& data) {
  std::vector<float> first;
  ModelRunner(a).run(
      data, [&](int64_t, const auto& outputs) { first.insert(first.end(), outputs[0].begin(), outputs[0].end()); });
  DifferenceMeter meter;
  ModelRunner(b).run(data, [&](int64_t i, const auto& outputs) {
    meter.add(std::span(first).subspan(static_cast<size_t>(i) * outputs[0].size(), outputs[0].size()), outputs[0]);
  });
  return meter.result().sqnr_db;
}

}  // namespace whit::compress
