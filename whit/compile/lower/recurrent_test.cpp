// Recurrent layers on the host player: floats against the formulas of ir::RecurrentAttributes in double, integers
// against the float layer that they stand for, state kept against a sequence in one go. Bits of TFLite models:
// tests/peer.
#include "whit/base/error.hpp"
#include "whit/compile/lower/one_node_test.hpp"
#include "whit/ir/text.hpp"
#include "whit/ir/verify.hpp"

namespace whit::compile {
namespace {

using namespace one_node;
using Doubles = std::vector<double>;

constexpr int32_t kBatch = 2, kSteps = 7, kDepth = 5, kUnits = 6;

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

// Real weights of a layer with `gates` gates: [gates][units][depth], [gates][units][units], biases, recurrent biases.
struct Weights {
  std::vector<Doubles> input, recurrent, bias, recurrent_bias, peephole;
};

// Element by element: row u of matrix `w` times x.
double row(const Doubles& w, const Doubles& x, int32_t u) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += w[static_cast<size_t>(u) * x.size() + i] * x[i];
  return sum;
}

size_t row_of(const ir::RecurrentAttributes& a, int32_t b, int32_t t) {
  const int32_t step = a.reverse ? kSteps - 1 - t : t;
  return static_cast<size_t>(a.time_major ? step * kBatch + b : b * kSteps + step);
}

Doubles reference(ir::Op op, const ir::RecurrentAttributes& a, const Weights& w, const Doubles& x, Doubles h_all,
                  Doubles c_all) {
  Doubles y(static_cast<size_t>(kBatch * kSteps * kUnits));
  for (int32_t b = 0; b < kBatch; ++b) {
    Doubles h(h_all.begin() + b * kUnits, h_all.begin() + (b + 1) * kUnits);
    Doubles c(c_all.begin() + b * kUnits, c_all.begin() + (b + 1) * kUnits);
    for (int32_t t = 0; t < kSteps; ++t) {
      const size_t at = row_of(a, b, t);
      const Doubles in(x.begin() + static_cast<ptrdiff_t>(at * kDepth),
                       x.begin() + static_cast<ptrdiff_t>((at + 1) * kDepth));
      const auto gate = [&](size_t g, int32_t u) {
        return row(w.input[g], in, u) + row(w.recurrent[g], h, u) + w.bias[g][static_cast<size_t>(u)];
      };
      Doubles next(kUnits);
      Doubles reset(kUnits), gated(kUnits);
      for (int32_t u = 0; op == ir::Op::gru && u < kUnits; ++u) {
        const auto k = static_cast<size_t>(u);
        reset[k] = logistic(gate(1, u) + w.recurrent_bias[1][k]);
        gated[k] = reset[k] * h[k];
      }
      for (int32_t u = 0; u < kUnits; ++u) {
        const auto k = static_cast<size_t>(u);
        if (op == ir::Op::lstm) {
          const double i = logistic(gate(0, u) + w.peephole[0][k] * c[k]);
          const double f = logistic(gate(1, u) + w.peephole[1][k] * c[k]);
          c[k] = f * c[k] + i * std::tanh(gate(2, u));
          if (a.cell_clip > 0) c[k] = std::clamp(c[k], -double{a.cell_clip}, double{a.cell_clip});
          next[k] = logistic(gate(3, u) + w.peephole[2][k] * c[k]) * std::tanh(c[k]);
        } else {
          const double z = logistic(gate(0, u) + w.recurrent_bias[0][k]);
          const double in_part = row(w.input[2], in, u) + w.bias[2][k];
          const double part = a.linear_before_reset ? reset[k] * (row(w.recurrent[2], h, u) + w.recurrent_bias[2][k])
                                                    : row(w.recurrent[2], gated, u) + w.recurrent_bias[2][k];
          next[k] = (1 - z) * std::tanh(in_part + part) + z * h[k];
        }
      }
      h = next;
      std::copy(h.begin(), h.end(), y.begin() + static_cast<ptrdiff_t>(at * kUnits));
    }
  }
  return y;
}

ir::Shape sequence(const ir::RecurrentAttributes& a, int32_t depth) {
  return a.time_major ? ir::Shape{kSteps, kBatch, depth} : ir::Shape{kBatch, kSteps, depth};
}

Doubles to_doubles(const std::vector<float>& values) { return {values.begin(), values.end()}; }

// A constant with values on the grid of its type; the real values go to `real`.
void add_constant(OneNode& node, ir::DType type, const ir::Shape& shape, uint32_t seed, double reach, float scale,
                  Doubles* real) {
  const auto count = static_cast<size_t>(ir::elements(shape));
  if (type == ir::DType::f32) {
    const std::vector<float> values = random_values<float>(count, seed, -reach, reach);
    *real = to_doubles(values);
    return node.constant(type, shape, values);
  }
  const double most = std::min(reach / static_cast<double>(scale), type == ir::DType::i8 ? 127.0 : 1e9);
  const std::vector<int32_t> values = random_values<int32_t>(count, seed, -most, most);
  for (const int32_t v : values) real->push_back(v * static_cast<double>(scale));
  if (type == ir::DType::i32) return node.constant(type, shape, values);
  node.constant(type, shape, std::vector<int8_t>(values.begin(), values.end()), {{scale}, {0}});
}

struct Built {
  OneNode node;
  Weights weights;
  ir::Quantization in, out;
};

// A layer with random weights; activations of f32, i8 or i16. Biases of half the range of a gate.
Built build(ir::Op op, const ir::RecurrentAttributes& a, ir::DType type, bool initial, bool peepholes) {
  const bool lstm = op == ir::Op::lstm, integer = type != ir::DType::f32;
  Built b{OneNode(op, a), {}, {}, {}};
  if (type == ir::DType::i8) b.in = {{2.0f / 255}, {-1}}, b.out = {{2.0f / 255}, {3}};
  if (type == ir::DType::i16) b.in = b.out = {{1.0f / 32768}, {0}};
  const ir::DType weights = integer ? ir::DType::i8 : ir::DType::f32,
                  biases = integer ? ir::DType::i32 : ir::DType::f32;
  const float w = 1.0f / 127;
  b.node.input(type, sequence(a, kDepth), b.in);
  const uint32_t gates = lstm ? 4 : 3;
  uint32_t seed = 1;
  const auto add = [&](uint32_t count, ir::DType t, const ir::Shape& shape, float scale, std::vector<Doubles>& real) {
    for (uint32_t g = 0; g < count; ++g) add_constant(b.node, t, shape, ++seed, 1.0, scale, &real.emplace_back());
  };
  add(gates, weights, {kUnits, kDepth}, w, b.weights.input);
  add(gates, weights, {kUnits, kUnits}, w, b.weights.recurrent);
  add(gates, biases, {kUnits}, integer ? b.in.scale[0] * w : 1.0f, b.weights.bias);
  if (!lstm) add(gates, biases, {kUnits}, integer ? b.out.scale[0] * w : 1.0f, b.weights.recurrent_bias);
  if (lstm && peepholes) add(3, ir::DType::f32, {kUnits}, 1.0f, b.weights.peephole);
  if (lstm && !peepholes) {
    b.node.node.inputs.resize(ir::LstmInput::hidden, ir::kNoTensor);
    b.weights.peephole.assign(3, Doubles(kUnits));
  }
  const ir::DType wide = integer ? ir::DType::i16 : ir::DType::f32;
  const ir::Quantization cell = integer ? ir::Quantization{{1.0f / 4096}, {0}} : ir::Quantization{};
  const ir::Quantization gru_state = integer ? ir::Quantization{{1.0f / 32768}, {0}} : ir::Quantization{};
  const ir::Shape state = {kBatch, kUnits};
  for (uint32_t s = 0; s < (lstm ? 2u : 1u); ++s) {
    if (!initial) {
      b.node.node.inputs.push_back(ir::kNoTensor);
    } else if (lstm) {
      b.node.input(s == 0 ? type : wide, state, s == 0 ? b.out : cell);
    } else {
      b.node.input(wide, state, gru_state);
    }
  }
  b.node.output(type, sequence(a, kUnits), b.out);
  b.node.output(lstm ? type : wide, state, lstm ? b.out : gru_state);
  if (lstm) b.node.output(wide, state, cell);
  b.node.graph.nodes = {b.node.node};
  ir::verify(b.node.graph);
  return b;
}

std::vector<ir::RecurrentAttributes> all_attributes() {
  std::vector<ir::RecurrentAttributes> all;
  for (int bits = 0; bits < 8; ++bits) {
    ir::RecurrentAttributes a;
    a.time_major = (bits & 1) != 0, a.reverse = (bits & 2) != 0, a.linear_before_reset = (bits & 4) != 0;
    a.cell_clip = (bits & 4) != 0 ? 0.4f : 0.0f;
    all.push_back(a);
  }
  return all;
}

TEST(LowerRecurrent, FloatFollowsTheFormulas) {
  for (const ir::Op op : {ir::Op::lstm, ir::Op::gru}) {
    for (const ir::RecurrentAttributes& a : all_attributes()) {
      Built b = build(op, a, ir::DType::f32, true, true);
      const std::vector<float> x = random_values<float>(kBatch * kSteps * kDepth, 91, -2, 2);
      const std::vector<float> h = random_values<float>(kBatch * kUnits, 92, -1, 1);
      const std::vector<float> c = random_values<float>(kBatch * kUnits, 93, -1, 1);
      const Program program = b.node.compile();
      std::vector<std::vector<float>> inputs = {x, h};
      if (op == ir::Op::lstm) inputs.push_back(c);
      const std::vector<float> y = run<float>(program, inputs);
      const Doubles want = reference(op, a, b.weights, to_doubles(x), to_doubles(h), to_doubles(c));
      for (size_t i = 0; i < y.size(); ++i) ASSERT_NEAR(y[i], want[i], 1e-5) << i;
    }
  }
}

// How far a quantized layer is from the real one, as a share of the output's range of 2.
template <typename T>
double worst_error(ir::Op op, const ir::RecurrentAttributes& a, ir::DType type) {
  Built b = build(op, a, type, false, false);
  const std::vector<T> x =
      random_values<T>(kBatch * kSteps * kDepth, 91, sizeof(T) == 1 ? -128 : -32767, sizeof(T) == 1 ? 127 : 32767);
  Doubles real;
  for (const T v : x) real.push_back((v - b.in.zero_point[0]) * static_cast<double>(b.in.scale[0]));
  const std::vector<T> y = run<T>(b.node.compile(), std::vector<std::vector<T>>{x});
  const Doubles none(kBatch * kUnits);
  const Doubles want = reference(op, a, b.weights, real, none, none);
  double worst = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    const double got = (y[i] - b.out.zero_point[0]) * static_cast<double>(b.out.scale[0]);
    worst = std::max(worst, std::abs(got - want[i]) / 2);
  }
  return worst;
}

TEST(LowerRecurrent, IntegersStayNearTheRealLayer) {
  for (const ir::Op op : {ir::Op::lstm, ir::Op::gru}) {
    for (const ir::RecurrentAttributes& a : all_attributes()) {
      EXPECT_LT(worst_error<int8_t>(op, a, ir::DType::i8), 0.01);
      EXPECT_LT(worst_error<int16_t>(op, a, ir::DType::i16), 0.0005);
    }
  }
}

// Five steps of one inference, and five inferences of one step that keep their state.
TEST(LowerRecurrent, KeepsItsStateInTheVariable) {
  const char* text = R"(graph "lstm"
variable 0 "h": i8 [1,2] scale 0.0078125 zero_point 3 = {3 3}
variable 1 "c": i16 [1,2] scale 0.00048828125 zero_point 0 = {0 0}
input %0 "x": i8 [1,STEPS,3] scale 0.05 zero_point -1
const %1 "w": i8 [2,3] scale 0.01 zero_point 0 = {10 -20 30 40 50 -60}
const %2 "r": i8 [2,2] scale 0.01 zero_point 0 = {100 20 -30 40}
%3 "h0": i8 [1,2] scale 0.0078125 zero_point 3 = read_variable()
%4 "c0": i16 [1,2] scale 0.00048828125 zero_point 0 = read_variable() {variable=1}
%5 "y": i8 [1,STEPS,2] scale 0.0078125 zero_point 3, %6 "h": i8 [1,2] scale 0.0078125 zero_point 3, %7 "c": i16 [1,2] scale 0.00048828125 zero_point 0 = lstm(%0, %1, %1, %1, %1, %2, %2, %2, %2, -, -, -, -, -, -, -, %3, %4)
assign_variable(%6)
assign_variable(%7) {variable=1}
output %5
)";
  const auto with_steps = [&](const std::string& steps) {
    std::string s = text;
    for (size_t at = 0; (at = s.find("STEPS")) != std::string::npos;) s.replace(at, 5, steps);
    const ir::Graph graph = ir::parse_text(s);
    ir::verify(graph);
    return Program(lower(graph, {}).program, "lstm");
  };
  const std::vector<int8_t> x = random_values<int8_t>(15, 7);
  const std::vector<int8_t> want = run<int8_t>(with_steps("5"), std::vector<std::vector<int8_t>>{x});
  const Program program = with_steps("1");
  EXPECT_EQ(program.ops().size(), 1u) << "the layer works in its variables, without copies";
  HostPlayer player(program);
  std::vector<int8_t> got;
  for (size_t t = 0; t < 5; ++t) {
    player.set_input(0, as_bytes(std::vector<int8_t>(x.begin() + static_cast<ptrdiff_t>(3 * t),
                                                     x.begin() + static_cast<ptrdiff_t>(3 * t + 3))));
    player.invoke();
    for (const uint8_t v : player.output(0)) got.push_back(static_cast<int8_t>(v));
  }
  EXPECT_EQ(got, want);
}

TEST(LowerRecurrent, HostileRecordsAreHarmless) {
  for (const ir::Op op : {ir::Op::lstm, ir::Op::gru}) {
    for (const ir::DType type : {ir::DType::f32, ir::DType::i8, ir::DType::i16}) {
      expect_hostile_records_are_harmless(build(op, {}, type, true, type == ir::DType::f32).node.compile());
    }
  }
}

TEST(LowerRecurrent, RefusesACellScaleThatIsNoPowerOfTwo) {
  Built b = build(ir::Op::lstm, {}, ir::DType::i8, false, false);
  b.node.graph.tensor(b.node.node.outputs[2]).quantization.scale = {0.0003f};
  EXPECT_THROW(b.node.compile(), Error);
}

// y = relu of the last three inputs, weighted 1, 2, 3.
TEST(LowerSvdf, RemembersItsFeatures) {
  OneNode node(ir::Op::svdf, ir::SvdfAttributes{1, ir::Activation::relu});
  node.input(ir::DType::f32, {1, 1});
  node.constant<float>(ir::DType::f32, {1, 1}, {1.0f});
  node.constant<float>(ir::DType::f32, {1, 3}, {1.0f, 2.0f, 3.0f});
  node.node.inputs.push_back(ir::kNoTensor);
  node.input(ir::DType::f32, {1, 3});
  node.output(ir::DType::f32, {1, 1});
  node.output(ir::DType::f32, {1, 3});
  const Program program = node.compile();
  EXPECT_EQ(run<float>(program, std::vector<std::vector<float>>{{10.0f}, {7.0f, 8.0f, 9.0f}}),
            std::vector<float>{8 + 18 + 30});
  EXPECT_EQ(run<float>(program, std::vector<std::vector<float>>{{-99.0f}, {7.0f, 8.0f, 9.0f}}), std::vector<float>{0});
  expect_hostile_records_are_harmless(program);
}

TEST(LowerSvdf, Int8EqualsTheDefinition) {
  for (const ir::DType wide : {ir::DType::i8, ir::DType::i16}) {
    OneNode node(ir::Op::svdf, ir::SvdfAttributes{2, ir::Activation::none});
    const ir::Quantization state{{0.5f}, {wide == ir::DType::i8 ? 4 : 0}};
    node.input(ir::DType::i8, {1, 2}, {{0.5f}, {1}});
    node.constant<int8_t>(ir::DType::i8, {2, 2}, {1, 2, 3, 4}, {{1.0f}, {0}});
    if (wide == ir::DType::i8) node.constant<int8_t>(wide, {2, 2}, {1, 2, 3, 4}, {{1.0f}, {0}});
    if (wide == ir::DType::i16) node.constant<int16_t>(wide, {2, 2}, {1, 2, 3, 4}, {{1.0f}, {0}});
    node.constant<int32_t>(ir::DType::i32, {1}, {5});
    node.input(wide, {1, 4}, state);
    node.output(ir::DType::i8, {1, 1}, {{1.0f}, {-2}});
    node.output(wide, {1, 4}, state);
    const Program program = node.compile();
    HostPlayer player(program);
    player.set_input(0, as_bytes(std::vector<int8_t>{3, 0}));  // 2 and -1 above the zero point: features 0 and 2
    if (wide == ir::DType::i8) player.set_input(1, as_bytes(std::vector<int8_t>{9, 6, 9, 7}));
    if (wide == ir::DType::i16) player.set_input(1, as_bytes(std::vector<int16_t>{9, 2, 9, 3}));
    player.invoke();
    // 5 + (2*1 + 0*2) + (3*3 + 2*4) = 24, times 0.5, zero point -2
    EXPECT_EQ(from_bytes<int8_t>(player.output(0)), std::vector<int8_t>{10});
    expect_hostile_records_are_harmless(program);
  }
}

}  // namespace
}  // namespace whit::compile
