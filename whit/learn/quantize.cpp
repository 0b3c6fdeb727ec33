#include "whit/learn/quantize.hpp"

#include <algorithm>

#include "whit/base/error.hpp"
#include "whit/compress/evaluate.hpp"
#include "whit/learn/quantization.hpp"

namespace whit::learn {
namespace {

// Evenly spread over all of them.
std::vector<float> calibration_values(const data::Samples& samples) {
  const int64_t count = std::min(samples.count(), kCalibrationSamples), elements = samples.elements();
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) {
    const auto begin = samples.values.begin() + i * samples.count() / count * elements;
    values.insert(values.end(), begin, begin + elements);
  }
  return values;
}

}  // namespace

QuantizedStart begin_quantized(ir::Graph graph, compress::Precision precision, const data::Samples& training) {
  using compress::Precision;
  if (precision != Precision::int8 && precision != Precision::int8_w4 && precision != Precision::int16x8) {
    throw Error(ErrorCode::usage, "training as integers knows int8, int8_w4 and int16x8", graph.name);
  }
  QuantizedStart start{std::move(graph), {}, {}, {}};
  start.options.recipe.precision = precision;
  compress::prepare(start.real);
  compress::check_shape(start.real, training);
  start.calibration = compress::calibrate(start.real, calibration_values(training), /*moments=*/false);
  start.quantized = compress::quantize(start.real, start.calibration, start.options);
  return start;
}

TrainResult train_quantized(const QuantizedStart& start, const data::Samples& training, const data::Samples& validation,
                            const TrainOptions& options, const CheckpointPlan& checkpoint, const TrainHooks& hooks) {
  Model model;
  model.quantization = std::make_shared<Quantization>(start.real, start.calibration, start.options);
  model.graph = model.quantization->graph();
  model.settings["precision"] = compress::name_of(start.options.recipe.precision);
  TrainResult result = train(model, training, validation, options, checkpoint, hooks);
  result.graph = model.quantization->quantized(result.graph);
  return result;
}

}  // namespace whit::learn
