// What the tests of the lower_*() functions share: a graph of one node, run on the host player, and hostile copies of
// the records that it became. The references that results are held against stand in the tests themselves.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "whit/compile/lower/lower.hpp"
#include "whit/compile/program.hpp"
#include "whit_runtime/kernels/kernels.hpp"

namespace whit::compile::one_node {

// A graph under construction. Inputs come first in `inputs`; constants are inputs of the node only.
struct OneNode {
  ir::Graph graph;
  ir::Node node;

  explicit OneNode(ir::Op op, ir::Attributes attributes = {}) {
    node.op = op;
    node.attributes = std::move(attributes);
    graph.name = "one_node";
  }

  ir::TensorId tensor(ir::DType type, ir::Shape shape, ir::Quantization q = {}) {
    ir::Tensor t;
    t.name = "t" + std::to_string(graph.tensors.size());
    t.type = type;
    t.shape = std::move(shape);
    t.quantization = std::move(q);
    graph.tensors.push_back(std::move(t));
    return static_cast<ir::TensorId>(graph.tensors.size()) - 1;
  }
  void input(ir::DType type, ir::Shape shape, ir::Quantization q = {}) {
    const ir::TensorId id = tensor(type, std::move(shape), std::move(q));
    graph.inputs.push_back(id);
    node.inputs.push_back(id);
  }
  template <typename T>
  void constant(ir::DType type, ir::Shape shape, const std::vector<T>& values, ir::Quantization q = {}) {
    const ir::TensorId id = tensor(type, std::move(shape), std::move(q));
    graph.tensors.back().is_constant = true;
    graph.tensors.back().data.resize(values.size() * sizeof(T));
    std::memcpy(graph.tensors.back().data.data(), values.data(), values.size() * sizeof(T));
    node.inputs.push_back(id);
  }
  void output(ir::DType type, ir::Shape shape, ir::Quantization q = {}) {
    const ir::TensorId id = tensor(type, std::move(shape), std::move(q));
    graph.outputs.push_back(id);
    node.outputs.push_back(id);
  }

  Program compile(KernelSet kernels = KernelSet::host) {
    graph.nodes = {node};
    LowerOptions options;
    options.kernels = kernels;
    return Program(lower(graph, options).program, "one_node");
  }
};

template <typename T>
std::vector<T> random_values(size_t count, uint32_t seed, double low = -128, double high = 127) {
  std::mt19937 random(seed);
  std::vector<T> values(count);
  for (T& value : values) {
    if constexpr (std::is_floating_point_v<T>) {
      value = static_cast<T>(std::uniform_real_distribution<double>(low, high)(random));
    } else {
      value = static_cast<T>(
          std::uniform_int_distribution<int32_t>(static_cast<int32_t>(low), static_cast<int32_t>(high))(random));
    }
  }
  return values;
}

template <typename T>
std::span<const uint8_t> as_bytes(const std::vector<T>& values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(T)};
}

template <typename T>
std::vector<T> from_bytes(const std::vector<uint8_t>& bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

// The node's output for one input each of type In.
template <typename Out, typename In>
std::vector<Out> run(const Program& program, const std::vector<std::vector<In>>& inputs) {
  HostPlayer player(program);
  for (size_t i = 0; i < inputs.size(); ++i) player.set_input(i, as_bytes(inputs[i]));
  player.invoke();
  return from_bytes<Out>(player.output(0));
}

// Runs the records of `program` with each word replaced by extreme values wherever check() lets them pass, in an arena
// between canaries. What check() lets pass must not write outside the arena (nor read: the sanitizers see that).
inline void expect_hostile_records_are_harmless(const Program& program) {
  constexpr uint32_t kGuard = 4096;
  const uint32_t arena_bytes = program.header().arena_bytes;
  std::vector<uint8_t> memory(kGuard + arena_bytes + 16 + kGuard, 0xa5);
  uint8_t* arena = memory.data() + kGuard;
  arena += (16 - reinterpret_cast<uintptr_t>(arena) % 16) % 16;
  const std::vector<uint8_t> constants(program.constants().begin(), program.constants().end());
  const rt::Extent extent{arena_bytes, static_cast<uint32_t>(constants.size()), constants.data()};
  const rt::Memory access{arena, constants.data()};
  const uint32_t values[] = {0,          1,          2,         0xffffffffu, 0x7fffffffu,     0x80000000u,
                             0x40000000, 0x10000,    1000,      arena_bytes, arena_bytes - 1, 0xffff8000u,
                             0x8000,     0x80000004, 0xfffffff0};
  for (const ProgramOp& op : program.ops()) {
    for (size_t w = 1; w < op.record.size(); ++w) {
      for (size_t v = 0; v < 2 * std::size(values); ++v) {
        std::vector<uint32_t> record(op.record.begin(), op.record.end());
        record[w] = v < std::size(values) ? values[v] : record[w] + values[v - std::size(values)];
        switch (op.kernel) {
#define X(id, function, Params)                                                  \
  case id:                                                                       \
    if (check(*reinterpret_cast<const rt::Params*>(record.data()), extent)) {    \
      rt::function(*reinterpret_cast<const rt::Params*>(record.data()), access); \
    }                                                                            \
    break;
#include "whit_runtime/kernels/kernels.def"
#undef X
          default:
            FAIL() << "unknown kernel " << op.kernel;
        }
        for (size_t i = 0; i < kGuard; ++i) {
          ASSERT_EQ(arena[-1 - static_cast<ptrdiff_t>(i)], 0xa5) << op.kernel_name << " word " << w;
          ASSERT_EQ(arena[arena_bytes + i], 0xa5) << op.kernel_name << " word " << w << " value " << record[w];
        }
      }
    }
  }
}

}  // namespace whit::compile::one_node
