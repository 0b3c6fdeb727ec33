// Trees on the host player against a plain walk: random ensembles, thresholds met exactly, batches, shared memory,
// hostile records and nodes.
#include "whit/base/error.hpp"
#include "whit/compile/lower/one_node_test.hpp"
#include "whit/compile/lower/quantized.hpp"
#include "whit/compile/lower/random_trees_test.hpp"
#include "whit/ir/verify.hpp"

namespace whit::compile {
namespace {

using namespace one_node;
using In = ir::TreeInput;

struct Case {
  int32_t trees, features, outputs, width, nodes, batch;
};
constexpr Case kCases[] = {{1, 1, 1, 1, 1, 1},     {7, 5, 3, 1, 20, 1},   {20, 9, 4, 4, 60, 3},
                           {3, 300, 2, 2, 200, 2}, {5, 256, 6, 2, 30, 5}, {11, 3, 9, 3, 0, 4}};

// Real features on the grid of the thresholds, so that many are met exactly.
std::vector<float> grid_features(const Case& c, uint32_t seed) {
  std::vector<float> x;
  for (const int32_t v : random_values<int32_t>(static_cast<size_t>(c.batch * c.features), seed, -70, 70)) {
    x.push_back(static_cast<float>(v) / 8);
  }
  return x;
}

ir::Graph float_graph(const ir::Trees& trees, const Case& c) {
  ir::Graph graph;
  ir::Tensor input;
  input.name = "x";
  input.shape = {c.batch, c.features};
  graph.inputs = {graph.add_tensor(input)};
  graph.outputs = {ir::add_tree_ensemble(graph, 0, trees, "y")};
  ir::verify(graph);
  return graph;
}

template <typename T>
void set_constant(ir::Graph& graph, ir::TensorId id, ir::DType type, const std::vector<T>& values,
                  ir::Quantization q = {}) {
  ir::Tensor& tensor = graph.tensor(id);
  tensor.type = type;
  tensor.quantization = std::move(q);
  tensor.data.resize(values.size() * sizeof(T));
  std::memcpy(tensor.data.data(), values.data(), tensor.data.size());
}

constexpr int32_t kZero = 5;
constexpr float kLeafScale = 1.0f / 64, kOutputScale = 1.0f / 8;
constexpr int32_t kOutputZero = -3;

// The same trees in integers: features and thresholds in eighths, leaves in 64ths: nothing is lost.
template <typename T>
ir::Graph integer_graph(const ir::Trees& trees, const Case& c) {
  const ir::DType type = sizeof(T) == 1 ? ir::DType::i8 : ir::DType::i16;
  ir::Graph graph = float_graph(trees, c);
  const std::vector<ir::TensorId> in = graph.nodes[0].inputs;
  const auto scaled = [](const std::vector<float>& values, float scale, auto like, int32_t zero) {
    std::vector<decltype(like)> integers;
    for (const float v : values) integers.push_back(static_cast<decltype(like)>(v / scale + static_cast<float>(zero)));
    return integers;
  };
  graph.tensor(0).type = type;
  graph.tensor(0).quantization = {{0.125f}, {kZero}};
  set_constant(graph, in[In::thresholds], type, scaled(trees.thresholds, 0.125f, T{}, kZero));
  set_constant(graph, in[In::leaves], type, scaled(trees.leaves, kLeafScale, T{}, 0), {{kLeafScale}, {0}});
  set_constant(graph, in[In::base], ir::DType::i32, scaled(trees.base, kLeafScale, int32_t{}, 0));
  ir::Tensor& output = graph.tensor(graph.outputs[0]);
  output.type = type;
  output.quantization = {{kOutputScale}, {kOutputZero}};
  ir::verify(graph);
  return graph;
}

Program compiled(const ir::Graph& graph) { return Program(lower(graph, {}).program, "trees"); }

TEST(LowerTrees, FloatIsThePlainWalk) {
  uint32_t seed = 0;
  for (const Case& c : kCases) {
    const ir::Trees trees = random_trees(++seed, c.trees, c.features, c.outputs, c.width, c.nodes);
    const std::vector<float> x = grid_features(c, seed);
    const std::vector<float> y = run<float>(compiled(float_graph(trees, c)), std::vector<std::vector<float>>{x});
    for (int32_t b = 0; b < c.batch; ++b) {
      const std::vector<double> want = tree_sums(trees, x.data() + b * c.features);
      for (size_t k = 0; k < want.size(); ++k) {  // sums of 64ths: exact
        ASSERT_EQ(y[static_cast<size_t>(b * c.outputs) + k], static_cast<float>(want[k])) << seed;
      }
    }
  }
}

template <typename T>
void expect_integers_are_the_plain_walk() {
  uint32_t seed = 100;
  for (const Case& c : kCases) {
    const ir::Trees trees = random_trees(++seed, c.trees, c.features, c.outputs, c.width, c.nodes);
    const std::vector<float> x = grid_features(c, seed);
    std::vector<T> q;
    for (const float v : x) q.push_back(static_cast<T>(v * 8 + kZero));
    const Program program = compiled(integer_graph<T>(trees, c));
    const std::vector<T> y = run<T>(program, std::vector<std::vector<T>>{q});
    for (int32_t b = 0; b < c.batch; ++b) {
      const std::vector<double> want = tree_sums(trees, x.data() + b * c.features);
      for (size_t k = 0; k < want.size(); ++k) {
        const QuantizedMultiplier m = quantize_multiplier(static_cast<double>(kLeafScale / kOutputScale));
        const auto sum = static_cast<int32_t>(want[k] * 64);
        const int32_t rounded = rt::multiply_by_quantized_multiplier(sum, m.multiplier, m.shift) + kOutputZero;
        const int32_t low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
        ASSERT_EQ(y[static_cast<size_t>(b * c.outputs) + k], std::clamp(rounded, low, high)) << seed;
      }
    }
    // The output lies in the input's memory, which is read for the last time before it is written.
    const int64_t scratch = 4 * c.outputs;
    if (c.batch == 1 && c.features * static_cast<int32_t>(sizeof(T)) >= 16) {
      EXPECT_LE(program.header().arena_bytes,
                static_cast<uint32_t>((c.features * static_cast<int64_t>(sizeof(T)) + 15) / 16 * 16 + scratch + 15));
    }
  }
}

TEST(LowerTrees, Int8IsThePlainWalk) { expect_integers_are_the_plain_walk<int8_t>(); }
TEST(LowerTrees, Int16IsThePlainWalk) { expect_integers_are_the_plain_walk<int16_t>(); }

TEST(LowerTrees, ThresholdsOfZeroInfinityAndTheSmallestStep) {
  const float infinity = std::numeric_limits<float>::infinity(), least = std::numeric_limits<float>::denorm_min();
  const float values[] = {-infinity, -1.5f, -least, -0.0f, 0.0f, least, 1.5f, infinity};
  for (const float threshold : values) {
    ir::Trees trees;
    trees.leaves = {1.0f, 2.0f};
    trees.base = {0.0f};
    const ir::TreeStep steps[] = {{0, threshold, 1, 2}, {-1, 0, 0, 0}, {-1, 0, 1, 0}};
    ASSERT_TRUE(ir::add_tree(trees, steps, 0, 0));
    const Program program = compiled(float_graph(trees, {1, 1, 1, 1, 1, 1}));
    for (const float x : values) {
      EXPECT_EQ(run<float>(program, std::vector<std::vector<float>>{{x}})[0], x <= threshold ? 1.0f : 2.0f)
          << x << " <= " << threshold;
    }
  }
}

TEST(LowerTrees, EqualLeavesOfATreeAreStoredOnce) {
  const Case c = {1, 4, 3, 3, 100, 1};
  ir::Trees trees = random_trees(3, c.trees, c.features, c.outputs, c.width, c.nodes);
  std::fill(trees.leaves.begin(), trees.leaves.end(), 0.5f);
  const Program program = compiled(float_graph(trees, c));
  const uint32_t head = 6, base = 12, leaf = 12;
  EXPECT_EQ(program.header().weights_bytes, head + base + leaf + 10 * static_cast<uint32_t>(trees.node_count()));
}

TEST(LowerTrees, HostileRecordsAreHarmless) {
  for (const Case& c : kCases) {
    const ir::Trees trees = random_trees(7, c.trees, c.features, c.outputs, c.width, c.nodes);
    expect_hostile_records_are_harmless(compiled(float_graph(trees, c)));
    expect_hostile_records_are_harmless(compiled(integer_graph<int8_t>(trees, c)));
    expect_hostile_records_are_harmless(compiled(integer_graph<int16_t>(trees, c)));
  }
}

// Every 16-bit word of heads, nodes and leaves becomes an extreme: what check() lets pass ends, within its memory.
TEST(LowerTrees, HostileNodesAreHarmless) {
  const Case c = {4, 6, 3, 2, 12, 1};
  const ir::Trees trees = random_trees(9, c.trees, c.features, c.outputs, c.width, c.nodes);
  const Program program = compiled(integer_graph<int16_t>(trees, c));
  const auto& params = *reinterpret_cast<const rt::TreeEnsembleS16*>(program.ops()[0].record.data());
  const std::vector<uint8_t> sound(program.constants().begin(), program.constants().end());
  alignas(16) uint8_t arena[256] = {};
  size_t passed = 0;
  for (size_t at = 0; at + 2 <= sound.size(); at += 2) {
    for (const uint16_t value : {0, 1, 2, 3, 4, 7, 100, 0x7fff, 0x8000, 0xfffe, 0xffff}) {
      std::vector<uint8_t> constants = sound;
      std::memcpy(constants.data() + at, &value, 2);
      const rt::Extent extent{program.header().arena_bytes, static_cast<uint32_t>(constants.size()), constants.data()};
      ASSERT_LE(program.header().arena_bytes, sizeof arena);
      if (!rt::check(params, extent)) continue;
      ++passed;
      rt::tree_ensemble_s16(params, {arena, constants.data()});
    }
  }
  EXPECT_GT(passed, 0u);
}

TEST(LowerTrees, ChildrenThatLeadBackAreRefused) {
  const Case c = {1, 2, 1, 1, 3, 1};
  rt::TreeNodeS8 nodes[3] = {{0, 0, {3, ~0}}, {0, 1, {3, ~0}}, {0, 0, {~0, ~1}}};
  rt::TreeHead head = {3, 2, 0};
  uint8_t constants[64] = {};
  const auto sound = [&] {
    std::memcpy(constants, &head, sizeof head);
    std::memcpy(constants + 8, nodes, sizeof nodes);
    const rt::Extent e{0, sizeof constants, constants};
    const rt::TreeShape shape = {1, c.features, 1, 1, 1};
    const rt::Ref at = rt::kConstantBit;
    return rt::check_trees<rt::TreeNodeS8>(e, at, at | 8, at | 40, shape, 1);
  };
  EXPECT_TRUE(sound());
  for (const int16_t child : {0, -3, 1, 6, 9, 32767, -32768}) {  // itself, no row, between nodes, past the end, ...
    nodes[1].child[1] = child;
    EXPECT_FALSE(sound()) << child;
  }
  nodes[1].child[1] = ~1;
  nodes[2].feature = 2;
  EXPECT_FALSE(sound());
  nodes[2].feature = 1, head.first_output = 1;
  EXPECT_FALSE(sound());
  head.first_output = 0, head.nodes = 0;
  EXPECT_FALSE(sound());
}

TEST(LowerTrees, ATreeTooLargeForItsLinksIsRefused) {
  ir::Trees trees;  // node 0 has a child 8000 nodes further on
  trees.leaves = {1.0f}, trees.base = {0.0f};
  std::vector<ir::TreeStep> steps = {{-1, 0, 0, 0}};
  int32_t root = 0;
  for (int32_t i = 0; i < 8000; ++i) {
    steps.push_back({0, 0.0f, root, 0});
    root = static_cast<int32_t>(steps.size()) - 1;
    steps.push_back({-1, 0, 0, 0});
    steps[static_cast<size_t>(root)].more = static_cast<int32_t>(steps.size()) - 1;
  }
  steps.push_back({0, 1.0f, root, 0});
  steps.push_back({0, 1.0f, static_cast<int32_t>(steps.size()) + 1, static_cast<int32_t>(steps.size()) + 2});
  steps.push_back({-1, 0, 0, 0});
  steps.push_back({-1, 0, 0, 0});
  root = static_cast<int32_t>(steps.size()) - 4;
  steps[static_cast<size_t>(root)].more = root + 1;
  ASSERT_TRUE(ir::add_tree(trees, steps, root, 0));
  try {
    compiled(float_graph(trees, {1, 1, 1, 1, 1, 1}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(std::string(error.what()).find("8002 nodes"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace whit::compile
