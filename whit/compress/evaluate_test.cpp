#include "whit/compress/evaluate.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "whit/base/error.hpp"
#include "whit/ir/text.hpp"

namespace whit::compress {
namespace {

data::Samples samples_of(std::vector<int64_t> shape, std::vector<float> values, std::vector<float> labels) {
  data::Samples samples;
  samples.shape = std::move(shape);
  samples.values = std::move(values);
  samples.labels = std::move(labels);
  return samples;
}

TEST(Metric, FollowsFromTheLabelsAndTheNumberOfOutputs) {
  const auto chosen = [](const std::vector<float>& labels, int64_t outputs) {
    return choose_metric("auto", samples_of({4}, {1, 2, 3, 4, 5, 6, 7, 8}, labels), outputs);
  };
  EXPECT_EQ(chosen({0, 2}, 3), Metric::accuracy);
  EXPECT_EQ(chosen({0, 1}, 1), Metric::accuracy);
  EXPECT_EQ(chosen({0, 20}, 1), Metric::mae);
  EXPECT_EQ(chosen({0.5f, 1}, 1), Metric::mae);
  EXPECT_EQ(chosen({}, 4), Metric::reconstruction);
}

// One input and one output are a regression, not an autoencoder.
TEST(Metric, ARegressionWithoutTargetsIsRefused) {
  EXPECT_THROW(choose_metric("auto", samples_of({1}, {1, 2}, {}), 1), Error);
  EXPECT_EQ(choose_metric("reconstruction", samples_of({1}, {1, 2}, {}), 1), Metric::reconstruction);
}

TEST(Metric, ALabelOutOfRangeIsNamedByFileAndLine) {
  data::Samples samples = samples_of({1}, {1, 2}, {0, 3});
  samples.labels_file = "y.csv", samples.rows = {0, 8};
  try {
    choose_metric("auto", samples, 3);
    ADD_FAILURE() << "nothing was refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), std::string("label 3"));
    EXPECT_EQ(error.where(), "y.csv: line 10");
    EXPECT_NE(error.hint().find("classes 0 to 2"), std::string::npos);
  }
}

TEST(Evaluate, SamplesOfSeveralInputs) {
  const ir::Graph graph = ir::parse_text(R"(graph "g"
input %0 "a": f32 [1,2]
input %1 "b": f32 [1,1]
%2 "y": f32 [1,2] = add(%0, %1)
output %2
)");
  data::Samples samples = samples_of({2}, {1, 2, 10, 3, 4, 20}, {0, 1});
  EXPECT_THROW(check_shape(graph, samples), Error);
  samples.more = {{2}};
  EXPECT_THROW(check_shape(graph, samples), Error);
  samples.more = {{1}};
  EXPECT_EQ(evaluate(graph, samples, "auto").outputs, (std::vector<float>{11, 12, 23, 24}));
  EXPECT_EQ(evaluate(graph, samples, "auto").value, 0.5);
}

TEST(Evaluate, MacroF1IsTheMeanOverTheLabelledClasses) {
  const ir::Graph graph = ir::parse_text(R"(graph "g"
input %0 "x": f32 [1,3]
%1 "y": f32 [1,3] = relu(%0)
output %1
)");
  // Labels 0 0 1 1, guesses 0 1 1 1: F1 of class 0 is 2/3, of class 1 4/5; no sample is of class 2.
  const data::Samples samples = samples_of({3}, {1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0}, {0, 0, 1, 1});
  EXPECT_NEAR(evaluate(graph, samples, "accuracy").macro_f1, (2.0 / 3 + 4.0 / 5) / 2, 1e-12);
}

TEST(Evaluate, NearChanceIsLessThanHalfAsMuchAgainAsGuessing) {
  Evaluation evaluation{Metric::accuracy, 0.37, 2, 0.0, std::vector<float>(8)};  // four classes: 0.375
  EXPECT_TRUE(is_near_chance(evaluation));
  evaluation.value = 0.38;
  EXPECT_FALSE(is_near_chance(evaluation));
  evaluation.outputs.resize(2);  // one output is two classes
  EXPECT_TRUE(is_near_chance(evaluation));
  evaluation.metric = Metric::mae;
  EXPECT_FALSE(is_near_chance(evaluation));
}

ir::Graph adding(const std::string& constant, int outputs = 1) {
  return ir::parse_text("graph \"g\"\ninput %0 \"x\": f32 [1,2]\nconst %1 \"c\": f32 [2] = {" + constant +
                        "}\n%2 \"y\": f32 [1,2] = add(%0, %1)\noutput " + (outputs == 1 ? "%2" : "%2, %0") + "\n");
}

TEST(Compare, MeasuresHowFarTheOutputsAreApart) {
  const data::Samples samples = samples_of({2}, {1, 2, 4, 3, 5, 7, 9, 8}, {});
  const Comparison same = compare(adding("0 0"), adding("0 0"), samples);
  EXPECT_TRUE(std::isinf(same.outputs.at(0).sqnr_db));
  EXPECT_EQ(same.same_largest_output, 1.0);
  const Comparison other = compare(adding("0 0"), adding("0 1.5"), samples);
  EXPECT_EQ(other.outputs.at(0).max_abs, 1.5);
  EXPECT_EQ(other.outputs.at(0).mean_abs, 0.75);
  EXPECT_EQ(other.same_largest_output, 0.5);  // 4 and 9 lose to 4.5 and 9.5
}

TEST(Compare, RefusesModelsWithOtherOutputs) {
  const data::Samples samples = samples_of({2}, {1, 2}, {});
  const ir::Graph shorter = ir::parse_text(R"(graph "short"
input %0 "x": f32 [1,2]
const %1 "w": f32 [1,2] = {1 1}
%2 "y": f32 [1,1] = fully_connected(%0, %1, -)
output %2
)");
  EXPECT_THROW(compare(adding("0 0"), shorter, samples), Error);
  const ir::Graph longer = adding("0 0", 2);
  EXPECT_THROW(compare(adding("0 0"), longer, samples), Error);
}

}  // namespace
}  // namespace whit::compress
