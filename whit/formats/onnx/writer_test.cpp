#include "whit/formats/onnx/writer.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "whit/base/error.hpp"
#include "whit/formats/onnx/test_model.hpp"
#include "whit/ir/text.hpp"

namespace whit::onnx {
namespace {

::onnx::ModelProto parsed(const std::vector<uint8_t>& bytes) {
  ::onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  return model;
}

std::vector<std::string> ops_of(const ::onnx::ModelProto& model) {
  std::vector<std::string> ops;
  for (const auto& node : model.graph().node()) ops.push_back(node.op_type());
  return ops;
}

std::vector<ir::Op> ops_of(const ir::Graph& graph) {
  std::vector<ir::Op> ops;
  for (const ir::Node& node : graph.nodes) ops.push_back(node.op);
  return ops;
}

TEST(OnnxWriter, ImagesAreTurnedOnceAtEachEnd) {
  const ir::Graph graph = small_convnet().read().graph;
  const auto ops = ops_of(parsed(write_onnx(graph)));
  EXPECT_EQ(ops, (std::vector<std::string>{"Transpose", "Conv", "Relu", "MaxPool", "Transpose", "Reshape", "Gemm",
                                           "Identity"}));
}

TEST(OnnxWriter, WhatIsWrittenIsReadAsTheSameGraph) {
  for (const TestModel& model : {small_convnet(), small_quantized(), small_shapes()}) {
    const ir::Graph graph = model.read().graph;
    const ir::Graph again = read_onnx(write_onnx(graph), "again").graph;
    EXPECT_EQ(ops_of(again), ops_of(graph)) << ir::print_text(again);
    ASSERT_EQ(again.inputs.size(), graph.inputs.size());
    EXPECT_EQ(again.tensor(again.inputs[0]).shape, graph.tensor(graph.inputs[0]).shape);
    EXPECT_EQ(again.tensor(again.inputs[0]).name, graph.tensor(graph.inputs[0]).name);
    EXPECT_EQ(again.tensor(again.outputs[0]).name, graph.tensor(graph.outputs[0]).name);
  }
}

TEST(OnnxWriter, TheSameGraphGivesTheSameBytes) {
  const ir::Graph graph = small_quantized().read().graph;
  EXPECT_EQ(write_onnx(graph), write_onnx(graph));
}

TEST(OnnxWriter, IntegersStayAsTheyAre) {
  const ir::Graph graph = small_quantized().read().graph;
  const ir::Graph again = read_onnx(write_onnx(graph), "again").graph;
  for (size_t i = 0; i < 3; ++i) {
    const ir::Tensor &a = graph.tensor(graph.nodes[1].inputs[i]), &b = again.tensor(again.nodes[1].inputs[i]);
    EXPECT_EQ(a.type, b.type);
    EXPECT_EQ(a.data, b.data);
    EXPECT_EQ(a.quantization, b.quantization);
  }
}

// Each form of a recurrent layer comes back as it went, transposes around it left aside.
TEST(OnnxWriter, RecurrentLayers) {
  constexpr const char* kNodes[] = {
      R"(%9 "y": f32 [2,5,2], %10 "h": f32 [2,2], %11 "c": f32 [2,2] = lstm(%0, %1, %1, %1, %1, %2, %2, %2, %2, %3, -, %4, %3, %3, %4, -, %5, -) {reverse=true})",
      R"(%9 "y": f32 [2,5,2], %10 "h": f32 [2,2] = gru(%0, %1, %1, %1, %2, %2, %2, %3, %4, -, -, %3, %4, %5) {linear_before_reset=true})"};
  for (const std::string node : kNodes) {
    const ir::Graph graph = ir::parse_text(R"(graph "g"
input %0 "x": f32 [2,5,3]
input %5 "h0": f32 [2,2]
const %1 "w": f32 [2,3] = {1 2 3 4 5 6}
const %2 "r": f32 [2,2] = {1 2 3 4}
const %3 "b": f32 [2] = {7 8}
const %4 "p": f32 [2] = {9 10}
)" + node + "\noutput %9, %10\n");
    const ir::Graph again = read_onnx(write_onnx(graph), "again").graph;
    const ir::Node& before = graph.nodes[0];
    const auto found =
        std::find_if(again.nodes.begin(), again.nodes.end(), [&](const ir::Node& n) { return n.op == before.op; });
    ASSERT_NE(found, again.nodes.end()) << ir::print_text(again);
    const auto &a = ir::attributes<ir::RecurrentAttributes>(before),
               &b = ir::attributes<ir::RecurrentAttributes>(*found);
    EXPECT_EQ(a.reverse, b.reverse);
    EXPECT_EQ(a.linear_before_reset, b.linear_before_reset);
    for (size_t i = 1; i < before.inputs.size(); ++i) {
      if (before.inputs[i] == ir::kNoTensor || !graph.tensor(before.inputs[i]).is_constant) continue;
      ASSERT_NE(found->inputs[i], ir::kNoTensor) << i;
      EXPECT_EQ(again.tensor(found->inputs[i]).data, graph.tensor(before.inputs[i]).data) << i;
    }
  }
}

// A fully connected layer of 128 weights and one of few, which stay float32.
ir::Graph layers_of_halves(const char* weight) {
  std::string weights;
  for (int i = 0; i < 128; ++i) weights += std::string(weight) + " ";
  return ir::parse_text(
      "graph \"halves\"\ninput %0 \"x\": f32 [1,16]\nconst %1 \"w\": f32 [8,16] = {" + weights +
      "}\n%2 \"h\": f32 [1,8] = fully_connected(%0, %1, -)\nconst %3 \"v\": f32 [1,8] = {1 2 3 4 5 6 7 "
      "8}\n%4 \"y\": f32 [1,1] = fully_connected(%2, %3, -)\noutput %4\n");
}

TEST(OnnxWriter, WeightsOfHalvesAreStoredAsFloat16) {
  const std::vector<uint8_t> bytes = write_onnx(layers_of_halves("0.75"));
  EXPECT_LT(bytes.size() + 128, write_onnx(layers_of_halves("0.1")).size());
  const ir::Graph again = read_onnx(bytes, "halves.onnx", "").graph;
  std::vector<float> weights;
  for (const ir::Node& node : again.nodes) {
    if (node.op != ir::Op::fully_connected && node.op != ir::Op::batch_matmul) continue;
    const ir::Tensor& tensor = again.tensor(node.inputs[1]);
    ASSERT_TRUE(tensor.is_constant && tensor.type == ir::DType::f32);
    weights.insert(weights.end(), ir::data<float>(tensor), ir::data<float>(tensor) + ir::elements(tensor.shape));
  }
  ASSERT_EQ(weights.size(), 136u);
  EXPECT_EQ(std::count(weights.begin(), weights.end(), 0.75f), 128);
}

TEST(OnnxWriter, StateAndInt16AreRefused) {
  const ir::Graph state = ir::parse_text(R"(graph "state"
variable 0 "v": f32 [2] = {1 2}
input %0 "x": f32 [2]
%1 "old": f32 [2] = read_variable() {variable=0}
%2 "y": f32 [2] = add(%0, %1)
assign_variable(%2) {variable=0}
output %2
)");
  EXPECT_THROW(write_onnx(state), Error);
  const ir::Graph wide = ir::parse_text(R"(graph "wide"
input %0 "x": i16 [2] scale 0.5 zero_point 0
%1 "y": i16 [2] scale 0.5 zero_point 0 = relu(%0)
output %1
)");
  EXPECT_THROW(write_onnx(wide), Error);
}

}  // namespace
}  // namespace whit::onnx
