// The arch/swar kernels against the portable ones: random layers, lowered for both, played on the same input.
#include "whit/compile/lower/arch/swar.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "whit/compile/lower/arch/swar_pack.hpp"
#include "whit/compile/lower/random_layer_test.hpp"

namespace whit::compile {
namespace {

using namespace random_layer;

void compare(Random& random, const ir::Graph& graph) {
  const std::vector<uint8_t> input = random_input(random, graph);
  const std::vector<uint8_t> expected = play(lower(graph, {KernelSet::host}), input);
  const std::vector<uint8_t> actual = play(lower(graph, {KernelSet::rv32}), input);
  ASSERT_EQ(actual, expected);
}

TEST(Swar, ConvolutionsEqualPortable) {
  Random random(300);
  for (int i = 0; i < 150; ++i) {
    const ir::Graph graph = random_conv2d(random);
    SCOPED_TRACE(testing::Message() << "case " << i << " " << shapes_text(graph));
    compare(random, graph);
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
}

TEST(Swar, WinogradEqualsPortable) {
  Random random(303);
  for (int i = 0; i < 60; ++i) {
    const ir::Graph graph = random_conv3x3(random);
    SCOPED_TRACE(testing::Message() << "case " << i << " " << shapes_text(graph));
    compare(random, graph);
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
}

TEST(Swar, FullyConnectedEqualsPortable) {
  Random random(301);
  for (int i = 0; i < 200; ++i) {
    const ir::Graph graph = random_fully_connected(random);
    SCOPED_TRACE(testing::Message() << "case " << i << " " << shapes_text(graph));
    compare(random, graph);
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
}

TEST(Swar, RequantizationEqualsReference) {
  Random random(302);
  for (int i = 0; i < 2000000; ++i) {
    const rt::Requant requant{pick(random, -(1 << 20), 1 << 20), pick(random, 1 << 30, INT32_MAX),
                              -pick(random, 1, rt::swar::kMaxShift)};
    const int32_t bound = 1 << pick(random, 0, 28);
    const auto record = swar_channel(requant, bound);
    if (!record) continue;
    const int32_t zero_point = pick(random, -128, 127);
    const rt::swar::OutputRange range{2 * zero_point + 1, -128, 127};
    int32_t sum = pick(random, -bound, bound);
    if (i % 2 == 0) {  // near a tie of the second rounding
      const int64_t tie = (2 * int64_t{pick(random, -300, 300)} + 1) << (30 - requant.shift);
      const int64_t near = tie / requant.multiplier - requant.bias + pick(random, -1, 1);
      if (near < -bound || near > bound) continue;
      sum = static_cast<int32_t>(near);
    }
    const int32_t scaled = rt::multiply_by_quantized_multiplier(sum + requant.bias, requant.multiplier, requant.shift);
    ASSERT_EQ(rt::swar::requantize(sum, rt::swar::scaling_of(*record, range), range),
              rt::clamp(scaled + zero_point, -128, 127))
        << sum << " " << requant.bias << " " << requant.multiplier << " " << requant.shift;
  }
}

TEST(Swar, ChannelsWithoutWeightsMayHaveAnyBias) {
  Random random(304);
  for (int i = 0; i < 2000; ++i) {
    const rt::Requant requant{pick(random, INT32_MIN, INT32_MAX), pick(random, 1 << 30, INT32_MAX),
                              -pick(random, 0, 31)};
    const auto record = swar_channel(requant, 0);
    ASSERT_TRUE(record);
    const int32_t zero_point = pick(random, -128, 127);
    const rt::swar::OutputRange range{2 * zero_point + 1, -128, 127};
    const int32_t z = rt::multiply_by_quantized_multiplier(requant.bias, requant.multiplier, requant.shift);
    ASSERT_EQ(rt::swar::requantize(0, rt::swar::scaling_of(*record, range), range),
              static_cast<int32_t>(std::clamp<int64_t>(int64_t{z} + zero_point, -128, 127)));
  }
}

TEST(Swar, RefusesWhatItsRecordsCannotHold) {
  EXPECT_FALSE(swar_channel({0, 1 << 30, 1}, 1000));                // a shift to the left
  EXPECT_FALSE(swar_channel({0, 1 << 30, 0}, 1000));                // none at all
  EXPECT_FALSE(swar_channel({1 << 24, 1 << 30, -8}, 1000));         // the bias needs more bits
  EXPECT_FALSE(swar_channel({0, 1 << 30, -8}, int64_t{1} << 29));   // the accumulator does
  EXPECT_FALSE(swar_channel({0, 1 << 30, -22}, 1 << 28));           // the shift does
  EXPECT_EQ(swar_channel({0, 1 << 30, -31}, 1000)->multiplier, 0);  // always zero
  EXPECT_EQ(swar_channel({0, 0, 0}, 1000)->multiplier, 0);
}

TEST(Swar, LeadIsWhatInPlaceNeeds) {
  rt::ConvGeometry g{1, 5, 5, 64, 5, 5, 64, 1, 1, 1, 1, 1, 1, 0, 0};
  EXPECT_EQ(swar_conv_lead(g), 0);  // pointwise, as many channels out as in: in place
  g.output_channels = 128;
  EXPECT_EQ(swar_conv_lead(g), 24 * 64);
  g = {1, 8, 8, 4, 8, 8, 4, 3, 3, 1, 1, 1, 1, 1, 1};
  EXPECT_EQ(swar_conv_lead(g), (8 + 1) * 4);  // in the middle of a row: one row up, one pixel left
}

}  // namespace
}  // namespace whit::compile
