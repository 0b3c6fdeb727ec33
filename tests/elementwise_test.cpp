// Elementwise ops and softmax through lowering and player: against plain loops written here, and in place against
// apart.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>

#include "tests/one_op.hpp"
#include "whit/base/error.hpp"

namespace whit {
namespace {

using namespace tests;  // NOLINT: the words of one_op.hpp
using ir::Activation;

std::vector<float> random_floats(size_t count, uint32_t seed, float low = -4.0f, float high = 4.0f) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(low, high);
  std::vector<float> result(count);
  for (float& value : result) value = uniform(engine);
  return result;
}

// Index of the element of an operand of `shape` that meets element `i` of an output of `output`.
size_t operand_index(const ir::Shape& shape, const ir::Shape& output, size_t i) {
  size_t index = 0, stride = 1;
  for (size_t d = output.size(), k = shape.size(); k > 0; --k, --d) {
    const auto coordinate = i % static_cast<size_t>(output[d - 1]);
    i /= static_cast<size_t>(output[d - 1]);
    if (shape[k - 1] != 1) index += coordinate * stride;
    stride *= static_cast<size_t>(shape[k - 1]);
  }
  return index;
}

size_t count(const ir::Shape& shape) { return static_cast<size_t>(ir::elements(shape)); }

struct Shapes {
  ir::Shape first, second, output;
};

const std::vector<Shapes>& broadcasts() {
  static const std::vector<Shapes> all = {
      {{1}, {1}, {1}},
      {{7}, {7}, {7}},
      {{3, 5}, {5}, {3, 5}},
      {{5}, {3, 5}, {3, 5}},
      {{2, 3, 5}, {1}, {2, 3, 5}},
      {{}, {4, 1, 9}, {4, 1, 9}},
      {{1, 4, 4, 6}, {1, 1, 1, 6}, {1, 4, 4, 6}},
      {{1, 4, 5, 6}, {1, 4, 1, 6}, {1, 4, 5, 6}},
      {{2, 1, 3, 1}, {1, 4, 1, 5}, {2, 4, 3, 5}},
      {{2, 1, 3, 4, 5}, {2, 6, 3, 4, 1}, {2, 6, 3, 4, 5}},
  };
  return all;
}

struct FloatCase {
  Op op;
  std::function<float(float, float)> f;
};

const std::vector<FloatCase>& float_ops() {
  static const std::vector<FloatCase> all = {
      {Op::add, [](float a, float b) { return a + b; }},
      {Op::sub, [](float a, float b) { return a - b; }},
      {Op::mul, [](float a, float b) { return a * b; }},
      {Op::div, [](float a, float b) { return a / b; }},
      {Op::maximum, [](float a, float b) { return std::max(a, b); }},
      {Op::minimum, [](float a, float b) { return std::min(a, b); }},
      {Op::squared_difference, [](float a, float b) { return (a - b) * (a - b); }},
      {Op::prelu, [](float a, float b) { return a >= 0 ? a : a * b; }},
  };
  return all;
}

TEST(Elementwise, Float32Broadcasts) {
  for (const FloatCase& c : float_ops()) {
    for (const Shapes& s : broadcasts()) {
      const std::vector<float> a = random_floats(count(s.first), 1), b = random_floats(count(s.second), 2, 0.5f, 3.0f);
      const ir::Graph graph =
          model(c.op, {tensor(DType::f32, s.first), tensor(DType::f32, s.second)}, tensor(DType::f32, s.output));
      const std::vector<float> y = values<float>(run(graph, {bytes(a), bytes(b)}).output);
      for (size_t i = 0; i < y.size(); ++i) {
        const float expected = c.f(a[operand_index(s.first, s.output, i)], b[operand_index(s.second, s.output, i)]);
        ASSERT_EQ(y[i], expected) << ir::name_of(c.op) << ir::to_string(s.first) << ir::to_string(s.second);
      }
    }
  }
}

TEST(Elementwise, Float32Powers) {
  const std::vector<float> a = {2, -2, 0, 9, -8}, b = {10, 3, 2, 0.5f, 1.0f / 3};
  const ir::Graph graph = model(Op::pow, {tensor(DType::f32, {5}), tensor(DType::f32, {5})}, tensor(DType::f32, {5}));
  const std::vector<float> y = values<float>(run(graph, {bytes(a), bytes(b)}).output);
  EXPECT_EQ(std::vector<float>(y.begin(), y.end() - 1), (std::vector<float>{1024, -8, 0, 3}));
  EXPECT_TRUE(std::isnan(y.back()));
}

TEST(Elementwise, Float32FusedActivation) {
  const std::vector<float> a = {-5, -0.5, 0.5, 3, 9, std::nanf("")}, b = {0, 0, 0, 0, 0, 0};
  const ir::Graph graph = model(Op::add, {tensor(DType::f32, {6}), tensor(DType::f32, {6})}, tensor(DType::f32, {6}),
                                ir::ActivationAttributes{Activation::relu6});
  const std::vector<float> y = values<float>(run(graph, {bytes(a), bytes(b)}).output);
  EXPECT_EQ(std::vector<float>(y.begin(), y.end() - 1), (std::vector<float>{0, 0, 0.5, 3, 6}));
  EXPECT_TRUE(std::isnan(y.back()));
}

TEST(Elementwise, Int32Wraps) {
  const int32_t big = std::numeric_limits<int32_t>::max();
  const std::vector<int32_t> a = {3, -7, big}, b = {5, 2, 1};
  const std::vector<std::pair<Op, std::vector<int32_t>>> cases = {
      {Op::add, {8, -5, std::numeric_limits<int32_t>::min()}},
      {Op::sub, {-2, -9, big - 1}},
      {Op::mul, {15, -14, big}},
      {Op::maximum, {5, 2, big}},
      {Op::minimum, {3, -7, 1}}};
  for (const auto& [op, expected] : cases) {
    const ir::Graph graph = model(op, {tensor(DType::i32, {3}), tensor(DType::i32, {3})}, tensor(DType::i32, {3}));
    EXPECT_EQ(values<int32_t>(run(graph, {bytes(a), bytes(b)}).output), expected) << ir::name_of(op);
  }
}

TEST(Elementwise, ComparesFloatsAndNaNs) {
  const float nan = std::nanf("");
  const std::vector<float> a = {1, 2, 3, nan}, b = {2, 2, 2, nan};
  const std::vector<std::pair<Op, Bytes>> cases = {{Op::equal, {0, 1, 0, 0}},   {Op::not_equal, {1, 0, 1, 1}},
                                                   {Op::less, {1, 0, 0, 0}},    {Op::less_equal, {1, 1, 0, 0}},
                                                   {Op::greater, {0, 0, 1, 0}}, {Op::greater_equal, {0, 1, 1, 0}}};
  for (const auto& [op, expected] : cases) {
    const ir::Graph graph = model(op, {tensor(DType::f32, {4}), tensor(DType::f32, {4})}, tensor(DType::boolean, {4}));
    EXPECT_EQ(run(graph, {bytes(a), bytes(b)}).output, expected) << ir::name_of(op);
  }
}

TEST(Elementwise, SelectBroadcasts) {
  const std::vector<float> a = random_floats(6, 3), b = {9};
  const Bytes condition = {1, 0, 1};
  const ir::Graph graph =
      model(Op::select, {tensor(DType::boolean, {1, 3}), tensor(DType::f32, {2, 3}), tensor(DType::f32, {})},
            tensor(DType::f32, {2, 3}));
  EXPECT_EQ(values<float>(run(graph, {condition, bytes(a), bytes(b)}).output),
            (std::vector<float>{a[0], 9, a[2], a[3], 9, a[5]}));
}

TEST(Elementwise, ConstantScalarBecomesATable) {
  Bytes x(256);
  for (size_t i = 0; i < 256; ++i) x[i] = static_cast<uint8_t>(i);
  for (const Op op : {Op::add, Op::sub, Op::mul, Op::maximum}) {
    for (const bool first : {false, true}) {
      const ir::Tensor variable = quantized(DType::i8, {1, 256}, 0.05f, 3);
      const ir::Tensor scalar = quantized(DType::i8, {}, 0.02f, -5);
      const ir::Tensor output = quantized(DType::i8, {1, 256}, 0.07f, 1);
      ir::Attributes attributes;
      if (has_activation(op)) attributes = ir::ActivationAttributes{};
      const ir::Tensor fixed = constant(scalar, {100});
      const Played table = first ? run(model(op, {fixed, variable}, output, attributes), {x})
                                 : run(model(op, {variable, fixed}, output, attributes), {x});
      const Played kernel = first ? run(model(op, {scalar, variable}, output, attributes), {{100}, x})
                                  : run(model(op, {variable, scalar}, output, attributes), {x, {100}});
      EXPECT_EQ(table.kernels[0], id(rt::KernelId::lookup_s8));
      EXPECT_NE(kernel.kernels[0], id(rt::KernelId::lookup_s8));
      EXPECT_EQ(table.output, kernel.output) << ir::name_of(op);
      EXPECT_EQ(table.arena_bytes, 256u);
    }
  }
}

TEST(Elementwise, Float32Unary) {
  const auto relu_n = [](float low, float high) { return [=](float x) { return std::min(std::max(x, low), high); }; };
  const std::vector<std::pair<Op, std::function<float(float)>>> cases = {
      {Op::relu, relu_n(0, 1e9f)},
      {Op::relu6, relu_n(0, 6)},
      {Op::relu_n1_to_1, relu_n(-1, 1)},
      {Op::relu_0_to_1, relu_n(0, 1)},
      {Op::leaky_relu, [](float x) { return x > 0 ? x : 0.25f * x; }},
      {Op::elu, [](float x) { return x < 0 ? std::expm1(x) : x; }},
      {Op::hard_swish, [](float x) { return x * std::min(6.0f, std::max(0.0f, x + 3)) / 6; }},
      {Op::logistic, [](float x) { return 1 / (1 + std::exp(-x)); }},
      {Op::tanh, [](float x) { return std::tanh(x); }},
      {Op::abs, [](float x) { return std::fabs(x); }},
      {Op::neg, [](float x) { return -x; }},
      {Op::exp, [](float x) { return std::exp(x); }},
      {Op::erf, [](float x) { return std::erf(x); }},
      {Op::log, [](float x) { return std::log(x); }},
      {Op::sqrt, [](float x) { return std::sqrt(x); }},
      {Op::rsqrt, [](float x) { return 1 / std::sqrt(x); }},
      {Op::square, [](float x) { return x * x; }},
      {Op::sin, [](float x) { return std::sin(x); }},
      {Op::cos, [](float x) { return std::cos(x); }},
      {Op::floor, [](float x) { return std::floor(x); }},
      {Op::ceil, [](float x) { return std::ceil(x); }},
      {Op::round, [](float x) { return std::nearbyint(x); }},
  };
  for (const auto& [op, f] : cases) {
    const bool positive = op == Op::log || op == Op::sqrt || op == Op::rsqrt;
    std::vector<float> x = random_floats(37, 5, positive ? 0.01f : -20.0f, 20.0f);
    for (const float tie : {0.5f, 1.5f, 2.5f}) x.push_back(tie);
    ir::Attributes attributes;
    if (op == Op::leaky_relu) attributes = ir::LeakyReluAttributes{0.25f};
    const auto size = static_cast<int32_t>(x.size());
    const Played result =
        run(model(op, {tensor(DType::f32, {size})}, tensor(DType::f32, {size}), attributes), {bytes(x)});
    EXPECT_EQ(result.arena_bytes, 4 * x.size());
    const std::vector<float> y = values<float>(result.output);
    for (size_t i = 0; i < x.size(); ++i) {
      EXPECT_NEAR(y[i], f(x[i]), 1e-6f * (1 + std::fabs(f(x[i])))) << ir::name_of(op) << "(" << x[i] << ")";
    }
  }
}

TEST(Elementwise, Float32Softmaxes) {
  const std::vector<float> x = random_floats(21, 6);
  for (const Op op : {Op::softmax, Op::log_softmax, Op::l2_normalization}) {
    ir::Attributes attributes;
    if (op == Op::softmax) attributes = ir::SoftmaxAttributes{0.5f};
    const Played result =
        run(model(op, {tensor(DType::f32, {3, 7})}, tensor(DType::f32, {3, 7}), attributes), {bytes(x)});
    EXPECT_EQ(result.arena_bytes, 84u);
    const std::vector<float> y = values<float>(result.output);
    for (size_t row = 0; row < 3; ++row) {
      double sum = 0, squares = 0;
      for (size_t i = 0; i < 7; ++i) {
        sum += std::exp((op == Op::softmax ? 0.5 : 1.0) * x[row * 7 + i]);
        squares += static_cast<double>(x[row * 7 + i]) * x[row * 7 + i];
      }
      for (size_t i = 0; i < 7; ++i) {
        const double v = x[row * 7 + i];
        const double expected = op == Op::softmax       ? std::exp(0.5 * v) / sum
                                : op == Op::log_softmax ? v - std::log(sum)
                                                        : v / std::sqrt(squares);
        EXPECT_NEAR(y[row * 7 + i], expected, 2e-6);
      }
    }
  }
}

TEST(Elementwise, QuantizesAndDequantizes) {
  const std::vector<float> x = {0, 0.049f, 0.05f, -0.05f, 0.15f, 6.3f, 1e30f, -1e30f, std::nanf(""), -6.45f};
  const auto size = static_cast<int32_t>(x.size());
  const Played q =
      run(model(Op::quantize, {tensor(DType::f32, {size})}, quantized(DType::i8, {size}, 0.1f, -3)), {bytes(x)});
  EXPECT_EQ(q.arena_bytes, 4 * x.size()) << "in place";
  EXPECT_EQ(values<int8_t>(q.output), (std::vector<int8_t>{-3, -3, -2, -4, -1, 60, 127, -128, -128, -68}));
  const Played u =
      run(model(Op::quantize, {tensor(DType::f32, {size})}, quantized(DType::u8, {size}, 0.1f, 125)), {bytes(x)});
  EXPECT_EQ(u.output, (Bytes{125, 125, 126, 124, 127, 188, 255, 0, 0, 60}));

  const Bytes codes = {0x80, 0xff, 0x00, 0x01, 0x7f};
  const Played d = run(model(Op::dequantize, {quantized(DType::i8, {5}, 0.1f, -3)}, tensor(DType::f32, {5})), {codes});
  EXPECT_LE(d.arena_bytes, 20u) << "the output may run ahead of the input";
  EXPECT_EQ(values<float>(d.output), (std::vector<float>{0.1f * -125, 0.1f * 2, 0.1f * 3, 0.1f * 4, 0.1f * 130}));
}

TEST(Elementwise, RequantizesBetweenWidths) {
  const std::vector<int16_t> x = {-32768, -300, -1, 0, 1, 299, 32767};
  const Played narrow =
      run(model(Op::quantize, {quantized(DType::i16, {7}, 0.01f, 0)}, quantized(DType::i8, {7}, 0.02f, 5)), {bytes(x)});
  EXPECT_EQ(values<int8_t>(narrow.output), (std::vector<int8_t>{-128, -128, 5, 5, 6, 127, 127}));
  const Played wide = run(
      model(Op::quantize, {quantized(DType::i16, {7}, 0.04f, 0)}, quantized(DType::i32, {7}, 0.01f, 0)), {bytes(x)});
  EXPECT_EQ(values<int32_t>(wide.output), (std::vector<int32_t>{-131072, -1200, -4, 0, 4, 1196, 131068}));
}

TEST(Elementwise, Casts) {
  const std::vector<float> x = {-1.9f, 1.9f, 0.0f, 3e10f, std::nanf("")};
  const auto cast = [&](DType from, DType to, int32_t size, const Bytes& data) {
    return run(model(Op::cast, {tensor(from, {size})}, tensor(to, {size})), {data}).output;
  };
  EXPECT_EQ(values<int32_t>(cast(DType::f32, DType::i32, 5, bytes(x))),
            (std::vector<int32_t>{-1, 1, 0, std::numeric_limits<int32_t>::max(), 0}));
  EXPECT_EQ(values<int8_t>(cast(DType::f32, DType::i8, 5, bytes(x))), (std::vector<int8_t>{-1, 1, 0, 127, 0}));
  EXPECT_EQ(cast(DType::f32, DType::boolean, 4, bytes(x)), (Bytes{1, 1, 0, 1}));
  const std::vector<int64_t> wide = {-2, int64_t{1} << 33, 7};
  EXPECT_EQ(values<int32_t>(cast(DType::i64, DType::i32, 3, bytes(wide))), (std::vector<int32_t>{-2, 0, 7}));
  EXPECT_EQ(values<float>(cast(DType::i64, DType::f32, 3, bytes(wide))), (std::vector<float>{-2, 8589934592.0f, 7}));
  EXPECT_EQ(values<float>(cast(DType::boolean, DType::f32, 2, {0, 1})), (std::vector<float>{0, 1}));
  EXPECT_EQ(values<int32_t>(cast(DType::i8, DType::i32, 2, {0xff, 5})), (std::vector<int32_t>{-1, 5}));
  EXPECT_EQ(values<int32_t>(cast(DType::u8, DType::i32, 2, {0xff, 5})), (std::vector<int32_t>{255, 5}));
}

TEST(Elementwise, VariablesKeepTheirState) {
  ir::Graph graph;
  graph.variables.push_back({"state", DType::i8, {3}, {}, {1, 2, 3}});
  const ir::TensorId x = graph.add_tensor(tensor(DType::i8, {3})), y = graph.add_tensor(tensor(DType::i8, {3}));
  graph.inputs = {x};
  graph.outputs = {y};
  graph.nodes = {{Op::read_variable, {}, {y}, ir::VariableAttributes{0}, 0},
                 {Op::assign_variable, {x}, {}, ir::VariableAttributes{0}, 1}};
  EXPECT_EQ(run(graph, {{7, 8, 9}}).output, (Bytes{1, 2, 3}));
}

TEST(Elementwise, RefusesWhatHasNoKernel) {
  const auto refused = [](const ir::Graph& graph) {
    try {
      compile::lower(graph, {});
    } catch (const Error& error) {
      return error.code() == ErrorCode::unsupported;
    }
    return false;
  };
  const ir::Tensor i8 = quantized(DType::i8, {4}, 0.1f, 0), i16 = quantized(DType::i16, {4}, 0.1f, 0);
  EXPECT_TRUE(refused(model(Op::maximum, {i16, i16}, i16)));
  EXPECT_TRUE(refused(model(Op::div, {i8, i8}, i8, ir::ActivationAttributes{})));
  EXPECT_TRUE(refused(model(Op::softmax, {i8}, i8, ir::SoftmaxAttributes{})));  // wrong output scale
  EXPECT_TRUE(refused(model(Op::tanh, {i16}, i16)));
  EXPECT_TRUE(refused(model(Op::logistic, {tensor(DType::i8, {4})}, i8)));  // no scale
  EXPECT_TRUE(refused(model(Op::add, {tensor(DType::f32, {3}), tensor(DType::f32, {4})}, tensor(DType::f32, {4}),
                            ir::ActivationAttributes{})));
  EXPECT_TRUE(refused(model(Op::add, {tensor(DType::f32, {2, 1, 2, 1, 2}), tensor(DType::f32, {1, 2, 1, 2, 1})},
                            tensor(DType::f32, {2, 2, 2, 2, 2}), ir::ActivationAttributes{})));
}

}  // namespace
}  // namespace whit