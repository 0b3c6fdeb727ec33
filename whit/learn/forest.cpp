#include "whit/learn/forest.hpp"

#include <fmt/format.h>
#include <xgboost/c_api.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "whit/base/error.hpp"
#include "whit/ir/trees.hpp"
#include "whit/ir/verify.hpp"
#include "whit/learn/classical.hpp"

namespace whit::learn {
namespace {

using Json = nlohmann::json;

void check(int status) {
  if (status != 0) throw Error(ErrorCode::bad_input, fmt::format("XGBoost: {}", XGBGetLastError()), "training");
}

struct FreeMatrix {
  void operator()(void* matrix) const { (void)XGDMatrixFree(matrix); }
};
struct FreeBooster {
  void operator()(void* booster) const { (void)XGBoosterFree(booster); }
};
using Matrix = std::unique_ptr<void, FreeMatrix>;
using Booster = std::unique_ptr<void, FreeBooster>;

Matrix matrix_of(const data::Samples& samples, const ForestOptions& options) {
  const auto count = static_cast<bst_ulong>(samples.count());
  DMatrixHandle handle = nullptr;
  check(XGDMatrixCreateFromMat(samples.values.data(), count, static_cast<bst_ulong>(samples.elements()),
                               std::numeric_limits<float>::quiet_NaN(), &handle));
  Matrix matrix(handle);
  check(XGDMatrixSetFloatInfo(matrix.get(), "label", samples.labels.data(), count));
  if (!options.class_weights.empty()) {
    std::vector<float> weights;
    for (const float label : samples.labels) {
      weights.push_back(static_cast<float>(options.class_weights.at(static_cast<size_t>(label))));
    }
    check(XGDMatrixSetFloatInfo(matrix.get(), "weight", weights.data(), count));
  }
  return matrix;
}

// What XGBoost adds to every sum: the mean of targets, else 0 as a logit.
double base_score(const data::Samples& samples, int64_t classes) {
  if (classes > 0) return 0.5;
  double sum = 0;
  for (const float label : samples.labels) sum += label;
  return sum / static_cast<double>(samples.count());
}

// Trees that each class has.
int64_t trees_each(const ForestOptions& o, int64_t classes) {
  return std::max<int64_t>(1, classes > 2 ? (o.trees + classes - 1) / classes : o.trees);
}

Booster grow(const data::Samples& samples, int64_t classes, const ForestOptions& o) {
  const bool forest = o.kind == ForestOptions::Kind::random_forest;
  const Matrix matrix = matrix_of(samples, o);
  const DMatrixHandle handles[] = {matrix.get()};
  BoosterHandle handle = nullptr;
  check(XGBoosterCreate(handles, 1, &handle));
  Booster booster(handle);
  const auto set = [&](const char* name, const auto& value) {
    check(XGBoosterSetParam(booster.get(), name, fmt::format("{}", value).c_str()));
  };
  const double root = std::sqrt(static_cast<double>(samples.elements())) / static_cast<double>(samples.elements());
  set("verbosity", 0), set("nthread", 1), set("seed", o.seed & 0x7fffffff), set("tree_method", "hist");
  set("base_score", base_score(samples, classes));
  set("objective", classes == 0 ? "reg:squarederror" : (classes == 2 ? "binary:logistic" : "multi:softprob"));
  if (classes > 2) set("num_class", classes);
  set("max_depth", o.depth), set("min_child_weight", o.min_child_weight);
  if (o.leaves > 0) set("max_leaves", o.leaves), set("grow_policy", "lossguide");
  set("subsample", o.subsample > 0 ? o.subsample : (forest ? 0.632 : 1.0));
  set("colsample_bynode", o.feature_share > 0 ? o.feature_share : (forest ? root : 1.0));
  set("reg_lambda", forest ? 1e-5 : o.lambda);
  set("learning_rate", forest ? 1.0 : o.learning_rate);
  const int64_t each = trees_each(o, classes);
  if (forest) set("num_parallel_tree", each);
  for (int round = 0; round < (forest ? 1 : static_cast<int>(each)); ++round) {
    check(XGBoosterUpdateOneIter(booster.get(), round, matrix.get()));
  }
  return booster;
}

Json model_of(const Booster& booster) {
  bst_ulong size = 0;
  const char* text = nullptr;
  check(XGBoosterSaveModelToBuffer(booster.get(), R"({"format": "json"})", &size, &text));
  return Json::parse(text, text + size);
}

// XGBoost's branch is x < threshold; its leaves hold their value where other nodes hold a threshold.
void add_tree(const Json& tree, int32_t output, ir::Trees& trees) {
  const auto left = tree.at("left_children").get<std::vector<int32_t>>();
  const auto right = tree.at("right_children").get<std::vector<int32_t>>();
  const auto features = tree.at("split_indices").get<std::vector<int32_t>>();
  const auto values = tree.at("split_conditions").get<std::vector<float>>();
  std::vector<ir::TreeStep> steps;
  for (size_t n = 0; n < left.size(); ++n) {
    if (left[n] < 0) {
      steps.push_back({-1, 0, static_cast<int32_t>(trees.leaves.size()), 0});
      trees.leaves.push_back(values[n]);
    } else {
      const float at_most = std::nextafter(values[n], -std::numeric_limits<float>::infinity());
      steps.push_back({features[n], at_most, left[n], right[n]});
    }
  }
  if (!ir::add_tree(trees, steps, 0, output)) {
    throw Error(ErrorCode::bad_input, "XGBoost gave a tree whose nodes form a circle", "training");
  }
}

ir::Trees trees_of(const Json& model, double base, int64_t classes) {
  const Json& grown = model.at("learner").at("gradient_booster").at("model");
  ir::Trees trees;
  trees.base.assign(static_cast<size_t>(classes > 2 ? classes : 1), classes > 0 ? 0.0f : static_cast<float>(base));
  const auto outputs = grown.at("tree_info").get<std::vector<int32_t>>();
  for (size_t t = 0; t < outputs.size(); ++t) add_tree(grown.at("trees").at(t), outputs[t], trees);
  return trees;
}

}  // namespace

ir::Graph train_forest(const data::Samples& samples, int64_t classes, const ForestOptions& options) {
  check_labels(samples, classes);
  const Booster booster = grow(samples, classes, options);
  const ir::Trees trees = trees_of(model_of(booster), base_score(samples, classes), classes);
  const bool forest = options.kind == ForestOptions::Kind::random_forest;
  ir::Graph graph = flat_input(samples, forest ? "random_forest" : "gradient_boosting");
  graph.outputs = {ir::add_tree_ensemble(graph, graph.outputs[0], trees, classes > 0 ? "scores" : "value")};
  if (classes > 0) add_probabilities(graph);
  ir::verify(graph);
  return graph;
}

}  // namespace whit::learn
