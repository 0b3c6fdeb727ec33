#include "whit/compress/mixed.hpp"

#include <gtest/gtest.h>

#include <random>

#include "whit/base/error.hpp"
#include "whit/ir/text.hpp"

namespace whit::compress {
namespace {

struct Case {
  ir::Graph graph;
  Calibration calibration;
};

// Two layers of 64 weights; those of "rough" take values that four bits hold, those of "fine" do not.
Case two_layers() {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::string rough, fine;
  for (int i = 0; i < 64; ++i) {
    rough += i % 3 == 0 ? "0.7 " : "-0.7 ";
    fine += std::to_string(normal(random)) + " ";
  }
  Case c;
  c.graph = ir::parse_text("graph \"two\"\ninput %0 \"x\": f32 [1,8]\nconst %1 \"w1\": f32 [8,8] = {" + fine +
                           "}\n%2 \"fine\": f32 [1,8] = fully_connected(%0, %1, -) {activation=relu}\n"
                           "const %3 \"w2\": f32 [8,8] = {" +
                           rough + "}\n%4 \"rough\": f32 [1,8] = fully_connected(%2, %3, -)\noutput %4\n");
  std::vector<float> data(800);
  for (float& value : data) value = normal(random);
  c.calibration = calibrate(c.graph, data, true);
  return c;
}

// 2 * (64 weights + 8 biases of four bytes).
constexpr int64_t kInt8Bytes = 2 * (64 + 32);

TEST(FitWeightBytes, ChangesNothingWhenAllFits) {
  const Case c = two_layers();
  EXPECT_TRUE(fit_weight_bytes(c.graph, c.calibration, {}, kInt8Bytes).nodes.empty());
}

TEST(FitWeightBytes, TakesTheLayerThatLosesLeastFirst) {
  const Case c = two_layers();
  const QuantizeOptions options = fit_weight_bytes(c.graph, c.calibration, {}, kInt8Bytes - 32);
  ASSERT_EQ(options.nodes.size(), 1u);
  EXPECT_EQ(options.nodes.at("rough").precision, Precision::int8_w4);
  EXPECT_EQ(fit_weight_bytes(c.graph, c.calibration, {}, kInt8Bytes - 64).nodes.size(), 2u);
}

TEST(FitWeightBytes, SaysWhatTheLeastIs) {
  const Case c = two_layers();
  try {
    fit_weight_bytes(c.graph, c.calibration, {}, 100);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::gate_failed);
    EXPECT_NE(std::string(error.what()).find("128 bytes"), std::string::npos) << error.what();
  }
}

// A processor on which a layer takes 100 instructions, and 900 more where its output is of 16 bits; a conversion 50.
Instructions count(const ir::Graph& quantized) {
  Instructions instructions;
  for (const ir::Node& node : quantized.nodes) {
    const ir::Tensor& output = quantized.tensor(node.outputs[0]);
    const int64_t own = node.op == ir::Op::quantize ? 50 : output.type == ir::DType::i16 ? 1000 : 100;
    instructions.layers[output.name] += own;
    instructions.total += own;
  }
  return instructions;
}

struct Sixteen : Case {
  Sixteen() : Case(two_layers()) {
    options.recipe.precision = Precision::int16x8;
    samples.shape = {8};
    samples.values.resize(800);
    std::mt19937 random(4);
    for (float& value : samples.values) value = std::normal_distribution<float>()(random);
  }
  QuantizeOptions options;
  data::Samples samples;
};

TEST(FitInstructions, ChangesNothingWhenAllFits) {
  const Sixteen c;
  EXPECT_TRUE(fit_instructions(c.graph, c.calibration, c.options, c.samples, count, 2000).nodes.empty());
}

TEST(FitInstructions, TakesAsFewLayersAsAreNeeded) {
  const Sixteen c;
  // One layer of each precision and a conversion between them.
  EXPECT_EQ(fit_instructions(c.graph, c.calibration, c.options, c.samples, count, 1900).nodes.size(), 1u);
  const QuantizeOptions all = fit_instructions(c.graph, c.calibration, c.options, c.samples, count, 250);
  EXPECT_LE(count(quantize(c.graph, c.calibration, all)).total, 250);
}

TEST(FitInstructions, SaysWhatTheLeastIs) {
  const Sixteen c;
  try {
    fit_instructions(c.graph, c.calibration, c.options, c.samples, count, 150);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::gate_failed);
    EXPECT_NE(std::string(error.what()).find("200 instructions"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace whit::compress
