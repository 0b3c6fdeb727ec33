// Layers stored and run sparse: the same bits as the portable kernel, chosen where that pays, hostile records refused.
#include "whit/compile/lower/sparse.hpp"

#include <gtest/gtest.h>

#include "whit/compile/lower/one_node_test.hpp"
#include "whit/compile/lower/random_layer_test.hpp"

namespace whit::compile {
namespace {

using namespace random_layer;

constexpr KernelSet kDevices[] = {KernelSet::arm_dsp, KernelSet::arm_v7m, KernelSet::arm_v6m, KernelSet::rv32};

rt::KernelId kernel_of(const Lowered& lowered) {
  return static_cast<rt::KernelId>(Program(lowered.program, "layer").ops()[0].kernel);
}

TEST(Sparse, EqualsThePortableKernel) {
  Random random(600);
  int sparse = 0;
  for (int i = 0; i < 200; ++i) {
    const int32_t rows = pick(random, 0, 4) == 0 ? 3 : 1;
    const ir::Graph graph = sparse_layer(random, rows, pick(random, 1, 80), pick(random, 1, 300),
                                         std::uniform_real_distribution<>(0.3, 1.0)(random));
    SCOPED_TRACE(testing::Message() << "case " << i << " " << shapes_text(graph));
    const std::vector<uint8_t> input = random_input(random, graph);
    const Lowered lowered = lower(graph, {kDevices[i % 4], Optimize::size});
    sparse += kernel_of(lowered) == rt::KernelId::fully_connected_s8_sparse ? 1 : 0;
    ASSERT_EQ(play(lowered, input), play(lower(graph, {KernelSet::host}), input));
  }
  EXPECT_GT(sparse, 50);
}

TEST(Sparse, IsChosenForManyZerosAndTakesTheirBytes) {
  Random random(601);
  for (const KernelSet kernels : kDevices) {
    const auto lowered_with = [&](double share) {
      return lower(sparse_layer(random, 1, 128, 128, share), {kernels, Optimize::size});
    };
    EXPECT_NE(kernel_of(lowered_with(0.1)), rt::KernelId::fully_connected_s8_sparse);
    const Lowered lowered = lowered_with(0.7);
    EXPECT_EQ(kernel_of(lowered), rt::KernelId::fully_connected_s8_sparse);
    const double weights = header_of(lowered).weights_bytes - 4.0 * 128;
    EXPECT_LT(weights, 0.45 * 128 * 128);
  }
}

TEST(Sparse, IsChosenForSpeedOnlyWhereItIsNotSlower) {
  Random random(602);
  const ir::Graph some = sparse_layer(random, 1, 128, 128, 0.6), most = sparse_layer(random, 1, 128, 128, 0.97);
  EXPECT_NE(kernel_of(lower(some, {KernelSet::rv32, Optimize::balanced})), rt::KernelId::fully_connected_s8_sparse);
  for (const KernelSet kernels : {KernelSet::arm_dsp, KernelSet::arm_v7m}) {
    EXPECT_EQ(kernel_of(lower(most, {kernels, Optimize::balanced})), rt::KernelId::fully_connected_s8_sparse);
  }
}

TEST(Sparse, HostileRecordsAreHarmless) {
  Random random(603);
  for (const int32_t depth : {45, 64}) {
    const Lowered lowered = lower(sparse_layer(random, 2, 80, depth, 0.8), {KernelSet::arm_v7m, Optimize::size});
    ASSERT_EQ(kernel_of(lowered), rt::KernelId::fully_connected_s8_sparse);
    one_node::expect_hostile_records_are_harmless(Program(lowered.program, "layer"));
  }
}

TEST(Sparse, ABitmapThatLeadsOutsideIsRefused) {
  alignas(16) uint32_t constants[8] = {};
  constants[0] = 0x80000001u, constants[1] = 0x80000000u;  // 33 weights
  constants[2] = 1, constants[3] = 0;                      // the channel's record, then 3 values
  rt::FullyConnectedS8Sparse p{};
  p.input = 0, p.output = 40;
  p.bitmap = rt::kConstantBit, p.channels = rt::kConstantBit | 8, p.values = rt::kConstantBit | 16;
  p.batches = p.output_depth = 1, p.input_depth = 33;
  p.output_min = -128, p.output_max = 127;
  const auto* bytes = reinterpret_cast<const uint8_t*>(constants);
  EXPECT_TRUE(rt::check(p, {41, 19, bytes}));
  EXPECT_FALSE(rt::check(p, {41, 18, bytes})) << "a value less than set bits";
  constants[1] = 0x40000000u;
  EXPECT_FALSE(rt::check(p, {41, 19, bytes})) << "the 34th of 33 weights";
  constants[1] = 0x80000000u;
  p.bitmap = 0;
  EXPECT_FALSE(rt::check(p, {41, 19, bytes})) << "a bitmap that may change after the check";
}

}  // namespace
}  // namespace whit::compile
