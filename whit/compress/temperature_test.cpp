#include "whit/compress/temperature.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "whit/base/error.hpp"
#include "whit/ir/text.hpp"

namespace whit::compress {
namespace {

// Logits z, and labels drawn from softmax(z / t): the temperature to be found is t.
void draw(double t, std::vector<float>* logits, std::vector<float>* labels) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0f, 3.0f);
  for (int i = 0; i < 5000; ++i) {
    std::vector<double> weights;
    for (int c = 0; c < 4; ++c) {
      logits->push_back(normal(random));
      weights.push_back(std::exp(static_cast<double>(logits->back()) / t));
    }
    labels->push_back(static_cast<float>(std::discrete_distribution<int>(weights.begin(), weights.end())(random)));
  }
}

TEST(Temperature, IsFoundAgain) {
  for (const double t : {0.5, 1.0, 3.0}) {
    std::vector<float> logits, labels;
    draw(t, &logits, &labels);
    EXPECT_NEAR(fit_temperature(logits, labels), t, 0.06 * t);
  }
}

TEST(Temperature, GoesIntoTheSoftmaxAndLowersTheCalibrationError) {
  ir::Graph graph = ir::parse_text(R"(graph "g"
input %0 "x": f32 [1,4]
%1 "y": f32 [1,4] = softmax(%0)
output %1
)");
  data::Samples validation;
  validation.shape = {4};
  draw(3.0, &validation.values, &validation.labels);
  const TemperatureScaling scaling = scale_temperature(graph, validation);
  EXPECT_NEAR(scaling.temperature, 3.0, 0.2);
  EXPECT_GT(scaling.error_before, 0.1);
  EXPECT_LT(scaling.error_after, 0.03);
  EXPECT_NEAR(ir::attributes<ir::SoftmaxAttributes>(graph.nodes[0]).beta, 1.0 / scaling.temperature, 1e-6);
}

TEST(Temperature, NeedsASoftmax) {
  ir::Graph graph =
      ir::parse_text("graph \"g\"\ninput %0 \"x\": f32 [1,4]\n%1 \"y\": f32 [1,4] = relu(%0)\noutput %1\n");
  data::Samples validation;
  validation.shape = {4};
  draw(1.0, &validation.values, &validation.labels);
  EXPECT_THROW(scale_temperature(graph, validation), Error);
}

}  // namespace
}  // namespace whit::compress
