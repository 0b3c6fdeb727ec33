// A graph of one op, played from its Program: for tests of single ops. Errors fail the test.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "whit/compile/lower/lower.hpp"
#include "whit_runtime/kernels/kernel.hpp"
#include "whit_runtime/player/player.hpp"

namespace whit::tests {

using ir::DType;
using ir::Op;
using Bytes = std::vector<uint8_t>;

inline ir::Tensor tensor(DType type, ir::Shape shape) {
  ir::Tensor t;
  t.type = type;
  t.shape = std::move(shape);
  return t;
}

inline ir::Tensor quantized(DType type, ir::Shape shape, float scale, int32_t zero_point) {
  ir::Tensor t = tensor(type, std::move(shape));
  t.quantization = {.scale = {scale}, .zero_point = {zero_point}, .axis = 0};
  return t;
}

inline ir::Tensor constant(ir::Tensor t, const Bytes& data) {
  t.is_constant = true;
  t.data = data;
  return t;
}

template <typename T>
Bytes bytes(const std::vector<T>& values) {
  Bytes result(values.size() * sizeof(T));
  std::memcpy(result.data(), values.data(), result.size());
  return result;
}

template <typename T>
std::vector<T> values(const Bytes& data) {
  std::vector<T> result(data.size() / sizeof(T));
  std::memcpy(result.data(), data.data(), data.size());
  return result;
}

// A model of one op; its inputs are those that are not constant.
inline ir::Graph model(Op op, const std::vector<ir::Tensor>& inputs, const ir::Tensor& output,
                       const ir::Attributes& attributes = ir::NoAttributes{}) {
  ir::Graph graph;
  ir::Node node;
  node.op = op;
  node.attributes = attributes;
  for (const ir::Tensor& input : inputs) {
    node.inputs.push_back(graph.add_tensor(input));
    if (!input.is_constant) graph.inputs.push_back(node.inputs.back());
  }
  node.outputs = {graph.add_tensor(output)};
  graph.outputs = node.outputs;
  graph.nodes = {node};
  return graph;
}

struct alignas(16) Block {
  uint8_t bytes[16];
};

struct Played {
  Bytes output;
  uint32_t arena_bytes;
  std::vector<uint16_t> kernels;
};

inline Played run(const ir::Graph& graph, const std::vector<Bytes>& inputs) {
  const compile::Lowered lowered = compile::lower(graph, {});
  std::vector<Block> blob(lowered.program.size() / 16 + 1);
  std::memcpy(blob.data(), lowered.program.data(), lowered.program.size());
  const auto* header = reinterpret_cast<const rt::ProgramHeader*>(blob.data());
  std::vector<Block> arena(header->arena_bytes / 16 + 1);
  rt::Player player;
  EXPECT_EQ(rt::player_init(&player, blob.data(), lowered.program.size(), arena.data(), arena.size() * 16),
            whit_status_ok);
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::memcpy(rt::player_input(player, static_cast<uint32_t>(i)), inputs[i].data(), inputs[i].size());
  }
  rt::player_invoke(player);
  Played result;
  const auto* output = static_cast<const uint8_t*>(rt::player_output(player, 0));
  result.output.assign(output, output + player.tensors[header->input_count].bytes);
  result.arena_bytes = header->arena_bytes;
  const auto* record = reinterpret_cast<const uint32_t*>(reinterpret_cast<const uint8_t*>(header) + header->ops_offset);
  for (uint32_t op = 0; op < header->op_count; ++op) {
    rt::OpHead head;
    std::memcpy(&head, record, sizeof head);
    result.kernels.push_back(head.kernel);
    record += head.words;
  }
  return result;
}

// Whether an activation may be fused into the op.
inline bool has_activation(Op op) { return op == Op::add || op == Op::sub || op == Op::mul; }

inline uint16_t id(rt::KernelId kernel) { return static_cast<uint16_t>(kernel); }

}  // namespace whit::tests
