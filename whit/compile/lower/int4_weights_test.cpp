// Layers of int4 weights, on every kernel set, against the same layers with the same weights as int8.
#include <gtest/gtest.h>

#include "whit/compile/lower/random_layer_test.hpp"
#include "whit/compile/program.hpp"
#include "whit/ir/verify.hpp"

namespace whit::compile {
namespace {

using namespace random_layer;

constexpr KernelSet kSets[] = {KernelSet::host, KernelSet::arm_dsp, KernelSet::arm_v7m, KernelSet::arm_v6m,
                               KernelSet::rv32};

ir::Graph random_layer_of(Random& random, int i) {
  if (i % 3 == 0) return random_fully_connected(random);
  return i % 3 == 1 ? random_conv2d(random) : depthwise_layer(random, random_map(random, 9), false);
}

TEST(Int4Weights, EqualTheSameWeightsAsInt8OnEveryKernelSet) {
  Random random(40);
  for (int i = 0; i < 200; ++i) {
    ir::Graph packed = random_layer_of(random, i);
    narrow_weights(packed);
    ir::verify(packed);
    ir::Graph plain = packed;
    plain.tensor(plain.nodes[0].inputs[1]).type = ir::DType::i8;
    const std::vector<uint8_t> input = random_input(random, packed);
    const std::vector<uint8_t> expected = play(lower(plain, {KernelSet::host}), input);
    for (const KernelSet set : kSets) {
      ASSERT_EQ(play(lower(packed, {set}), input), expected)
          << "case " << i << " " << shapes_text(packed) << " set " << static_cast<int>(set);
    }
  }
}

// What the constants of a layer take, and the kernel that reads them.
std::pair<std::string, size_t> kernel_and_constants(const ir::Graph& graph, KernelSet set) {
  const Program program(lower(graph, {set}).program, "layer");
  return {std::string(program.ops()[0].kernel_name), program.header().constants_bytes};
}

TEST(Int4Weights, TakeHalfTheBytesOnDevices) {
  Random random(41);
  ir::Graph graph =
      one_layer(random, ir::Op::conv2d, {1, 6, 6, 32}, {16, 3, 3, 32}, {1, 4, 4, 16}, ir::ConvAttributes{});
  narrow_weights(graph);
  ir::Graph plain = graph;
  plain.tensor(plain.nodes[0].inputs[1]).type = ir::DType::i8;
  constexpr size_t kWeights = 16 * 3 * 3 * 32;
  for (const auto& [set, kernel] :
       {std::pair{KernelSet::arm_dsp, "conv2d_s8_w4_dsp"}, std::pair{KernelSet::arm_v6m, "conv2d_s8_w4"}}) {
    const auto [name, bytes] = kernel_and_constants(graph, set);
    EXPECT_EQ(name, kernel);
    EXPECT_LT(bytes, kWeights / 2 + 400);
    EXPECT_GE(kernel_and_constants(plain, set).second, kWeights);
  }
}

TEST(Int4Weights, AreRefusedOutOfRangeAndOutsideLayers) {
  Random random(42);
  ir::Graph graph = random_fully_connected(random);
  narrow_weights(graph);
  ir::Graph wide = graph;
  wide.tensor(wide.nodes[0].inputs[1]).data[0] = 8;
  EXPECT_THROW(ir::verify(wide), std::exception);
  ir::Graph activation = graph;
  activation.tensor(activation.inputs[0]).type = ir::DType::i4;
  EXPECT_THROW(ir::verify(activation), std::exception);
  ir::Graph output = graph;
  output.outputs.push_back(output.nodes[0].inputs[1]);
  EXPECT_THROW(ir::verify(output), std::exception);
}

}  // namespace
}  // namespace whit::compile
