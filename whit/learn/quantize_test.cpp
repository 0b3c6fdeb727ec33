// Training as integers: what training computes is what the host player computes from the written graph, gradients pass
// straight through, and training wins back what rounding lost.
#include "whit/learn/quantize.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/base/random.hpp"
#include "whit/compress/evaluate.hpp"
#include "whit/learn/architectures.hpp"
#include "whit/learn/quantization.hpp"

namespace whit::learn {
namespace {

using compress::Precision;

data::Samples random_samples(int64_t count, std::vector<int64_t> shape, uint64_t seed) {
  Random random({seed});
  data::Samples samples;
  samples.shape = std::move(shape);
  for (int64_t i = 0; i < count * samples.elements(); ++i)
    samples.values.push_back(static_cast<float>(random.normal()));
  for (int64_t i = 0; i < count; ++i) samples.labels.push_back(static_cast<float>(i % 3));
  return samples;
}

ir::Graph net(Architecture kind, const std::vector<int64_t>& input, std::vector<int64_t> sizes, int32_t outputs = 3) {
  ArchitectureOptions options;
  options.kind = kind;
  options.input.assign(input.begin(), input.end());
  options.outputs = outputs;
  options.sizes = std::move(sizes);
  ir::Graph graph = build(options).graph;
  // Biases of all sizes, which architectures begin without.
  Random random({3});
  for (ir::Tensor& tensor : graph.tensors) {
    if (!tensor.is_constant || tensor.shape.size() != 1 || tensor.type != ir::DType::f32) continue;
    auto* values = reinterpret_cast<float*>(tensor.data.data());
    for (int32_t i = 0; i < tensor.shape[0]; ++i) values[i] += static_cast<float>(0.2 * random.normal());
  }
  return graph;
}

// Largest difference of any element between training's forward pass and the host player, in steps of each output, and
// the share of elements that differ; `every`: of all tensors, not the outputs alone.
struct Deviation {
  double most_steps = 0.0, share = 0.0;
};
Deviation deviation(ir::Graph graph, Precision precision, const data::Samples& samples) {
  const QuantizedStart start = begin_quantized(std::move(graph), precision, samples);
  Quantization quantization(start.real, start.calibration, start.options);
  const ir::Graph quantized = quantization.quantized(quantization.graph());
  Module module(quantization.graph(), {}, {}, [&](const Site& site) { return quantization.function_of(site); });
  std::vector<int64_t> shape = samples.shape;
  const ir::Shape& input = quantization.graph().tensor(quantization.graph().inputs[0]).shape;
  shape.assign(input.begin(), input.end());
  shape.insert(shape.begin(), samples.count());
  const at::Tensor x = at::from_blob(const_cast<float*>(samples.values.data()), shape);
  const at::Tensor y = module.forward({x}, false)[0].contiguous();
  const compress::Evaluation played = compress::evaluate(quantized, samples, "auto");
  const float step = quantized.tensor(quantized.outputs[0]).quantization.scale[0];
  EXPECT_EQ(static_cast<size_t>(y.numel()), played.outputs.size());
  Deviation result;
  for (size_t i = 0; i < played.outputs.size(); ++i) {
    const double steps = std::abs(static_cast<double>(y.data_ptr<float>()[i] - played.outputs[i])) / step;
    result.most_steps = std::max(result.most_steps, steps);
    result.share += steps > 0.5 ? 1.0 / static_cast<double>(played.outputs.size()) : 0.0;
  }
  return result;
}

// The graph without its softmax, whose 256 values would hide differences.
ir::Graph without_softmax(ir::Graph graph) {
  EXPECT_EQ(graph.nodes.back().op, ir::Op::softmax);
  graph.outputs = {graph.nodes.back().inputs[0]};
  graph.nodes.pop_back();
  return graph;
}

TEST(TrainQuantized, ForwardIsTheHostPlayersOfDenseNets) {
  const data::Samples samples = random_samples(200, {10}, 1);
  const ir::Graph graph = without_softmax(net(Architecture::dense, {10}, {32, 16}, 5));
  for (const Precision precision : {Precision::int8, Precision::int8_w4}) {
    const Deviation d = deviation(graph, precision, samples);
    EXPECT_LE(d.most_steps, 1.01);  // a half that falls to the other side in a hidden layer moves an output by a step
    EXPECT_LT(d.share, 0.002);
  }
  // A step is 2^-8 of one of int8: float32 sums differ by a few of them.
  EXPECT_LE(deviation(graph, Precision::int16x8, samples).most_steps, 8);
}

TEST(TrainQuantized, ForwardIsTheHostPlayersOfConvolutionalNets) {
  const data::Samples images = random_samples(30, {12, 10, 2}, 1);
  for (const Architecture kind : {Architecture::ds_cnn, Architecture::resnet8}) {
    const std::vector<int64_t> sizes =
        kind == Architecture::ds_cnn ? std::vector<int64_t>{8, 8, 8} : std::vector<int64_t>{};
    const ir::Graph graph = without_softmax(net(kind, {12, 10, 2}, sizes));
    for (const Precision precision : {Precision::int8, Precision::int8_w4}) {
      const Deviation d = deviation(graph, precision, images);
      // The last layer's sums of the steps by which others differ; resnet8 has the finer output.
      EXPECT_LE(d.most_steps, 5.01) << static_cast<int>(kind);
      EXPECT_LT(d.share, 0.1) << static_cast<int>(kind);
    }
    EXPECT_LE(deviation(graph, Precision::int16x8, images).most_steps, 40) << static_cast<int>(kind);
  }
}

TEST(TrainQuantized, ForwardIsTheHostPlayersOfRecurrentNets) {
  const data::Samples sequences = random_samples(50, {12, 4}, 1);
  for (const Architecture kind : {Architecture::lstm, Architecture::gru}) {
    const ir::Graph graph = without_softmax(net(kind, {12, 4}, {16}));
    const Deviation d = deviation(graph, Precision::int8, sequences);
    // Kernels round the products of a gate twice, to 2^-12; what falls to the other side there a step hands on to the
    // next.
    EXPECT_LE(d.most_steps, 1.01);
    EXPECT_LT(d.share, 0.2);
  }
}

TEST(TrainQuantized, GradientsPassStraightThroughInsideTheRange) {
  at::Tensor x = at::tensor({-3.0f, -0.26f, 0.1f, 0.25f, 2.0f}).set_requires_grad(true);
  const at::Tensor y = fake_quantize(x, {0.5f, 1, -2, 3});  // -1.5 to 1
  EXPECT_TRUE(at::equal(y.detach(), at::tensor({-1.5f, -0.5f, 0.0f, 0.5f, 1.0f})));
  (y * at::tensor({1.0f, 2.0f, 3.0f, 4.0f, 5.0f})).sum().backward();
  EXPECT_TRUE(at::equal(x.grad(), at::tensor({0.0f, 2.0f, 3.0f, 4.0f, 0.0f})));
  EXPECT_TRUE(fake_quantize(at::tensor({NAN}), {0.5f, 1, -2, 3}).isnan().item<bool>());
  // Halves of the stored number: -0.25 is stored as 0.5, which becomes 1, that is 0.
  EXPECT_EQ(fake_quantize(at::tensor({-0.25f}), {0.5f, 1, -2, 3}).item<float>(), -0.5f);
  EXPECT_EQ(fake_quantize(at::tensor({-0.25f}), {0.5f, 1, -2, 3}, Halves::stored).item<float>(), 0.0f);
}

TEST(TrainQuantized, WeightsAreThoseThatCompressWrites) {
  at::Tensor weights = at::tensor({0.7f, -0.34f, 0.06f, 7.0f, 3.6f, -7.0f}).view({2, 3}).set_requires_grad(true);
  at::Tensor bias = at::tensor({0.12f, 1000.0f}).set_requires_grad(true);
  const FakeWeights rounded = fake_quantize_layer(weights, bias, 0.5f, {7, true, false});
  EXPECT_TRUE(at::allclose(rounded.weights, at::tensor({0.7f, -0.3f, 0.1f, 7.0f, 4.0f, -7.0f}).view({2, 3})));
  EXPECT_TRUE(at::allclose(rounded.bias, at::tensor({0.1f, 1000.0f})));
  (rounded.weights.sum() + rounded.bias.sum()).backward();
  EXPECT_TRUE(at::equal(weights.grad(), at::ones({2, 3})));
  EXPECT_TRUE(at::equal(bias.grad(), at::ones({2})));
  // One scale for all.
  const FakeWeights one = fake_quantize_layer(weights, bias, 0.5f, {7, false, false});
  EXPECT_TRUE(at::allclose(one.weights, at::tensor({1.0f, 0.0f, 0.0f, 7.0f, 4.0f, -7.0f}).view({2, 3})));
}

// Four interleaved spirals: rounding to 15 weights a layer blurs them.
data::Samples spirals(int64_t count, uint64_t seed) {
  Random random({seed});
  data::Samples samples;
  samples.shape = {2};
  for (int64_t i = 0; i < count; ++i) {
    const auto arm = static_cast<double>(i % 4);
    const double r = random.uniform(0.1, 1.0), angle = 4.0 * r + arm * 1.5708 + 0.08 * random.normal();
    samples.values.push_back(static_cast<float>(r * std::cos(angle)));
    samples.values.push_back(static_cast<float>(r * std::sin(angle)));
    samples.labels.push_back(static_cast<float>(i % 4));
  }
  return samples;
}

TrainOptions options_of(int64_t epochs, double rate) {
  TrainOptions options;
  options.epochs = epochs;
  options.schedule = {.kind = ScheduleKind::cosine, .rate = rate};
  return options;
}

double accuracy(const ir::Graph& graph, const data::Samples& samples) {
  return compress::evaluate(graph, samples, "accuracy").value;
}

TEST(TrainQuantized, WinsBackWhatInt4Lost) {
  const data::Samples training = spirals(1200, 1), validation = spirals(800, 2);
  const ir::Graph real =
      train({net(Architecture::dense, {2}, {12, 12}, 4), {}, {}}, training, validation, options_of(30, 0.01)).graph;
  const QuantizedStart start = begin_quantized(real, Precision::int8_w4, training);
  const TrainResult result = train_quantized(start, training, validation, options_of(20, 0.003));
  const double before = accuracy(real, validation), lost = accuracy(start.quantized, validation);
  const double after = accuracy(result.graph, validation);
  EXPECT_GT(before, 0.95);
  EXPECT_LT(lost, before - 0.03);
  EXPECT_GT(after, before - 0.01);
  // Training saw the accuracy of the host player.
  EXPECT_NEAR(result.epochs[static_cast<size_t>(result.best_epoch) - 1].validation_metric, after, 0.002);
}

TEST(TrainQuantized, RecurrentLayersTrainAsInt8) {
  // Which of three channels has the largest sum over the steps.
  data::Samples samples = random_samples(900, {8, 3}, 5);
  for (size_t i = 0; i < 900; ++i) {
    float sums[3] = {};
    for (size_t j = 0; j < 24; ++j) sums[j % 3] += samples.values[24 * i + j];
    samples.labels[i] = static_cast<float>(std::max_element(sums, sums + 3) - sums);
  }
  const ir::Graph graph = net(Architecture::lstm, {8, 3}, {8});
  const TrainResult result =
      train_quantized(begin_quantized(graph, Precision::int8, samples), samples, samples, options_of(8, 0.02));
  EXPECT_GT(accuracy(result.graph, samples), 0.85);
  EXPECT_NEAR(result.epochs[static_cast<size_t>(result.best_epoch) - 1].validation_metric,
              accuracy(result.graph, samples), 0.002);
}

// [prune] of a recipe goes on in [quantize]: what is zero stays zero, in the integers as well.
TEST(TrainQuantized, PrunedWeightsStayZero) {
  const data::Samples training = spirals(200, 1);
  TrainOptions options = options_of(2, 0.01);
  options.prune = PruneSchedule{{.share = 0.5}, 0.5, 0, 1, 100};
  const QuantizedStart start = begin_quantized(net(Architecture::dense, {2}, {32, 32}, 4), Precision::int8, training);
  const ir::Graph graph = train_quantized(start, training, {}, options).graph;
  int64_t zeros = 0;
  for (const ir::Tensor& tensor : graph.tensors) {
    if (tensor.shape == ir::Shape{32, 32}) zeros += std::count(tensor.data.begin(), tensor.data.end(), uint8_t{0});
  }
  EXPECT_GE(zeros, 512);
}

struct Killed {};

TEST(TrainQuantized, GoesOnAfterAKillToTheSameBits) {
  const TemporaryDirectory folder;
  const data::Samples training = spirals(100, 1), validation = spirals(60, 2);
  const QuantizedStart start = begin_quantized(net(Architecture::dense, {2}, {8}, 4), Precision::int8_w4, training);
  const auto bytes = [](const ir::Graph& graph) {
    std::vector<uint8_t> all;
    for (const ir::Tensor& tensor : graph.tensors) {
      all.insert(all.end(), tensor.data.begin(), tensor.data.end());
      for (const float scale : tensor.quantization.scale) all.push_back(static_cast<uint8_t>(std::lround(scale * 1e6)));
    }
    return all;
  };
  const TrainOptions options = options_of(4, 0.01);
  const auto alone = bytes(train_quantized(start, training, validation, options).graph);
  for (int64_t kill = 1; kill < 16; kill += 2) {
    CheckpointPlan plan{(folder.path() / "checkpoint").string(), false, 0.0};
    TrainHooks hooks;
    hooks.on_step = [&](int64_t step, int64_t) {
      if (step == kill) throw Killed{};
    };
    EXPECT_THROW(train_quantized(start, training, validation, options, plan, hooks), Killed);
    plan.resume = true;
    EXPECT_EQ(bytes(train_quantized(start, training, validation, options, plan).graph), alone) << kill;
  }
  // A checkpoint of another precision is not taken.
  const CheckpointPlan plan{(folder.path() / "checkpoint").string(), true, 0.0};
  const QuantizedStart other = begin_quantized(net(Architecture::dense, {2}, {8}, 4), Precision::int8, training);
  EXPECT_THROW(train_quantized(other, training, validation, options, plan), Error);
}

TEST(TrainQuantized, RefusesWhatCannotBe) {
  const data::Samples samples = spirals(40, 1);
  const ir::Graph graph = net(Architecture::dense, {2}, {8}, 4);
  EXPECT_THROW(begin_quantized(graph, Precision::float16, samples), Error);
  EXPECT_THROW(begin_quantized(graph, Precision::int8, random_samples(20, {3}, 1)), Error);  // another shape
  const QuantizedStart start = begin_quantized(graph, Precision::int8, samples);
  EXPECT_THROW(begin_quantized(start.quantized, Precision::int8, samples), Error);  // quantized already
}

}  // namespace
}  // namespace whit::learn
