// The arm_dsp kernels' portable bodies against the portable kernels, on random layers: packing and algorithm.
// The assembly bodies are compared with these on the emulated target (tests/device_test.cpp).
#include "whit/compile/lower/arch/arm_dsp.hpp"

#include <gtest/gtest.h>

#include "whit/compile/lower/arch/arm_pack.hpp"
#include "whit/compile/lower/overlap.hpp"
#include "whit/compile/lower/random_layer_test.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/conv2d_s8_dsp.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/fully_connected_s8_dsp.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/pointwise8_s8_dsp.hpp"
#include "whit_runtime/kernels/conv2d_s8.hpp"

namespace whit::compile {
namespace {

using namespace random_layer;

QuantizedLayer make_layer(Random& random, int32_t channels, int32_t depth, bool per_channel) {
  QuantizedLayer layer;
  layer.channels = channels;
  layer.depth = depth;
  for (int32_t i = 0; i < channels * depth; ++i) layer.weights.push_back(static_cast<int8_t>(pick(random, -127, 127)));
  layer.input_zero_point = pick(random, -128, 127);
  layer.output_zero_point = random() % 2 == 0 ? -128 : pick(random, -128, 127);
  if (random() % 4 == 0) layer.range = {pick(random, -128, 0), pick(random, 1, 127)};
  const int32_t multiplier = (1 << 30) + pick(random, 0, (1 << 30) - 1), e = pick(random, 1, 12);
  for (int32_t c = 0; c < channels; ++c) {
    const int32_t limit = depth > 300 ? 1000 : 100000;
    layer.requant.push_back({pick(random, -limit, limit), multiplier, -e});
    if (per_channel) layer.requant.back().multiplier = (1 << 30) + pick(random, 0, (1 << 30) - 1);
    if (per_channel) layer.requant.back().shift = -pick(random, 1, 15);
  }
  if (per_channel && random() % 3 == 0) layer.requant[0].shift = -27;  // a dead channel
  return layer;
}

// Operands in one arena: input and output as far apart as `gap` says, then scratch between canaries.
struct Arena {
  std::vector<uint8_t> bytes;
  rt::Ref input, output, scratch;
  int64_t scratch_bytes;

  Arena(int64_t input_bytes, int64_t output_bytes, int64_t scratch_size, int64_t lead) : scratch_bytes(scratch_size) {
    const int64_t up = (std::max<int64_t>(lead, 0) + 3) / 4 * 4, down = -std::min<int64_t>(lead, 0) / 4 * 4;
    output = static_cast<rt::Ref>(16 + down);
    input = static_cast<rt::Ref>(16 + up);
    const int64_t top = std::max(output + output_bytes, input + input_bytes);
    scratch = static_cast<rt::Ref>((top + 16 + 3) / 4 * 4);
    bytes.assign(static_cast<size_t>(scratch + scratch_bytes + 16), 0xa5);
  }
  bool scratch_end_is_whole() const {
    for (size_t i = static_cast<size_t>(scratch + scratch_bytes); i < bytes.size(); ++i) {
      if (bytes[i] != 0xa5) return false;
    }
    return true;
  }
};

std::vector<int8_t> random_bytes(Random& random, int64_t count) {
  std::vector<int8_t> bytes(static_cast<size_t>(count));
  for (int8_t& b : bytes) b = static_cast<int8_t>(random());
  return bytes;
}

// The reference on its own memory.
std::vector<int8_t> reference_conv2d(const QuantizedLayer& layer, const rt::ConvGeometry& g,
                                     const std::vector<int8_t>& image, int64_t output_bytes) {
  std::vector<uint8_t> constants(layer.weights.begin(), layer.weights.end());
  constants.resize((constants.size() + 3) / 4 * 4);
  const auto requant_at = static_cast<rt::Ref>(constants.size());
  const auto* requant = reinterpret_cast<const uint8_t*>(layer.requant.data());
  constants.insert(constants.end(), requant, requant + layer.requant.size() * sizeof(rt::Requant));
  std::vector<uint8_t> arena(image.begin(), image.end());
  const auto output_at = static_cast<rt::Ref>(arena.size());
  arena.resize(arena.size() + static_cast<size_t>(output_bytes));
  rt::Conv2dS8 p{};
  p.output = output_at;
  p.weights = rt::kConstantBit;
  p.requant = requant_at | rt::kConstantBit;
  p.geometry = g;
  p.input_zero_point = layer.input_zero_point, p.output_zero_point = layer.output_zero_point;
  p.output_min = layer.range.min, p.output_max = layer.range.max;
  const rt::Extent extent{static_cast<uint32_t>(arena.size()), static_cast<uint32_t>(constants.size()),
                          constants.data()};
  EXPECT_TRUE(rt::check(p, extent));
  rt::conv2d_s8(p, {arena.data(), constants.data()});
  return {arena.begin() + output_at, arena.end()};
}

rt::ConvGeometry random_geometry(Random& random) {
  rt::ConvGeometry g{};
  g.batches = pick(random, 1, 2);
  g.input_channels = random() % 2 == 0 ? 4 * pick(random, 1, 6) : pick(random, 1, 13);
  g.output_channels = pick(random, 2, 12);
  g.kernel_height = pick(random, 1, 4), g.kernel_width = pick(random, 1, 4);
  g.stride_height = pick(random, 1, 3), g.stride_width = pick(random, 1, 3);
  g.dilation_height = pick(random, 1, 2), g.dilation_width = pick(random, 1, 2);
  if (random() % 3 == 0) g.kernel_height = g.kernel_width = g.stride_height = g.stride_width = 1;
  const int32_t span_h = (g.kernel_height - 1) * g.dilation_height, span_w = (g.kernel_width - 1) * g.dilation_width;
  g.pad_top = pick(random, 0, span_h), g.pad_left = pick(random, 0, span_w);
  g.input_height = pick(random, 1 + std::max(0, span_h - g.pad_top), 9 + span_h);
  g.input_width = pick(random, 1 + std::max(0, span_w - g.pad_left), 9 + span_w);
  g.output_height = (g.input_height + 2 * g.pad_top - span_h - 1) / g.stride_height + 1;
  g.output_width = (g.input_width + 2 * g.pad_left - span_w - 1) / g.stride_width + 1;
  return g;
}

template <typename Params>
void fill(const QuantizedLayer& layer, const Arena& arena, Params& p) {
  p.input = arena.input, p.output = arena.output, p.scratch = arena.scratch;
  p.stream = rt::kConstantBit;
  p.output_zero_point = layer.output_zero_point;
  p.output_min = layer.range.min, p.output_max = layer.range.max;
}

// Checks and runs, and gives the output.
template <typename Params>
std::vector<int8_t> run(void (*kernel)(const Params&, const rt::Memory&), const Params& p, Arena& arena,
                        const std::vector<uint32_t>& stream, int64_t output_bytes) {
  const auto* constants = reinterpret_cast<const uint8_t*>(stream.data());
  const rt::Extent extent{static_cast<uint32_t>(arena.bytes.size()), static_cast<uint32_t>(stream.size() * 4),
                          constants};
  EXPECT_TRUE(rt::check(p, extent));
  EXPECT_FALSE(rt::check(p, {extent.arena_bytes, extent.constants_bytes - 4, constants}));
  EXPECT_FALSE(rt::check(p, {p.scratch + 4, extent.constants_bytes, constants}));
  kernel(p, {arena.bytes.data(), constants});
  EXPECT_TRUE(arena.scratch_end_is_whole());
  const auto first = arena.bytes.begin() + arena.output;
  return {first, first + output_bytes};
}

TEST(ArmDspConv2d, EqualsThePortableKernelAlsoOverlapped) {
  Random random(11);
  int packed = 0;
  for (int round = 0; round < 400; ++round) {
    const rt::ConvGeometry g = random_geometry(random);
    const QuantizedLayer layer =
        make_layer(random, g.output_channels, g.kernel_height * g.kernel_width * g.input_channels, true);
    const auto stream = pack_gemm_2x3(layer, im2col_order(g));
    if (!stream) continue;
    ++packed;
    const int64_t input_bytes = int64_t{g.batches} * g.input_height * g.input_width * g.input_channels;
    const int64_t output_bytes = int64_t{g.batches} * g.output_height * g.output_width * g.output_channels;
    const std::vector<int8_t> image = random_bytes(random, input_bytes);
    const std::vector<int8_t> expected = reference_conv2d(layer, g, image, output_bytes);
    for (const int64_t lead : {arm_dsp_conv2d_lead(g, 3), output_bytes + 16}) {
      const bool pointwise = arm_dsp_is_pointwise(g);
      Arena arena(input_bytes, output_bytes, pointwise ? 6 * g.input_channels : rt::conv2d_s8_dsp_scratch(g), lead);
      std::copy(image.begin(), image.end(), arena.bytes.begin() + arena.input);
      std::vector<int8_t> actual;
      if (pointwise) {
        rt::PointwiseS8Dsp p{};
        fill(layer, arena, p);
        p.pixels = g.batches * g.output_height * g.output_width;
        p.input_channels = g.input_channels, p.output_channels = g.output_channels;
        actual = run(rt::pointwise_s8_dsp, p, arena, *stream, output_bytes);
      } else {
        rt::Conv2dS8Dsp p{};
        fill(layer, arena, p);
        p.geometry = g;
        p.input_zero_point = layer.input_zero_point;
        actual = run(rt::conv2d_s8_dsp, p, arena, *stream, output_bytes);
      }
      ASSERT_EQ(actual, expected) << "round " << round << " lead " << lead << " pointwise " << pointwise;
    }
  }
  EXPECT_GT(packed, 100);
}

TEST(ArmDspConv2d, LeadIsNoLargerThanNeeded) {
  rt::ConvGeometry g{};
  g.batches = 1, g.input_height = g.output_height = 8, g.input_width = g.output_width = 9;
  g.input_channels = g.output_channels = 16;
  g.kernel_height = g.kernel_width = g.stride_height = g.stride_width = g.dilation_height = g.dilation_width = 1;
  EXPECT_EQ(arm_dsp_conv2d_lead(g, 3), 0);
  g.output_channels = 32;
  EXPECT_EQ(arm_dsp_conv2d_lead(g, 3), 72 * 16 - 3 * 16);
  g.output_channels = 16;
  g.kernel_height = g.kernel_width = 3, g.pad_top = g.pad_left = 1;
  EXPECT_EQ(arm_dsp_conv2d_lead(g, 3), (9 + 1) * 16);  // a row and a column
}

TEST(ArmDspPointwise8, EqualsThePortableKernelAlsoOverlapped) {
  Random random(17);
  int packed = 0;
  for (int round = 0; round < 400; ++round) {
    rt::ConvGeometry g{1, pick(random, 1, 5), pick(random, 1, 5), 8, 0, 0, 4 * pick(random, 1, 5), 1, 1, 1, 1, 1, 1, 0,
                       0};
    g.output_height = g.input_height, g.output_width = g.input_width;
    QuantizedLayer layer = make_layer(random, g.output_channels, 8, true);
    layer.output_zero_point = -128;
    for (rt::Requant& r : layer.requant) {
      if (r.shift > -5 || r.shift < -11) r.shift = -pick(random, 4, 11);
    }
    const auto stream = pack_pointwise8(layer);
    if (!stream) continue;
    ++packed;
    const int64_t input_bytes = int64_t{g.input_height} * g.input_width * 8;
    const int64_t output_bytes = input_bytes / 8 * g.output_channels;
    const std::vector<int8_t> image = random_bytes(random, input_bytes);
    const std::vector<int8_t> expected = reference_conv2d(layer, g, image, output_bytes);
    for (const int64_t lead : {int64_t{0}, output_bytes + 16}) {
      if (lead == 0 && g.output_channels < 8) continue;
      Arena arena(input_bytes, output_bytes, 0, lead);
      std::copy(image.begin(), image.end(), arena.bytes.begin() + arena.input);
      rt::Pointwise8S8Dsp p{};
      p.input = arena.input, p.output = arena.output, p.stream = rt::kConstantBit;
      p.pixels = g.input_height * g.input_width, p.output_channels = g.output_channels;
      p.output_min = layer.range.min, p.output_max = layer.range.max;
      const auto* constants = reinterpret_cast<const uint8_t*>(stream->data());
      const rt::Extent extent{static_cast<uint32_t>(arena.bytes.size()), static_cast<uint32_t>(stream->size() * 4),
                              constants};
      ASSERT_TRUE(rt::check(p, extent));
      ASSERT_FALSE(rt::check(p, {extent.arena_bytes, extent.constants_bytes - 4, constants}));
      rt::pointwise8_s8_dsp(p, {arena.bytes.data(), constants});
      EXPECT_TRUE(arena.scratch_end_is_whole());
      const auto first = arena.bytes.begin() + arena.output;
      ASSERT_EQ(std::vector<int8_t>(first, first + output_bytes), expected) << "round " << round << " lead " << lead;
    }
  }
  EXPECT_GT(packed, 100);
}

TEST(ArmDspConv2d, RefusesWhatCannotBePacked) {
  Random random(5);
  rt::ConvGeometry g{1, 2, 2, 4, 2, 2, 1, 1, 1, 1, 1, 1, 1, 0, 0};
  EXPECT_FALSE(pack_gemm_2x3(make_layer(random, 1, 4, false), im2col_order(g)));  // a single channel
  QuantizedLayer layer = make_layer(random, 4, 4, false);
  EXPECT_TRUE(pack_gemm_2x3(layer, im2col_order(g)));
  layer.weights[0] = -128;
  EXPECT_FALSE(pack_gemm_2x3(layer, im2col_order(g)));
}

TEST(ArmDspFullyConnected, EqualsThePortableKernel) {
  Random random(3);
  int packed = 0;
  for (int round = 0; round < 300; ++round) {
    const int32_t batches = pick(random, 1, 3), depth = pick(random, 1, 70), channels = pick(random, 1, 21);
    const QuantizedLayer layer = make_layer(random, channels, depth, false);
    const auto pack = pack_gemv_4x1(layer);
    if (!pack) continue;
    ++packed;
    const rt::ConvGeometry g{batches, 1, 1, depth, 1, 1, channels, 1, 1, 1, 1, 1, 1, 0, 0};
    const std::vector<int8_t> rows = random_bytes(random, int64_t{batches} * depth);
    const int64_t output_bytes = int64_t{batches} * channels;
    const std::vector<int8_t> expected = reference_conv2d(layer, g, rows, output_bytes);
    for (const bool widen : {true, false}) {
      if (!widen && depth % 8 != 0) continue;
      const bool overlapped = widen && batches == 1;
      Arena arena(batches * depth, output_bytes, (depth + 7) / 8 * 16, overlapped ? -depth : output_bytes + 16);
      std::copy(rows.begin(), rows.end(), arena.bytes.begin() + arena.input);
      rt::FullyConnectedS8Dsp p{};
      fill(layer, arena, p);
      if (!widen) p.scratch = rt::kNoRef;
      p.batches = batches, p.input_depth = depth, p.output_depth = channels;
      p.multiplier = pack->requant.multiplier, p.f = pack->requant.f;
      const auto* constants = reinterpret_cast<const uint8_t*>(pack->stream.data());
      const rt::Extent extent{static_cast<uint32_t>(arena.bytes.size()), static_cast<uint32_t>(pack->stream.size() * 4),
                              constants};
      ASSERT_TRUE(rt::check(p, extent));
      ASSERT_FALSE(rt::check(p, {extent.arena_bytes, extent.constants_bytes - 4, constants}));
      rt::fully_connected_s8_dsp(p, {arena.bytes.data(), constants});
      EXPECT_TRUE(arena.scratch_end_is_whole());
      const auto first = arena.bytes.begin() + arena.output;
      ASSERT_EQ(std::vector<int8_t>(first, first + output_bytes), expected) << "round " << round << " widen " << widen;
    }
  }
  EXPECT_GT(packed, 100);
}

TEST(ArmDspFullyConnected, RefusesScalesThatDiffer) {
  Random random(5);
  QuantizedLayer layer = make_layer(random, 4, 16, false);
  EXPECT_TRUE(pack_gemv_4x1(layer));
  layer.requant[2].multiplier ^= 1;
  EXPECT_FALSE(pack_gemv_4x1(layer));
}

}  // namespace
}  // namespace whit::compile
