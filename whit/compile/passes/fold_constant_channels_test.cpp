#include <random>

#include "whit/compile/passes/pass_testing.hpp"
#include "whit/compile/passes/rewrite.hpp"

namespace whit::compile {
namespace {

// Channel 1 of the first layer is -128 for every input; so it goes, and 3 * (-128 - -120) = -24 goes into the bias.
TEST(FoldConstantChannels, FoldsIntoTheNextBias) {
  EXPECT_EQ(after(fold_constant_channels, R"(graph "g"
input %0 "x": i8 [1,2,2,1] scale 1 zero_point 0
const %1 "w": i8 [2,1,1,1] scale [1 0.5] zero_point [0 0] = {1 1}
const %2 "b": i32 [2] scale [1 0.5] zero_point [0 0] = {0 -100000}
%3 "m": i8 [1,2,2,2] scale 1 zero_point -120 source 9 = conv2d(%0, %1, %2) op 0
const %4 "v": i8 [1,1,1,2] scale 1 zero_point 0 = {2 3}
%5 "y": i8 [1,2,2,1] scale 1 zero_point 0 source 10 = conv2d(%3, %4) op 1
output %5
)"),
            R"(graph "g"
input %0 "x": i8 [1,2,2,1] scale 1 zero_point 0
const %6 "w": i8 [1,1,1,1] scale 1 zero_point 0 = {1}
const %7 "b": i32 [1] scale 1 zero_point 0 = {0}
%3 "m": i8 [1,2,2,1] scale 1 zero_point -120 = conv2d(%0, %6, %7) op 0
const %9 "v": i8 [1,1,1,1] scale 1 zero_point 0 = {2}
const %10 "v_bias": i32 [1] = {-24}
%5 "y": i8 [1,2,2,1] scale 1 zero_point 0 source 10 = conv2d(%3, %9, %10) op 1
output %5
)");
}

// The same with a padded second layer: outside the map the channel counts as the zero point, -120.
TEST(FoldConstantChannels, KeepsWhatDiffersInThePadding) {
  const std::string text = R"(graph "g"
input %0 "x": i8 [1,3,3,1] scale 1 zero_point 0
const %1 "w": i8 [2,1,1,1] scale 1 zero_point 0 = {1 1}
const %2 "b": i32 [2] scale 1 zero_point 0 = {0 -100000}
%3 "m": i8 [1,3,3,2] scale 1 zero_point -120 = conv2d(%0, %1, %2)
const %4 "v": i8 [1,2,2,2] scale 1 zero_point 0 = {1 2 3 4 5 6 7 8}
%5 "y": i8 [1,3,3,1] scale 1 zero_point 0 = conv2d(%3, %4) {pad_bottom=1, pad_right=1}
output %5
)";
  EXPECT_EQ(after(fold_constant_channels, text), text);
}

// The constant is the zero point, so padding changes nothing; it goes through the depthwise convolution as well.
TEST(FoldConstantChannels, GoesThroughDepthwiseChains) {
  ir::Graph graph = ir::parse_text(R"(graph "g"
input %0 "x": i8 [1,3,3,1] scale 1 zero_point 0
const %1 "w": i8 [2,1,1,1] scale 1 zero_point 0 = {1 1}
const %2 "b": i32 [2] scale 1 zero_point 0 = {0 -100000}
%3 "m": i8 [1,3,3,2] scale 1 zero_point -128 = conv2d(%0, %1, %2)
const %4 "d": i8 [1,2,2,4] scale 1 zero_point 0 = {1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16}
%5 "n": i8 [1,3,3,4] scale 9 zero_point 3 = depthwise_conv2d(%3, %4) {pad_bottom=1, pad_right=1}
%6 "p": i8 [1,1,1,4] scale 9 zero_point 3 = average_pool2d(%5) {kernel_h=3, kernel_w=3}
%7 "f": i8 [1,4] scale 9 zero_point 3 = reshape(%6)
const %8 "v": i8 [1,4] scale 1 zero_point 0 = {1 2 3 4}
%9 "y": i8 [1,1] scale 30 zero_point 0 = fully_connected(%7, %8)
output %9
)");
  fold_constant_channels(graph);
  EXPECT_EQ(graph.tensor(3).shape, (ir::Shape{1, 3, 3, 1}));
  EXPECT_EQ(graph.tensor(5).shape, (ir::Shape{1, 3, 3, 2}));
  EXPECT_EQ(graph.tensor(7).shape, (ir::Shape{1, 2}));
  EXPECT_EQ(graph.tensor(9).shape, (ir::Shape{1, 1}));
  EXPECT_EQ(values_of<int8_t>(graph.tensor(graph.nodes[1].inputs[1])),
            (std::vector<int8_t>{1, 2, 5, 6, 9, 10, 13, 14}));
}

TEST(FoldConstantChannels, KeepsOneChannelOfAConstantModel) {
  ir::Graph graph = ir::parse_text(R"(graph "g"
input %0 "x": i8 [1,1,1,1] scale 1 zero_point 0
const %1 "w": i8 [3,1,1,1] scale 1 zero_point 0 = {0 0 0}
const %2 "b": i32 [3] scale 1 zero_point 0 = {5 6 7}
%3 "m": i8 [1,1,1,3] scale 1 zero_point 0 = conv2d(%0, %1, %2)
const %4 "v": i8 [2,1,1,3] scale 1 zero_point 0 = {1 2 3 4 5 6}
%5 "y": i8 [1,1,1,2] scale 1 zero_point 0 = conv2d(%3, %4)
output %5
)");
  fold_constant_channels(graph);
  EXPECT_EQ(graph.tensor(3).shape, (ir::Shape{1, 1, 1, 1}));
  EXPECT_EQ(Evaluator(graph).run({77}), (Values{5 + 12 + 21, 20 + 30 + 42}));
}

// ---- random graphs against the evaluator ----

class RandomGraph {
 public:
  explicit RandomGraph(uint32_t seed) : random_(seed) {}

  ir::Graph make() {
    ir::Tensor input = activation({1, pick(1, 5), pick(1, 5), pick(1, 4)});
    ir::TensorId last = graph_.add_tensor(input);
    graph_.inputs = {last};
    const int32_t layers = pick(2, 7);
    for (int32_t n = 0; n < layers; ++n) last = add_node(last);
    if (pick(0, 1) == 0) last = flatten(last);
    if (pick(0, 1) == 0 || graph_.nodes.empty()) last = layer(last, ir::Op::fully_connected);
    graph_.outputs = {last};
    return graph_;
  }

 private:
  int32_t pick(int32_t low, int32_t high) { return std::uniform_int_distribution<int32_t>(low, high)(random_); }

  ir::Tensor activation(ir::Shape shape) {
    ir::Tensor tensor;
    tensor.name = "t" + std::to_string(graph_.tensors.size());
    tensor.type = ir::DType::i8;
    tensor.shape = std::move(shape);
    tensor.quantization.scale = {0.05f * static_cast<float>(pick(1, 20))};
    tensor.quantization.zero_point = {pick(0, 2) == 0 ? pick(-128, 127) : -128};
    tensor.source_index = static_cast<int32_t>(graph_.tensors.size());
    return tensor;
  }

  ir::TensorId emit(ir::Op op, std::vector<ir::TensorId> inputs, ir::Attributes attributes, ir::Tensor output) {
    ir::Node node;
    node.op = op;
    node.inputs = std::move(inputs);
    node.attributes = std::move(attributes);
    node.outputs = {graph_.add_tensor(std::move(output))};
    graph_.nodes.push_back(node);
    return node.outputs[0];
  }

  ir::TensorId layer(ir::TensorId from, ir::Op op) {
    const ir::Tensor input = graph_.tensor(from);
    const bool connected = op == ir::Op::fully_connected;
    const bool depthwise = op == ir::Op::depthwise_conv2d;
    const int32_t in = input.shape.back();
    const int32_t out = depthwise ? in * pick(1, 2) : pick(1, 6);
    ir::ConvAttributes conv;
    int32_t kernel_h = 1, kernel_w = 1;
    if (!connected) {
      kernel_h = pick(1, 3), kernel_w = pick(1, 3);
      conv.pad_top = pick(0, kernel_h - 1), conv.pad_bottom = pick(0, kernel_h - 1);
      conv.pad_left = pick(0, kernel_w - 1), conv.pad_right = pick(0, kernel_w - 1);
      if (input.shape[1] + conv.pad_top + conv.pad_bottom < kernel_h) conv.pad_top = kernel_h - 1;
      if (input.shape[2] + conv.pad_left + conv.pad_right < kernel_w) conv.pad_left = kernel_w - 1;
      conv.activation = pick(0, 1) == 0 ? ir::Activation::relu : ir::Activation::none;
    }
    ir::Tensor weights;
    weights.type = ir::DType::i8;
    weights.is_constant = true;
    weights.name = "w";
    weights.shape = connected
                        ? ir::Shape{out, in}
                        : (depthwise ? ir::Shape{1, kernel_h, kernel_w, out} : ir::Shape{out, kernel_h, kernel_w, in});
    const bool per_channel = pick(0, 1) == 0;
    for (int32_t c = 0; c < (per_channel ? out : 1); ++c) {
      weights.quantization.scale.push_back(0.002f * static_cast<float>(pick(1, 20)));
      weights.quantization.zero_point.push_back(0);
    }
    weights.quantization.axis = depthwise ? 3 : 0;
    for (int64_t i = 0; i < ir::elements(weights.shape); ++i) {
      weights.data.push_back(static_cast<uint8_t>(pick(0, 3) == 0 ? 0 : pick(-127, 127)));
    }
    std::vector<int32_t> values;
    for (int32_t c = 0; c < out; ++c) {
      values.push_back(pick(0, 2) == 0 ? pick(0, 1) * 800000 - 400000 : pick(-3000, 3000));
    }
    ir::Tensor bias;
    bias.name = "b";
    bias.type = ir::DType::i32;
    bias.is_constant = true;
    bias.shape = {out};
    bias.data = bytes_of_values(values);
    std::vector<ir::TensorId> inputs = {from, graph_.add_tensor(weights)};
    if (pick(0, 3) != 0) inputs.push_back(graph_.add_tensor(bias));
    ir::Shape shape = input.shape;
    shape.back() = out;
    if (connected) return emit(op, inputs, ir::ActivationAttributes{}, activation(shape));
    shape[1] += conv.pad_top + conv.pad_bottom - kernel_h + 1;
    shape[2] += conv.pad_left + conv.pad_right - kernel_w + 1;
    return emit(op, inputs, conv, activation(shape));
  }

  ir::TensorId flatten(ir::TensorId from) {
    ir::Tensor output = graph_.tensor(from);
    output.shape = {1, static_cast<int32_t>(ir::elements(output.shape))};
    return emit(ir::Op::reshape, {from}, ir::NoAttributes{}, output);
  }

  // Two 1x1 layers of the same input, added or joined.
  ir::TensorId branch(ir::TensorId from) {
    const ir::TensorId a = layer(from, ir::Op::fully_connected);
    const ir::TensorId b = layer(from, ir::Op::fully_connected);
    ir::Tensor output = activation(graph_.tensor(a).shape);
    if (graph_.tensor(a).shape == graph_.tensor(b).shape) {
      return emit(ir::Op::add, {a, b}, ir::ActivationAttributes{}, output);
    }
    graph_.tensor(b).quantization = output.quantization = graph_.tensor(a).quantization;
    output.shape.back() += graph_.tensor(b).shape.back();
    return emit(ir::Op::concat, {a, b}, ir::AxisAttributes{3, 0}, output);
  }

  ir::TensorId add_node(ir::TensorId from) {
    const ir::Tensor input = graph_.tensor(from);
    switch (pick(0, 9)) {
      case 0:
        return branch(from);
      case 1:
        return emit(ir::Op::relu, {from}, ir::NoAttributes{}, input);
      case 2: {
        ir::PoolAttributes pool;
        pool.kernel_h = pick(1, input.shape[1]), pool.kernel_w = pick(1, input.shape[2]);
        ir::Tensor output = input;
        output.shape[1] -= pool.kernel_h - 1, output.shape[2] -= pool.kernel_w - 1;
        return emit(pick(0, 1) == 0 ? ir::Op::average_pool2d : ir::Op::max_pool2d, {from}, pool, output);
      }
      case 3: {
        ir::PadAttributes pad{{0, 1, 0, 0}, {0, 0, 1, 0}, static_cast<float>(pick(-128, 127)), false};
        ir::Tensor output = input;
        output.shape[1] += 1, output.shape[2] += 1;
        return emit(ir::Op::pad, {from}, pad, output);
      }
      case 4:
      case 5:
      case 6:
        return layer(from, ir::Op::depthwise_conv2d);
      default:
        return layer(from, ir::Op::conv2d);
    }
  }

  std::mt19937 random_;
  ir::Graph graph_;
};

TEST(FoldConstantChannels, KeepsEveryBitOfRandomGraphs) {
  std::mt19937 random(5);
  int changed = 0;
  for (uint32_t seed = 0; seed < 1500; ++seed) {
    const ir::Graph before = RandomGraph(seed).make();
    ir::Graph folded = before;
    fold_constant_channels(folded);
    const size_t elements = static_cast<size_t>(ir::elements(before.tensor(before.inputs[0]).shape));
    bool differs = false;
    for (int round = 0; round < 4; ++round) {
      Values input(elements);
      for (int32_t& value : input) {
        value = round == 0 ? -128 : (round == 1 ? 127 : std::uniform_int_distribution<int32_t>(-128, 127)(random));
      }
      Evaluator reference(before), evaluator(folded);
      ASSERT_EQ(reference.run(input), evaluator.run(input)) << "seed " << seed << "\n" << ir::print_text(before);
      for (const ir::Node& node : folded.nodes) {  // what keeps its place in the file keeps its values
        const ir::TensorId id = node.outputs[0];
        differs = differs || folded.tensor(id).source_index < 0;
        if (folded.tensor(id).source_index < 0) continue;
        ASSERT_EQ(reference.values(id), evaluator.values(id)) << "seed " << seed << " tensor " << id;
      }
    }
    changed += differs ? 1 : 0;
  }
  EXPECT_GT(changed, 300);  // the graphs are such that there is something to fold
}

}  // namespace
}  // namespace whit::compile
