// The depthwise kernels of arch/ (on a host their portable bodies) against depthwise_conv2d_s8: random layers lowered
// for both, played on the same input, between canaries, with input and output overlapping as the plan says.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "whit/compile/lower/arch/arm_dsp_depthwise.hpp"
#include "whit/compile/lower/lower.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/depthwise3x3_s8.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/intrinsics.hpp"
#include "whit_runtime/player/player.hpp"

namespace whit::compile {
namespace {

using Random = std::mt19937;

int32_t pick(Random& random, int32_t low, int32_t high) {
  return std::uniform_int_distribution<int32_t>(low, high)(random);
}

ir::TensorId add_tensor(ir::Graph& graph, ir::DType type, ir::Shape shape, std::vector<float> scale, int32_t zero_point,
                        std::vector<uint8_t> data = {}) {
  ir::Tensor tensor;
  tensor.name = "t" + std::to_string(graph.tensors.size());
  tensor.type = type;
  tensor.shape = std::move(shape);
  tensor.quantization.zero_point.assign(scale.size(), zero_point);
  tensor.quantization.scale = std::move(scale);
  tensor.is_constant = !data.empty();
  tensor.data = std::move(data);
  return graph.add_tensor(std::move(tensor));
}

struct Map {
  int32_t height, width, channels, stride;
  bool same;  // padding as TFLite's SAME, else none
};

// A graph of one depthwise layer whose outputs vary. `dead`: some channels get scales without sense and are constant.
ir::Graph one_layer(Random& random, const Map& map, bool dead) {
  ir::Graph graph;
  ir::ConvAttributes a;
  a.stride_h = a.stride_w = map.stride;
  a.activation = pick(random, 0, 3) == 0 ? ir::Activation::relu6 : ir::Activation::relu;
  const auto axis = [&](int32_t in, int32_t& before, int32_t& after) {
    const int32_t out = map.same ? (in + map.stride - 1) / map.stride : (in - 3) / map.stride + 1;
    const int32_t padding = std::max(0, (out - 1) * map.stride + 3 - in);
    if (map.same) before = padding / 2, after = padding - padding / 2;
    return out;
  };
  const int32_t out_height = axis(map.height, a.pad_top, a.pad_bottom);
  const int32_t out_width = axis(map.width, a.pad_left, a.pad_right);
  const int32_t c = map.channels;
  std::vector<float> scales;
  std::vector<uint8_t> weights(static_cast<size_t>(9 * c)), bias(static_cast<size_t>(4 * c));
  for (int32_t i = 0; i < c; ++i) {
    // Output steps of 2^3.1 to 2^8.9 accumulator steps: e in [3, 9].
    scales.push_back(static_cast<float>(std::exp2(-std::uniform_real_distribution<>(3.1, 8.9)(random))));
    const int32_t value = pick(random, -20000, 20000);
    memcpy(bias.data() + 4 * i, &value, 4);
  }
  if (dead) scales[static_cast<size_t>(pick(random, 0, c - 1))] = 1e-9f;
  const int32_t style = pick(random, 0, 2);
  for (uint8_t& w : weights) {
    w = static_cast<uint8_t>(style == 0 ? pick(random, -127, 127) : style == 1 ? pick(random, -30, 60) : 127);
  }
  const float output_scale = a.activation == ir::Activation::relu6 ? 6.0f / 200 : 1.0f;
  for (float& scale : scales) scale *= output_scale;
  const int32_t zero_point = pick(random, 0, 2) == 0 ? pick(random, -128, 100) : -128;
  const ir::TensorId input =
      add_tensor(graph, ir::DType::i8, {1, map.height, map.width, c}, {1.0f}, pick(random, -128, 127));
  const ir::TensorId w = add_tensor(graph, ir::DType::i8, {1, 3, 3, c}, scales, 0, weights);
  graph.tensor(w).quantization.axis = 3;
  const ir::TensorId b = add_tensor(graph, ir::DType::i32, {c}, scales, 0, bias);
  const ir::TensorId output =
      add_tensor(graph, ir::DType::i8, {1, out_height, out_width, c}, {output_scale}, zero_point);
  graph.nodes.push_back({ir::Op::depthwise_conv2d, {input, w, b}, {output}, a, 0});
  graph.inputs = {input};
  graph.outputs = {output};
  return graph;
}

rt::ProgramHeader header_of(const Lowered& lowered) {
  rt::ProgramHeader header;
  memcpy(&header, lowered.program.data(), sizeof header);
  return header;
}

uint16_t kernel_of(const Lowered& lowered) {
  rt::OpHead head;
  memcpy(&head, lowered.program.data() + header_of(lowered).ops_offset, sizeof head);
  return head.kernel;
}

std::vector<uint8_t> play(const Lowered& lowered, const std::vector<uint8_t>& input) {
  const uint32_t arena_bytes = header_of(lowered).arena_bytes;
  std::vector<uint8_t> memory(arena_bytes + 64 + 16, 0xa5);
  auto* arena = reinterpret_cast<uint8_t*>((reinterpret_cast<uintptr_t>(memory.data()) + 32 + 15) & ~uintptr_t{15});
  const auto start = static_cast<size_t>(arena - memory.data());
  std::vector<uint8_t> copy(lowered.program.size() + 16);
  auto* blob = reinterpret_cast<uint8_t*>((reinterpret_cast<uintptr_t>(copy.data()) + 15) & ~uintptr_t{15});
  memcpy(blob, lowered.program.data(), lowered.program.size());
  rt::Player player;
  EXPECT_EQ(rt::player_init(&player, blob, lowered.program.size(), arena, arena_bytes), whit_status_ok);
  memcpy(rt::player_input(player, 0), input.data(), input.size());
  rt::player_invoke(player);
  for (size_t i = 0; i < memory.size(); ++i) {
    if (i < start || i >= start + arena_bytes) {
      EXPECT_EQ(memory[i], 0xa5) << "canary at " << i;
    }
  }
  const auto* bytes = static_cast<const uint8_t*>(rt::player_output(player, 0));
  return {bytes, bytes + player.tensors[1].bytes};
}

// The arena that the arm_dsp kernel needs.
uint32_t compare(Random& random, const ir::Graph& graph) {
  std::vector<uint8_t> input(static_cast<size_t>(ir::bytes_of(graph.tensor(graph.inputs[0]))));
  const bool extreme = pick(random, 0, 3) == 0;
  for (uint8_t& byte : input) {
    byte = static_cast<uint8_t>(extreme ? (pick(random, 0, 1) != 0 ? -128 : 127) : pick(random, -128, 127));
  }
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
    const int32_t most = i % 5 == 0 ? 60 : 14;
    const Map map{pick(random, 3, most), pick(random, 3, most), pick(random, 4, 11), pick(random, 1, 2),
                  pick(random, 0, 3) != 0};
    SCOPED_TRACE(testing::Message() << "case " << i << ": " << map.height << "x" << map.width << "x" << map.channels
                                    << " stride " << map.stride << " same " << map.same);
    compare(random, one_layer(random, map, pick(random, 0, 3) == 0));
    if (HasFailure()) return;
  }
}

// The layers of kws and vww, with what they may need in RAM.
TEST(ArchDepthwise, LayersOfRealModels) {
  Random random(231);
  EXPECT_LE(compare(random, one_layer(random, {25, 5, 64, 1, true}, false)), 9500u);
  EXPECT_LE(compare(random, one_layer(random, {48, 48, 16, 2, true}, false)), 38000u);
  for (const Map& map : {Map{48, 48, 8, 1, true}, Map{24, 24, 32, 1, true}, Map{24, 24, 32, 2, true},
                         Map{12, 12, 64, 1, true}, Map{12, 12, 64, 2, true}, Map{6, 6, 128, 1, true},
                         Map{6, 6, 128, 2, true}, Map{3, 3, 256, 1, true}, Map{25, 5, 63, 1, true}}) {
    SCOPED_TRACE(testing::Message() << map.height << "x" << map.width << "x" << map.channels << "/" << map.stride);
    compare(random, one_layer(random, map, false));
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
