// Layers stored and run sparse: the same bits as the portable kernel, chosen where that pays, hostile records refused.
#include "whit/compile/lower/sparse.hpp"

#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "whit/compile/lower/one_node_test.hpp"
#include "whit/compile/lower/random_layer_test.hpp"

namespace whit::compile {
namespace {

using namespace random_layer;

constexpr KernelSet kDevices[] = {KernelSet::arm_dsp, KernelSet::arm_v7m, KernelSet::arm_v6m, KernelSet::rv32};

rt::KernelId kernel_of(const Lowered& lowered) {
  return static_cast<rt::KernelId>(Program(lowered.program, "layer").ops()[0].kernel);
}

bool is_sparse(rt::KernelId kernel) {
  return kernel == rt::KernelId::fully_connected_s8_bitmap || kernel == rt::KernelId::fully_connected_s8_4of16 ||
         kernel == rt::KernelId::fully_connected_s8_1x4;
}

TEST(Sparse, EqualsThePortableKernel) {
  Random random(600);
  std::map<rt::KernelId, int> seen;
  for (int i = 0; i < 600; ++i) {
    const int32_t rows = pick(random, 0, 4) == 0 ? 3 : 1;
    const auto zeros = static_cast<Zeros>(pick(random, 0, 2));
    const int32_t unit = zeros == Zeros::blocks ? 4 : 1;
    const ir::Graph graph = sparse_layer(random, rows, pick(random, 1, 80), unit * pick(random, 1, 400 / unit),
                                         std::uniform_real_distribution<>(0.3, 1.0)(random), zeros);
    const std::vector<uint8_t> input = random_input(random, graph);
    const Lowered lowered = lower(graph, {kDevices[i % 4], Optimize::size});
    SCOPED_TRACE(testing::Message() << "case " << i << " " << static_cast<int>(kernel_of(lowered)) << " "
                                    << shapes_text(graph));
    ++seen[kernel_of(lowered)];
    ASSERT_EQ(play(lowered, input), play(lower(graph, {KernelSet::host}), input));
  }
  EXPECT_GT(seen[rt::KernelId::fully_connected_s8_bitmap], 40);
  EXPECT_GT(seen[rt::KernelId::fully_connected_s8_4of16], 20);
  EXPECT_GT(seen[rt::KernelId::fully_connected_s8_1x4], 40);
}

// All weights zero, no weight in some rows, and more blocks left out than a byte counts.
TEST(Sparse, EmptyRowsAndWideGaps) {
  Random random(604);
  for (const KernelSet kernels : kDevices) {
    for (const auto& [channels, depth, kept] : {std::tuple{30, 96, -1}, {30, 2400, 2397}, {7, 1028, 1027}}) {
      ir::Graph graph = sparse_layer(random, 1, channels, depth, 1.0);
      for (int32_t c = 0; kept >= 0 && c < channels; c += 2) {
        graph.tensor(graph.nodes[0].inputs[1]).data[static_cast<size_t>(c * depth + kept)] = 77;
      }
      const std::vector<uint8_t> input = random_input(random, graph);
      const Lowered lowered = lower(graph, {kernels, Optimize::size});
      EXPECT_TRUE(is_sparse(kernel_of(lowered)));
      EXPECT_EQ(play(lowered, input), play(lower(graph, {KernelSet::host}), input));
    }
  }
}

TEST(Sparse, IsChosenForManyZerosAndTakesTheirBytes) {
  Random random(601);
  for (const KernelSet kernels : kDevices) {
    const auto lowered_with = [&](double share, Zeros zeros) {
      return lower(sparse_layer(random, 1, 128, 128, share, zeros), {kernels, Optimize::size});
    };
    EXPECT_FALSE(is_sparse(kernel_of(lowered_with(0.1, Zeros::anywhere))));
    EXPECT_FALSE(is_sparse(kernel_of(lowered_with(0.49, Zeros::anywhere))));
    for (const Zeros zeros : {Zeros::anywhere, Zeros::four_of_16, Zeros::blocks}) {
      const Lowered lowered = lowered_with(0.7, zeros);
      EXPECT_TRUE(is_sparse(kernel_of(lowered)));
      const double weights = header_of(lowered).weights_bytes - 4.0 * 128;
      EXPECT_LT(weights, 0.45 * 128 * 128);
    }
  }
}

// Where a channel's record weighs a third of its weights: for size, what is smaller than the dense kernel's is taken.
TEST(Sparse, NarrowLayersAreStoredSparseForSize) {
  Random random(605);
  const ir::Graph graph = sparse_layer(random, 1, 128, 27, 0.7, Zeros::anywhere);
  for (const KernelSet kernels : kDevices) {
    const Lowered lowered = lower(graph, {kernels, Optimize::size});
    EXPECT_EQ(kernel_of(lowered), rt::KernelId::fully_connected_s8_bitmap);
    EXPECT_LT(header_of(lowered).weights_bytes, 0.6 * 128 * (27 + 4));
  }
}

TEST(Sparse, IsChosenForSpeedWhereItIsNotSlower) {
  Random random(602);
  const auto kernel_for = [&](KernelSet kernels, double share, Zeros zeros) {
    return kernel_of(lower(sparse_layer(random, 1, 128, 128, share, zeros), {kernels, Optimize::balanced}));
  };
  EXPECT_FALSE(is_sparse(kernel_for(KernelSet::arm_v6m, 0.6, Zeros::anywhere)));
  for (const KernelSet kernels : kDevices) {
    EXPECT_TRUE(is_sparse(kernel_for(kernels, 0.97, Zeros::anywhere)));
    const double share = kernels == KernelSet::arm_v6m ? 0.9 : 0.7;
    EXPECT_EQ(kernel_for(kernels, share, Zeros::blocks), rt::KernelId::fully_connected_s8_1x4);
    EXPECT_EQ(kernel_for(kernels, 0.5, Zeros::four_of_16), rt::KernelId::fully_connected_s8_4of16);
  }
}

TEST(Sparse, HostileRecordsAreHarmless) {
  Random random(603);
  for (const KernelSet kernels : {KernelSet::arm_dsp, KernelSet::arm_v6m}) {
    for (const Zeros zeros : {Zeros::anywhere, Zeros::four_of_16, Zeros::blocks}) {
      for (const int32_t depth : {60, 64}) {
        const Lowered lowered = lower(sparse_layer(random, 2, 80, depth, 0.8, zeros), {kernels, Optimize::size});
        ASSERT_TRUE(is_sparse(kernel_of(lowered)));
        one_node::expect_hostile_records_are_harmless(Program(lowered.program, "layer"));
      }
    }
  }
}

TEST(Sparse, ABitmapThatLeadsOutsideIsRefused) {
  alignas(16) uint32_t constants[8] = {};
  constants[0] = 0x80000001u, constants[1] = 0x80000000u;  // 33 weights
  constants[2] = 1, constants[3] = 0;                      // the channel's record, then 3 values
  rt::FullyConnectedS8Bitmap p{};
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

TEST(Sparse, APositionOutsideTheLastInputsIsRefused) {
  alignas(16) rt::four_of_16::TwoChannels constants[6] = {};  // 20 inputs by 4 channels, then 4 records
  rt::swar::ChannelRecord records[4] = {{1, 0}, {1, 0}, {1, 0}, {1, 0}};
  uint8_t bytes[sizeof constants + sizeof records];
  rt::FullyConnectedS84of16 p{};
  p.input = 0, p.output = 20, p.sums = 24, p.pairs = rt::kNoRef;
  p.stream = rt::kConstantBit, p.channels = rt::kConstantBit | 48;
  p.batches = 1, p.input_depth = 20, p.output_depth = 4;
  p.output_min = -128, p.output_max = 127;
  const auto accepted = [&] {
    std::memcpy(bytes, constants, 48);
    std::memcpy(bytes + 48, records, sizeof records);
    return rt::check(p, {40 + 480, 80, bytes});
  };
  constants[0].pairs[0][0] = 0xff;  // the first sixteen inputs
  constants[3].pairs[1][1] = 0x32;
  EXPECT_TRUE(accepted());
  EXPECT_FALSE(rt::check(p, {39, 80, bytes})) << "no room for the sums";
  EXPECT_FALSE(rt::check(p, {40, 79, bytes})) << "no room for the records";
  constants[3].pairs[1][1] = 0x42;
  EXPECT_FALSE(accepted()) << "input 20 of 20";
  constants[3].pairs[1][1] = 0x24;
  EXPECT_FALSE(accepted()) << "input 20 of 20";
  p.pairs = 40;
  EXPECT_FALSE(accepted()) << "pair 255 of 120";
  constants[0].pairs[0][0] = 119;
  EXPECT_TRUE(accepted());
  EXPECT_FALSE(rt::check(p, {40 + 479, 80, bytes})) << "no room for the pairs";
}

TEST(Sparse, ABlockOutsideItsRowIsRefused) {
  alignas(16) uint8_t bytes[48] = {};
  bytes[0] = 2, bytes[2] = 1;                // two rows: two blocks and one
  bytes[4] = 0, bytes[5] = 1, bytes[6] = 2;  // gaps: both rows end with the third block
  bytes[24] = bytes[32] = 1;                 // records
  rt::FullyConnectedS81x4 p{};
  p.input = 0, p.output = 12, p.wide = 16, p.sums = 48;
  p.counts = rt::kConstantBit, p.gaps = rt::kConstantBit | 4, p.blocks = rt::kConstantBit | 8;
  p.channels = rt::kConstantBit | 24;
  p.batches = 1, p.input_depth = 12, p.output_depth = 2;
  p.output_min = -128, p.output_max = 127;
  const auto accepted = [&](uint32_t arena = 56) { return rt::check(p, {arena, 48, bytes}); };
  EXPECT_TRUE(accepted());
  EXPECT_FALSE(accepted(55)) << "no room for the sums";
  p.wide = 28;
  EXPECT_FALSE(accepted()) << "no room for widened inputs";
  p.wide = 16;
  bytes[5] = 2;
  EXPECT_FALSE(accepted()) << "a fourth block in the first row";
  bytes[5] = 1, bytes[2] = 2;
  EXPECT_FALSE(accepted()) << "a fourth block in the second row";
  bytes[2] = 0;
  EXPECT_FALSE(accepted()) << "an empty row";
  bytes[2] = 255;
  EXPECT_FALSE(accepted()) << "more blocks than constants";
  bytes[2] = 1, p.gaps = 4;
  EXPECT_FALSE(accepted()) << "gaps that may change after the check";
}

}  // namespace
}  // namespace whit::compile
