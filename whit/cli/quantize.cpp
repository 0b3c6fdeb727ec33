// whit quantize MODEL -o OUT.tflite --data DATA --calibrate SPLIT --test SPLIT [--labels LABELS] ...
#include "whit/compress/quantize.hpp"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "whit/base/error.hpp"
#include "whit/base/progress.hpp"
#include "whit/cli/data_flags.hpp"
#include "whit/cli/graph.hpp"
#include "whit/cli/number.hpp"
#include "whit/cli/verbs.hpp"
#include "whit/compile/compile.hpp"
#include "whit/compress/equalize.hpp"
#include "whit/compress/evaluate.hpp"
#include "whit/compress/guard_rails.hpp"
#include "whit/compress/improve.hpp"
#include "whit/compress/mixed.hpp"
#include "whit/compress/prune.hpp"
#include "whit/compress/temperature.hpp"
#include "whit/ir/stored_range.hpp"
#include "whit/target/bench.hpp"

namespace whit::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string model, output;
  DataFlags data;
  std::string calibrate, test;
  std::string precision = "int8", observer = "percentile", weight_range = "max", weight_scales = "convolutions";
  std::vector<std::string> layers;
  double percentile = 99.99, max_drop = 1.0;
  std::string metric = "auto", sparsity;
  int64_t max_weight_bytes = 0, max_instructions = 0;  // 0: no limit
  std::string target = "qemu-cortex-m4";
  bool adaround = false, bias_correction = false, equalize = false, float_io = false;
  bool automatic = false, temperature = false, force = false, json = false;
};

compress::QuantizeOptions options_of(const Arguments& arguments) {
  compress::QuantizeOptions options;
  options.recipe.precision = compress::precision_from_name(arguments.precision);
  options.recipe.observer = compress::observer_from_name(arguments.observer);
  options.recipe.weight_scales = compress::weight_scales_from_name(arguments.weight_scales);
  options.recipe.weight_range =
      arguments.weight_range == "max" ? compress::WeightRange::max : compress::WeightRange::least_error;
  options.recipe.rounding = arguments.adaround ? compress::Rounding::adaround : compress::Rounding::nearest;
  options.recipe.bias_correction = arguments.bias_correction;
  options.percentile = arguments.percentile;
  options.float_io = arguments.float_io;
  for (const std::string& layer : arguments.layers) {
    const size_t equals = layer.rfind('=');
    if (equals == std::string::npos) {
      throw Error(ErrorCode::usage, fmt::format("'{}' is not LAYER=PRECISION", layer), "", "such as conv_1=int16x8");
    }
    compress::Recipe recipe = options.recipe;
    recipe.precision = compress::precision_from_name(layer.substr(equals + 1));
    options.nodes[layer.substr(0, equals)] = recipe;
  }
  return options;
}

void check_budget(const Arguments& arguments, compress::Precision precision) {
  if (arguments.max_weight_bytes > 0 && precision != compress::Precision::int8) {
    throw Error(ErrorCode::usage, "--max-weight-bytes chooses between int8 and int4 weights", "",
                "use it with --precision int8");
  }
  if (arguments.max_instructions > 0 && precision != compress::Precision::int16x8) {
    throw Error(ErrorCode::usage, "--max-instructions chooses between int16x8 and int8", "", "add --precision int16x8");
  }
}

void warn_of_few(const data::Samples& test) {
  constexpr int64_t kFewTestSamples = 100;
  if (test.count() < kFewTestSamples) {
    fmt::print(stderr, "warning: the gate is judged on {} samples only\n", test.count());
  }
}

void check_calibration(const Arguments& arguments, const ir::Graph& graph, const data::Samples& calibration,
                       const data::Samples& test) {
  compress::check_shape(graph, calibration);
  const int64_t outputs = ir::elements(graph.tensor(graph.outputs.at(0)).shape);
  const bool classifier = !test.labels.empty() && outputs > 1;
  const std::vector<std::string> problems =
      compress::calibration_problems(calibration, arguments.calibrate, classifier ? outputs : 0, test);
  if (problems.empty()) return;
  if (!arguments.force) {
    throw Error(ErrorCode::bad_input, problems[0], arguments.data.paths[0],
                "choose other data with --calibrate, or quantize all the same with --force");
  }
  for (const std::string& problem : problems) fmt::print(stderr, "warning: {}\n", problem);
}

void print_ranges(const ir::Graph& quantized) {
  fmt::print("{:<44} {:>8} {:>12} {:>6} {:>12} {:>12}\n", "tensor", "type", "scale", "zero", "lowest", "highest");
  const auto print = [&](const ir::Tensor& tensor) {
    if (tensor.quantization.empty() || (tensor.type != ir::DType::i8 && tensor.type != ir::DType::i16)) return;
    if (tensor.quantization.per_channel()) {
      return fmt::print("{:<44} {:>8} {:>12}\n", tensor.name, ir::name_of(tensor.type), "one each");
    }
    const float scale = tensor.quantization.scale[0];
    const auto zero = tensor.quantization.zero_point[0];
    const ir::StoredRange stored = ir::stored_range(tensor.type);
    // Converters chain the names of all that they fused: the first part will do.
    const std::string name = tensor.name.substr(0, std::min<size_t>(44, tensor.name.find(';')));
    fmt::print("{:<44} {:>8} {:>12.6g} {:>6} {:>12.5g} {:>12.5g}\n", name, ir::name_of(tensor.type), scale, zero,
               scale * static_cast<float>(stored.low - zero), scale * static_cast<float>(stored.high - zero));
  };
  for (const ir::TensorId id : quantized.inputs) print(quantized.tensor(id));
  for (const ir::Node& node : quantized.nodes) {
    for (const ir::TensorId id : node.outputs) print(quantized.tensor(id));
  }
}

compress::Calibration calibrated(const ir::Graph& graph, const data::Samples& data, bool moments) {
  ProgressBar bar("calibrating");
  return compress::calibrate(graph, data.values, moments, [&](int64_t done, int64_t total) { bar.show(done, total); });
}

compress::Instructions count_instructions(const ir::Graph& graph, const target::Target& machine) {
  const compile::Compiled compiled = compile::compile(graph, {compile::kernel_set(machine.kernels)}, {});
  const target::BenchImage image(machine, compiled.program, compile::Optimize::balanced);
  const target::BenchResult result = image.measure(target::ramp37(compiled.program));
  compress::Instructions counted{static_cast<int64_t>(result.total.instructions), {}};
  for (const target::BenchLayer& layer : result.layers) {
    counted.layers[layer.name] += static_cast<int64_t>(layer.cost.instructions);
  }
  return counted;
}

// The options with what mixed precision the budgets ask for.
compress::QuantizeOptions within_budget(const Arguments& arguments, const ir::Graph& graph,
                                        const compress::Calibration& calibration,
                                        const compress::QuantizeOptions& options, const data::Samples& samples) {
  if (arguments.max_weight_bytes > 0) {
    return compress::fit_weight_bytes(graph, calibration, options, arguments.max_weight_bytes);
  }
  if (arguments.max_instructions == 0) return options;
  const target::Target& machine = target::find_emulated_target(arguments.target);
  const auto count = [&](const ir::Graph& quantized) { return count_instructions(quantized, machine); };
  return compress::fit_instructions(graph, calibration, options, samples, count, arguments.max_instructions);
}

void quantize(const Arguments& arguments) {
  require_model_file(arguments.output, arguments.model);
  ir::Graph graph = load_graph(arguments.model);
  compress::prepare(graph);
  const compress::QuantizeOptions options = options_of(arguments);
  check_budget(arguments, options.recipe.precision);
  const compress::Sparsity sparsity =
      arguments.sparsity.empty() ? compress::Sparsity{} : compress::sparsity_from_text(arguments.sparsity);
  const bool calibrates = options.needs_ranges() || arguments.automatic || arguments.temperature;
  if (calibrates && arguments.calibrate.empty()) {
    throw Error(ErrorCode::usage, "there is nothing to calibrate with", "",
                "--calibrate names a split, or rows FIRST:END; only --precision float16 and float32 go without");
  }
  const data::Samples calibration_data =
      calibrates ? load_samples(arguments.data, arguments.calibrate, graph) : data::Samples{};
  const data::Samples test = load_samples(arguments.data, arguments.test, graph);
  compress::check_shape(graph, test);
  warn_of_few(test);
  if (calibrates) check_calibration(arguments, graph, calibration_data, test);
  const compress::Evaluation before = compress::evaluate(graph, test, arguments.metric);
  compress::Evaluation judged;  // as before, on what --auto judges by
  if (arguments.automatic) judged = compress::evaluate(graph, calibration_data, arguments.metric);
  const int64_t float_bytes = compress::constant_bytes(graph);
  if (!arguments.sparsity.empty()) {
    const int layers = compress::prune(graph, sparsity);
    if (!arguments.json) fmt::print("pruned {} layers\n", layers);
  }
  if (arguments.equalize) {
    const int pairs = compress::equalize(graph);
    if (!arguments.json) fmt::print("equalized {} pairs of layers\n", pairs);
  }
  Json steps = Json::array();
  const auto say = [&](const compress::Step& step) {
    steps.push_back({{"change", step.change}, {"value", step.result.value}, {"drop", step.drop}, {"kept", step.kept}});
    if (arguments.json) return;
    fmt::print("{:<60} {:>10} (drop {:.2f}){}\n", step.change, compress::text_of(step.result), step.drop,
               step.kept ? "" : ", taken back");
  };
  ir::Graph quantized = [&] {
    if (arguments.automatic) {
      // Fixes are judged on the calibration data, so that the test data stays unseen until the gate.
      return compress::improve(graph, judged, options, calibration_data, arguments.metric, arguments.max_drop, say)
          .quantized;
    }
    const bool moments = arguments.max_weight_bytes > 0 || options.needs_moments();
    const compress::Calibration calibration = calibrated(graph, calibration_data, moments);
    return compress::quantize(graph, calibration,
                              within_budget(arguments, graph, calibration, options, calibration_data));
  }();
  if (compress::is_near_chance(before)) {
    fmt::print(stderr,
               "warning: the float model is hardly better than chance: are --mean, --std and the labels right?\n");
  }
  compress::TemperatureScaling scaling;
  if (arguments.temperature) scaling = compress::scale_temperature(quantized, calibration_data);
  const compress::Evaluation after = compress::evaluate(quantized, test, arguments.metric);
  const double drop = compress::drop(before, after);
  const bool passed = compress::gate_holds(drop, arguments.max_drop);
  if (passed || arguments.force) save_graph(quantized, arguments.output);

  const char* unit = before.metric == compress::Metric::accuracy ? "points" : "%";
  if (arguments.json) {
    Json json{{"model", graph.name},
              {"precision", arguments.precision},
              {"metric", compress::name_of(before.metric)},
              {"test_samples", after.samples},
              {"float", before.value},
              {"quantized", after.value},
              {"drop", drop},
              {"max_drop", arguments.max_drop},
              {"passed", passed},
              {"constant_bytes_float", float_bytes},
              {"constant_bytes", compress::constant_bytes(quantized)}};
    if (arguments.automatic) json["steps"] = steps;
    if (arguments.temperature) {
      json["temperature"] = scaling.temperature;
      json["expected_calibration_error_float"] = before.calibration_error;
      json["expected_calibration_error"] = after.calibration_error;
    }
    fmt::print("{}\n", json.dump(2));
  } else {
    print_ranges(quantized);
    fmt::print("\nconstants: {} bytes, float {} bytes\n", compress::constant_bytes(quantized), float_bytes);
    if (arguments.temperature) {
      fmt::print("temperature {:.3f}: expected calibration error {:.4f} on the held-out samples, float {:.4f}\n",
                 scaling.temperature, after.calibration_error, before.calibration_error);
    }
    fmt::print("{} on {} held-out samples: float {}, quantized {}, drop {:.2f} {} (allowed {:.2f}): {}\n",
               compress::name_of(before.metric), after.samples, compress::text_of(before), compress::text_of(after),
               drop, unit, arguments.max_drop, passed ? "passed" : "failed");
    if (passed || arguments.force) fmt::print("wrote {}\n", arguments.output);
  }
  if (!passed) {
    throw Error(ErrorCode::gate_failed,
                fmt::format("the drop of {:.2f} {} is more than {:.2f}", drop, unit, arguments.max_drop), graph.name,
                arguments.automatic
                    ? "`whit blame` shows what each layer costs; a larger --max-drop lets it pass"
                    : "--auto mends what it can; --force writes the file all the same, for `whit blame` to look at");
  }
}

}  // namespace

void add_quantize(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  Arguments& a = *arguments;
  CLI::App* verb = app.add_subcommand("quantize", "a float model becomes integers, calibrated and tested on data");
  verb->add_option("model", a.model, "the float model")->required();
  verb->add_option("-o,--output", a.output, "the file to write, .tflite")->required();
  add_data_flags(*verb, a.data);
  verb->add_option("--calibrate", a.calibrate,
                   "samples to calibrate with: a split's name, or rows FIRST:END; float16 needs none");
  verb->add_option("--test", a.test, "held-out samples for the gate, likewise")->required();
  verb->add_option("--precision", a.precision,
                   "int8, int8_w4 (int4 weights), int16x8 (int16 activations), float16 (weights) or float32")
      ->capture_default_str();
  verb->add_option("--layer", a.layers, "LAYER=PRECISION: another precision for one layer (several times)");
  verb->add_option("--observer", a.observer, "min_max, moving_average, percentile, entropy or mse")
      ->capture_default_str();
  add_number(*verb, "--percentile", a.percentile, {50, 100}, "share of values inside the range, in %")
      ->capture_default_str();
  verb->add_option("--weight-scales", a.weight_scales,
                   "per_tensor, convolutions (for each channel, but of fully connected layers) or per_channel")
      ->capture_default_str();
  verb->add_option("--weight-range", a.weight_range, "max, or least_error: cut off large weights where that pays")
      ->check(CLI::IsMember({"max", "least_error"}))
      ->capture_default_str();
  verb->add_flag("--adaround", a.adaround, "round each weight up or down so that the outputs change least");
  verb->add_flag("--bias-correction", a.bias_correction, "take the mean error of a layer out of its bias");
  verb->add_flag("--equalize", a.equalize, "equalize the weights of neighbouring layers first");
  verb->add_option("--sparsity", a.sparsity, "prune by magnitude first: a share of zeros such as 0.7, 1x4:0.7 or 4:16");
  verb->add_flag("--float-io", a.float_io, "keep inputs and outputs float32");
  CLI::Option* automatic = verb->add_flag("--auto", a.automatic, "mend what costs accuracy until --max-drop holds");
  CLI::Option* budget = add_number(*verb, "--max-weight-bytes", a.max_weight_bytes, {1},
                                   "int4 weights for as many layers as this budget of constants needs");
  budget->excludes(automatic);
  CLI::Option* instructions =
      add_number(*verb, "--max-instructions", a.max_instructions, {1},
                 "with --precision int16x8: int8 for as many layers as this budget of an inference needs");
  instructions->excludes(automatic)->excludes(budget);
  verb->add_option("--target", a.target, "the emulated machine that --max-instructions is counted on")
      ->capture_default_str();
  verb->add_flag("--temperature", a.temperature, "scale a classifier's logits so that its confidence is true");
  verb->add_option("--metric", a.metric, "auto, accuracy, mae, rmse or reconstruction")->capture_default_str();
  add_number(*verb, "--max-drop", a.max_drop, {}, "the gate: points of accuracy, or % of an error")
      ->capture_default_str();
  verb->add_flag("--force", a.force, "warn of unfit data, and write the model even when the gate fails");
  verb->add_flag("--json", a.json, "machine-readable");
  verb->callback([arguments] { quantize(*arguments); });
}

}  // namespace whit::cli
