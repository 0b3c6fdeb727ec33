#include "whit/compress/evaluate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <iterator>
#include <numeric>

#include "whit/base/error.hpp"
#include "whit/base/nearest.hpp"
#include "whit/compress/model_runner.hpp"

namespace whit::compress {
namespace {

constexpr std::array kNames = {"accuracy", "mae", "rmse", "reconstruction", "auto"};  // auto: a choice, no metric

int64_t largest(std::span<const float> values) {
  if (values.size() == 1) return values[0] > 0.5f ? 1 : 0;
  return std::max_element(values.begin(), values.end()) - values.begin();
}

double macro_f1(std::span<const float> outputs, std::span<const float> labels, size_t width) {
  const size_t classes = std::max<size_t>(width, 2);
  std::vector<double> hits(classes), labelled(classes), predicted(classes);
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto label = static_cast<size_t>(labels[i]),
               guess = static_cast<size_t>(largest(outputs.subspan(i * width, width)));
    ++labelled[label], ++predicted[guess];
    hits[label] += label == guess;
  }
  double sum = 0, count = 0;
  for (size_t c = 0; c < classes; ++c) {
    if (labelled[c] == 0) continue;
    sum += 2 * hits[c] / (labelled[c] + predicted[c]), ++count;
  }
  return count > 0 ? sum / count : 0.0;
}

// Expected calibration error with 15 bins of confidence (Guo et al., "On calibration of modern neural networks", 2017),
// where the outputs are probabilities; else 0.
double calibration_error(std::span<const float> outputs, std::span<const float> labels, size_t width) {
  constexpr size_t kBins = 15;
  std::array<double, kBins> confidence{}, right{};
  for (size_t i = 0; i < labels.size(); ++i) {
    const std::span<const float> sample = outputs.subspan(i * width, width);
    const int64_t chosen = largest(sample);
    const double p = width == 1 ? static_cast<double>(std::max(sample[0], 1 - sample[0]))
                                : static_cast<double>(sample[static_cast<size_t>(chosen)]);
    if (p < 0 || p > 1.001) return 0.0;
    const size_t bin = std::min(kBins - 1, static_cast<size_t>(p * kBins));
    confidence[bin] += p;
    right[bin] += chosen == static_cast<int64_t>(labels[i]);
  }
  double error = 0;
  for (size_t bin = 0; bin < kBins; ++bin) error += std::abs(confidence[bin] - right[bin]);
  return error / static_cast<double>(labels.size());
}

}  // namespace

double metric_value(Metric metric, const data::Samples& samples, std::span<const float> outputs) {
  double sum = 0;
  const auto count = static_cast<size_t>(samples.count());
  const size_t width = outputs.size() / count;
  for (size_t i = 0; i < count; ++i) {
    const std::span<const float> output = outputs.subspan(i * width, width);
    if (metric == Metric::accuracy) {
      sum += largest(output) == static_cast<int64_t>(samples.labels[i]);
    } else if (metric == Metric::reconstruction) {
      const std::span<const float> input = samples.sample(static_cast<int64_t>(i));
      double error = 0;
      for (size_t j = 0; j < width; ++j) error += std::pow(static_cast<double>(output[j] - input[j]), 2);
      sum += error / static_cast<double>(width);
    } else {
      const auto error = static_cast<double>(output[0] - samples.labels[i]);
      sum += metric == Metric::mae ? std::abs(error) : error * error;
    }
  }
  sum /= static_cast<double>(count);
  return metric == Metric::rmse ? std::sqrt(sum) : sum;
}

const char* name_of(Metric metric) { return kNames[static_cast<size_t>(metric)]; }

Metric choose_metric(const std::string& name, const data::Samples& samples, int64_t outputs) {
  const bool labelled = !samples.labels.empty();
  const bool classes = std::all_of(samples.labels.begin(), samples.labels.end(),
                                   [](float label) { return label >= 0 && label == std::floor(label); });
  Metric metric = Metric::accuracy;
  if (name == "auto") {
    if (!labelled && (outputs != samples.elements() || outputs == 1)) {
      throw Error(ErrorCode::bad_input, "there are no labels to compare the outputs with", "",
                  "give --labels: classes, or the targets of a regression");
    }
    const bool of_one =
        std::all_of(samples.labels.begin(), samples.labels.end(), [](float label) { return label <= 1; });
    metric = !labelled ? Metric::reconstruction : classes && (outputs > 1 || of_one) ? Metric::accuracy : Metric::mae;
  } else {
    metric = static_cast<Metric>(index_of_name(name, kNames, "metric"));
  }
  if (metric == Metric::reconstruction && outputs != samples.elements()) {
    throw Error(ErrorCode::bad_input,
                fmt::format("{} outputs cannot reconstruct {} inputs", outputs, samples.elements()));
  }
  if (metric != Metric::reconstruction && !labelled) {
    throw Error(ErrorCode::bad_input, fmt::format("{} needs labels", name_of(metric)), "", "give --labels");
  }
  if (metric == Metric::accuracy) {
    const auto classes_of_model = static_cast<float>(std::max<int64_t>(outputs, 2));
    for (size_t i = 0; i < samples.labels.size(); ++i) {
      if (!(samples.labels[i] < classes_of_model) || !classes) {
        throw Error(ErrorCode::bad_input, fmt::format("label {}", samples.labels[i]),
                    samples.label_place(static_cast<int64_t>(i)),
                    fmt::format("the model has classes 0 to {}; targets of a regression want --metric mae or rmse",
                                classes_of_model - 1));
      }
    }
  }
  return metric;
}

void check_shape(const ir::Graph& graph, const data::Samples& samples) {
  const size_t inputs = 1 + samples.more.size();
  if (graph.inputs.size() != inputs) {
    throw Error(ErrorCode::bad_input, fmt::format("data for {} of {} inputs", inputs, graph.inputs.size()), graph.name,
                "--data once for each input, in their order, or as NAME=FILE; `whit inspect` shows them");
  }
  // Dimensions of 1 do not count, and a flat sample is taken as it is.
  const auto without_ones = [](const auto& shape) {
    std::vector<int64_t> dims;
    std::copy_if(shape.begin(), shape.end(), std::back_inserter(dims), [](int64_t dim) { return dim != 1; });
    return dims;
  };
  for (size_t i = 0; i < inputs; ++i) {
    const ir::Tensor& input = graph.tensor(graph.inputs[i]);
    const std::vector<int64_t>& shape = i == 0 ? samples.shape : samples.more[i - 1];
    const std::vector<int64_t> given = without_ones(shape), wanted = without_ones(input.shape);
    const int64_t elements = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
    if (elements == ir::elements(input.shape) && (given.size() < 2 || given == wanted)) continue;
    throw Error(ErrorCode::bad_input, fmt::format("the samples have the shape [{}]", fmt::join(shape, ",")), graph.name,
                fmt::format("the model's input '{}' is {}", input.name, ir::to_string(input.shape)));
  }
}

Evaluation evaluate(const ir::Graph& graph, const data::Samples& samples, const std::string& metric,
                    const Progress& progress) {
  check_shape(graph, samples);
  const auto wrong =
      std::count_if(samples.values.begin(), samples.values.end(), [](float value) { return !std::isfinite(value); });
  if (wrong > 0) {
    throw Error(ErrorCode::bad_input, fmt::format("{} values of the data are NaN or infinite", wrong), graph.name,
                "remove those samples, or fill the gaps before");
  }
  const ModelRunner runner(graph);
  const int64_t width = runner.output_elements(0);
  Evaluation result;
  result.metric = choose_metric(metric, samples, width);
  result.samples = samples.count();
  runner.run(samples.values, [&](int64_t sample, const std::vector<std::vector<float>>& outputs) {
    result.outputs.insert(result.outputs.end(), outputs[0].begin(), outputs[0].end());
    if (progress) progress(sample + 1, result.samples);
  });
  result.value = metric_value(result.metric, samples, result.outputs);
  if (result.metric == Metric::accuracy) {
    result.calibration_error = calibration_error(result.outputs, samples.labels, static_cast<size_t>(width));
    result.macro_f1 = macro_f1(result.outputs, samples.labels, static_cast<size_t>(width));
  }
  return result;
}

double drop(const Evaluation& before, const Evaluation& after) {
  if (before.metric == Metric::accuracy) return 100.0 * (before.value - after.value);
  return before.value > 0 ? 100.0 * (after.value - before.value) / before.value : 0.0;
}

bool is_near_chance(const Evaluation& evaluation) {
  if (evaluation.metric != Metric::accuracy || evaluation.samples == 0) return false;
  const double outputs = static_cast<double>(evaluation.outputs.size()) / static_cast<double>(evaluation.samples);
  return evaluation.value < 1.5 / std::max(2.0, outputs);
}

std::string text_of(const Evaluation& evaluation) {
  return evaluation.metric == Metric::accuracy ? fmt::format("{:.2f} %", 100.0 * evaluation.value)
                                               : fmt::format("{:.6g}", evaluation.value);
}

void DifferenceMeter::add(std::span<const float> a, std::span<const float> b) {
  for (size_t i = 0; i < a.size(); ++i) {
    const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]), d = std::abs(x - y);
    aa_ += x * x, bb_ += y * y, ab_ += x * y;
    noise_ += d * d, abs_ += d;
    max_ = std::max(max_, d);
  }
  count_ += static_cast<int64_t>(a.size());
}

Difference DifferenceMeter::result() const {
  Difference result;
  result.sqnr_db = noise_ > 0 ? 10.0 * std::log10(std::max(aa_, 1e-30) / noise_) : INFINITY;
  result.cosine = aa_ > 0 && bb_ > 0 ? ab_ / std::sqrt(aa_ * bb_) : (aa_ == bb_ ? 1.0 : 0.0);
  result.max_abs = max_;
  result.mean_abs = count_ > 0 ? abs_ / static_cast<double>(count_) : 0.0;
  return result;
}

double agreement(std::span<const float> a, std::span<const float> b, int64_t outputs) {
  const auto width = static_cast<size_t>(outputs);
  const size_t count = a.size() / width;
  size_t same = 0;
  for (size_t i = 0; i < count; ++i)
    same += largest(a.subspan(i * width, width)) == largest(b.subspan(i * width, width));
  return count == 0 ? 1.0 : static_cast<double>(same) / static_cast<double>(count);
}

Comparison compare(const ir::Graph& a, const ir::Graph& b, const data::Samples& samples) {
  check_shape(a, samples);
  check_shape(b, samples);
  const ModelRunner first(a), second(b);
  if (first.output_count() != second.output_count()) {
    throw Error(ErrorCode::bad_input, "the models have different numbers of outputs", b.name);
  }
  for (size_t i = 0; i < first.output_count(); ++i) {
    if (first.output_elements(i) == second.output_elements(i)) continue;
    throw Error(ErrorCode::bad_input, fmt::format("output {} has another size", i), b.name);
  }
  std::vector<std::vector<float>> outputs(first.output_count());
  first.run(samples.values, [&](int64_t, const std::vector<std::vector<float>>& values) {
    for (size_t i = 0; i < values.size(); ++i) outputs[i].insert(outputs[i].end(), values[i].begin(), values[i].end());
  });
  std::vector<DifferenceMeter> meters(outputs.size());
  std::vector<float> second_outputs;
  second.run(samples.values, [&](int64_t sample, const std::vector<std::vector<float>>& values) {
    for (size_t i = 0; i < values.size(); ++i) {
      const size_t at = static_cast<size_t>(sample) * values[i].size();
      meters[i].add(std::span(outputs[i]).subspan(at, values[i].size()), values[i]);
    }
    second_outputs.insert(second_outputs.end(), values[0].begin(), values[0].end());
  });
  Comparison result;
  for (const DifferenceMeter& meter : meters) result.outputs.push_back(meter.result());
  result.same_largest_output = agreement(outputs[0], second_outputs, first.output_elements(0));
  return result;
}

}  // namespace whit::compress
