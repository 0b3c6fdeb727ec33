// What the tests of packed kernels share: random graphs of one int8 layer, played with canaries round the arena.
// one_node_test.hpp has the same for any op, without canaries. The references stand in the tests themselves.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>

#include "whit/base/half.hpp"
#include "whit/compile/lower/lower.hpp"
#include "whit_runtime/player/player.hpp"

namespace whit::compile::random_layer {

using Random = std::mt19937;

inline int32_t pick(Random& random, int32_t low, int32_t high) {
  return std::uniform_int_distribution<int32_t>(low, high)(random);
}

inline ir::TensorId add_tensor(ir::Graph& graph, ir::DType type, ir::Shape shape, std::vector<float> scale,
                               int32_t zero_point, std::vector<uint8_t> data = {}) {
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
inline std::vector<uint8_t> random_weights(Random& random, int64_t count) {
  const int32_t style = pick(random, 0, 3);
  std::vector<uint8_t> bytes(static_cast<size_t>(count));
  for (uint8_t& byte : bytes) {
    const int32_t limit = style == 0 ? 20 : (pick(random, 0, 7) == 0 || style == 3 ? 128 : 50);
    int32_t value = style == 2 && pick(random, 0, 1) == 0 ? -128 : pick(random, -limit, limit - 1);
    byte = static_cast<uint8_t>(value);
  }
  return bytes;
}

// A graph of one int8 layer whose scales make the outputs vary.
inline ir::Graph one_layer(Random& random, ir::Op op, ir::Shape in, ir::Shape w, ir::Shape out,
                           ir::Attributes attributes) {
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

// Any kernel, stride, dilation and padding; a third are pointwise.
inline ir::Graph random_conv2d(Random& random) {
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
  if (oh < 0 || ow < 0) return random_conv2d(random);
  const int32_t n = pick(random, 1, 6) == 1 ? 2 : 1;
  const int32_t in = pick(random, 1, 18), out = pick(random, 1, 11);
  return one_layer(random, ir::Op::conv2d, {n, h, w, in}, {out, kh, kw, in},
                   {n, oh / a.stride_h + 1, ow / a.stride_w + 1, out}, a);
}

// 3x3, stride 1, channels in fours: what Winograd kernels take.
inline ir::Graph random_conv3x3(Random& random) {
  ir::ConvAttributes a;
  a.pad_top = pick(random, 0, 1), a.pad_left = pick(random, 0, 1);
  a.pad_bottom = pick(random, 0, 2), a.pad_right = pick(random, 0, 2);
  a.activation = pick(random, 0, 1) != 0 ? ir::Activation::relu : ir::Activation::none;
  const int32_t oh = pick(random, 4, 9), ow = pick(random, 4, 9);
  const int32_t h = oh + 2 - a.pad_top - a.pad_bottom, w = ow + 2 - a.pad_left - a.pad_right;
  const int32_t in = 4 * pick(random, 2, 18), out = 4 * pick(random, 2, 8);
  return one_layer(random, ir::Op::conv2d, {1, h, w, in}, {out, 3, 3, in}, {1, oh, ow, out}, a);
}

inline ir::Graph random_fully_connected(Random& random) {
  const int32_t n = pick(random, 1, 5) == 1 ? 3 : 1;
  const int32_t in = 8 * pick(random, 1, 20), out = pick(random, 1, 14);
  ir::ActivationAttributes a;
  a.activation = pick(random, 0, 1) != 0 ? ir::Activation::relu6 : ir::Activation::none;
  return one_layer(random, ir::Op::fully_connected, {n, in}, {out, in}, {n, out}, a);
}

// How zeros lie in a row: anywhere, so that at most four of sixteen weights stay, or in blocks of four.
enum class Zeros { anywhere, four_of_16, blocks };

// Sets about `share` of the weights [channels, depth] to zero; with four_of_16 at least three quarters.
inline void set_zeros(Random& random, std::vector<uint8_t>& weights, int32_t depth, Zeros zeros, double share) {
  std::bernoulli_distribution zero(share);
  bool block_is_zero = false;
  int32_t kept = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    const int32_t position = static_cast<int32_t>(i % static_cast<size_t>(depth));
    if (position % 16 == 0) kept = 0;
    if (position % 4 == 0 || zeros != Zeros::blocks) block_is_zero = zero(random);
    if (block_is_zero || (zeros == Zeros::four_of_16 && kept == 4)) {
      weights[i] = 0;
    } else {
      ++kept;
    }
  }
}

inline ir::Graph sparse_layer(Random& random, int32_t rows, int32_t channels, int32_t depth, double share,
                              Zeros zeros = Zeros::anywhere) {
  ir::Graph graph =
      one_layer(random, ir::Op::fully_connected, {rows, depth}, {channels, depth}, {rows, channels},
                ir::ActivationAttributes{pick(random, 0, 1) != 0 ? ir::Activation::relu6 : ir::Activation::none});
  set_zeros(random, graph.tensor(graph.nodes[0].inputs[1]).data, depth, zeros, share);
  return graph;
}

struct Map {
  int32_t height, width, channels, stride;
  bool same;  // padding as TFLite's SAME, else none
};

// A graph of one depthwise 3x3 layer whose outputs vary. `dead`: some channels get scales without sense and are
// constant.
inline ir::Graph depthwise_layer(Random& random, const Map& map, bool dead) {
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

// Up to `most` high and wide.
inline Map random_map(Random& random, int32_t most) {
  return {pick(random, 3, most), pick(random, 3, most), pick(random, 4, 11), pick(random, 1, 2),
          pick(random, 0, 3) != 0};
}

// The shapes of a random int8 graph of one layer in float32, its weights being halves, some subnormal.
inline ir::Graph in_halves(Random& random, ir::Graph graph) {
  const std::vector<ir::TensorId>& inputs = graph.nodes[0].inputs;
  for (ir::Tensor& tensor : graph.tensors) tensor.type = ir::DType::f32, tensor.quantization = {};
  for (const ir::TensorId id : {inputs[1], inputs[2]}) {
    ir::Tensor& tensor = graph.tensor(id);
    tensor.data.clear();
    for (int64_t i = 0; i < ir::elements(tensor.shape); ++i) {
      const auto bits = static_cast<uint16_t>(pick(random, 0, 1) << 15 | pick(random, 0, 0x3fff));
      const float value = half_to_float(bits);
      const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
      tensor.data.insert(tensor.data.end(), bytes, bytes + sizeof value);
    }
  }
  return graph;
}

// One input of floats: small multiples of 1/8.
inline std::vector<uint8_t> random_floats(Random& random, const ir::Graph& graph) {
  std::vector<float> values(static_cast<size_t>(ir::elements(graph.tensor(graph.inputs[0]).shape)));
  for (float& value : values) value = static_cast<float>(pick(random, -40, 40)) / 8;
  const auto* bytes = reinterpret_cast<const uint8_t*>(values.data());
  return {bytes, bytes + values.size() * sizeof(float)};
}

// "[1,6,7,2] [4,3,3,2] -> [1,3,4,4]"
inline std::string shapes_text(const ir::Graph& graph) {
  const ir::Node& node = graph.nodes[0];
  return ir::to_string(graph.tensor(node.inputs[0]).shape) + " " + ir::to_string(graph.tensor(node.inputs[1]).shape) +
         " -> " + ir::to_string(graph.tensor(node.outputs[0]).shape);
}

// Makes the weights of the only layer int4: what they were, divided by 16.
inline void narrow_weights(ir::Graph& graph) {
  ir::Tensor& weights = graph.tensor(graph.nodes[0].inputs[1]);
  weights.type = ir::DType::i4;
  for (uint8_t& value : weights.data) value = static_cast<uint8_t>(static_cast<int8_t>(value) >> 4);
  for (float& scale : weights.quantization.scale) scale *= 16;
}

// One input: noise, or extremes only.
inline std::vector<uint8_t> random_input(Random& random, const ir::Graph& graph) {
  std::vector<uint8_t> input(static_cast<size_t>(ir::bytes_of(graph.tensor(graph.inputs[0]))));
  const bool extreme = pick(random, 0, 3) == 0;
  for (uint8_t& byte : input) {
    byte = static_cast<uint8_t>(extreme ? (pick(random, 0, 1) != 0 ? -128 : 127) : pick(random, -128, 127));
  }
  return input;
}

inline rt::ProgramHeader header_of(const Lowered& lowered) {
  rt::ProgramHeader header;
  memcpy(&header, lowered.program.data(), sizeof header);
  return header;
}

// The first output of one run. What lies round the arena must stay.
inline std::vector<uint8_t> play(const Lowered& lowered, const std::vector<uint8_t>& input) {
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

}  // namespace whit::compile::random_layer
