// The arch/swar kernels against the portable ones: random layers, lowered for both, played on the same input.
#include "whit/compile/lower/arch/swar.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "whit/compile/lower/arch/swar_pack.hpp"
#include "whit/compile/lower/lower.hpp"
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

// Weights from nearly all small (chunks of 8) to nearly all -128 and 127 (a correction in every chunk).
std::vector<uint8_t> random_weights(Random& random, int64_t count) {
  const int32_t style = pick(random, 0, 3);
  std::vector<uint8_t> bytes(static_cast<size_t>(count));
  for (uint8_t& byte : bytes) {
    const int32_t limit = style == 0 ? 20 : (pick(random, 0, 7) == 0 || style == 3 ? 128 : 50);
    int32_t value = style == 2 && pick(random, 0, 1) == 0 ? -128 : pick(random, -limit, limit - 1);
    byte = static_cast<uint8_t>(value);
  }
  return bytes;
}

// A graph of one int8 layer; `macs` bounds nothing but the choice of scales that make outputs vary.
ir::Graph one_layer(Random& random, ir::Op op, ir::Shape in, ir::Shape w, ir::Shape out, ir::Attributes attributes) {
  ir::Graph graph;
  const int32_t channels = w[0];
  const auto depth = static_cast<double>(ir::elements(w) / channels);
  const double spread = 128.0 * 60.0 * std::sqrt(depth) / 60.0;  // accumulators per output step, about
  std::vector<float> scales;
  for (int32_t c = 0; c < channels; ++c) {
    scales.push_back(static_cast<float>(std::exp2(std::uniform_real_distribution<>(-3, 3)(random)) / spread));
  }
  if (pick(random, 0, 4) == 0) scales[static_cast<size_t>(pick(random, 0, channels - 1))] = 1e-12f;  // a dead channel
  if (pick(random, 0, 3) == 0) scales.resize(1);
  const ir::TensorId input = add_tensor(graph, ir::DType::i8, in, {1.0f}, pick(random, -128, 127));
  std::vector<uint8_t> bias(static_cast<size_t>(channels) * 4);
  for (int32_t c = 0; c < channels; ++c) {
    const int32_t value = pick(random, -20000, 20000);
    memcpy(bias.data() + 4 * c, &value, 4);
  }
  const ir::TensorId weights = add_tensor(graph, ir::DType::i8, w, scales, 0, random_weights(random, ir::elements(w)));
  const ir::TensorId biases = add_tensor(graph, ir::DType::i32, {channels}, scales, 0, bias);
  const int32_t zero_point = pick(random, 0, 1) == 0 ? -128 : pick(random, -128, 127);
  const ir::TensorId output = add_tensor(graph, ir::DType::i8, out, {1.0f}, zero_point);
  graph.nodes.push_back({op, {input, weights, biases}, {output}, std::move(attributes), 0});
  graph.inputs = {input};
  graph.outputs = {output};
  return graph;
}

// An arena with canaries round it, filled with noise; the result of one run.
std::vector<uint8_t> play(const Lowered& lowered, const std::vector<uint8_t>& input) {
  rt::ProgramHeader header;
  memcpy(&header, lowered.program.data(), sizeof header);
  std::vector<uint8_t> memory(header.arena_bytes + 64 + 16, 0xa5);
  void* arena = reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(memory.data()) + 32 + 15) & ~uintptr_t{15});
  const auto start = static_cast<size_t>(static_cast<uint8_t*>(arena) - memory.data());
  rt::Player player;
  // The program's bytes must be aligned to 16.
  std::vector<uint8_t> copy(lowered.program.size() + 16);
  auto* blob = reinterpret_cast<uint8_t*>((reinterpret_cast<uintptr_t>(copy.data()) + 15) & ~uintptr_t{15});
  memcpy(blob, lowered.program.data(), lowered.program.size());
  EXPECT_EQ(rt::player_init(&player, blob, lowered.program.size(), arena, header.arena_bytes), whit_status_ok);
  memcpy(rt::player_input(player, 0), input.data(), input.size());
  rt::player_invoke(player);
  for (size_t i = 0; i < memory.size(); ++i) {
    if (i >= start && i < start + header.arena_bytes) continue;
    EXPECT_EQ(memory[i], 0xa5) << "canary at " << i;
  }
  const auto* bytes = static_cast<const uint8_t*>(rt::player_output(player, 0));
  return {bytes, bytes + player.tensors[1].bytes};
}

void compare(Random& random, const ir::Graph& graph, const char* kernel_note) {
  std::vector<uint8_t> input(static_cast<size_t>(ir::elements(graph.tensor(graph.inputs[0]).shape)));
  const bool extreme = pick(random, 0, 3) == 0;
  for (uint8_t& byte : input) {
    byte = static_cast<uint8_t>(extreme ? (pick(random, 0, 1) != 0 ? -128 : 127) : pick(random, -128, 127));
  }
  const std::vector<uint8_t> expected = play(lower(graph, {KernelSet::host}), input);
  const std::vector<uint8_t> actual = play(lower(graph, {KernelSet::rv32}), input);
  ASSERT_EQ(actual, expected) << kernel_note;
}

TEST(Swar, ConvolutionsEqualPortable) {
  Random random(300);
  for (int i = 0; i < 150; ++i) {
    ir::ConvAttributes a;
    const bool pointwise = pick(random, 0, 2) == 0;
    const int32_t kh = pointwise ? 1 : pick(random, 1, 4);
    const int32_t kw = pointwise ? 1 : pick(random, 1, 4);
    a.stride_h = pick(random, 1, 2), a.stride_w = pick(random, 1, 2);
    a.dilation_h = pick(random, 1, 5) == 1 ? 2 : 1, a.dilation_w = pick(random, 1, 5) == 1 ? 2 : 1;
    const int32_t h = pick(random, 1, 9), w = pick(random, 1, 9);
    a.pad_top = pick(random, 0, kh - 1), a.pad_bottom = pick(random, 0, kh - 1);
    a.pad_left = pick(random, 0, kw - 1), a.pad_right = pick(random, 0, kw - 1);
    a.activation = pick(random, 0, 1) != 0 ? ir::Activation::relu : ir::Activation::none;
    const int32_t oh = h + a.pad_top + a.pad_bottom - (kh - 1) * a.dilation_h - 1;
    const int32_t ow = w + a.pad_left + a.pad_right - (kw - 1) * a.dilation_w - 1;
    if (oh < 0 || ow < 0) continue;
    const int32_t n = pick(random, 1, 6) == 1 ? 2 : 1;
    const int32_t in = pick(random, 1, 18), out = pick(random, 1, 11);
    const ir::Graph graph = one_layer(random, ir::Op::conv2d, {n, h, w, in}, {out, kh, kw, in},
                                      {n, oh / a.stride_h + 1, ow / a.stride_w + 1, out}, a);
    SCOPED_TRACE(testing::Message() << "case " << i << " " << n << "x" << h << "x" << w << "x" << in << " kernel " << kh
                                    << "x" << kw << " out " << out);
    compare(random, graph, "conv2d");
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
}

TEST(Swar, WinogradEqualsPortable) {
  Random random(303);
  for (int i = 0; i < 60; ++i) {
    ir::ConvAttributes a;
    a.pad_top = pick(random, 0, 1), a.pad_left = pick(random, 0, 1);
    a.pad_bottom = pick(random, 0, 2), a.pad_right = pick(random, 0, 2);
    a.activation = pick(random, 0, 1) != 0 ? ir::Activation::relu : ir::Activation::none;
    const int32_t oh = pick(random, 4, 9), ow = pick(random, 4, 9);
    const int32_t h = oh + 2 - a.pad_top - a.pad_bottom, w = ow + 2 - a.pad_left - a.pad_right;
    const int32_t in = 4 * pick(random, 2, 18), out = 4 * pick(random, 2, 8);
    const ir::Graph graph = one_layer(random, ir::Op::conv2d, {1, h, w, in}, {out, 3, 3, in}, {1, oh, ow, out}, a);
    SCOPED_TRACE(testing::Message() << "case " << i << " " << h << "x" << w << "x" << in << " -> " << oh << "x" << ow
                                    << "x" << out);
    compare(random, graph, "winograd");
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
}

TEST(Swar, FullyConnectedEqualsPortable) {
  Random random(301);
  for (int i = 0; i < 200; ++i) {
    const int32_t n = pick(random, 1, 5) == 1 ? 3 : 1;
    const int32_t in = 8 * pick(random, 1, 20), out = pick(random, 1, 14);
    ir::ActivationAttributes a;
    a.activation = pick(random, 0, 1) != 0 ? ir::Activation::relu6 : ir::Activation::none;
    const ir::Graph graph = one_layer(random, ir::Op::fully_connected, {n, in}, {out, in}, {n, out}, a);
    SCOPED_TRACE(testing::Message() << "case " << i << " " << in << " -> " << out);
    compare(random, graph, "fully_connected");
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
