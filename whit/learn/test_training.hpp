// What the tests of training share.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "whit/base/random.hpp"
#include "whit/data/samples.hpp"
#include "whit/ir/graph.hpp"

namespace whit::learn {

// Three classes as clouds in a plane, and more features that say nothing.
inline data::Samples clouds(int64_t count, uint64_t seed, std::vector<int64_t> shape = {6}) {
  Random random({seed});
  data::Samples samples;
  samples.shape = std::move(shape);
  for (int64_t i = 0; i < count; ++i) {
    const auto label = static_cast<int>(random.below(3));
    for (int64_t f = 0; f < samples.elements(); ++f) {
      const double center = f < 2 ? std::cos(2.1 * label - 1.57 * static_cast<double>(f)) * 2 : 0;
      samples.values.push_back(static_cast<float>(center + 0.7 * random.normal()));
    }
    samples.labels.push_back(static_cast<float>(label));
  }
  return samples;
}

// All constants of a graph, to compare.
inline std::vector<uint8_t> weights_of(const ir::Graph& graph) {
  std::vector<uint8_t> bytes;
  for (const ir::Tensor& tensor : graph.tensors) bytes.insert(bytes.end(), tensor.data.begin(), tensor.data.end());
  return bytes;
}

// Thrown by a hook, for a run that ends in the middle.
struct Killed {};

}  // namespace whit::learn
