// int16 activations (16x8) on the host player: layers against their definition in 64-bit sums, functions against the
// real ones. Bits of TFLite models: tests/peer.
#include "whit/base/error.hpp"
#include "whit/compile/lower/one_node_test.hpp"
#include "whit/compile/lower/quantized.hpp"

namespace whit::compile {
namespace {

using namespace one_node;

constexpr float kUnit = 1.0f / 32768;

// One channel of depth 3: what a kernel makes of a sum.
int32_t rescaled(int64_t sum, double scale, bool wide) {
  const QuantizedMultiplier m = quantize_multiplier(scale);
  return wide ? rt::multiply_by_quantized_multiplier(sum, m.multiplier, m.shift)
              : rt::multiply_by_quantized_multiplier(static_cast<int32_t>(sum), m.multiplier, m.shift);
}

// Convolutions of one tap are sums over channels; depthwise and transposed ones of one tap are as well, for one
// channel.
void expect_layer_is_its_sum(ir::Op op, ir::DType bias_type) {
  const bool dense = op == ir::Op::fully_connected, depthwise = op == ir::Op::depthwise_conv2d;
  const int32_t depth = depthwise ? 1 : 3;
  const float scales[2] = {0.01f, 0.02f};
  OneNode node(op, dense ? ir::Attributes{ir::ActivationAttributes{}} : ir::Attributes{ir::ConvAttributes{}});
  node.input(ir::DType::i16, dense ? ir::Shape{4, depth} : ir::Shape{1, 2, 2, depth}, {{kUnit}, {0}});
  const std::vector<int8_t> w = random_values<int8_t>(static_cast<size_t>(2 * depth), 3, -127, 127);
  const ir::Shape shape = dense ? ir::Shape{2, depth} : (depthwise ? ir::Shape{1, 1, 1, 2} : ir::Shape{2, 1, 1, depth});
  node.constant(ir::DType::i8, shape, w, {{scales[0], scales[1]}, {0, 0}, depthwise ? 3 : 0});
  const std::vector<int64_t> bias = {1000000, -300};
  if (bias_type == ir::DType::i64) node.constant(ir::DType::i64, {2}, bias);
  if (bias_type == ir::DType::i32) node.constant(ir::DType::i32, {2}, std::vector<int32_t>(bias.begin(), bias.end()));
  const float out_scale = 2 * kUnit;
  node.output(ir::DType::i16, dense ? ir::Shape{4, 2} : ir::Shape{1, 2, 2, 2}, {{out_scale}, {0}});
  const std::vector<int16_t> x = random_values<int16_t>(static_cast<size_t>(4 * depth), 5, -32768, 32767);
  for (const KernelSet kernels : {KernelSet::host, KernelSet::arm_dsp, KernelSet::rv32}) {
    const Program program = node.compile(kernels);
    const std::vector<int16_t> y = run<int16_t>(program, std::vector<std::vector<int16_t>>{x});
    for (size_t row = 0; row < 4; ++row) {
      for (size_t c = 0; c < 2; ++c) {
        int64_t sum = bias[c];
        for (size_t i = 0; i < static_cast<size_t>(depth); ++i) {
          sum += x[row * static_cast<size_t>(depth) + i] * w[c * static_cast<size_t>(depth) + i];
        }
        const double scale =
            static_cast<double>(kUnit) * static_cast<double>(scales[c]) / static_cast<double>(out_scale);
        const int32_t want = std::clamp(rescaled(sum, scale, bias_type == ir::DType::i64), -32768, 32767);
        ASSERT_EQ(y[row * 2 + c], want) << ir::name_of(op) << " row " << row << " channel " << c;
      }
    }
    expect_hostile_records_are_harmless(program);
  }
}

TEST(Layers16x8, AreTheirSums) {
  for (const ir::Op op :
       {ir::Op::fully_connected, ir::Op::conv2d, ir::Op::depthwise_conv2d, ir::Op::transpose_conv2d}) {
    expect_layer_is_its_sum(op, ir::DType::i64);
    expect_layer_is_its_sum(op, ir::DType::i32);
  }
}

TEST(Layers16x8, RefuseAZeroPoint) {
  OneNode node(ir::Op::fully_connected, ir::ActivationAttributes{});
  node.input(ir::DType::i16, {1, 1}, {{kUnit}, {3}});
  node.constant(ir::DType::i8, {1, 1}, std::vector<int8_t>{1}, {{1.0f}, {0}});
  node.output(ir::DType::i16, {1, 1}, {{kUnit}, {0}});
  EXPECT_THROW(node.compile(), Error);
}

// The op on random values of [-1, 1), and how far off it may be, in steps of the output.
template <typename F>
void expect_function(ir::Op op, ir::Attributes attributes, float in_scale, float out_scale, double most, F real) {
  OneNode node(op, std::move(attributes));
  node.input(ir::DType::i16, {1, 400}, {{in_scale}, {0}});
  node.output(ir::DType::i16, {1, 400}, {{out_scale}, {0}});
  const std::vector<int16_t> x = random_values<int16_t>(400, 11, -32768, 32767);
  const Program program = node.compile();
  const std::vector<int16_t> y = run<int16_t>(program, std::vector<std::vector<int16_t>>{x});
  for (size_t i = 0; i < x.size(); ++i) {
    const double want = real(x[i] * static_cast<double>(in_scale)) / static_cast<double>(out_scale);
    ASSERT_NEAR(y[i], std::clamp(want, -32768.0, 32767.0), most) << ir::name_of(op) << " of " << x[i];
  }
  expect_hostile_records_are_harmless(program);
}

TEST(Functions16, AreNearTheRealOnes) {
  const auto tanh = [](double v) { return std::tanh(v); };
  const auto logistic = [](double v) { return 1 / (1 + std::exp(-v)); };
  for (const float scale : {1.0f / 4096, 1.0f / 2048, 0.0003f}) {
    expect_function(ir::Op::tanh, {}, scale, kUnit, 8, tanh);
    expect_function(ir::Op::logistic, {}, scale, kUnit, 8, logistic);
  }
  expect_function(ir::Op::relu, {}, 0.001f, 0.0007f, 1, [](double v) { return std::max(v, 0.0); });
  expect_function(ir::Op::relu6, {}, 0.001f, 0.0007f, 1, [](double v) { return std::clamp(v, 0.0, 6.0); });
  for (const float alpha : {0.3f, -0.3f}) {
    expect_function(ir::Op::leaky_relu, ir::LeakyReluAttributes{alpha}, 0.001f, 0.0007f, 1.01,
                    [alpha](double v) { return v > 0 ? v : v * static_cast<double>(alpha); });
  }
}

TEST(Functions16, SoftmaxSumsToOne) {
  OneNode node(ir::Op::softmax, ir::SoftmaxAttributes{});
  node.input(ir::DType::i16, {2, 5}, {{0.0002f}, {0}});
  node.output(ir::DType::i16, {2, 5}, {{kUnit}, {0}});
  const std::vector<int16_t> x = random_values<int16_t>(10, 13, -32768, 32767);
  const Program program = node.compile();
  const std::vector<int16_t> y = run<int16_t>(program, std::vector<std::vector<int16_t>>{x});
  for (size_t row = 0; row < 2; ++row) {
    double sum = 0;
    for (size_t i = 0; i < 5; ++i) sum += std::exp(x[row * 5 + i] * 0.0002);
    for (size_t i = 0; i < 5; ++i) EXPECT_NEAR(y[row * 5 + i], 32768 * std::exp(x[row * 5 + i] * 0.0002) / sum, 8);
  }
  expect_hostile_records_are_harmless(program);
}

TEST(Elementwise16, AddsAndMultiplies) {
  for (const ir::Op op : {ir::Op::add, ir::Op::sub, ir::Op::mul}) {
    OneNode node(op, ir::ActivationAttributes{});
    node.input(ir::DType::i16, {1, 300}, {{0.001f}, {0}});
    node.input(ir::DType::i16, {1, 300}, {{0.0005f}, {0}});
    const double out_scale = op == ir::Op::mul ? 0.02 : 0.0016;
    node.output(ir::DType::i16, {1, 300}, {{static_cast<float>(out_scale)}, {0}});
    const std::vector<int16_t> a = random_values<int16_t>(300, 17, -32768, 32767),
                               b = random_values<int16_t>(300, 19, -32768, 32767);
    const Program program = node.compile();
    const std::vector<int16_t> y = run<int16_t>(program, std::vector<std::vector<int16_t>>{a, b});
    for (size_t i = 0; i < y.size(); ++i) {
      const double x1 = a[i] * 0.001, x2 = b[i] * 0.0005;
      const double want = op == ir::Op::mul ? x1 * x2 : (op == ir::Op::add ? x1 + x2 : x1 - x2);
      ASSERT_NEAR(y[i], std::clamp(want / out_scale, -32768.0, 32767.0), 1.5);
    }
    expect_hostile_records_are_harmless(program);
  }
}

TEST(Pool16, AveragesAndFindsTheLargest) {
  for (const ir::Op op : {ir::Op::average_pool2d, ir::Op::max_pool2d}) {
    ir::PoolAttributes a;
    a.kernel_h = a.kernel_w = 2;
    OneNode node(op, a);
    node.input(ir::DType::i16, {1, 2, 2, 1}, {{kUnit}, {0}});
    node.output(ir::DType::i16, {1, 1, 1, 1}, {{kUnit}, {0}});
    const std::vector<int16_t> x = {-30000, -30001, 500, -20000};
    EXPECT_EQ(run<int16_t>(node.compile(), std::vector<std::vector<int16_t>>{x})[0],
              op == ir::Op::max_pool2d ? 500 : -19875);
  }
}

TEST(Mean16, IsTheRoundedMean) {
  OneNode node(ir::Op::mean, ir::ReduceAttributes{{1}, false});
  node.input(ir::DType::i16, {2, 4}, {{kUnit}, {0}});
  node.output(ir::DType::i16, {2}, {{kUnit}, {0}});
  const std::vector<int16_t> x = {1000, 2000, 3000, 4000, -32768, -32768, -32768, -32768};
  EXPECT_EQ(run<int16_t>(node.compile(), std::vector<std::vector<int16_t>>{x}), (std::vector<int16_t>{2500, -32768}));
}

}  // namespace
}  // namespace whit::compile
