// Float layers whose weights are stored as float16: the same bits as with float32 weights, in half the flash.
#include "whit/compile/lower/one_node_test.hpp"
#include "whit/compile/lower/random_layer_test.hpp"

namespace whit::compile {
namespace {

void expect_same_as_floats(random_layer::Random& random, const ir::Graph& graph, const std::string& kernel) {
  const std::vector<uint8_t> input = random_layer::random_floats(random, graph);
  const Lowered floats = lower(graph, {KernelSet::host}), halves = lower(graph, {KernelSet::arm_v7m});
  const Program program(halves.program, "halves");
  ASSERT_EQ(program.ops()[0].kernel_name, kernel);
  EXPECT_EQ(random_layer::play(halves, input), random_layer::play(floats, input)) << random_layer::shapes_text(graph);
  const int64_t weights = ir::elements(graph.tensor(graph.nodes[0].inputs[1]).shape);
  EXPECT_LE(program.constants().size(), Program(floats.program, "floats").constants().size() - 2 * weights + 2);
}

TEST(LowerHalves, EqualFloatsBitForBit) {
  random_layer::Random random(1);
  for (int i = 0; i < 40; ++i) {
    expect_same_as_floats(random, random_layer::in_halves(random, random_layer::random_conv2d(random)),
                          "conv2d_f32_w16");
    expect_same_as_floats(random, random_layer::in_halves(random, random_layer::random_fully_connected(random)),
                          "fully_connected_f32_w16");
    expect_same_as_floats(random,
                          random_layer::in_halves(random, random_layer::depthwise_layer(
                                                              random, random_layer::random_map(random, 12), false)),
                          "depthwise_conv2d_f32_w16");
  }
}

TEST(LowerHalves, OfTransposedConvolutionsAndMatrixProducts) {
  using namespace one_node;
  for (const ir::Op op : {ir::Op::transpose_conv2d, ir::Op::batch_matmul}) {
    const bool matmul = op == ir::Op::batch_matmul;
    OneNode node(op, matmul ? ir::Attributes(ir::MatmulAttributes{}) : ir::Attributes(ir::ConvAttributes{}));
    node.input(ir::DType::f32, matmul ? ir::Shape{2, 3, 4} : ir::Shape{1, 3, 2, 4});
    const auto x = random_values<float>(24, 1, -2, 2);
    std::vector<float> w = random_values<float>(40, 2, -1, 1);
    for (float& value : w) value = half_to_float(half_from_float(value));
    node.constant<float>(ir::DType::f32, matmul ? ir::Shape{4, 10} : ir::Shape{5, 1, 2, 4}, w);
    node.output(ir::DType::f32, matmul ? ir::Shape{2, 3, 10} : ir::Shape{1, 3, 3, 5});
    const Program halves = node.compile(KernelSet::rv32);
    EXPECT_TRUE(halves.ops()[0].kernel_name.ends_with("_f32_w16"));
    EXPECT_EQ((run<float, float>(halves, {x})), (run<float, float>(node.compile(), {x})));
    expect_hostile_records_are_harmless(halves);
  }
}

TEST(LowerHalves, AWeightThatIsNoHalfKeepsTheLayerInFloat32) {
  random_layer::Random random(2);
  ir::Graph graph = random_layer::in_halves(random, random_layer::random_fully_connected(random));
  const float tenth = 0.1f;
  memcpy(graph.tensor(graph.nodes[0].inputs[1]).data.data(), &tenth, sizeof tenth);
  const Program program(lower(graph, {KernelSet::arm_dsp}).program, "floats");
  EXPECT_EQ(program.ops()[0].kernel_name, "fully_connected_f32");
}

TEST(LowerHalves, HostileRecordsAreHarmless) {
  random_layer::Random random(3);
  for (int i = 0; i < 3; ++i) {
    const ir::Graph graph =
        random_layer::in_halves(random, i == 0   ? random_layer::random_conv2d(random)
                                        : i == 1 ? random_layer::random_fully_connected(random)
                                                 : random_layer::depthwise_layer(random, {3, 4, 4, 1, true}, false));
    one_node::expect_hostile_records_are_harmless(Program(lower(graph, {KernelSet::arm_dsp}).program, "halves"));
  }
}

}  // namespace
}  // namespace whit::compile
