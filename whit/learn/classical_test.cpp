// Forests and linear models: against what is known of the best solution; recipes; data that cannot be learned from.
#include "whit/learn/classical.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "whit/base/error.hpp"
#include "whit/compress/model_runner.hpp"
#include "whit/ir/trees.hpp"

namespace whit::learn {
namespace {

using Forest = ForestOptions;
using Linear = LinearOptions;

// Points in [-1,1]^features; `label` of each.
data::Samples points(int64_t count, int64_t features, const std::function<double(std::span<const float>)>& label) {
  std::mt19937 random(3);
  data::Samples samples;
  samples.shape = {features};
  for (int64_t i = 0; i < count * features; ++i) {
    samples.values.push_back(static_cast<float>(random() % 20001) / 10000.0f - 1.0f);
  }
  for (int64_t i = 0; i < count; ++i) samples.labels.push_back(static_cast<float>(label(samples.sample(i))));
  return samples;
}

double quadrant(std::span<const float> x) { return (x[0] > 0 ? 1 : 0) + (x[1] > 0 ? 2 : 0); }

std::vector<std::vector<float>> outputs_of(const ir::Graph& graph, const data::Samples& samples) {
  std::vector<std::vector<float>> all;
  compress::ModelRunner(graph).run(samples.values, [&](int64_t, const auto& outputs) { all.push_back(outputs[0]); });
  return all;
}

double accuracy(const ir::Graph& graph, const data::Samples& samples) {
  const auto outputs = outputs_of(graph, samples);
  int64_t right = 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto& y = outputs[i];
    const auto best = y.size() == 1 ? (y[0] > 0.5f ? 1 : 0) : std::max_element(y.begin(), y.end()) - y.begin();
    right += best == static_cast<int64_t>(samples.labels[i]) ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(samples.count());
}

int32_t tree_count(const ir::Graph& graph) { return ir::trees_of(graph, graph.nodes[0]).tree_count(); }

TEST(Forest, LearnsQuadrants) {
  const data::Samples samples = points(1000, 5, quadrant);
  for (const Forest::Kind kind : {Forest::Kind::random_forest, Forest::Kind::gradient_boosting}) {
    Forest options;
    options.kind = kind, options.trees = 40, options.depth = 4, options.feature_share = 0.8;
    const ir::Graph graph = train_forest(samples, 4, options);
    EXPECT_EQ(tree_count(graph), 40);  // ten of each class
    EXPECT_GT(accuracy(graph, samples), 0.98);
    for (const auto& y : outputs_of(graph, samples)) ASSERT_NEAR(y[0] + y[1] + y[2] + y[3], 1, 1e-5);
  }
}

// One tree with leaves of one sample each gives the targets back: base, branches and leaves are XGBoost's.
TEST(Forest, OneDeepTreeGivesItsSamplesBack) {
  data::Samples samples;
  samples.shape = {1};
  for (int i = 0; i < 200; ++i) {
    samples.values.push_back(static_cast<float>(i * i % 211) / 8 - 5);
    samples.labels.push_back(static_cast<float>(i * 37 % 101) + 1000);
  }
  Forest options;
  options.kind = Forest::Kind::gradient_boosting;
  options.trees = 1, options.depth = 20, options.learning_rate = 1, options.lambda = 0, options.min_child_weight = 0;
  const auto outputs = outputs_of(train_forest(samples, 0, options), samples);
  std::map<float, std::pair<double, int>> mean;  // some features come twice
  for (size_t i = 0; i < outputs.size(); ++i) {
    auto& [sum, count] = mean[samples.values[i]];
    sum += samples.labels[i], ++count;
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto& [sum, count] = mean[samples.values[i]];
    ASSERT_NEAR(outputs[i][0], sum / count, 1e-3) << i;
  }
}

TEST(Forest, TwoClassesHaveOneProbability) {
  const data::Samples samples = points(600, 3, [](auto x) { return x[0] * x[1] > 0 ? 1 : 0; });
  Forest options;
  options.trees = 30, options.feature_share = 1;
  const ir::Graph graph = train_forest(samples, 2, options);
  EXPECT_EQ(graph.tensor(graph.outputs[0]).shape, (ir::Shape{1, 1}));
  EXPECT_EQ(tree_count(graph), 30);
  EXPECT_GT(accuracy(graph, samples), 0.97);
}

TEST(Forest, TheSameSeedGivesTheSameTreesAndLeavesAreLimited) {
  const data::Samples samples = points(500, 5, quadrant);
  Forest options;
  options.trees = 8, options.leaves = 5, options.seed = 7;
  const auto trees = [&] {
    const ir::Graph graph = train_forest(samples, 4, options);
    return ir::trees_of(graph, graph.nodes[0]);
  };
  const ir::Trees first = trees();
  EXPECT_EQ(first.thresholds, trees().thresholds);
  for (int32_t t = 0; t < first.tree_count(); ++t) {
    EXPECT_LE(first.end_of(t) - first.trees[2 * static_cast<size_t>(t)], 4);  // five leaves: four splits
  }
  options.seed = 8;
  EXPECT_NE(first.thresholds, trees().thresholds);
}

TEST(Linear, FindsThePlane) {
  const data::Samples samples = points(50, 3, [](auto x) { return 3 * x[0] - 2 * x[1] + 0.5 * x[2] + 5; });
  const ir::Graph graph = train_linear(samples, 0, {});
  const auto* w = ir::data<float>(graph.tensor(graph.nodes[0].inputs[1]));
  EXPECT_NEAR(w[0], 3, 1e-5);
  EXPECT_NEAR(w[1], -2, 1e-5);
  EXPECT_NEAR(w[2], 0.5, 1e-5);
  EXPECT_NEAR(ir::data<float>(graph.tensor(graph.nodes[0].inputs[2]))[0], 5, 1e-5);
}

TEST(Linear, TakesFeaturesThatDependOnEachOther) {
  data::Samples samples = points(50, 3, [](auto x) { return 2 * x[0] + 1; });
  for (size_t i = 0; i < samples.values.size(); i += 3) {
    samples.values[i + 1] = samples.values[i];  // twice the same
    samples.values[i + 2] = 4;                  // never changes
  }
  for (const auto& y : outputs_of(train_linear(samples, 0, {}), samples)) ASSERT_TRUE(std::isfinite(y[0]));
}

TEST(Linear, RidgeIsTheClosedForm) {
  data::Samples samples;
  samples.shape = {1};
  samples.values = {-1, 0, 1}, samples.labels = {1, 2, 6};
  Linear options;
  options.kind = Linear::Kind::ridge, options.penalty = 3;
  const ir::Graph graph = train_linear(samples, 0, options);
  EXPECT_NEAR(ir::data<float>(graph.tensor(graph.nodes[0].inputs[1]))[0], 5.0 / (2 + 3), 1e-6);
  EXPECT_NEAR(ir::data<float>(graph.tensor(graph.nodes[0].inputs[2]))[0], 3, 1e-6);
}

// At the optimum the gradient of every weight and bias is 0.
TEST(Linear, LogisticEndsAtTheOptimum) {
  for (const int64_t classes : {2, 4}) {
    data::Samples samples = points(300, 2, [&](auto x) { return std::fmod(quadrant(x), classes); });
    for (size_t i = 0; i < samples.values.size(); i += 2) samples.values[i] = samples.values[i] * 1000 + 500;
    Linear options;
    options.kind = Linear::Kind::logistic, options.penalty = 0.5;
    const ir::Graph graph = train_linear(samples, classes, options);
    const auto outputs = outputs_of(graph, samples);
    const auto* w = ir::data<float>(graph.tensor(graph.nodes[0].inputs[1]));
    for (size_t k = 0; k < outputs[0].size(); ++k) {
      double gradient[3] = {0, 0, 0};
      for (size_t i = 0; i < outputs.size(); ++i) {
        const auto label = static_cast<size_t>(samples.labels[i]);
        const double error = outputs[i][k] - (label == (classes == 2 ? 1 : k) ? 1.0 : 0.0);
        gradient[0] += error * samples.values[2 * i] / 1000, gradient[1] += error * samples.values[2 * i + 1];
        gradient[2] += error;
      }
      gradient[0] += options.penalty * w[2 * k] / 1000, gradient[1] += options.penalty * w[2 * k + 1];
      for (const double g : gradient) EXPECT_NEAR(g, 0, 2e-3) << classes << " classes, output " << k;
    }
  }
}

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::bad_input);
    return error.what();
  }
  return "";
}

TEST(Classical, DataThatCannotBeLearnedFromIsRefused) {
  data::Samples samples = points(20, 2, [](auto) { return 1; });
  EXPECT_NE(refusal([&] { train_forest(samples, 2, {}); }).find("one class"), std::string::npos);
  EXPECT_NE(refusal([&] { train_forest(samples, 1, {}); }).find("one class"), std::string::npos);
  EXPECT_NE(refusal([&] { train_linear(samples, 2, {}); }).find("are classes"), std::string::npos);
  samples.labels[3] = 2;
  EXPECT_NE(refusal([&] { train_forest(samples, 2, {}); }).find("label 2"), std::string::npos);
  samples.labels.clear();
  EXPECT_NE(refusal([&] { train_forest(samples, 0, {}); }).find("no labels"), std::string::npos);
}

TEST(Classical, ReadsItsRecipe) {
  const auto read = [](const std::string& text) { return read_classical(TomlTable::parse(text, "recipe.toml")); };
  const auto forest = std::get<ForestOptions>(
      read("[data]\nfile = \"x.csv\"\n[model]\nkind = \"random_forest\"\ntrees = 10\nseed = 4\n")->model);
  EXPECT_EQ(forest.trees, 10);
  EXPECT_EQ(forest.seed, 4u);
  EXPECT_EQ(std::get<LinearOptions>(read("[data]\n[model]\nkind = \"logistic\"\npenalty = 0.1\n")->model).penalty, 0.1);
  EXPECT_FALSE(read("[data]\n[model]\narchitecture = \"dense\"\n").has_value());
}

std::string recipe_refusal(const std::string& text) {
  return refusal([&] { read_classical(TomlTable::parse(text, "recipe.toml")); });
}

TEST(Classical, RecipesThatSayTooMuchAreRefused) {
  EXPECT_NE(recipe_refusal("[data]\n[model]\nkind = \"random_forrest\"\n").find("random_forrest"), std::string::npos);
  EXPECT_NE(recipe_refusal("[data]\n[model]\nkind = \"random_forest\"\nlearning_rate = 0.1\n").find("learning_rate"),
            std::string::npos);
  EXPECT_NE(recipe_refusal("[data]\n[model]\nkind = \"linear\"\npenalty = 0.1\n").find("penalty"), std::string::npos);
  EXPECT_EQ(recipe_refusal("[data]\n[train]\nepochs = 5\n[model]\nkind = \"ridge\"\n"),
            "train says nothing to a model of this kind");
}

}  // namespace
}  // namespace whit::learn
