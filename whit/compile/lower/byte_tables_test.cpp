#include "whit/compile/lower/byte_tables.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "whit/base/hash.hpp"
#include "whit_runtime/kernels/kernel.hpp"

namespace whit::compile {
namespace {

using ir::DType;
using ir::Op;

struct Case {
  Op op;
  DType in_type;
  uint32_t in_scale_bits;
  int32_t in_zero_point;
  DType out_type;
  uint32_t out_scale_bits;
  int32_t out_zero_point;
  uint32_t alpha_bits;
  uint32_t crc;
};

constexpr Case kPeer[] = {
#include "whit/compile/lower/byte_tables_peer.inc"
};

ir::Graph graph_of(const Case& c, ir::Node* node) {
  ir::Graph graph;
  ir::Tensor in, out;
  in.type = c.in_type;
  in.shape = out.shape = {1, 256};
  in.quantization = {{rt::f32_from_bits(c.in_scale_bits)}, {c.in_zero_point}, 0};
  out.type = c.out_type;
  out.quantization = {{rt::f32_from_bits(c.out_scale_bits)}, {c.out_zero_point}, 0};
  node->op = c.op;
  node->inputs = {graph.add_tensor(in)};
  node->outputs = {graph.add_tensor(out)};
  if (c.op == Op::leaky_relu) node->attributes = ir::LeakyReluAttributes{rt::f32_from_bits(c.alpha_bits)};
  return graph;
}

std::vector<uint8_t> table_of(const Case& c) {
  ir::Node node;
  const ir::Graph graph = graph_of(c, &node);
  return byte_table(graph, node).value();
}

TEST(ByteTables, EqualTheInterpretersReferenceKernels) {
  for (const Case& c : kPeer) {
    std::vector<uint8_t> table = table_of(c);
    ASSERT_EQ(table.size(), 256u);
    EXPECT_EQ(crc32(table), c.crc) << ir::name_of(c.op) << " scale " << rt::f32_from_bits(c.in_scale_bits)
                                   << " zero point " << c.in_zero_point << " to scale "
                                   << rt::f32_from_bits(c.out_scale_bits) << " zero point " << c.out_zero_point;
  }
}

TEST(ByteTables, OfRealFunctionsAreWithinOneStep) {
  const auto bits = [](float f) {
    uint32_t b;
    std::memcpy(&b, &f, 4);
    return b;
  };
  const float scale = 1.0f / 64, out_scale = 1.0f / 32;
  const std::vector<uint8_t> table =
      table_of({Op::square, DType::i8, bits(scale), 3, DType::i8, bits(out_scale), -128, 0, 0});
  for (int32_t x = -128; x < 128; ++x) {
    const float real = scale * static_cast<float>(x - 3);
    const float y = out_scale * static_cast<float>(static_cast<int8_t>(table[static_cast<uint8_t>(x)]) + 128);
    EXPECT_NEAR(y, real * real, out_scale / 2);
  }
}

TEST(ByteTables, NoneForAnOpWithoutOne) {
  ir::Node node;
  const ir::Graph graph = graph_of(kPeer[0], &node);
  node.op = Op::softmax;
  EXPECT_FALSE(byte_table(graph, node).has_value());
}

}  // namespace
}  // namespace whit::compile
