#include "whit/compress/evaluate.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace whit::compress
