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
