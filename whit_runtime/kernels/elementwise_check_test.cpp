// Records that lie: the elementwise kernels' check() refuses each wrong field, and whatever it lets pass runs within
// its memories. And outputs that start before their input: the same bytes as apart.
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "whit_runtime/kernels/add_affine_s8.hpp"
#include "whit_runtime/kernels/binary_32.hpp"
#include "whit_runtime/kernels/binary_s8.hpp"
#include "whit_runtime/kernels/cast.hpp"
#include "whit_runtime/kernels/compare.hpp"
#include "whit_runtime/kernels/copy_bytes.hpp"
#include "whit_runtime/kernels/lookup_s8.hpp"
#include "whit_runtime/kernels/quantize.hpp"
#include "whit_runtime/kernels/select.hpp"
#include "whit_runtime/kernels/softmax_f32.hpp"
#include "whit_runtime/kernels/softmax_s8.hpp"
#include "whit_runtime/kernels/unary_f32.hpp"

namespace whit::rt {
namespace {

constexpr uint32_t kArena = 1024, kConstants = 512, kCanary = 256;
constexpr Broadcast kSmall = {{1, 2, 3, 4}, 0, 0};

// The two memories, each between canaries.
struct Memories {
  alignas(16) uint8_t arena[kArena + 2 * kCanary];
  alignas(16) uint8_t constants[kConstants];

  explicit Memories(std::mt19937& engine) {
    for (uint8_t& byte : arena) byte = static_cast<uint8_t>(engine());
    for (uint8_t& byte : constants) byte = static_cast<uint8_t>(engine());
  }
  Memory memory() { return {arena + kCanary, constants}; }
  Extent extent() const { return {kArena, kConstants, constants}; }
};

template <typename Params>
using Kernel = void (*)(const Params&, const Memory&);

// Puts extreme and random values into one to three words of `good` and runs what check() accepts.
template <typename Params>
void fuzz(const Params& good, Kernel<Params> run) {
  static constexpr uint32_t kNasty[] = {
      0,          1,          2,          3,      31,         32,
      255,        256,        4095,       4096,   0x7fffffff, 0x80000000,
      0xffffffff, 0xfffffffe, kArena - 1, kArena, kArena - 4, 0x80000000 + kConstants - 4,
      0x40000000, 0xffff0000, 1u << 24};
  std::mt19937 engine(7);
  Memories memories(engine);
  EXPECT_TRUE(check(good, memories.extent()));
  int accepted = 0, refused = 0;
  for (int i = 0; i < 4000; ++i) {
    uint32_t words[sizeof(Params) / 4];
    std::memcpy(words, &good, sizeof good);
    for (uint32_t change = engine() % 3 + 1; change > 0; --change) {
      words[1 + engine() % (std::size(words) - 1)] =
          engine() % 4 == 0 ? engine() : kNasty[engine() % std::size(kNasty)];
    }
    Params p;
    std::memcpy(&p, words, sizeof p);
    if (!check(p, memories.extent())) {
      ++refused;
      continue;
    }
    ++accepted;
    uint8_t before[2 * kCanary];
    std::memcpy(before, memories.arena, kCanary);
    std::memcpy(before + kCanary, memories.arena + kCanary + kArena, kCanary);
    run(p, memories.memory());
    ASSERT_EQ(std::memcmp(before, memories.arena, kCanary), 0);
    ASSERT_EQ(std::memcmp(before + kCanary, memories.arena + kCanary + kArena, kCanary), 0);
  }
  EXPECT_GT(accepted, 0);
  EXPECT_GT(refused, 1000);
}

constexpr Scale kHalf = {1 << 30, 0};

AddS8 good_add() {
  AddS8 p{};
  p.input1 = 0, p.input2 = 100, p.output = 200;
  p.broadcast = kSmall;
  p.scale1 = p.scale2 = p.output_scale = kHalf;
  p.sign2 = 1, p.output_min = -128, p.output_max = 127;
  return p;
}

TEST(ElementwiseCheck, ByteKernels) {
  LookupS8 lookup{};
  lookup.output = 100, lookup.table = kConstantBit, lookup.count = 24;
  fuzz<LookupS8>(lookup, lookup_s8);
  AddAffineS8 affine{};
  affine.input2 = 100, affine.output = 200, affine.count = 24, affine.a = affine.b = 1 << 20;
  fuzz<AddAffineS8>(affine, add_affine_s8);
  fuzz<AddS8>(good_add(), add_s8);
  fuzz<AddS8>(good_add(), squared_difference_s8);
  MulS8 mul{};
  mul.input2 = 100, mul.output = 200, mul.broadcast = kSmall, mul.output_scale = kHalf;
  mul.output_min = -128, mul.output_max = 127;
  fuzz<MulS8>(mul, mul_s8);
  PreluS8 prelu{};
  prelu.input2 = 100, prelu.output = 200, prelu.broadcast = kSmall;
  prelu.positive_scale = prelu.negative_scale = kHalf;
  fuzz<PreluS8>(prelu, prelu_s8);
  ExtremumS8 extremum{};
  extremum.input2 = 100, extremum.output = 200, extremum.broadcast = kSmall;
  fuzz<ExtremumS8>(extremum, maximum_s8);
  fuzz<ExtremumS8>(extremum, minimum_s8);
  CompareS8 compare{};
  compare.input2 = 100, compare.output = 200, compare.broadcast = kSmall, compare.outcomes = kLess;
  compare.scale1 = compare.scale2 = kHalf;
  fuzz<CompareS8>(compare, compare_s8);
  CopyBytes copy{};
  copy.output = 100, copy.count = 24;
  fuzz<CopyBytes>(copy, copy_bytes);
}

TEST(ElementwiseCheck, WordKernels) {
  BinaryF32 real{};
  real.input2 = 100, real.output = 200, real.broadcast = kSmall, real.output_max_bits = 0x7f800000;
  for (const Kernel<BinaryF32> run : {add_f32, sub_f32, mul_f32, div_f32, maximum_f32, minimum_f32, prelu_f32}) {
    fuzz<BinaryF32>(real, run);
  }
  BinaryI32 integer{};
  integer.input2 = 100, integer.output = 200, integer.broadcast = kSmall;
  for (const Kernel<BinaryI32> run : {add_i32, sub_i32, mul_i32, maximum_i32, minimum_i32}) {
    fuzz<BinaryI32>(integer, run);
  }
  Compare32 compare{};
  compare.input2 = 100, compare.output = 200, compare.broadcast = kSmall, compare.outcomes = kLess;
  fuzz<Compare32>(compare, compare_f32);
  fuzz<Compare32>(compare, compare_i32);
  Select choose{};
  choose.condition = 300, choose.input2 = 100, choose.output = 200, choose.broadcast = kSmall, choose.element_bytes = 4;
  fuzz<Select>(choose, select);
  UnaryF32 unary{};
  unary.output = 100, unary.count = 24;
  fuzz<UnaryF32>(unary, unary_f32);
}

TEST(ElementwiseCheck, NormalizingKernels) {
  SoftmaxS8 softmax{};
  softmax.output = 100, softmax.rows = 3, softmax.depth = 7, softmax.multiplier = 1 << 30, softmax.shift = 22;
  softmax.diff_min = -128;
  fuzz<SoftmaxS8>(softmax, softmax_s8);
  LogSoftmaxS8 log_softmax{};
  log_softmax.output = 100, log_softmax.rows = 3, log_softmax.depth = 7, log_softmax.multiplier = 1 << 30;
  log_softmax.shift = 22, log_softmax.diff_min = -128, log_softmax.reverse_multiplier = 1 << 30;
  fuzz<LogSoftmaxS8>(log_softmax, log_softmax_s8);
  L2NormalizationS8 l2{};
  l2.output = 100, l2.rows = 3, l2.depth = 7;
  fuzz<L2NormalizationS8>(l2, l2_normalization_s8);
  NormalizeF32 real{};
  real.output = 100, real.rows = 3, real.depth = 7;
  for (const Kernel<NormalizeF32> run : {softmax_f32, log_softmax_f32, l2_normalization_f32}) {
    fuzz<NormalizeF32>(real, run);
  }
}

TEST(ElementwiseCheck, ConvertingKernels) {
  QuantizeF32 quantize{};
  quantize.output = 100, quantize.count = 24, quantize.scale_bits = 0x3f800000;
  quantize.output_type = static_cast<uint32_t>(ElementType::i8);
  fuzz<QuantizeF32>(quantize, quantize_f32);
  DequantizeF32 dequantize{};
  dequantize.output = 100, dequantize.count = 24, dequantize.scale_bits = 0x3f800000;
  dequantize.input_type = static_cast<uint32_t>(ElementType::i8);
  fuzz<DequantizeF32>(dequantize, dequantize_f32);
  Requantize requantized{};
  requantized.output = 100, requantized.count = 24, requantized.multiplier = 1 << 30;
  requantized.input_type = static_cast<uint32_t>(ElementType::i16);
  requantized.output_type = static_cast<uint32_t>(ElementType::i8);
  fuzz<Requantize>(requantized, requantize);
  Cast casted{};
  casted.output = 100, casted.count = 24;
  casted.output_type = static_cast<uint32_t>(ElementType::i32);
  fuzz<Cast>(casted, cast);
}

// ---- outputs that start before their input -------------------------------------------------------------------------

// Runs `p` with its output apart and `lead` bytes before the input, and compares `output_bytes`.
template <typename Params>
void expect_same_before(Params p, Ref Params::*input_ref, uint32_t input_bytes, uint32_t output_bytes, uint32_t lead,
                        Kernel<Params> run) {
  for (const uint32_t extra : {0u, 1u, 4u, 7u, 64u}) {
    std::mt19937 engine(lead + extra);
    Memories apart(engine);
    Memories shared = apart;
    p.*input_ref = 512;
    p.output = 0;
    run(p, apart.memory());
    const uint32_t unit = output_bytes % 4 == 0 && lead % 4 == 0 ? 4 : 1;
    const uint32_t before = (lead + extra) / unit * unit;
    p.output = 512 - before;
    run(p, shared.memory());
    EXPECT_EQ(std::memcmp(apart.memory().arena, shared.memory().arena + p.output, output_bytes), 0)
        << "input of " << input_bytes << " bytes, " << before << " before";
  }
}

TEST(ElementwiseOverlap, ByteKernels) {
  for (const int32_t count : {1, 3, 4, 5, 8, 37, 200}) {
    const auto bytes = static_cast<uint32_t>(count);
    LookupS8 lookup{};
    lookup.table = kConstantBit, lookup.count = count;
    expect_same_before<LookupS8>(lookup, &LookupS8::input, bytes, bytes, 0, lookup_s8);
    AddAffineS8 affine{};
    affine.input1 = affine.input2 = 768, affine.count = count, affine.a = 3 << 19, affine.b = -(5 << 18);
    expect_same_before<AddAffineS8>(affine, &AddAffineS8::input1, bytes, bytes, 0, add_affine_s8);
    expect_same_before<AddAffineS8>(affine, &AddAffineS8::input2, bytes, bytes, 0, add_affine_s8);
    AddS8 add = good_add();
    add.input1 = add.input2 = 768, add.broadcast = {{1, 1, 1, count}, 0, 0};
    expect_same_before<AddS8>(add, &AddS8::input1, bytes, bytes, 0, add_s8);
    expect_same_before<AddS8>(add, &AddS8::input2, bytes, bytes, 0, add_s8);
    SoftmaxS8 softmax{};
    softmax.rows = 2, softmax.depth = count, softmax.multiplier = 1 << 30, softmax.shift = 20;
    softmax.diff_min = -2000;
    if (count <= 100) expect_same_before<SoftmaxS8>(softmax, &SoftmaxS8::input, 2 * bytes, 2 * bytes, 0, softmax_s8);
  }
}

TEST(ElementwiseOverlap, WideningRunsAhead) {
  for (const int32_t count : {1, 2, 5, 60}) {
    const auto n = static_cast<uint32_t>(count);
    DequantizeF32 dequantize{};
    dequantize.count = count, dequantize.scale_bits = 0x3f000000, dequantize.zero_point = 3;
    dequantize.input_type = static_cast<uint32_t>(ElementType::i8);
    expect_same_before<DequantizeF32>(dequantize, &DequantizeF32::input, n, 4 * n, (3 * (n - 1) + 3) / 4 * 4,
                                      dequantize_f32);
    QuantizeF32 quantize{};
    quantize.count = count, quantize.scale_bits = 0x3f000000;
    quantize.output_type = static_cast<uint32_t>(ElementType::i8);
    expect_same_before<QuantizeF32>(quantize, &QuantizeF32::input, 4 * n, n, 0, quantize_f32);
  }
}

}  // namespace
}  // namespace whit::rt
