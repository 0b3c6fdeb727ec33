#include "whit/formats/tflite/reader.hpp"

#include <gtest/gtest.h>

#include "whit/base/error.hpp"
#include "whit/formats/tflite/test_model.hpp"
#include "whit/ir/verify.hpp"

namespace whit::tflite {
namespace {

using Code = BuiltinOperator;

ErrorCode code_of(const std::vector<uint8_t>& bytes) {
  try {
    read_tflite(bytes, "m");
  } catch (const Error& error) {
    EXPECT_EQ(error.where().rfind("m", 0), 0U) << error.where() << ": " << error.what();
    return error.code();
  }
  ADD_FAILURE() << "the file was read";
  return ErrorCode::usage;
}

// One op on one float input, and what the reader makes of it.
ir::Graph read_op(TestModel& b, const std::vector<int32_t>& inputs, const std::vector<int32_t>& outputs) {
  b.end_subgraph(inputs, outputs);
  return read_tflite(b.finish(), "m");
}

TEST(TfliteReader, ConvnetBecomesExplicit) {
  const ir::Graph g = read_tflite(small_convnet(), "net");
  EXPECT_EQ(g.name, "net");
  ASSERT_EQ(g.nodes.size(), 6U);
  EXPECT_EQ(g.nodes[0].op, ir::Op::conv2d);
  const auto& conv = ir::attributes<ir::ConvAttributes>(g.nodes[0]);
  // 6 rows, stride 2: three windows reach 7 rows, the odd one is behind. 7 columns: four reach 9, one on each side.
  EXPECT_EQ(conv.pad_top, 0);
  EXPECT_EQ(conv.pad_bottom, 1);
  EXPECT_EQ(conv.pad_left, 1);
  EXPECT_EQ(conv.pad_right, 1);
  EXPECT_EQ(conv.activation, ir::Activation::relu);
  EXPECT_EQ(ir::attributes<ir::ConvAttributes>(g.nodes[1]).activation, ir::Activation::relu6);
  const ir::Tensor& weights = g.tensor(g.nodes[0].inputs[1]);
  EXPECT_EQ(weights.quantization.scale.size(), 4U);
  EXPECT_EQ(weights.source_index, 1);
  EXPECT_EQ(weights.data[1], 48);
  EXPECT_EQ(g.nodes[3].op, ir::Op::reshape);
  EXPECT_EQ(g.tensor(g.nodes[3].outputs[0]).shape, (ir::Shape{1, 8}));
  EXPECT_EQ(g.nodes[5].source_index, 5);
  EXPECT_EQ(g.tensor(g.outputs[0]).quantization.zero_point[0], -128);
}

TEST(TfliteReader, MovementsBecomePlainOps) {
  const ir::Graph g = read_tflite(small_movements(), "m");
  std::string ops;
  for (const ir::Node& node : g.nodes) ops += std::string(ir::name_of(node.op)) + " ";
  EXPECT_EQ(ops,
            "transpose slice reshape pad mul slice slice reshape reshape concat mean reshape resize_bilinear concat "
            "logistic ");
  const auto& slice = ir::attributes<ir::SliceAttributes>(g.nodes[1]);
  EXPECT_EQ(slice.begin, (std::vector<int32_t>{0, 4, 1, 0}));
  EXPECT_EQ(slice.stride, (std::vector<int32_t>{1, -2, 1, 1}));
  EXPECT_EQ(g.tensor(g.nodes[1].outputs[0]).shape, (ir::Shape{1, 3, 1, 2}));
  EXPECT_EQ(ir::attributes<ir::SliceAttributes>(g.nodes[6]).begin, (std::vector<int32_t>{0, 0, 1}));
  EXPECT_EQ(ir::attributes<ir::ReduceAttributes>(g.nodes[10]).axes, (std::vector<int32_t>{2}));
  EXPECT_TRUE(ir::attributes<ir::ResizeAttributes>(g.nodes[12]).half_pixel_centers);
  EXPECT_EQ(ir::attributes<ir::AxisAttributes>(g.nodes[13]).axis, 3);
}

TEST(TfliteReader, StateStartsWithTheConstantOfCallOnce) {
  const ir::Graph g = read_tflite(small_state(), "m");
  ASSERT_EQ(g.variables.size(), 1U);
  EXPECT_EQ(g.variables[0].name, "sum");
  EXPECT_EQ(g.variables[0].initial, (std::vector<uint8_t>{1, 2, 3, 0xFF}));
  ASSERT_EQ(g.nodes.size(), 3U);
  EXPECT_EQ(g.nodes[0].op, ir::Op::read_variable);
  EXPECT_EQ(g.nodes[2].op, ir::Op::assign_variable);
}

TEST(TfliteReader, Float16ConstantsBecomeFloat) {
  TestModel b;
  const int32_t half =
      b.tensor({{1, 4}, TensorType::FLOAT16, bytes_of_values(std::vector<uint16_t>{0x3C00, 0xC000, 1, 0x7BFF})});
  const int32_t constant = b.floats({1, 4}), input = b.floats({1, 4}), output = b.floats({1, 4});
  b.op(Code::DEQUANTIZE, {half}, {constant});
  b.op(Code::ADD, {input, constant}, {output}, CreateAddOptions(b.fbb));
  const ir::Graph g = read_op(b, {input}, {output});
  ASSERT_EQ(g.nodes.size(), 1U);
  const ir::Tensor& t = g.tensor(g.nodes[0].inputs[1]);
  ASSERT_TRUE(t.is_constant);
  EXPECT_EQ(ir::data<float>(t)[0], 1.0F);
  EXPECT_EQ(ir::data<float>(t)[1], -2.0F);
  EXPECT_EQ(ir::data<float>(t)[2], 0x1p-24F);
  EXPECT_EQ(ir::data<float>(t)[3], 65504.0F);
}

TEST(TfliteReader, IntegerWeightsOfFloatLayersBecomeFloat) {
  TestModel b;
  TensorSpec w{{2, 3}, TensorType::INT8, {1, 2, 3, 0xFF, 0xFE, 0xFD}, {0.5F, 2.0F}, {0, 0}, 0};
  const int32_t input = b.floats({1, 3}), output = b.floats({1, 2});
  b.op(Code::FULLY_CONNECTED, {input, b.tensor(w), -1}, {output}, CreateFullyConnectedOptions(b.fbb));
  const ir::Graph g = read_op(b, {input}, {output});
  const ir::Tensor& t = g.tensor(g.nodes[0].inputs[1]);
  EXPECT_EQ(t.type, ir::DType::f32);
  EXPECT_EQ(ir::data<float>(t)[2], 1.5F);
  EXPECT_EQ(ir::data<float>(t)[5], -6.0F);
  EXPECT_EQ(g.nodes[0].inputs[2], ir::kNoTensor);
}

TEST(TfliteReader, StridedSliceWithEllipsisAndNewAxis) {
  TestModel b;
  const int32_t input = b.floats({2, 3, 4, 5}), output = b.floats({2, 3, 1, 5});
  b.op(Code::STRIDED_SLICE, {input, b.integers({0, 0, -1, 0}), b.integers({0, 0, 0, 0}), b.integers({1, 1, 1, 1})},
       {output}, CreateStridedSliceOptions(b.fbb, 0b1000, 0b1000, 0b0001, 0b0010, 0b0100));
  const ir::Graph g = read_op(b, {input}, {output});
  const auto& slice = ir::attributes<ir::SliceAttributes>(g.nodes[0]);
  EXPECT_EQ(slice.begin, (std::vector<int32_t>{0, 0, 3, 0}));
  EXPECT_EQ(g.tensor(g.nodes[0].outputs[0]).shape, (ir::Shape{2, 3, 1, 5}));
}

TEST(TfliteReader, TransposeConvCutsTheFullOutput) {
  TestModel b;
  TensorSpec w{{2, 3, 3, 1}, TensorType::FLOAT32, std::vector<uint8_t>(72)};
  const int32_t input = b.floats({1, 2, 2, 1}), output = b.floats({1, 4, 4, 2});
  b.op(Code::TRANSPOSE_CONV, {b.integers({1, 4, 4, 2}), b.tensor(w), input}, {output},
       CreateTransposeConvOptions(b.fbb, Padding::SAME, 2, 2));
  const ir::Graph g = read_op(b, {input}, {output});
  const auto& a = ir::attributes<ir::ConvAttributes>(g.nodes[0]);
  EXPECT_EQ(a.pad_top, 0);
  EXPECT_EQ(a.pad_bottom, 1);
  EXPECT_EQ(g.nodes[0].inputs[0], g.inputs[0]);
}

TEST(TfliteReader, DynamicDimensionsTakeTheStaticShape) {
  TestModel b;
  TensorSpec dynamic{{1, 4}, TensorType::FLOAT32};
  dynamic.signature = {-1, 4};
  const int32_t input = b.tensor(dynamic), output = b.tensor(dynamic);
  b.op(Code::RELU, {input}, {output});
  const ir::Graph g = read_op(b, {input}, {output});
  EXPECT_EQ(g.tensor(g.outputs[0]).shape, (ir::Shape{1, 4}));
}

TEST(TfliteReader, UnsupportedNamesOpIndexAndTypes) {
  TestModel b;
  const int32_t input = b.floats({1, 4}), output = b.floats({1, 4});
  b.op(Code::RELU, {input}, {b.floats({1, 4})});
  b.op(Code::CUSTOM, {input}, {output}, BuiltinOptions::NONE, 0, "Fancy");
  b.end_subgraph({input}, {output});
  try {
    read_tflite(b.finish(), "m");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_EQ(error.where(), "m: op 1 (CUSTOM:Fancy)");
    EXPECT_NE(std::string(error.what()).find("float32 -> float32"), std::string::npos) << error.what();
    EXPECT_NE(error.hint().find("supported"), std::string::npos);
  }
}

TEST(TfliteReader, SparseAndLaterOpsAreRefused) {
  TestModel b;
  TensorSpec sparse{{1, 4}, TensorType::FLOAT32, std::vector<uint8_t>(8)};
  sparse.sparse = true;
  const int32_t input = b.floats({1, 4}), output = b.floats({1, 4});
  b.op(Code::ADD, {input, b.tensor(sparse)}, {output}, CreateAddOptions(b.fbb));
  b.end_subgraph({input}, {output});
  EXPECT_EQ(code_of(b.finish()), ErrorCode::unsupported);
  TestModel later;
  const int32_t i = later.floats({1}), o = later.floats({1});
  later.op(static_cast<Code>(205), {i}, {o});
  later.end_subgraph({i}, {o});
  EXPECT_EQ(code_of(later.finish()), ErrorCode::unsupported);
}

TEST(TfliteReader, NotATfliteFile) {
  EXPECT_EQ(code_of({}), ErrorCode::bad_input);
  EXPECT_EQ(code_of({'h', 'e', 'l', 'l', 'o'}), ErrorCode::bad_input);
  EXPECT_EQ(code_of(std::vector<uint8_t>(64, 0)), ErrorCode::bad_input);
  TestModel b;
  EXPECT_EQ(code_of(b.finish()), ErrorCode::bad_input);  // no subgraph
  TestModel old;
  old.end_subgraph({}, {});
  EXPECT_EQ(code_of(old.finish(2)), ErrorCode::bad_input);
}

}  // namespace
}  // namespace whit::tflite
