#include "whit/compress/improve.hpp"

#include <fmt/format.h>

#include "whit/base/error.hpp"

namespace whit::compress {
namespace {

struct Fix {
  const char* name;
  void (*apply)(Recipe&);
};

// Free on the device.
constexpr Fix kFree[] = {
    {"weights per channel", [](Recipe& r) { r.per_channel = true; }},
    {"observer mse", [](Recipe& r) { r.observer = Observer::mse; }},
    {"large weights cut off, adaround, bias correction",
     [](Recipe& r) {
       r.weight_range = WeightRange::least_error;
       r.rounding = Rounding::adaround;
       r.bias_correction = true;
     }},
};

// Cost memory and time, so for one layer at a time.
constexpr Fix kCostly[] = {
    {"int16 activations", [](Recipe& r) { r.precision = Precision::int16x8; }},
    {"float32", [](Recipe& r) { r.precision = Precision::f32; }},
};

class Search {
 public:
  Search(const ir::Graph& graph, const Calibration& calibration, const data::Samples& judge, const std::string& metric,
         const std::function<void(const Step&)>& say)
      : graph_(graph), calibration_(calibration), judge_(judge), metric_(metric), say_(say) {
    float_model_ = evaluate(graph, judge, metric);
  }

  // Quantizes with `options` and keeps the result when it is better than the best so far.
  bool attempt(const std::string& change, const QuantizeOptions& options) {
    Step step{change, {}, 0, false};
    ir::Graph quantized;
    try {
      quantized = quantize(graph_, calibration_, options);
      step.result = evaluate(quantized, judge_, metric_);
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
  const ir::Graph& graph_;
  const Calibration& calibration_;
  const data::Samples& judge_;
  const std::string& metric_;
  const std::function<void(const Step&)>& say_;
  Evaluation float_model_;
  Improved best_;
  double drop_ = 0;
};

}  // namespace

Improved improve(const ir::Graph& graph, const Calibration& calibration, const QuantizeOptions& options,
                 const data::Samples& judge, const std::string& metric, double max_drop,
                 const std::function<void(const Step&)>& say) {
  Search search(graph, calibration, judge, metric, say);
  search.attempt("as asked", options);
  for (const Fix& fix : kFree) {
    if (search.drop_so_far() <= max_drop) return search.best();
    QuantizeOptions changed = search.options();
    fix.apply(changed.recipe);
    for (auto& [name, recipe] : changed.nodes) fix.apply(recipe);
    if (!(changed.recipe == search.options().recipe)) search.attempt(fix.name, changed);
  }
  if (search.drop_so_far() <= max_drop) return search.best();
  const Blame found = blame(graph, search.best().quantized, judge, metric);
  for (const Fix& fix : kCostly) {
    for (const LayerBlame& layer : found.layers) {
      if (search.drop_so_far() <= max_drop) return search.best();
      if (layer.op == "input" || layer.drop <= 0) continue;
      QuantizeOptions changed = search.options();
      Recipe recipe = changed.nodes.contains(layer.name) ? changed.nodes.at(layer.name) : changed.recipe;
      fix.apply(recipe);
      changed.nodes[layer.name] = recipe;
      search.attempt(fmt::format("{}: {}", layer.name, fix.name), changed);
    }
  }
  return search.best();
}

}  // namespace whit::compress
