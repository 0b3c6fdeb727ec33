// Float layers, transposed convolution and matrix products against their definitions.
#include "whit/base/error.hpp"
#include "whit/compile/lower/one_node_test.hpp"
#include "whit/compile/lower/quantized.hpp"

namespace whit::compile {
namespace {

using namespace one_node;

struct ConvCase {
  ir::Shape input, output, weights;  // weights [O,KH,KW,I], of a depthwise layer [1,KH,KW,C]
  ir::ConvAttributes a;
};

ir::ConvAttributes conv(int32_t sh, int32_t sw, int32_t dh, int32_t dw, int32_t top, int32_t left,
                        ir::Activation activation = ir::Activation::none) {
  ir::ConvAttributes a;
  a.stride_h = sh, a.stride_w = sw, a.dilation_h = dh, a.dilation_w = dw, a.pad_top = top, a.pad_left = left;
  a.activation = activation;
  return a;
}

size_t at(const ir::Shape& shape, int b, int y, int x, int c) {
  return static_cast<size_t>(((b * shape[1] + y) * shape[2] + x) * shape[3] + c);
}

// For each output and each tap inside the map: term(output, channel, input, weight).
template <typename Term>
void for_each_term(const ConvCase& c, ir::Op op, Term term) {
  const bool depthwise = op == ir::Op::depthwise_conv2d;
  for (int b = 0; b < c.output[0]; ++b)
    for (int oy = 0; oy < c.output[1]; ++oy)
      for (int ox = 0; ox < c.output[2]; ++ox)
        for (int o = 0; o < c.output[3]; ++o)
          for (int ky = 0; ky < c.weights[1]; ++ky)
            for (int kx = 0; kx < c.weights[2]; ++kx) {
              const int iy = oy * c.a.stride_h - c.a.pad_top + ky * c.a.dilation_h;
              const int ix = ox * c.a.stride_w - c.a.pad_left + kx * c.a.dilation_w;
              if (iy < 0 || ix < 0 || iy >= c.input[1] || ix >= c.input[2]) continue;
              const int first = depthwise ? o / (c.output[3] / c.input[3]) : 0;
              for (int i = first; i < (depthwise ? first + 1 : c.input[3]); ++i) {
                term(at(c.output, b, oy, ox, o), o, at(c.input, b, iy, ix, i),
                     depthwise ? at(c.weights, 0, ky, kx, o) : at(c.weights, o, ky, kx, i));
              }
            }
}

std::vector<float> expect_f32(const ConvCase& c, ir::Op op, const std::vector<float>& x, const std::vector<float>& w,
                              const std::vector<float>& bias) {
  std::vector<float> y(static_cast<size_t>(ir::elements(c.output)), 0.0f);
  for_each_term(c, op, [&](size_t out, int, size_t in, size_t weight) { y[out] += x[in] * w[weight]; });
  for (size_t i = 0; i < y.size(); ++i) {
    y[i] += bias[i % static_cast<size_t>(c.output[3])];
    if (c.a.activation == ir::Activation::relu6) y[i] = std::clamp(y[i], 0.0f, 6.0f);
  }
  return y;
}

TEST(LowerFloat, Convolutions) {
  using ir::Activation;
  const std::pair<ir::Op, ConvCase> cases[] = {
      {ir::Op::conv2d, {{1, 6, 5, 3}, {1, 6, 5, 7}, {7, 3, 3, 3}, conv(1, 1, 1, 1, 1, 1)}},
      {ir::Op::conv2d, {{2, 7, 8, 2}, {2, 4, 3, 4}, {4, 2, 3, 2}, conv(2, 3, 1, 1, 1, 0, Activation::relu6)}},
      {ir::Op::conv2d, {{1, 9, 9, 1}, {1, 5, 9, 5}, {5, 3, 3, 1}, conv(1, 1, 2, 3, 0, 3)}},
      {ir::Op::conv2d, {{1, 1, 40000, 1}, {1, 1, 19999, 2}, {2, 1, 4, 1}, conv(1, 2, 1, 1, 0, 0)}},
      {ir::Op::depthwise_conv2d, {{1, 6, 5, 3}, {1, 6, 5, 3}, {1, 3, 3, 3}, conv(1, 1, 1, 1, 1, 1)}},
      {ir::Op::depthwise_conv2d, {{2, 7, 8, 2}, {2, 4, 4, 6}, {1, 3, 3, 6}, conv(2, 2, 1, 1, 1, 1, Activation::relu6)}},
      {ir::Op::depthwise_conv2d, {{1, 8, 8, 4}, {1, 4, 6, 4}, {1, 3, 2, 4}, conv(1, 1, 2, 2, 0, 0)}}};
  for (const auto& [op, c] : cases) {
    OneNode node(op, c.a);
    node.input(ir::DType::f32, c.input);
    const auto x = random_values<float>(static_cast<size_t>(ir::elements(c.input)), 1, -2, 2);
    const auto w = random_values<float>(static_cast<size_t>(ir::elements(c.weights)), 2, -1, 1);
    const auto bias = random_values<float>(static_cast<size_t>(c.output[3]), 3, -1, 1);
    node.constant<float>(ir::DType::f32, c.weights, w);
    node.constant<float>(ir::DType::f32, {c.output[3]}, bias);
    node.output(ir::DType::f32, c.output);
    const Program program = node.compile();
    EXPECT_EQ((run<float, float>(program, {x})), expect_f32(c, op, x, w, bias)) << ir::to_string(c.input);
    if (x.size() < 1000) expect_hostile_records_are_harmless(program);
  }
}

TEST(LowerFloat, FullyConnectedWithoutBias) {
  OneNode node(ir::Op::fully_connected, ir::ActivationAttributes{ir::Activation::relu});
  node.input(ir::DType::f32, {3, 5});
  const auto x = random_values<float>(15, 1, -2, 2), w = random_values<float>(20, 2, -1, 1);
  node.constant<float>(ir::DType::f32, {4, 5}, w);
  node.node.inputs.push_back(ir::kNoTensor);
  node.output(ir::DType::f32, {3, 4});
  std::vector<float> expected;
  for (size_t b = 0; b < 3; ++b)
    for (size_t o = 0; o < 4; ++o) {
      float sum = 0.0f;
      for (size_t i = 0; i < 5; ++i) sum += x[b * 5 + i] * w[o * 5 + i];
      expected.push_back(std::max(sum, 0.0f));
    }
  const Program program = node.compile();
  EXPECT_EQ((run<float, float>(program, {x})), expected);
  expect_hostile_records_are_harmless(program);
}

// By scattering, as the op is defined; the kernel gathers.
template <typename Term>
void for_each_scattered(const ConvCase& c, Term term) {
  for (int b = 0; b < c.input[0]; ++b)
    for (int iy = 0; iy < c.input[1]; ++iy)
      for (int ix = 0; ix < c.input[2]; ++ix)
        for (int i = 0; i < c.input[3]; ++i)
          for (int ky = 0; ky < c.weights[1]; ++ky)
            for (int kx = 0; kx < c.weights[2]; ++kx)
              for (int o = 0; o < c.output[3]; ++o) {
                const int oy = iy * c.a.stride_h - c.a.pad_top + ky, ox = ix * c.a.stride_w - c.a.pad_left + kx;
                if (oy < 0 || ox < 0 || oy >= c.output[1] || ox >= c.output[2]) continue;
                term(at(c.output, b, oy, ox, o), at(c.input, b, iy, ix, i), at(c.weights, o, ky, kx, i));
              }
}

std::vector<ConvCase> transposed_cases() {
  return {{{1, 3, 4, 2}, {1, 6, 8, 3}, {3, 2, 2, 2}, conv(2, 2, 1, 1, 0, 0)},
          {{2, 4, 3, 3}, {2, 8, 6, 2}, {2, 3, 3, 3}, conv(2, 2, 1, 1, 0, 1)},
          {{1, 5, 5, 1}, {1, 5, 5, 4}, {4, 3, 3, 1}, conv(1, 1, 1, 1, 1, 1)},
          {{1, 2, 5, 2}, {1, 9, 7, 1}, {1, 4, 3, 2}, conv(5, 1, 1, 1, 0, 0)}};
}

TEST(LowerTransposeConv, Float32) {
  for (const ConvCase& c : transposed_cases()) {
    OneNode node(ir::Op::transpose_conv2d, c.a);
    node.input(ir::DType::f32, c.input);
    const auto x = random_values<float>(static_cast<size_t>(ir::elements(c.input)), 1, -2, 2);
    const auto w = random_values<float>(static_cast<size_t>(ir::elements(c.weights)), 2, -1, 1);
    node.constant<float>(ir::DType::f32, c.weights, w);
    node.output(ir::DType::f32, c.output);
    std::vector<float> expected(static_cast<size_t>(ir::elements(c.output)), 0.0f);
    for_each_scattered(c, [&](size_t out, size_t in, size_t weight) { expected[out] += x[in] * w[weight]; });
    const Program program = node.compile();
    EXPECT_EQ((run<float, float>(program, {x})), expected) << ir::to_string(c.output);
    expect_hostile_records_are_harmless(program);
  }
}

TEST(LowerTransposeConv, Int8) {
  for (const ConvCase& c : transposed_cases()) {
    const auto channels = static_cast<size_t>(c.output[3]);
    const std::vector<float> scales = random_values<float>(channels, 9, 0.001, 0.02);
    OneNode node(ir::Op::transpose_conv2d, c.a);
    node.input(ir::DType::i8, c.input, {{0.5f}, {-11}});
    const auto x = random_values<int8_t>(static_cast<size_t>(ir::elements(c.input)), 1);
    const auto w = random_values<int8_t>(static_cast<size_t>(ir::elements(c.weights)), 2, -127, 127);
    const auto bias = random_values<int32_t>(channels, 3, -3000, 3000);
    node.constant<int8_t>(ir::DType::i8, c.weights, w, {scales, std::vector<int32_t>(channels, 0), 0});
    node.constant<int32_t>(ir::DType::i32, {c.output[3]}, bias);
    node.output(ir::DType::i8, c.output, {{1.5f}, {4}});
    std::vector<int32_t> sums(static_cast<size_t>(ir::elements(c.output)), 0);
    for_each_scattered(c, [&](size_t out, size_t in, size_t weight) { sums[out] += (x[in] + 11) * w[weight]; });
    std::vector<int8_t> expected;
    for (size_t i = 0; i < sums.size(); ++i) {
      const size_t o = i % channels;
      const QuantizedMultiplier m =
          quantize_multiplier(static_cast<double>(0.5f) * static_cast<double>(scales[o]) / static_cast<double>(1.5f));
      const int32_t scaled = rt::multiply_by_quantized_multiplier(sums[i] + bias[o], m.multiplier, m.shift);
      expected.push_back(static_cast<int8_t>(std::clamp(scaled + 4, -128, 127)));
    }
    const Program program = node.compile();
    EXPECT_EQ((run<int8_t, int8_t>(program, {x})), expected) << ir::to_string(c.output);
    expect_hostile_records_are_harmless(program);
  }
}

struct MatmulCase {
  ir::Shape a, b, output;
  bool transpose_a, transpose_b;
};

// Sum of term(index in a, index in b) for each output.
template <typename Sum, typename Term>
std::vector<Sum> matmul_sums(const MatmulCase& c, Term term) {
  const auto from_inside = [](const ir::Shape& s, size_t i) { return i < s.size() ? s[s.size() - 1 - i] : 1; };
  const int rows = from_inside(c.output, 1), columns = from_inside(c.output, 0);
  const int depth = from_inside(c.a, c.transpose_a ? 1 : 0);
  std::vector<Sum> sums;
  for (int n0 = 0; n0 < from_inside(c.output, 3); ++n0)
    for (int n1 = 0; n1 < from_inside(c.output, 2); ++n1)
      for (int i = 0; i < rows; ++i)
        for (int j = 0; j < columns; ++j) {
          const auto batch = [&](const ir::Shape& s) {
            return (from_inside(s, 3) == 1 ? 0 : n0) * from_inside(s, 2) + (from_inside(s, 2) == 1 ? 0 : n1);
          };
          Sum sum = 0;
          for (int k = 0; k < depth; ++k) {
            const int a = batch(c.a) * rows * depth + (c.transpose_a ? k * rows + i : i * depth + k);
            const int b = batch(c.b) * columns * depth + (c.transpose_b ? j * depth + k : k * columns + j);
            sum += term(static_cast<size_t>(a), static_cast<size_t>(b));
          }
          sums.push_back(sum);
        }
  return sums;
}

TEST(LowerBatchMatmul, Int8AndFloat32) {
  const MatmulCase cases[] = {{{3, 4}, {4, 5}, {3, 5}, false, false},
                              {{2, 3, 4}, {2, 5, 4}, {2, 3, 5}, false, true},
                              {{2, 1, 4, 3}, {3, 4, 2}, {2, 3, 3, 2}, true, false},
                              {{4, 3}, {2, 5, 4}, {2, 3, 5}, true, true}};
  for (const MatmulCase& c : cases) {
    const ir::MatmulAttributes attributes{c.transpose_a, c.transpose_b};
    const auto a_count = static_cast<size_t>(ir::elements(c.a)), b_count = static_cast<size_t>(ir::elements(c.b));
    OneNode real(ir::Op::batch_matmul, attributes);
    real.input(ir::DType::f32, c.a);
    real.input(ir::DType::f32, c.b);
    real.output(ir::DType::f32, c.output);
    const Program program = real.compile();
    const auto a = random_values<float>(a_count, 1, -2, 2), b = random_values<float>(b_count, 2, -2, 2);
    EXPECT_EQ((run<float, float>(program, {a, b})),
              matmul_sums<float>(c, [&](size_t i, size_t j) { return a[i] * b[j]; }));
    expect_hostile_records_are_harmless(program);

    OneNode integer(ir::Op::batch_matmul, attributes);
    integer.input(ir::DType::i8, c.a, {{0.1f}, {3}});
    integer.input(ir::DType::i8, c.b, {{0.2f}, {-5}});
    integer.output(ir::DType::i8, c.output, {{5.0f}, {-1}});
    const auto p = random_values<int8_t>(a_count, 3), q = random_values<int8_t>(b_count, 4);
    const QuantizedMultiplier m = quantize_multiplier(static_cast<double>(0.1f * 0.2f) / static_cast<double>(5.0f));
    std::vector<int8_t> expected;
    for (const int32_t sum : matmul_sums<int32_t>(c, [&](size_t i, size_t j) { return (p[i] - 3) * (q[j] + 5); })) {
      const int32_t scaled = rt::multiply_by_quantized_multiplier(sum, m.multiplier, m.shift);
      expected.push_back(static_cast<int8_t>(std::clamp(scaled - 1, -128, 127)));
    }
    const Program quantized = integer.compile();
    EXPECT_EQ((run<int8_t, int8_t>(quantized, {p, q})), expected);
    expect_hostile_records_are_harmless(quantized);
  }
}

// The host kernels against the portable ones, on shapes that leave remainders everywhere.
TEST(LowerHost, EqualsThePortableKernels) {
  const std::pair<ir::Op, ConvCase> cases[] = {
      {ir::Op::conv2d, {{1, 5, 5, 64}, {1, 5, 5, 12}, {12, 1, 1, 64}, conv(1, 1, 1, 1, 0, 0)}},
      {ir::Op::conv2d, {{1, 7, 9, 3}, {1, 4, 5, 9}, {9, 3, 3, 3}, conv(2, 2, 1, 1, 1, 1)}},
      {ir::Op::conv2d, {{2, 5, 3, 1}, {2, 5, 3, 8}, {8, 3, 4, 1}, conv(1, 1, 1, 2, 1, 2)}},
      {ir::Op::depthwise_conv2d, {{1, 7, 6, 16}, {1, 7, 6, 16}, {1, 3, 3, 16}, conv(1, 1, 1, 1, 1, 1)}},
      {ir::Op::depthwise_conv2d, {{2, 7, 6, 8}, {2, 3, 3, 8}, {1, 2, 2, 8}, conv(2, 2, 2, 1, 0, 0)}},
      {ir::Op::depthwise_conv2d, {{1, 7, 6, 3}, {1, 7, 6, 3}, {1, 3, 3, 3}, conv(1, 1, 1, 1, 1, 1)}}};
  for (const auto& [op, c] : cases) {
    const auto channels = static_cast<size_t>(c.output[3]);
    std::vector<float> scales = random_values<float>(channels, 4, 0.0005, 0.01);
    scales[0] = 40.0f;   // shifts left
    scales[1] = 1e-12f;  // shifts everything away
    OneNode node(op, c.a);
    node.input(ir::DType::i8, c.input, {{0.5f}, {-128}});
    const auto x = random_values<int8_t>(static_cast<size_t>(ir::elements(c.input)), 1);
    const auto w = random_values<int8_t>(static_cast<size_t>(ir::elements(c.weights)), 2, -127, 127);
    const int32_t axis = op == ir::Op::conv2d ? 0 : 3;
    node.constant<int8_t>(ir::DType::i8, c.weights, w, {scales, std::vector<int32_t>(channels, 0), axis});
    node.constant<int32_t>(ir::DType::i32, {c.output[3]}, random_values<int32_t>(channels, 3, -30000, 30000));
    node.output(ir::DType::i8, c.output, {{1.5f}, {4}});
    const Program portable = node.compile(KernelSet::arm_v6m);
    const Program host = node.compile(KernelSet::host);
    EXPECT_EQ((run<int8_t, int8_t>(host, {x})), (run<int8_t, int8_t>(portable, {x}))) << ir::to_string(c.weights);
    std::vector<int32_t> sums(static_cast<size_t>(ir::elements(c.output)), 0);
    for_each_term(c, op, [&](size_t out, int, size_t in, size_t weight) { sums[out] += (x[in] + 128) * w[weight]; });
    const auto bias = random_values<int32_t>(channels, 3, -30000, 30000);
    const auto y = run<int8_t, int8_t>(host, {x});
    for (size_t i = 0; i < sums.size(); ++i) {
      const QuantizedMultiplier m = quantize_multiplier(
          static_cast<double>(0.5f) * static_cast<double>(scales[i % channels]) / static_cast<double>(1.5f));
      const int32_t scaled = rt::multiply_by_quantized_multiplier(sums[i] + bias[i % channels], m.multiplier, m.shift);
      ASSERT_EQ(y[i], static_cast<int8_t>(std::clamp(scaled + 4, -128, 127))) << i;
    }
    expect_hostile_records_are_harmless(host);
  }
}

TEST(LowerHost, TakesTheFastKernels) {
  OneNode node(ir::Op::conv2d, conv(1, 1, 1, 1, 0, 0));
  node.input(ir::DType::i8, {1, 2, 2, 8}, {{0.5f}, {0}});
  node.constant<int8_t>(ir::DType::i8, {8, 1, 1, 8}, std::vector<int8_t>(64, 1), {{0.5f}, {0}});
  node.output(ir::DType::i8, {1, 2, 2, 8}, {{1.5f}, {4}});
  EXPECT_EQ(node.compile(KernelSet::host).ops()[0].kernel_name, "conv2d_s8_host");
}

}  // namespace
}  // namespace whit::compile
