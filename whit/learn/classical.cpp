#include "whit/learn/classical.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "whit/base/error.hpp"
#include "whit/learn/train.hpp"

namespace whit::learn {
namespace {

constexpr Range kShare = {1e-6, 1.0};
const std::vector<std::string> kKinds = {"random_forest", "gradient_boosting", "linear", "ridge", "logistic"};

ForestOptions read_forest(const TomlTable& model, ForestOptions::Kind kind) {
  ForestOptions o;
  o.kind = kind;
  o.trees = model.integer("trees", {1, 100000}, o.trees);
  o.depth = model.integer("depth", {1, 30}, o.kind == ForestOptions::Kind::random_forest ? 8 : 4);
  o.leaves = model.integer("leaves", {2, 8192}, 0);
  if (model.has("subsample")) o.subsample = model.number("subsample", kShare);
  if (model.has("feature_share")) o.feature_share = model.number("feature_share", kShare);
  o.min_child_weight = model.number("min_child_weight", kNotNegative, o.min_child_weight);
  if (kind == ForestOptions::Kind::gradient_boosting) {
    o.learning_rate = model.number("learning_rate", {1e-6, 1.0}, o.learning_rate);
    o.lambda = model.number("penalty", kNotNegative, o.lambda);
  }
  o.seed = static_cast<uint64_t>(model.integer("seed", kNotNegative, 1));
  return o;
}

LinearOptions read_linear(const TomlTable& model, LinearOptions::Kind kind) {
  LinearOptions o;
  o.kind = kind;
  if (kind != LinearOptions::Kind::linear) o.penalty = model.number("penalty", kNotNegative, o.penalty);
  return o;
}

}  // namespace

std::optional<ClassicalRecipe> read_classical(const std::string& file) {
  const TomlTable root = TomlTable::read(file);
  const std::optional<TomlTable> model = root.find_table("model");
  if (!model || !model->has("kind")) return std::nullopt;
  for (const std::string& key : root.keys()) {
    if (key != "data" && key != "model") {
      throw root.error(key, "a model of this kind takes [data] and [model] alone", "its keys stand in [model]");
    }
  }
  const std::string name = model->choice("kind", kKinds);
  const auto kind = std::find(kKinds.begin(), kKinds.end(), name) - kKinds.begin();
  ClassicalRecipe recipe{root.table("data"), {}, false};
  if (kind < 2) {
    recipe.model = read_forest(*model, static_cast<ForestOptions::Kind>(kind));
  } else {
    recipe.model = read_linear(*model, static_cast<LinearOptions::Kind>(kind - 2));
  }
  recipe.balance_classes = model->boolean("balance_classes", false);
  model->refuse_unknown_keys();
  return recipe;
}

ir::Graph train_classical(ClassicalRecipe recipe, const data::DataSet& set) {
  const auto classes = static_cast<int64_t>(set.class_names.size());
  check_labels(set.train(), classes);
  if (recipe.balance_classes && classes == 0) {
    throw Error(ErrorCode::bad_input, "balance_classes, but the data has no classes", recipe.data.file(),
                "leave it out for a regression");
  }
  if (recipe.balance_classes) {
    const std::vector<double> weights = balanced_class_weights(set.train(), classes);
    std::visit([&](auto& model) { model.class_weights = weights; }, recipe.model);
  }
  if (const auto* forest = std::get_if<ForestOptions>(&recipe.model))
    return train_forest(set.train(), classes, *forest);
  return train_linear(set.train(), classes, std::get<LinearOptions>(recipe.model));
}

void check_labels(const data::Samples& samples, int64_t classes) {
  const auto bad = [](const std::string& what, const std::string& hint) {
    throw Error(ErrorCode::bad_input, what, "training data", hint);
  };
  if (samples.count() == 0) bad("there are no samples", "check the files and the split");
  if (static_cast<int64_t>(samples.labels.size()) != samples.count()) {
    bad("the samples have no labels", "[data] label names their column");
  }
  if (classes == 0) return;
  const auto [least, most] = std::minmax_element(samples.labels.begin(), samples.labels.end());
  if (classes < 2 || *least == *most) bad("all samples are of one class", "there is nothing to tell apart");
  for (const float label : samples.labels) {
    if (!(label >= 0) || label >= static_cast<float>(classes) ||
        label != static_cast<float>(static_cast<int64_t>(label))) {
      bad(fmt::format("the label {} is none of {} classes", label, classes), "classes count from 0");
    }
  }
}

ir::Graph flat_input(const data::Samples& samples, const std::string& name) {
  ir::Graph graph;
  graph.name = name;
  ir::Tensor input;
  input.name = "input";
  input.shape = {1};
  for (const int64_t dim : samples.shape) input.shape.push_back(static_cast<int32_t>(dim));
  graph.inputs = graph.outputs = {graph.add_tensor(input)};
  if (samples.shape.size() == 1) return graph;
  ir::Node node;
  node.op = ir::Op::reshape;
  ir::Tensor flat;
  flat.name = "flat";
  flat.shape = {1, static_cast<int32_t>(samples.elements())};
  node.inputs = graph.inputs;
  graph.outputs = node.outputs = {graph.add_tensor(std::move(flat))};
  graph.nodes.push_back(std::move(node));
  return graph;
}

void add_probabilities(ir::Graph& graph) {
  ir::Node node;
  node.inputs = graph.outputs;
  ir::Tensor output = graph.tensor(graph.outputs[0]);
  output.name = "probabilities";
  node.op = output.shape.back() > 1 ? ir::Op::softmax : ir::Op::logistic;
  if (node.op == ir::Op::softmax) node.attributes = ir::SoftmaxAttributes{};
  graph.outputs = node.outputs = {graph.add_tensor(std::move(output))};
  graph.nodes.push_back(std::move(node));
}

}  // namespace whit::learn
