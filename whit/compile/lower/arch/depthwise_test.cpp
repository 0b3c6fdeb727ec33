// The depthwise kernels of arch/ (on a host their portable bodies) against depthwise_conv2d_s8: random layers lowered
// for both, played on the same input, between canaries, with input and output overlapping as the plan says.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "whit/compile/lower/arch/arm_dsp_depthwise.hpp"
#include "whit/compile/lower/random_layer_test.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/depthwise3x3_s8.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/intrinsics.hpp"

namespace whit::compile {
namespace {

using namespace random_layer;

uint16_t kernel_of(const Lowered& lowered) {
  rt::OpHead head;
  memcpy(&head, lowered.program.data() + header_of(lowered).ops_offset, sizeof head);
  return head.kernel;
}

// The arena that the arm_dsp kernel needs.
uint32_t compare(Random& random, const ir::Graph& graph) {
  const std::vector<uint8_t> input = random_input(random, graph);
  const Lowered lowered = lower(graph, {KernelSet::arm_dsp});
  const std::vector<uint8_t> expected = play(lower(graph, {KernelSet::host}), input);
  EXPECT_TRUE(kernel_of(lowered) == 230 || kernel_of(lowered) == 231) << kernel_of(lowered);
  EXPECT_EQ(play(lowered, input), expected);
  const Lowered without_dsp = lower(graph, {KernelSet::rv32});
  EXPECT_EQ(kernel_of(without_dsp), 330);
  EXPECT_EQ(play(without_dsp, input), expected);
  return header_of(lowered).arena_bytes;
}

TEST(ArchDepthwise, RandomMapsEqualPortable) {
  Random random(230);
  for (int i = 0; i < 70; ++i) {
    const Map map = random_map(random, i % 5 == 0 ? 60 : 14);
    SCOPED_TRACE(testing::Message() << "case " << i << ": " << map.height << "x" << map.width << "x" << map.channels
                                    << " stride " << map.stride << " same " << map.same);
    compare(random, depthwise_layer(random, map, pick(random, 0, 3) == 0));
    if (HasFailure()) return;
  }
}

// The layers of kws and vww, with what they may need in RAM.
TEST(ArchDepthwise, LayersOfRealModels) {
  Random random(231);
  EXPECT_LE(compare(random, depthwise_layer(random, {25, 5, 64, 1, true}, false)), 9500u);
  EXPECT_LE(compare(random, depthwise_layer(random, {48, 48, 16, 2, true}, false)), 38000u);
  for (const Map& map : {Map{48, 48, 8, 1, true}, Map{24, 24, 32, 1, true}, Map{24, 24, 32, 2, true},
                         Map{12, 12, 64, 1, true}, Map{12, 12, 64, 2, true}, Map{6, 6, 128, 1, true},
                         Map{6, 6, 128, 2, true}, Map{3, 3, 256, 1, true}, Map{25, 5, 63, 1, true}}) {
    SCOPED_TRACE(testing::Message() << map.height << "x" << map.width << "x" << map.channels << "/" << map.stride);
    compare(random, depthwise_layer(random, map, false));
  }
}

// Every way to cut a map, not only the one that is chosen: no tile reads what an earlier one has overwritten.
TEST(ArchDepthwise, LeadOfEveryTiling) {
  rt::ConvGeometry g{1, 25, 5, 64, 25, 5, 64, 3, 3, 1, 1, 1, 1, 1, 1};
  bool whole = false;
  for (const DepthwiseTiles& tiles : depthwise_tilings(g)) {
    EXPECT_EQ(tiles.lead_bytes % 64, 0);
    const int32_t across = tiles.transposed ? 5 : 25;
    if (tiles.height == across) {
      EXPECT_EQ(tiles.lead_bytes, 0);
    } else if (!tiles.transposed) {
      EXPECT_EQ(tiles.lead_bytes, 5 * 64);  // the next tile reads a row again
    }
    whole = whole || (tiles.transposed && tiles.height == 5 && tiles.scratch_bytes == 7 * 208 + 4);
  }
  EXPECT_TRUE(whole);
  g = {1, 48, 48, 16, 24, 24, 16, 3, 3, 2, 2, 1, 1, 0, 0};
  for (const DepthwiseTiles& tiles : depthwise_tilings(g)) {
    if (tiles.transposed) continue;
    // The left tile of h rows writes (h - 1) * 24 + 12 pixels, then the right one reads from pixel 24 on.
    EXPECT_EQ(tiles.lead_bytes, std::max(0, tiles.height * 24 - 36) * 16);
  }
}

TEST(ArchDepthwise, ScalesAreExactOrRefused) {
  Random random(232);
  int exact = 0;
  for (int i = 0; i < 3000; ++i) {
    QuantizedLayer layer;
    layer.channels = 1;
    layer.depth = 9;
    layer.output_zero_point = pick(random, 0, 1) == 0 ? -128 : pick(random, -128, 127);
    layer.range.min = pick(random, 0, 3) == 0 ? -128 : layer.output_zero_point;
    for (int k = 0; k < 9; ++k) layer.weights.push_back(static_cast<int8_t>(pick(random, -127, 127)));
    layer.requant.push_back({pick(random, -100000, 100000), pick(random, 1 << 30, INT32_MAX), -pick(random, -1, 20)});
    const auto scale = depthwise_scale(layer, 0);
    if (!scale) continue;
    ++exact;
    ASSERT_EQ(scale->bias % (scale->s == 1 ? 4 : 8), 0);
    ASSERT_TRUE(scale->s >= 1 && scale->s <= 7);
    const int32_t rounding = (1 << (scale->s - 1)) + (2 * layer.output_zero_point + 1) * 512;
    for (int k = 0; k < 200; ++k) {
      int32_t sum = 0;
      for (const int8_t w : layer.weights) sum += w * (k < 100 ? pick(random, -128, 127) : (k & 1 ? 127 : -128));
      const int32_t x = (scale->zero_weights ? 0 : sum) * (2 << scale->s) + scale->bias;
      const int32_t out = rt::dsp::ssat8<10>(rt::dsp::smmla(x, scale->multiplier, rounding));
      const int32_t scaled = rt::multiply_by_quantized_multiplier(sum + layer.requant[0].bias,
                                                                  layer.requant[0].multiplier, layer.requant[0].shift);
      ASSERT_EQ(rt::clamp(out, layer.range.min, 127),
                rt::clamp(scaled + layer.output_zero_point, layer.range.min, 127));
    }
  }
  EXPECT_GT(exact, 500);
}

TEST(ArchDepthwise, OtherShapesAreLeftToThePortableKernel) {
  const rt::ConvGeometry good{1, 8, 8, 8, 8, 8, 8, 3, 3, 1, 1, 1, 1, 1, 1};
  EXPECT_FALSE(depthwise_tilings(good).empty());
  for (int i = 0; i < 8; ++i) {
    rt::ConvGeometry g = good;
    if (i == 0) g.batches = 2;
    if (i == 1) g.kernel_width = 5;
    if (i == 2) g.stride_width = 2;
    if (i == 3) g.dilation_height = 2;
    if (i == 4) g.output_channels = 16;
    if (i == 5) g.input_channels = g.output_channels = 3;
    if (i == 6) g.pad_left = 2;
    if (i == 7) g.output_width = 9;  // more than one column of padding on the right
    EXPECT_TRUE(depthwise_tilings(g).empty()) << i;
  }
}

// Records that would read or write elsewhere do not pass.
TEST(ArchDepthwise, ChecksItsRecord) {
  rt::Depthwise3x3Dsp good{};
  good.weights = rt::kConstantBit;
  good.scale = rt::kConstantBit | 36;
  good.output = 100, good.scratch = 200;
  good.channels = 4;
  good.input_size = good.output_size = good.tile_size = 5 | 5 << 16;
  good.layout = 1 | 1 << 8;
  good.values = 127 << 24 | 0x80 << 16;
  const rt::Extent extent{200 + 7 * 208 + 4, 68, nullptr};
  EXPECT_TRUE(check(good, extent));
  const auto refuses = [&](auto change) {
    rt::Depthwise3x3Dsp p = good;
    change(p);
    return !check(p, extent);
  };
  EXPECT_TRUE(refuses([](auto& p) { p.channels = 5; }));
  EXPECT_TRUE(refuses([](auto& p) { p.channels = 3; }));
  EXPECT_TRUE(refuses([](auto& p) { p.scratch = 204; }));
  EXPECT_TRUE(refuses([](auto& p) { p.scratch = 198; }));
  EXPECT_TRUE(refuses([](auto& p) { p.output_size = 6 | 5 << 16; }));
  EXPECT_TRUE(refuses([](auto& p) { p.input_size = 4 | 5 << 16; }));
  EXPECT_TRUE(refuses([](auto& p) { p.tile_size = 5; }));
  EXPECT_TRUE(refuses([](auto& p) { p.tile_size = 26 | 5 << 16; }));
  EXPECT_TRUE(refuses([](auto& p) { p.layout = 2; }));
  EXPECT_TRUE(refuses([](auto& p) { p.layout = 0x00ff0101; }));
  EXPECT_TRUE(refuses([](auto& p) {
    p.values = 0;
    p.values |= 1 << 16;
  }));
  EXPECT_TRUE(refuses([](auto& p) { p.weights += 40; }));
  EXPECT_TRUE(refuses([](auto& p) {
    p.input_size = p.output_size = 26 | 5 << 16;
    p.tile_size = 25 | 5 << 16;
  }));
}

}  // namespace
}  // namespace whit::compile
