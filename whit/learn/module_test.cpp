// Each op as torch runs it beside the host player, and gradients beside finite differences.
#include "whit/learn/module.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "whit/base/error.hpp"
#include "whit/compress/model_runner.hpp"
#include "whit/learn/test_net.hpp"

namespace whit::learn {
namespace {

void expect_as_played(const Net& net, const char* what) {
  const compress::ModelRunner runner(net.graph, false);
  const std::vector<float> values = random_floats(kSamples * runner.input_elements(), 99, net.low, net.high);
  Module module(net.graph);
  const Tensors outputs = module.forward(inputs_of(net.graph, values, runner.input_elements()), false);
  runner.run(values, [&](int64_t sample, const std::vector<std::vector<float>>& expected) {
    for (size_t i = 0; i < expected.size(); ++i) {
      const at::Tensor actual = outputs[i].select(0, sample).to(at::kFloat).contiguous();
      ASSERT_EQ(actual.numel(), static_cast<int64_t>(expected[i].size())) << what;
      const Shape& shape = net.graph.tensor(net.graph.outputs[i]).shape;
      ASSERT_EQ(actual.sizes().vec(), std::vector<int64_t>(shape.begin(), shape.end())) << what;
      for (size_t k = 0; k < expected[i].size(); ++k) {
        ASSERT_NEAR(actual.data_ptr<float>()[k], expected[i][k], 1e-4 * std::max(1.0f, std::abs(expected[i][k])))
            << what << " sample " << sample << " output " << i << " element " << k;
      }
    }
  });
}

void expect_one(const char* what, Op op, std::vector<Shape> inputs, ir::Attributes attributes,
                std::vector<Shape> constants = {}, Shape shape = {}, float low = -1, float high = 1) {
  Net net;
  net.low = low, net.high = high;
  std::vector<ir::TensorId> operands;
  for (const Shape& input : inputs) operands.push_back(net.input(input));
  for (const Shape& constant : constants) operands.push_back(net.weights(constant));
  net.finish({net.node(op, operands, std::move(attributes), std::move(shape))});
  expect_as_played(net, what);
}

ir::ConvAttributes conv(int32_t stride, int32_t top, int32_t bottom, int32_t left, int32_t right,
                        int32_t dilation = 1) {
  return {stride, stride, dilation, dilation, top, bottom, left, right, ir::Activation::relu};
}

TEST(ModuleOps, Layers) {
  expect_one("conv2d", Op::conv2d, {{1, 7, 8, 3}}, conv(1, 1, 1, 1, 1), {{5, 3, 3, 3}, {5}});
  expect_one("conv2d, uneven padding", Op::conv2d, {{1, 8, 8, 3}}, conv(2, 0, 1, 0, 2), {{5, 3, 4, 3}, {5}});
  expect_one("conv2d, dilated, no bias", Op::conv2d, {{2, 9, 9, 2}}, conv(1, 2, 2, 2, 2, 2), {{4, 3, 3, 2}});
  expect_one("depthwise", Op::depthwise_conv2d, {{1, 7, 8, 3}}, conv(2, 1, 1, 0, 1), {{1, 3, 3, 3}, {3}});
  expect_one("depthwise, two each", Op::depthwise_conv2d, {{1, 7, 8, 3}}, conv(1, 1, 1, 1, 1), {{1, 3, 3, 6}, {6}});
  expect_one("transposed", Op::transpose_conv2d, {{1, 4, 5, 3}}, conv(2, 0, 1, 1, 0), {{4, 3, 3, 3}, {4}});
  expect_one("transposed, longer", Op::transpose_conv2d, {{1, 4, 4, 2}}, conv(3, 0, -1, 0, -1), {{2, 2, 2, 2}, {2}});
  expect_one("fully_connected", Op::fully_connected, {{1, 6}}, ir::ActivationAttributes{ir::Activation::relu6},
             {{4, 6}, {4}}, {1, 4});
  expect_one("fully_connected of rows", Op::fully_connected, {{2, 3, 6}}, ir::ActivationAttributes{}, {{4, 6}},
             {2, 3, 4});
  expect_one("batch_matmul", Op::batch_matmul, {{2, 3, 4}, {2, 5, 4}}, ir::MatmulAttributes{false, true});
  expect_one("batch_matmul, broadcast", Op::batch_matmul, {{2, 2, 4, 3}, {4, 5}}, ir::MatmulAttributes{true, false});
  expect_one("batch_matmul of a constant", Op::batch_matmul, {{2, 3, 4}}, ir::MatmulAttributes{}, {{4, 5}});
}

TEST(ModuleOps, Pools) {
  for (const Op op : {Op::average_pool2d, Op::max_pool2d}) {
    expect_one("pool", op, {{1, 6, 6, 3}}, ir::PoolAttributes{2, 2, 2, 2});
    expect_one("pool, padded", op, {{1, 7, 6, 3}}, ir::PoolAttributes{3, 3, 2, 2, 1, 1, 0, 2, ir::Activation::relu});
    expect_one("pool, global", op, {{1, 4, 5, 3}}, ir::PoolAttributes{4, 5, 1, 1});
  }
}

TEST(ModuleOps, Elementwise) {
  for (const Op op :
       {Op::relu, Op::relu6, Op::relu_n1_to_1, Op::relu_0_to_1, Op::elu,         Op::hard_swish,      Op::logistic,
        Op::tanh, Op::abs,   Op::neg,          Op::exp,         Op::erf,         Op::square,          Op::sin,
        Op::cos,  Op::floor, Op::ceil,         Op::round,       Op::log_softmax, Op::l2_normalization}) {
    expect_one(ir::name_of(op), op, {{2, 3, 8}}, {}, {}, {}, -7, 7);
  }
  for (const Op op : {Op::log, Op::sqrt, Op::rsqrt}) expect_one(ir::name_of(op), op, {{2, 9}}, {}, {}, {}, 0.1f, 5);
  for (const Op op : {Op::add, Op::sub, Op::mul, Op::div}) {
    const ir::ActivationAttributes relu{ir::Activation::relu};
    expect_one(ir::name_of(op), op, {{2, 3}, {2, 3}}, relu, {}, {}, 0.5f, 2);
    expect_one(ir::name_of(op), op, {{2, 3, 4}, {3, 1}}, relu, {}, {}, 0.5f, 2);  // lower rank of a computed operand
    expect_one(ir::name_of(op), op, {{4}}, relu, {{2, 3, 4}}, {}, 0.5f, 2);
    expect_one(ir::name_of(op), op, {{2, 3, 4}}, relu, {{3, 1}}, {}, 0.5f, 2);
  }
  for (const Op op : {Op::maximum, Op::minimum, Op::squared_difference, Op::pow}) {
    expect_one(ir::name_of(op), op, {{2, 3, 4}, {4}}, {}, {}, {}, 0.5f, 2);
  }
  expect_one("prelu", Op::prelu, {{1, 3, 4, 2}}, {}, {{1, 1, 2}});
  expect_one("leaky_relu", Op::leaky_relu, {{2, 5}}, ir::LeakyReluAttributes{0.1f});
  expect_one("softmax", Op::softmax, {{2, 5}}, ir::SoftmaxAttributes{1.0f});
  expect_one("softmax, beta", Op::softmax, {{2, 5}}, ir::SoftmaxAttributes{0.5f});
}

TEST(ModuleOps, ComparisonsSelect) {
  for (const Op op : {Op::equal, Op::not_equal, Op::less, Op::less_equal, Op::greater, Op::greater_equal}) {
    Net net;
    const ir::TensorId a = net.input({2, 3}), b = net.input({2, 3});
    const ir::TensorId condition = net.node(op, {a, b}, {}, {}, ir::DType::boolean);
    net.finish({net.node(Op::select, {condition, a, net.weights({3})})});
    expect_as_played(net, ir::name_of(op));
  }
}

TEST(ModuleOps, Reductions) {
  for (const Op op : {Op::mean, Op::sum, Op::reduce_max, Op::reduce_min}) {
    expect_one(ir::name_of(op), op, {{1, 4, 5, 3}}, ir::ReduceAttributes{{1, 2}, false});
    expect_one(ir::name_of(op), op, {{2, 4, 3}}, ir::ReduceAttributes{{0, 2}, true});
  }
  Net net;
  const ir::TensorId x = net.input({2, 4, 3});
  net.finish({net.node(Op::arg_max, {x}, ir::ReduceAttributes{{1}, false}, {}, ir::DType::i32),
              net.node(Op::arg_min, {x}, ir::ReduceAttributes{{2}, true}, {}, ir::DType::i32)});
  expect_as_played(net, "arg_max");
}

TEST(ModuleOps, Movement) {
  expect_one("reshape", Op::reshape, {{2, 3, 4}}, {}, {}, {4, 6});
  expect_one("transpose", Op::transpose, {{2, 3, 4}}, ir::TransposeAttributes{{2, 0, 1}});
  expect_one("concat", Op::concat, {{2, 3}, {2, 1}}, ir::AxisAttributes{1}, {{2, 2}});
  expect_one("slice", Op::slice, {{2, 9}}, ir::SliceAttributes{{0, 1}, {1, 3}}, {}, {2, 3});
  expect_one("slice backwards", Op::slice, {{2, 9}}, ir::SliceAttributes{{1, 8}, {-1, -2}}, {}, {2, 4});
  expect_one("pad", Op::pad, {{2, 3}}, ir::PadAttributes{{1, 0}, {0, 2}, 0.5f});
  expect_one("mirror_pad", Op::mirror_pad, {{4, 3}}, ir::PadAttributes{{2, 0}, {3, 2}, 0.0f, false});
  expect_one("mirror_pad with the edge", Op::mirror_pad, {{4, 3}}, ir::PadAttributes{{2, 0}, {4, 3}, 0.0f, true});
  expect_one("tile", Op::tile, {{2, 3}}, {}, {}, {4, 9});
  expect_one("space_to_depth", Op::space_to_depth, {{1, 4, 6, 2}}, ir::BlockAttributes{2});
  expect_one("depth_to_space", Op::depth_to_space, {{1, 2, 3, 8}}, ir::BlockAttributes{2});
  for (const Op op : {Op::resize_nearest, Op::resize_bilinear}) {
    for (const ir::ResizeAttributes a : {ir::ResizeAttributes{false, false}, {true, false}, {false, true}}) {
      expect_one(ir::name_of(op), op, {{1, 4, 5, 2}}, a, {}, {1, 7, 3, 2});
    }
  }
}

TEST(ModuleOps, Gather) {
  const std::vector<int32_t> picks = {2, 0, 2, 1};
  {
    Net net;
    const ir::TensorId x = net.input({2, 3, 4});
    const ir::TensorId by = net.constant({2, 2}, picks, ir::DType::i32);
    net.finish({net.node(Op::gather, {x, by}, ir::AxisAttributes{1}),
                net.node(Op::gather, {x, by}, ir::AxisAttributes{1, 1})});
    expect_as_played(net, "gather from the input");
  }
  Net net;  // a table by computed indices
  const ir::TensorId best =
      net.node(Op::arg_max, {net.input({2, 3, 4})}, ir::ReduceAttributes{{2}, false}, {}, ir::DType::i32);
  const ir::TensorId on = net.constant({}, std::vector<float>{2}, ir::DType::f32);
  const ir::TensorId off = net.constant({}, std::vector<float>{-1}, ir::DType::f32);
  net.finish({net.node(Op::gather, {net.weights({5, 4, 2}), best}, ir::AxisAttributes{1}),
              net.node(Op::one_hot, {best, on, off}, ir::AxisAttributes{1}, {2, 4, 3})});
  expect_as_played(net, "gather from a table");
}

ir::TensorId recurrent(Net& net, Op op, ir::TensorId x, int32_t features, int32_t units, ir::RecurrentAttributes a,
                       size_t biases, bool peephole = false, ir::TensorId state = ir::kNoTensor) {
  const size_t gates = op == Op::lstm ? 4 : 3;
  std::vector<ir::TensorId> inputs = {x};
  for (size_t i = 0; i < gates; ++i) inputs.push_back(net.weights({units, features}));
  for (size_t i = 0; i < gates; ++i) inputs.push_back(net.weights({units, units}));
  for (size_t i = 0; i < biases; ++i) inputs.push_back(net.weights({units}));
  inputs.resize(op == Op::lstm ? ir::LstmInput::count : ir::GruInput::count, ir::kNoTensor);
  for (size_t i = 0; peephole && i < 3; ++i) inputs[ir::LstmInput::peephole + i] = net.weights({units});
  inputs[op == Op::lstm ? ir::LstmInput::hidden : ir::GruInput::hidden] = state;
  return net.node(op, inputs, a);
}

void expect_recurrent(const char* what, Op op, ir::RecurrentAttributes a, size_t biases, bool peephole = false) {
  Net net;
  recurrent(net, op, net.input(a.time_major ? Shape{5, 2, 3} : Shape{2, 5, 3}), 3, 4, a, biases, peephole);
  net.finish(net.graph.nodes.back().outputs);
  expect_as_played(net, what);
}

TEST(ModuleOps, Recurrent) {
  ir::RecurrentAttributes plain, reversed, before, clipped;
  reversed.reverse = reversed.time_major = true;
  before.linear_before_reset = true;
  clipped.cell_clip = 0.3f;
  expect_recurrent("lstm", Op::lstm, plain, 4);
  expect_recurrent("lstm without biases", Op::lstm, plain, 0);
  expect_recurrent("lstm, reverse", Op::lstm, reversed, 4);
  expect_recurrent("lstm, clipped", Op::lstm, clipped, 4);
  expect_recurrent("lstm, peephole", Op::lstm, plain, 4, true);
  expect_recurrent("gru", Op::gru, plain, 6);
  expect_recurrent("gru, linear before reset", Op::gru, before, 6);
  expect_recurrent("gru without biases", Op::gru, before, 0);
}

TEST(ModuleOps, StateInVariables) {
  Net net;
  const std::vector<float> initial = {0.5f, -0.5f, 0.25f, 0.0f};
  ir::Variable variable{"state", ir::DType::f32, {1, 4}};
  variable.initial.resize(16);
  std::memcpy(variable.initial.data(), initial.data(), 16);
  net.graph.variables = {variable};
  const ir::TensorId x = net.input({1, 2, 3});
  const ir::TensorId state = net.node(Op::read_variable, {}, ir::VariableAttributes{0});
  const ir::TensorId y = recurrent(net, Op::gru, x, 3, 4, {}, 6, false, state);
  net.node(Op::assign_variable, {net.graph.nodes.back().outputs[1]}, ir::VariableAttributes{0});
  const ir::TensorId after = net.node(Op::read_variable, {}, ir::VariableAttributes{0});
  net.finish({y, after});
  expect_as_played(net, "variables");
}

TEST(ModuleOps, Svdf) {
  Net net;
  const ir::TensorId x = net.input({1, 5});
  const std::vector<ir::TensorId> inputs = {x, net.weights({6, 5}), net.weights({6, 4}), net.weights({3}),
                                            net.weights({1, 24})};
  net.node(Op::svdf, inputs, ir::SvdfAttributes{2, ir::Activation::relu});
  net.finish(net.graph.nodes.back().outputs);
  expect_as_played(net, "svdf");
}

TEST(Module, RefusesQuantizedGraphsWithTheOpsName) {
  Net net;
  const ir::TensorId x = net.input({1, 4});
  const ir::TensorId q = net.tensor({1, 4}, ir::DType::i8);
  net.graph.tensor(q).quantization = {{0.1f}, {0}};
  net.graph.nodes.push_back({Op::quantize, {x}, {q}, ir::NoAttributes{}});
  net.graph.outputs = {q};
  try {
    Module module(net.graph);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(error.where().find("quantize"), std::string::npos);
  }
}

TEST(Module, WeightsComeBackAsTheyAre) {
  Net net;
  const ir::TensorId x = net.input({1, 8, 8, 2});
  const ir::TensorId y = net.node(Op::conv2d, {x, net.weights({3, 3, 3, 2}), net.weights({3})}, conv(1, 1, 1, 1, 1));
  net.finish({net.node(Op::depthwise_conv2d, {y, net.weights({1, 3, 3, 3}), net.weights({3})}, conv(1, 1, 1, 1, 1))});
  const ir::Graph back = Module(net.graph).graph();
  for (size_t i = 0; i < back.tensors.size(); ++i) EXPECT_EQ(back.tensors[i].data, net.graph.tensors[i].data);
}

// Batch norms that have seen batches, folded into their layers, give what the module gives.
TEST(Module, BatchNormsFold) {
  Net net;
  const ir::TensorId x = net.input({1, 6, 6, 2});
  const ir::TensorId a = net.node(Op::conv2d, {x, net.weights({3, 3, 3, 2}), net.weights({3})}, conv(1, 1, 1, 1, 1));
  const ir::TensorId b =
      net.node(Op::depthwise_conv2d, {a, net.weights({1, 3, 3, 3}), net.weights({3})}, conv(1, 1, 1, 1, 1));
  const ir::TensorId c =
      net.node(Op::fully_connected, {b, net.weights({4, 108}), net.weights({4})}, ir::ActivationAttributes{}, {1, 4});
  net.finish({c});
  Module module(net.graph, {a, b, c});
  const std::vector<float> values = random_floats(kSamples * 72, 5, -1, 1);
  const Tensors inputs = inputs_of(net.graph, values, 72);
  for (int i = 0; i < 5; ++i) module.forward(inputs, true);
  const at::Tensor expected = module.forward(inputs, false)[0];
  const at::Tensor folded = Module(module.graph()).forward(inputs, false)[0];
  EXPECT_LT((expected - folded).abs().max().item<float>(), 1e-5);
}

// The slope of a weighted sum of all outputs along a random direction in the parameters, against its gradient there.
void expect_gradient(const Net& net, const char* what) {
  Module module(net.graph);
  int64_t elements = 0;
  for (const ir::TensorId id : net.graph.inputs) elements += ir::elements(net.graph.tensor(id).shape);
  const Tensors inputs = inputs_of(net.graph, random_floats(kSamples * elements, 7, net.low, net.high), elements);
  const auto loss = [&] {
    at::Tensor sum = at::zeros({}, at::kDouble);
    for (const at::Tensor& output : module.forward(inputs, true)) {
      const at::Tensor factors = at::tensor(random_floats(output.numel(), 3, -1, 1)).view(output.sizes());
      sum = sum + (output.to(at::kDouble) * factors).sum();
    }
    return sum;
  };
  loss().backward();
  std::vector<at::Tensor> directions;
  double expected = 0;
  uint32_t seed = 11;
  for (const Parameter& parameter : module.parameters()) {
    directions.push_back(
        at::tensor(random_floats(parameter.value.numel(), ++seed, -1, 1)).view(parameter.value.sizes()));
    expected += (parameter.value.grad() * directions.back()).sum().item<double>();
  }
  const at::NoGradGuard guard;
  const auto moved = [&](double by) {
    for (size_t i = 0; i < directions.size(); ++i) module.parameters()[i].value.add_(directions[i] * by);
    return loss().item<double>();
  };
  constexpr double kStep = 1e-3;
  const double above = moved(kStep), below = moved(-2 * kStep);
  EXPECT_NEAR((above - below) / (2 * kStep), expected, 0.01 * std::max(1.0, std::abs(expected))) << what;
}

TEST(Module, GradientsAreFiniteDifferences) {
  {
    Net net;
    const ir::TensorId x = net.input({1, 6, 6, 2});
    ir::ConvAttributes smooth = conv(2, 0, 1, 0, 1);
    smooth.activation = ir::Activation::tanh;
    const ir::TensorId y = net.node(Op::conv2d, {x, net.weights({3, 3, 3, 2}), net.weights({3})}, smooth);
    const ir::TensorId z = net.node(Op::depthwise_conv2d, {y, net.weights({1, 3, 3, 3}), net.weights({3})}, smooth);
    net.finish({net.node(Op::average_pool2d, {z}, ir::PoolAttributes{2, 2, 1, 1, 1, 0, 1, 0})});
    expect_gradient(net, "convolutions");
  }
  for (const bool peephole : {false, true}) {
    Net net;
    recurrent(net, Op::lstm, net.input({1, 5, 3}), 3, 4, {}, 4, peephole);
    net.finish({net.graph.nodes.back().outputs[1]});
    expect_gradient(net, "lstm");
  }
  for (const bool before : {false, true}) {
    Net net;
    ir::RecurrentAttributes a;
    a.linear_before_reset = before;
    recurrent(net, Op::gru, net.input({1, 5, 3}), 3, 4, a, 6);
    net.finish({net.graph.nodes.back().outputs[0]});
    expect_gradient(net, "gru");
  }
  Net net;
  const ir::TensorId x = net.input({1, 6});
  const ir::TensorId y =
      net.node(Op::fully_connected, {x, net.weights({4, 6}), net.weights({4})}, ir::ActivationAttributes{}, {1, 4});
  net.finish({net.node(Op::softmax, {net.node(Op::tanh, {y})}, ir::SoftmaxAttributes{2.0f})});
  expect_gradient(net, "fully connected");
}

}  // namespace
}  // namespace whit::learn
