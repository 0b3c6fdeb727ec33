#include "whit/compress/importance.hpp"

#include "whit/base/error.hpp"
#include "whit/base/random.hpp"

namespace whit::compress {

std::vector<double> permutation_importance(const ir::Graph& graph, const data::Samples& samples, const Evaluation& base,
                                           int repeats, uint64_t seed, const Progress& progress) {
  if (!samples.more.empty()) {
    throw Error(ErrorCode::unsupported, "importance of the values of several inputs", graph.name,
                "a model with one input");
  }
  const auto width = static_cast<size_t>(samples.shape.back());
  const auto count = static_cast<size_t>(samples.count()), elements = static_cast<size_t>(samples.elements());
  const double worse = base.metric == Metric::accuracy ? -1 : 1;
  std::vector<double> importance(width);
  for (size_t value = 0; value < width; ++value) {
    for (int repeat = 0; repeat < repeats; ++repeat) {
      data::Samples mixed = samples;
      Random random{seed, value, static_cast<uint64_t>(repeat)};
      const std::vector<int64_t> order = random.permutation(samples.count());
      for (size_t i = 0; i < count; ++i) {
        const auto from = static_cast<size_t>(order[i]);
        for (size_t at = value; at < elements; at += width) {
          mixed.values[i * elements + at] = samples.values[from * elements + at];
        }
      }
      const Evaluation result = evaluate(graph, mixed, name_of(base.metric));
      importance[value] += worse * (result.value - base.value) / repeats;
      if (progress) progress(static_cast<int64_t>(value) * repeats + repeat + 1, static_cast<int64_t>(width) * repeats);
    }
  }
  return importance;
}

}  // namespace whit::compress
