#include <algorithm>

#include "whit/base/error.hpp"
#include "whit/learn/classical.hpp"

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

std::optional<ClassicalRecipe> read_classical(const TomlTable& root) {
  const std::optional<TomlTable> model = root.find_table("model");
  if (!model || !model->has("kind")) return std::nullopt;
  for (const std::string& key : root.keys()) {
    if (key != "data" && key != "model") {
      throw root.error(key, "says nothing to a model of this kind",
                       "[data] and [model] alone: its keys stand in [model]");
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

}  // namespace whit::learn
