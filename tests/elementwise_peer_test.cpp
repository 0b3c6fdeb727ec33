// Elementwise ops and softmaxes of int8 through lowering and player against the TFLite interpreter's reference kernels.
#include <gtest/gtest.h>

#include "tests/one_op.hpp"
#include "whit/base/hash.hpp"

namespace whit {
namespace {

using namespace tests;  // NOLINT: the words of one_op.hpp
using ir::Activation;

struct BinaryCase {
  Op op;
  uint32_t scale1;
  int32_t zero_point1;
  uint32_t scale2;
  int32_t zero_point2;
  uint32_t output_scale;
  int32_t output_zero_point;
  Activation activation;
  uint32_t crc;
};

constexpr BinaryCase kPeerBinary[] = {
#include "tests/peer_binary.inc"
};

bool is_comparison(Op op) { return op >= Op::equal && op <= Op::greater_equal; }

TEST(Elementwise, Int8PairsEqualTheInterpreter) {
  Bytes codes(256), all1(65536), all2(65536);
  for (size_t i = 0; i < 256; ++i) codes[i] = static_cast<uint8_t>(static_cast<int32_t>(i) - 128);
  for (size_t i = 0; i < 65536; ++i) all1[i] = codes[i / 256], all2[i] = codes[i % 256];
  int32_t affine = 0;
  for (const BinaryCase& c : kPeerBinary) {
    const float s1 = rt::f32_from_bits(c.scale1), s2 = rt::f32_from_bits(c.scale2);
    const ir::Tensor output =
        is_comparison(c.op) ? tensor(DType::boolean, {256, 256})
                            : quantized(DType::i8, {256, 256}, rt::f32_from_bits(c.output_scale), c.output_zero_point);
    ir::Attributes attributes;
    if (has_activation(c.op)) attributes = ir::ActivationAttributes{c.activation};
    // Repeated along a dimension each, and both in full: two forms of the same op.
    const bool full_only = c.op == Op::prelu;
    const Played repeated = run(model(c.op,
                                      {quantized(DType::i8, {256, full_only ? 256 : 1}, s1, c.zero_point1),
                                       quantized(DType::i8, {1, 256}, s2, c.zero_point2)},
                                      output, attributes),
                                {full_only ? all1 : codes, codes});
    EXPECT_EQ(crc32(repeated.output), c.crc) << ir::name_of(c.op) << " " << s1 << " " << s2;
    const Played full = run(model(c.op,
                                  {quantized(DType::i8, {256, 256}, s1, c.zero_point1),
                                   quantized(DType::i8, {256, 256}, s2, c.zero_point2)},
                                  output, attributes),
                            {all1, all2});
    EXPECT_EQ(full.output, repeated.output) << ir::name_of(c.op);
    EXPECT_EQ(full.arena_bytes, 2u * 65536) << "the output takes the place of an operand";
    affine += full.kernels[0] == id(rt::KernelId::add_affine_s8) ? 1 : 0;
  }
  EXPECT_GE(affine, 6);
}

struct RowsCase {
  Op op;
  int32_t rows, depth;
  uint32_t scale;
  int32_t zero_point;
  uint32_t output_scale;
  int32_t output_zero_point;
  uint32_t beta;
  uint32_t seed;
  uint32_t crc;
};

constexpr RowsCase kPeerRows[] = {
#include "tests/peer_rows.inc"
};

Bytes lcg_bytes(size_t count, uint32_t seed) {
  Bytes result(count);
  for (uint8_t& byte : result) {
    seed = seed * 1664525u + 1013904223u;
    byte = static_cast<uint8_t>((seed >> 24) - 128);
  }
  return result;
}

TEST(Elementwise, NormalizedInt8RowsEqualTheInterpreter) {
  for (const RowsCase& c : kPeerRows) {
    ir::Attributes attributes;
    if (c.op == Op::softmax) attributes = ir::SoftmaxAttributes{rt::f32_from_bits(c.beta)};
    const ir::Graph graph = model(
        c.op, {quantized(DType::i8, {c.rows, c.depth}, rt::f32_from_bits(c.scale), c.zero_point)},
        quantized(DType::i8, {c.rows, c.depth}, rt::f32_from_bits(c.output_scale), c.output_zero_point), attributes);
    const size_t count = static_cast<size_t>(c.rows) * static_cast<size_t>(c.depth);
    const Played result = run(graph, {lcg_bytes(count, c.seed)});
    EXPECT_EQ(crc32(result.output), c.crc)
        << ir::name_of(c.op) << " [" << c.rows << "," << c.depth << "] scale " << rt::f32_from_bits(c.scale);
    EXPECT_EQ(result.arena_bytes, count);
  }
}

}  // namespace
}  // namespace whit
