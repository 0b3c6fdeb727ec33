#include "whit/formats/tflite/writer.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/base/process.hpp"
#include "whit/formats/tflite/reader.hpp"
#include "whit/formats/tflite/test_model.hpp"
#include "whit/ir/text.hpp"

namespace whit::tflite {
namespace {

ir::Graph parse(const std::string& nodes) { return ir::parse_text("graph \"g\"\n" + nodes); }

ir::Graph written_and_read(const std::string& nodes) { return read_tflite(write_tflite(parse(nodes)), "g"); }

// What is written with several ops: the nodes that are read again.
std::string ops_of(const std::string& text) {
  std::string ops;
  for (const ir::Node& node : written_and_read(text).nodes)
    ops += std::string(ops.empty() ? "" : " ") + ir::name_of(node.op);
  return ops;
}

TEST(TfliteWriter, OtherPaddingIsAPad) {
  const std::string conv = R"(input %0 "x": i8 [1,4,4,1] scale 0.5 zero_point 3
const %1 "w": i8 [1,3,3,1] scale 0.25 zero_point 0 = {1 2 3 4 5 6 7 8 9}
%2 "y": i8 [1,2,2,1] scale 1 zero_point 0 = conv2d(%0, %1, -) {stride_h=2, stride_w=2, pad_top=1, pad_left=1}
output %2
)";
  EXPECT_EQ(ops_of(conv), "pad conv2d");
  const ir::Graph graph = written_and_read(conv);
  const auto& pad = ir::attributes<ir::PadAttributes>(graph.nodes[0]);
  EXPECT_EQ(pad.before, (std::vector<int32_t>{0, 1, 1, 0}));
  EXPECT_EQ(pad.value, 3);
  EXPECT_EQ(ops_of(R"(input %0 "x": f32 [1,4,4,1]
%1 "y": f32 [1,2,2,1] = max_pool2d(%0) {kernel_h=3, kernel_w=3, stride_h=2, stride_w=2, pad_top=1, pad_left=1}
output %1
)"),
            "pad max_pool2d");
}

TEST(TfliteWriter, OtherPaddingOfATransposedConvolutionIsASlice) {
  EXPECT_EQ(ops_of(R"(input %0 "x": f32 [1,2,2,1]
const %1 "w": f32 [1,3,3,1] = {1 2 3 4 5 6 7 8 9}
%2 "y": f32 [1,4,4,1] = transpose_conv2d(%0, %1, -) {stride_h=2, stride_w=2, pad_top=1, pad_left=1}
output %2
)"),
            "transpose_conv2d slice");
}

TEST(TfliteWriter, WhatTheFormatDropsIsReshaped) {
  EXPECT_EQ(ops_of(R"(input %0 "x": f32 [1,3]
const %1 "w": f32 [1,3] = {1 2 3}
%2 "y": f32 [1,1,1] = fully_connected(%0, %1, -)
%3 "z": i32 [1,1,1] = arg_max(%2) {axes=[2], keep_dims=true}
output %3
)"),
            "fully_connected reshape arg_max reshape");
}

TEST(TfliteWriter, ConvolutionsGetABias) {
  const ir::Graph graph = written_and_read(R"(input %0 "x": i16 [1,1,1,1] scale 0.5 zero_point 0
const %1 "w": i8 [2,1,1,1] scale [0.25 0.5] zero_point [0 0] = {1 2}
%2 "y": i16 [1,1,1,2] scale 1 zero_point 0 = conv2d(%0, %1, -)
output %2
)");
  const ir::Tensor& bias = graph.tensor(graph.nodes[0].inputs[2]);
  EXPECT_EQ(bias.type, ir::DType::i64);
  EXPECT_EQ(bias.data, std::vector<uint8_t>(16));
  EXPECT_EQ(bias.quantization.scale, (std::vector<float>{0.125F, 0.25F}));
}

TEST(TfliteWriter, BiasGetsTheScaleOfItsUnits) {
  const ir::Graph graph = written_and_read(R"(input %0 "x": i8 [1,2] scale 0.5 zero_point 3
const %1 "w": i8 [2,2] scale [0.25 0.5] zero_point [0 0] = {1 2 3 4}
const %2 "b": i32 [2] = {1 2}
%3 "y": i8 [1,2] scale 1 zero_point 3 = fully_connected(%0, %1, %2)
output %3
)");
  EXPECT_EQ(graph.tensor(graph.nodes[0].inputs[2]).quantization.scale, (std::vector<float>{0.125F, 0.25F}));
}

TEST(TfliteWriter, ConstantsAreAlignedAndStoredOnce) {
  const std::vector<uint8_t> bytes = write_tflite(parse(R"(input %0 "x": f32 [5]
const %1 "one": f32 [5] = {1 2 3 4 5}
const %2 "two": f32 [5] = {1 2 3 4 5}
const %3 "three": f32 [5] = {1 2 3 4 6}
%4 "a": f32 [5] = add(%0, %1)
%5 "b": f32 [5] = add(%4, %2)
%6 "c": f32 [5] = add(%5, %3)
output %6
)"));
  const Model* model = GetModel(bytes.data());
  ASSERT_EQ(model->buffers()->size(), 3U);
  EXPECT_EQ(model->buffers()->Get(0)->data(), nullptr);
  for (uint32_t i = 1; i < 3; ++i) EXPECT_EQ((model->buffers()->Get(i)->data()->data() - bytes.data()) % 16, 0);
  EXPECT_EQ(model->description()->str(), "whit");
  EXPECT_EQ(model->operator_codes()->size(), 1U);
  EXPECT_EQ(model->subgraphs()->Get(0)->tensors()->Get(0)->name()->str(), "x");
}

// The version of the only op.
int32_t version(const std::string& text) {
  const std::vector<uint8_t> bytes = write_tflite(parse(text));
  return GetModel(bytes.data())->operator_codes()->Get(0)->version();
}

TEST(TfliteWriter, VersionsFollowTypes) {
  EXPECT_EQ(version("input %0 \"x\": f32 [2]\n%1 \"y\": f32 [2] = logistic(%0)\noutput %1\n"), 1);
  EXPECT_EQ(version("input %0 \"x\": i8 [2] scale 1 zero_point 0\n"
                    "%1 \"y\": i8 [2] scale 0.00390625 zero_point -128 = logistic(%0)\noutput %1\n"),
            2);
  EXPECT_EQ(version("input %0 \"x\": f32 [1,1,1,1,1,2]\n"
                    "%1 \"y\": f32 [1,1,1,1,2,1] = transpose(%0) {permutation=[0 1 2 3 5 4]}\noutput %1\n"),
            6);
  EXPECT_EQ(version("input %0 \"x\": i8 [2] scale 1 zero_point 0\n"
                    "%1 \"y\": i8 [2] scale 0.5 zero_point 0 = mul(%0, %0)\noutput %1\n"),
            3);
}

// What cannot be written, and where.
void expect_unsupported(const std::string& nodes, const std::string& where) {
  try {
    write_tflite(parse(nodes));
    ADD_FAILURE() << "written: " << nodes;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported) << error.what();
    EXPECT_EQ(error.where(), where);
    EXPECT_FALSE(error.hint().empty());
  }
}

TEST(TfliteWriter, RefusesWhatTfliteLacks) {
  expect_unsupported(R"(input %0 "x": f32 [1,4,4,1]
%1 "y": f32 [1,2,2,1] = average_pool2d(%0) {kernel_h=3, kernel_w=3, stride_h=2, stride_w=2, pad_top=1, pad_left=1}
output %1
)",
                     "g: average_pool2d 'y'");
  expect_unsupported(
      "input %0 \"x\": i8 [2] scale 1 zero_point 0\n"
      "%1 \"y\": i8 [2] scale 0.5 zero_point 0 = logistic(%0)\noutput %1\n",
      "g: logistic 'y'");
  expect_unsupported(
      "input %0 \"x\": i8 [2] scale 1 zero_point 0\n"
      "%1 \"y\": i8 [2] scale 1 zero_point 0 = sin(%0)\noutput %1\n",
      "g: sin 'y'");
  expect_unsupported(
      "input %0 \"x\": i8 [1,2] scale 1 zero_point 0\ninput %1 \"z\": i8 [1,2] scale 2 zero_point 0\n"
      "%2 \"y\": i8 [1,4] scale 1 zero_point 0 = concat(%0, %1) {axis=1}\noutput %2\n",
      "g: concat 'y'");
  expect_unsupported(
      "input %0 \"x\": i16 [2] scale 1 zero_point 5\n"
      "%1 \"y\": i16 [2] scale 1 zero_point 0 = relu(%0)\noutput %1\n",
      "g: relu 'y'");
  expect_unsupported(
      "input %0 \"x\": f32 [1,1,1,1,1,1]\n%1 \"y\": f32 [1,1,1,1,1,2] = pad(%0) "
      "{before=[0 0 0 0 0 0], after=[0 0 0 0 0 1]}\noutput %1\n",
      "g: pad 'y'");
  expect_unsupported(R"(input %0 "x": f32 [2]
%1 "y": f32 [2] = add(%0, %0) {activation=tanh}
output %1
)",
                     "g: add 'y'");
}

TEST(TfliteWriter, AFullDiskLeavesNothing) {
  const TemporaryDirectory directory;
  const std::string input = directory.path() / "in.tflite", output = directory.path() / "out.tflite";
  write_file(input, small_convnet());
  const auto exported = [&](const std::string& to) {
    const std::string command = "trap '' XFSZ; ulimit -f 1; exec \"$0\" export \"$1\" -o \"$2\"";
    return run_process({"sh", "-c", command, WHIT_BINARY, input, to}, 60);
  };
  const ProcessResult full = exported(output);
  EXPECT_EQ(full.exit_code, static_cast<int>(ErrorCode::bad_input));
  EXPECT_NE(full.output.find("cannot write the file"), std::string::npos) << full.output;
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
  const ProcessResult device = exported("/dev/full");
  EXPECT_EQ(device.exit_code, static_cast<int>(ErrorCode::usage));
}

}  // namespace
}  // namespace whit::tflite
