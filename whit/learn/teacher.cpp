#include "whit/learn/teacher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "whit/base/error.hpp"
#include "whit/base/hash.hpp"
#include "whit/compress/model_runner.hpp"
#include "whit/ir/text.hpp"
#include "whit/learn/loss.hpp"

namespace whit::learn {
namespace {

template <typename Values>
std::span<const uint8_t> bytes_of(const Values& values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(values[0])};
}

std::string key_of(const ir::Graph& graph, const data::Samples& samples, Loss loss) {
  std::string all = fmt::format("outputs of a teacher, 1, {}\n{}{}", loss == Loss::cross_entropy,
                                ir::print_text(graph, {0}), hex(sha256(bytes_of(samples.values))));
  for (const ir::Tensor& tensor : graph.tensors) all.append(tensor.data.begin(), tensor.data.end());
  return hex(sha256(bytes_of(all)));
}

// Probabilities: in [0,1], and each row of several adds up to 1.
bool are_probabilities(const std::vector<float>& values, size_t outputs) {
  for (size_t i = 0; i < values.size(); i += outputs) {
    const auto row = values.begin() + static_cast<std::ptrdiff_t>(i), end = row + static_cast<std::ptrdiff_t>(outputs);
    if (std::any_of(row, end, [](float p) { return !(p >= 0 && p <= 1); })) return false;
    if (outputs > 1 && std::abs(std::accumulate(row, end, 0.0) - 1.0) > 0.01) return false;
  }
  return true;
}

void take_logarithms(std::vector<float>& values, size_t outputs) {
  constexpr float kLeast = 1e-7f;  // below the step of a float near 1
  for (float& p : values) {
    const float q = std::clamp(p, kLeast, 1.0f - kLeast);
    p = outputs > 1 ? std::log(q) : std::log(q / (1.0f - q));
  }
}

}  // namespace

std::vector<float> teacher_outputs(const ir::Graph& teacher, const data::Samples& samples, Loss loss,
                                   const Cache& cache) {
  ir::Graph graph = teacher;
  const ir::TensorId end = loss_tensor(graph, loss);
  const bool cut = end != graph.outputs.at(0);
  graph.outputs = {end};
  const auto outputs = static_cast<size_t>(ir::elements(graph.tensor(end).shape));
  const std::string key = key_of(graph, samples, loss);
  std::vector<float> values(static_cast<size_t>(samples.count()) * outputs);
  if (const auto known = cache.find(key); known && known->size() == values.size() * sizeof(float)) {
    std::memcpy(values.data(), known->data(), known->size());
    return values;
  }
  const compress::ModelRunner runner(graph);
  if (runner.input_elements() != samples.elements()) {
    throw Error(
        ErrorCode::bad_input,
        fmt::format("a sample has {} numbers, the teacher takes {}", samples.elements(), runner.input_elements()),
        teacher.name, "a teacher of the same data");
  }
  runner.run(samples.values, [&](int64_t sample, const std::vector<std::vector<float>>& y) {
    std::copy(y[0].begin(), y[0].end(),
              values.begin() + static_cast<std::ptrdiff_t>(sample) * static_cast<std::ptrdiff_t>(outputs));
  });
  if (loss == Loss::cross_entropy && !cut && are_probabilities(values, outputs)) take_logarithms(values, outputs);
  cache.store(key, bytes_of(values));
  return values;
}

}  // namespace whit::learn
