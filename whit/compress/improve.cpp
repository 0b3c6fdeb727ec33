#include "whit/compress/improve.hpp"

#include <fmt/format.h>

#include <optional>

#include "whit/base/error.hpp"
#include "whit/compress/equalize.hpp"

namespace whit::compress {
namespace {

struct Fix {
  const char* name;
  void (*apply)(Recipe&);
};

// Free on the device.
constexpr Fix kFree[] = {
    // the first is what int4 weights need
    {"large weights cut off, adaround, bias correction",
     [](Recipe& r) {
       r.weight_range = WeightRange::least_error;
       r.rounding = Rounding::adaround;
       r.bias_correction = true;
     }},
    {"weights per channel", [](Recipe& r) { r.weight_scales = WeightScales::per_channel; }},
    {"observer mse", [](Recipe& r) { r.observer = Observer::mse; }},
};

// Cost memory and time, so for one layer at a time.
constexpr Fix kCostly[] = {
    {"int8 weights",
     [](Recipe& r) { r.precision = r.precision == Precision::int8_w4 ? Precision::int8 : r.precision; }},
    {"int16 activations", [](Recipe& r) { r.precision = Precision::int16x8; }},
    {"float32", [](Recipe& r) { r.precision = Precision::f32; }},
};

// A float graph and what its activations are like. Moments, which are slow to collect, from when they are needed.
class Start {
 public:
  Start(ir::Graph float_graph, const data::Samples& data) : graph(std::move(float_graph)), data_(&data) {}
  ir::Graph graph;

  const Calibration& calibration(bool moments) {
    if (!calibration_ || (moments && !moments_)) {
      calibration_ = calibrate(graph, data_->values, moments);
      moments_ = moments;
    }
    return *calibration_;
  }

 private:
  const data::Samples* data_;
  std::optional<Calibration> calibration_;
  bool moments_ = false;
};

class Search {
 public:
  Search(const Evaluation& float_model, const data::Samples& data, const std::string& metric,
         const std::function<void(const Step&)>& say)
      : float_model_(float_model), data_(data), metric_(metric), say_(say) {}

  // Quantizes with `options` and keeps the result when it is better than the best so far.
  bool attempt(const std::string& change, Start& start, const QuantizeOptions& options) {
    Step step{change, {}, 0, false};
    ir::Graph quantized;
    try {
      quantized = quantize(start.graph, start.calibration(options.needs_moments()), options);
      step.result = evaluate(quantized, data_, metric_);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::unsupported || best_.steps.empty()) throw;
      return false;  // there is no kernel for this combination
    }
    step.drop = drop(float_model_, step.result);
    step.kept = best_.steps.empty() || step.drop < drop_;
    if (step.kept) {
      drop_ = step.drop;
      best_.quantized = std::move(quantized);
      best_.result = step.result;
      best_.options = options;
    }
    best_.steps.push_back(step);
    if (say_) say_(step);
    return step.kept;
  }

  double drop_so_far() const { return drop_; }
  const QuantizeOptions& options() const { return best_.options; }
  const Improved& best() const { return best_; }

 private:
  const Evaluation& float_model_;
  const data::Samples& data_;
  const std::string& metric_;
  const std::function<void(const Step&)>& say_;
  Improved best_;
  double drop_ = 0;
};

}  // namespace

Improved improve(const ir::Graph& graph, const Evaluation& float_model, const QuantizeOptions& options,
                 const data::Samples& data, const std::string& metric, double max_drop,
                 const std::function<void(const Step&)>& say) {
  Search search(float_model, data, metric, say);
  Start start(graph, data);
  search.attempt("as asked", start, options);
  const auto holds = [&] { return gate_holds(search.drop_so_far(), max_drop); };
  const auto attempt_everywhere = [&](const Fix& fix) {
    if (holds()) return;
    QuantizeOptions changed = search.options();
    fix.apply(changed.recipe);
    for (auto& [name, recipe] : changed.nodes) fix.apply(recipe);
    if (changed.recipe != search.options().recipe || changed.nodes != search.options().nodes) {
      search.attempt(fix.name, start, changed);
    }
  };
  // Weights of four bits need it whatever else is done.
  if (options.recipe.precision == Precision::int8_w4) attempt_everywhere(kFree[0]);
  if (!holds()) {
    ir::Graph equalized = graph;
    if (equalize(equalized) > 0) {
      Start other(std::move(equalized), data);
      if (search.attempt("equalized", other, search.options())) start = std::move(other);
    }
  }
  for (const Fix& fix : kFree) attempt_everywhere(fix);
  if (holds()) return search.best();
  const Blame found = blame(start.graph, search.best().quantized, data, metric);
  for (const Fix& fix : kCostly) {
    for (const LayerBlame& layer : found.layers) {
      if (holds()) return search.best();
      if (layer.op == "input" || layer.drop <= 0) continue;
      QuantizeOptions changed = search.options();
      Recipe recipe = changed.nodes.contains(layer.name) ? changed.nodes.at(layer.name) : changed.recipe;
      const Recipe before = recipe;
      fix.apply(recipe);
      if (recipe == before) continue;
      changed.nodes[layer.name] = recipe;
      search.attempt(fmt::format("{}: {}", layer.name, fix.name), start, changed);
    }
  }
  return search.best();
}

}  // namespace whit::compress
