#include "whit/formats/onnx/reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/formats/onnx/test_model.hpp"
#include "whit/ir/text.hpp"

namespace whit::onnx {
namespace {

using Proto = ::onnx::TensorProto;

int count(const ir::Graph& graph, ir::Op op) {
  return static_cast<int>(
      std::count_if(graph.nodes.begin(), graph.nodes.end(), [&](const ir::Node& node) { return node.op == op; }));
}

std::vector<ir::Op> ops_of(const ir::Graph& graph) {
  std::vector<ir::Op> ops;
  for (const ir::Node& node : graph.nodes) ops.push_back(node.op);
  return ops;
}

struct Refusal {
  ErrorCode code;
  std::string what, where;
};

Refusal refusal_of(const std::vector<uint8_t>& bytes, const std::filesystem::path& folder = "") {
  try {
    read_onnx(bytes, "test", folder);
  } catch (const Error& error) {
    return {error.code(), error.what(), error.where()};
  }
  ADD_FAILURE() << "nothing was refused";
  return {};
}

Refusal refusal_of(const TestModel& model) { return refusal_of(model.bytes()); }

TEST(OnnxReader, AConvnetIsChannelsLastWithoutATranspose) {
  const Model model = small_convnet().read();
  const ir::Graph& g = model.graph;
  using enum ir::Op;
  EXPECT_EQ(ops_of(g), (std::vector{conv2d, relu, max_pool2d, reshape, fully_connected})) << ir::print_text(g);
  EXPECT_EQ(g.tensor(g.inputs[0]).shape, (ir::Shape{1, 4, 4, 2}));
  EXPECT_EQ(g.tensor(g.inputs[0]).name, "x");
  EXPECT_EQ(g.tensor(g.outputs[0]).shape, (ir::Shape{1, 3}));
  EXPECT_EQ(model.inputs[0], (Permutation{0, 2, 3, 1}));
  EXPECT_TRUE(model.outputs[0].empty());
  ASSERT_EQ(model.notes.size(), 2u);
  EXPECT_NE(model.notes[0].find("1 is taken"), std::string::npos);
  EXPECT_NE(model.notes[1].find("channels last, [1,4,4,2]"), std::string::npos);
}

TEST(OnnxReader, WeightsBehindAFlattenAreReordered) {
  // Flatten counts channels first; the columns of the weights move with the elements.
  TestModel m;
  m.input("x", {1, 2, 1, 3}).output("y");
  m.floats("w", {1, 6}, {0, 1, 2, 3, 4, 5});
  TestModel::set(m.node("MaxPool", {"x"}, {"p"}), "kernel_shape", {1, 1});
  m.node("Flatten", {"p"}, {"f"});
  TestModel::set(m.node("Gemm", {"f", "w"}, {"y"}), "transB", int64_t{1});
  const ir::Graph g = m.read().graph;
  ASSERT_EQ(count(g, ir::Op::transpose), 0) << ir::print_text(g);
  const ir::Tensor& weights = g.tensor(g.nodes.back().inputs[1]);
  const float* w = ir::data<float>(weights);
  EXPECT_EQ(std::vector<float>(w, w + 6), (std::vector<float>{0, 3, 1, 4, 2, 5}));
}

TEST(OnnxReader, ATransposeThatTheFileNeedsForItsLayoutGoes) {
  // As converters from TensorFlow write: NHWC in, a Transpose before each convolution and after it.
  TestModel m;
  m.input("x", {1, 4, 4, 2}).output("y");
  m.floats("w", {2, 2, 1, 1}, {1, 2, 3, 4}).floats("row", {2}, {1, 2});
  TestModel::set(m.node("Transpose", {"x"}, {"first"}), "perm", {0, 3, 1, 2});
  m.node("Conv", {"first", "w"}, {"c"});
  TestModel::set(m.node("Transpose", {"c"}, {"last"}), "perm", {0, 2, 3, 1});
  m.node("Add", {"last", "row"}, {"y"});
  const Model model = m.read();
  EXPECT_EQ(ops_of(model.graph), (std::vector{ir::Op::conv2d, ir::Op::add}));
  EXPECT_TRUE(model.inputs[0].empty());
  EXPECT_TRUE(model.outputs[0].empty());
}

TEST(OnnxReader, AxesFollowTheLayout) {
  TestModel m;
  m.input("x", {1, 2, 4, 6}).output("y");
  m.floats("w", {2, 2, 1, 1}, {1, 2, 3, 4}).floats("scale", {1, 2, 1, 1}, {5, 6});
  m.node("Conv", {"x", "w"}, {"c"});
  m.node("Mul", {"c", "scale"}, {"m"});
  TestModel::set(m.node("Concat", {"m", "c"}, {"joined"}), "axis", int64_t{1});
  TestModel::set(m.node("ReduceMean", {"joined"}, {"y"}), "axes", {2, 3});
  const ir::Graph g = m.read().graph;
  using enum ir::Op;
  EXPECT_EQ(ops_of(g), (std::vector{conv2d, mul, concat, mean, reshape}));  // [1,1,1,4] to [1,4,1,1]
  EXPECT_EQ(g.tensor(g.nodes[1].inputs[1]).shape, (ir::Shape{2}));
  EXPECT_EQ(ir::attributes<ir::AxisAttributes>(g.nodes[2]).axis, 3);
  EXPECT_EQ(ir::attributes<ir::ReduceAttributes>(g.nodes[3]).axes, (std::vector{1, 2}));
}

TEST(OnnxReader, OneDimensionIsAnImageOfHeightOne) {
  TestModel m;
  m.input("x", {1, 2, 8}).output("y");
  m.floats("w", {2, 1, 3}, {1, 2, 3, 4, 5, 6});
  TestModel::set(m.node("Conv", {"x", "w"}, {"y"}), "group", int64_t{2});
  const Model model = m.read();
  EXPECT_EQ(count(model.graph, ir::Op::depthwise_conv2d), 1);
  EXPECT_EQ(count(model.graph, ir::Op::transpose), 0);
  EXPECT_EQ(model.graph.tensor(model.graph.inputs[0]).shape, (ir::Shape{1, 8, 2}));
  EXPECT_EQ(model.graph.tensor(model.graph.outputs[0]).shape, (ir::Shape{1, 6, 2}));
}

TEST(OnnxReader, QuantizedLayersBecomeInt8) {
  const ir::Graph g = small_quantized().read().graph;
  using enum ir::Op;
  ASSERT_EQ(ops_of(g), (std::vector{quantize, conv2d, dequantize})) << ir::print_text(g);
  const ir::Node& conv = g.nodes[1];
  EXPECT_EQ(ir::attributes<ir::ConvAttributes>(conv).activation, ir::Activation::relu);
  const ir::Quantization &in = g.tensor(conv.inputs[0]).quantization, &out = g.tensor(conv.outputs[0]).quantization;
  EXPECT_EQ(in, (ir::Quantization{{0.5f}, {0}, 0}));  // uint8's 128 is int8's 0
  EXPECT_EQ(out, (ir::Quantization{{0.25f}, {-125}, 0}));
  EXPECT_EQ(g.tensor(conv.inputs[1]).quantization.scale.size(), 3u);
  EXPECT_EQ(ir::data<int32_t>(g.tensor(conv.inputs[2]))[1], -50);
}

TEST(OnnxReader, AsymmetricWeightsAreRefused) {
  TestModel m = small_quantized();
  for (auto& tensor : *m.graph().mutable_initializer()) {
    if (tensor.name() == "w_zero") tensor.set_raw_data(std::string("\1\0\0", 3));
  }
  const Refusal refusal = refusal_of(m);
  EXPECT_EQ(refusal.code, ErrorCode::unsupported);
  EXPECT_NE(refusal.what.find("not symmetric"), std::string::npos);
}

TEST(OnnxReader, ShapesAndKnownBranchesAreComputedHere) {
  const ir::Graph g = small_shapes().read().graph;
  EXPECT_EQ(ops_of(g), (std::vector{ir::Op::reshape, ir::Op::relu}));
  EXPECT_EQ(g.tensor(g.outputs[0]).shape, (ir::Shape{2, 12}));
  EXPECT_EQ(g.tensor(g.outputs[0]).name, "y");
}

TEST(OnnxReader, PaddingThatCountsIsAPad) {
  TestModel m;
  m.input("x", {1, 1, 4, 4}).output("y");
  auto& pool = m.node("AveragePool", {"x"}, {"y"});
  TestModel::set(pool, "kernel_shape", {3, 3});
  TestModel::set(pool, "pads", {1, 1, 1, 1});
  TestModel::set(pool, "count_include_pad", int64_t{1});
  EXPECT_EQ(ops_of(m.read().graph), (std::vector{ir::Op::pad, ir::Op::average_pool2d, ir::Op::reshape}));
}

TEST(OnnxReader, AnUnknownOpIsNamed) {
  TestModel m;
  m.input("x", {1}).output("y");
  m.node("NonMaxSuppression", {"x"}, {"y"});
  const Refusal refusal = refusal_of(m);
  EXPECT_EQ(refusal.code, ErrorCode::unsupported);
  EXPECT_EQ(refusal.where, "test: node 0 'NonMaxSuppression0' (NonMaxSuppression)");
  m.graph().mutable_node(0)->set_domain("com.example");
  EXPECT_NE(refusal_of(m).where.find("com.example::"), std::string::npos);
}

TEST(OnnxReader, ACycleIsRefused) {
  TestModel m;
  m.input("x", {1}).output("y");
  m.node("Add", {"x", "b"}, {"a"});
  m.node("Relu", {"a"}, {"b"});
  m.node("Relu", {"b"}, {"y"});
  const Refusal refusal = refusal_of(m);
  EXPECT_EQ(refusal.code, ErrorCode::bad_input);
  EXPECT_NE(refusal.what.find("'b' is used before anything computes it"), std::string::npos);
}

TEST(OnnxReader, AnAttributeOfAnotherTypeOrNameIsRefused) {
  TestModel m = small_convnet();
  m.graph().mutable_node(0)->mutable_attribute(0)->set_type(::onnx::AttributeProto::FLOAT);
  EXPECT_NE(refusal_of(m).what.find("attribute 'pads' is of type FLOAT instead of INTS"), std::string::npos);
  m = small_convnet();
  m.graph().mutable_node(0)->mutable_attribute(0)->set_name("paddings");
  EXPECT_EQ(refusal_of(m).code, ErrorCode::unsupported);
}

TEST(OnnxReader, MissingExternalDataAreNamed) {
  TestModel m = small_convnet();
  auto& tensor = *m.graph().mutable_initializer(0);
  const std::string data = tensor.raw_data();
  tensor.clear_raw_data();
  tensor.set_data_location(Proto::EXTERNAL);
  auto& location = *tensor.add_external_data();
  location.set_key("location");
  location.set_value("weights.bin");
  const TemporaryDirectory folder;
  EXPECT_NE(refusal_of(m.bytes(), folder.path()).what.find("'weights.bin', which is missing"), std::string::npos);
  write_file(folder.path() / "weights.bin", std::string_view(data).substr(1));
  EXPECT_EQ(refusal_of(m.bytes(), folder.path()).code, ErrorCode::bad_input);
  write_file(folder.path() / "weights.bin", data);
  EXPECT_EQ(read_onnx(m.bytes(), "test", folder.path()).graph.nodes.size(), small_convnet().read().graph.nodes.size());
  location.set_value("../weights.bin");
  EXPECT_EQ(refusal_of(m.bytes(), folder.path()).code, ErrorCode::bad_input);
}

TEST(OnnxReader, BombsAreRefused) {
  TestModel nested;
  nested.input("x", {1}).output("y");
  nested.constant<uint8_t>("yes", {}, {1}, Proto::BOOL);
  ::onnx::GraphProto* graph = &nested.graph();
  for (int depth = 0; depth < 200; ++depth) {
    auto& node = depth == 0 ? nested.node("If", {"yes"}, {"y"}) : *graph->add_node();
    node.set_op_type("If");
    if (depth > 0) node.add_input("yes"), node.add_output("y" + std::to_string(depth));
    for (const char* name : {"else_branch", "then_branch"}) {
      auto& attribute = *node.add_attribute();
      attribute.set_name(name);
      attribute.set_type(::onnx::AttributeProto::GRAPH);
      graph = attribute.mutable_g();
      graph->add_output()->set_name("y" + std::to_string(depth + 1));
    }
  }
  EXPECT_EQ(refusal_of(nested).code, ErrorCode::bad_input);  // protobuf's limit; below it the reader's own

  TestModel large;
  large.output("y");
  large.integers("shape", {1 << 15, 1 << 15});
  large.node("ConstantOfShape", {"shape"}, {"y"});
  EXPECT_EQ(refusal_of(large).code, ErrorCode::bad_input);

  TestModel huge;
  huge.input("x", {1LL << 40, 1LL << 40}).output("y");
  huge.node("Relu", {"x"}, {"y"});
  EXPECT_EQ(refusal_of(huge).code, ErrorCode::bad_input);
}

TEST(OnnxReader, DamagedFilesAreRefused) {
  const std::vector<uint8_t> whole = small_convnet().bytes();
  EXPECT_TRUE(looks_like_onnx(whole));
  EXPECT_FALSE(looks_like_onnx(std::vector<uint8_t>{'T', 'F', 'L', '3'}));
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::vector<uint8_t> part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    try {
      read_onnx(part, "test");
      ADD_FAILURE() << size << " bytes of " << whole.size() << " were read as a model";
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ErrorCode::bad_input || error.code() == ErrorCode::unsupported) << error.what();
    }
  }
}

TEST(OnnxReader, OperatorSetsThatAreNotKnownAreRefused) {
  TestModel m = small_convnet();
  m.proto.mutable_opset_import(0)->set_version(5);
  EXPECT_EQ(refusal_of(m).code, ErrorCode::unsupported);
  m.proto.mutable_opset_import(0)->set_version(1000);
  EXPECT_EQ(refusal_of(m).what, "operator set 1000");
}

TEST(OnnxReader, OtherFloatsBecomeFloat32) {
  TestModel m;
  m.input("x", {2}, Proto::DOUBLE).output("y", {2}, Proto::DOUBLE);
  m.constant<double>("b", {2}, {0.5, -1.5}, Proto::DOUBLE);
  TestModel::set(m.node("Cast", {"x"}, {"h"}), "to", int64_t{Proto::FLOAT16});
  m.node("Add", {"h", "b"}, {"y"});
  const Model model = m.read();
  EXPECT_EQ(ops_of(model.graph), std::vector{ir::Op::add});
  EXPECT_EQ(model.graph.tensor(model.graph.inputs[0]).type, ir::DType::f32);
  EXPECT_EQ(model.notes, (std::vector<std::string>{"input 'x': float32; the file's is float64",
                                                   "output 'y': float32; the file's is float64"}));
}

TEST(OnnxReader, NarrowIntegersAreComputedAsInt32) {
  TestModel m(14);
  m.input("x", {2}, Proto::UINT8).input("z", {2}, Proto::UINT8).output("y", {2}, Proto::UINT8);
  m.node("Add", {"x", "z"}, {"y"});
  using enum ir::Op;
  EXPECT_EQ(ops_of(m.read().graph), (std::vector{cast, cast, add, cast}));
}

TEST(OnnxReader, EmptyTensorsAreLeftOut) {
  TestModel m;
  m.input("x", {2}).input("nothing", {3, 0}).output("rest", {2}).output("none", {0});
  m.integers("parts", {0, 2});
  m.node("Split", {"x", "parts"}, {"none", "part"});
  m.node("Relu", {"part"}, {"rest"});
  const Model model = m.read();
  EXPECT_EQ(model.graph.inputs.size(), 1u);
  EXPECT_EQ(model.graph.outputs.size(), 1u);
  EXPECT_EQ(model.notes, (std::vector<std::string>{"input 'nothing': [3,0], which is empty, is left out",
                                                   "output 'none': [0], which is empty, is left out"}));
  TestModel empty;
  empty.input("x", {2}).output("none", {0}).integers("parts", {0, 2});
  empty.node("Split", {"x", "parts"}, {"none", "rest"});
  EXPECT_EQ(refusal_of(empty).what, "all outputs are empty: nothing is left to compute");
}

TEST(OnnxReader, BatchNormalizationInTrainingModeIsNoted) {
  TestModel m(15);
  m.input("x", {2, 3, 4, 4}).output("y");
  m.floats("one", {3}, {1, 1, 1});
  TestModel::set(m.node("BatchNormalization", {"x", "one", "one", "one", "one"}, {"y", "mean", "variance"}),
                 "training_mode", int64_t{1});
  const Model model = m.read();
  EXPECT_EQ(count(model.graph, ir::Op::mean), 2);
  EXPECT_NE(model.notes.at(1).find("(BatchNormalization): batch normalization in training mode"), std::string::npos);
}

TEST(OnnxReader, ElementsAreGatheredByKnownIndices) {
  TestModel m;
  m.input("x", {2, 2}).output("y", {1, 2});
  m.constant<int64_t>("at", {1, 2}, {1, -2}, Proto::INT64);
  m.node("GatherElements", {"x", "at"}, {"y"});
  EXPECT_EQ(count(m.read().graph, ir::Op::gather), 1);
  m.graph().mutable_initializer(0)->set_raw_data(std::string(16, '\x02'));
  EXPECT_EQ(refusal_of(m).what, "an index out of range");
}

TEST(OnnxReader, OnlyTheBatchMayBeFree) {
  TestModel m;
  m.input("x", {-1, -1}).output("y");
  m.node("Relu", {"x"}, {"y"});
  EXPECT_EQ(refusal_of(m).what, "dimension 1 ('N') is free");
}

}  // namespace
}  // namespace whit::onnx
