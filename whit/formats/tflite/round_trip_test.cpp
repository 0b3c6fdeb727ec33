// A graph that is written as .tflite and read again is the graph that it was.
#include <gtest/gtest.h>

#include <map>

#include "whit/formats/tflite/reader.hpp"
#include "whit/formats/tflite/test_model.hpp"
#include "whit/formats/tflite/test_recurrent.hpp"
#include "whit/formats/tflite/writer.hpp"
#include "whit/ir/text.hpp"

namespace whit::tflite {
namespace {

// The graph with tensors numbered in the order of their use, and no indices of a file.
std::string normal_text(const ir::Graph& graph) {
  ir::Graph g;
  g.name = graph.name;
  g.variables = graph.variables;
  std::map<ir::TensorId, ir::TensorId> moved;
  const auto move = [&](const std::vector<ir::TensorId>& ids) {
    std::vector<ir::TensorId> result;
    for (const ir::TensorId id : ids) {
      if (id != ir::kNoTensor && moved.find(id) == moved.end()) {
        ir::Tensor tensor = graph.tensor(id);
        tensor.source_index = -1;
        moved[id] = g.add_tensor(std::move(tensor));
      }
      result.push_back(id == ir::kNoTensor ? id : moved[id]);
    }
    return result;
  };
  g.inputs = move(graph.inputs);
  for (ir::Node node : graph.nodes) {
    node.source_index = -1;
    node.inputs = move(node.inputs);
    node.outputs = move(node.outputs);
    g.nodes.push_back(std::move(node));
  }
  g.outputs = move(graph.outputs);
  return ir::print_text(g);
}

// Graphs that come back as they went.
class RoundTrip : public testing::TestWithParam<const char*> {};

void expect_round_trip(const char* text) {
  const ir::Graph graph = ir::parse_text(std::string("graph \"g\"\n") + text);
  EXPECT_EQ(normal_text(read_tflite(write_tflite(graph), "g")), normal_text(graph));
}

TEST_P(RoundTrip, Equal) { expect_round_trip(GetParam()); }

// A custom op of whit; features quantized one by one, the second far from zero.
constexpr const char* kForests[] = {R"(input %0 "x": f32 [1,2]
const %1 "trees": i32 [2,2] = {0 0 2 1}
const %2 "split_features": i32 [3] = {0 1 1}
const %3 "thresholds": f32 [3] = {0.5 1.5 -2}
const %4 "children": i32 [3,2] = {1 -1 -2 -3 -1 -3}
const %5 "leaves": f32 [3,1] = {1 2 3}
const %6 "base": f32 [2] = {0 0.25}
%7 "y": f32 [1,2] = tree_ensemble(%0, %1, %2, %3, %4, %5, %6)
output %7
)",
                                    R"(input %0 "x": f32 [1,2]
%1 "features": i16 [1,2] scale [0.5 0.25] zero_point [3 -70000] axis 1 = quantize(%0)
const %2 "trees": i32 [2,2] = {0 0 2 1}
const %3 "split_features": i32 [3] = {0 1 1}
const %4 "thresholds": i16 [3] = {5 15 -2}
const %5 "children": i32 [3,2] = {1 -1 -2 -3 -1 -3}
const %6 "leaves": i16 [3,1] scale 0.5 zero_point 0 = {1 2 3}
const %7 "base": i32 [2] = {0 25}
%8 "y": i16 [1,2] scale 1 zero_point 0 = tree_ensemble(%1, %2, %3, %4, %5, %6, %7)
output %8
)"};

INSTANTIATE_TEST_SUITE_P(Forests, RoundTrip, testing::ValuesIn(kForests));

INSTANTIATE_TEST_SUITE_P(Layers, RoundTrip,
                         testing::Values(
                             R"(input %0 "x": i8 [1,6,7,2] scale 0.5 zero_point 3
const %1 "w": i8 [2,3,1,2] scale [0.25 0.125] zero_point [0 0] = {1 2 3 4 5 6 -7 8 9 10 11 -128}
const %2 "b": i32 [2] scale [0.125 0.0625] zero_point [0 0] = {70000 -5}
%3 "y": i8 [1,3,4,2] scale 1 zero_point -128 = conv2d(%0, %1, %2) {stride_h=2, stride_w=2, pad_bottom=1, activation=relu}
output %3
)",
                             R"(input %0 "x": f32 [1,5,5,1]
const %1 "w": f32 [1,3,1,2] = {1 2 3 4 5 6}
const %2 "b": f32 [2] = {0 1}
%3 "y": f32 [1,1,5,2] = depthwise_conv2d(%0, %1, %2) {dilation_h=2, activation=relu6}
output %3
)",
                             R"(input %0 "x": i8 [1,5,5,2] scale 0.5 zero_point 3
const %1 "w": i8 [1,1,1,2] scale [0.25 0.5] zero_point [0 0] axis 3 = {1 2}
const %2 "b": i32 [2] scale [0.125 0.25] zero_point [0 0] = {1 2}
%3 "y": i8 [1,5,5,2] scale 1 zero_point 3 = depthwise_conv2d(%0, %1, %2) {activation=relu_n1_to_1}
output %3
)",
                             R"(input %0 "x": i8 [1,2,2,1] scale 0.5 zero_point 3
const %1 "w": i8 [1,3,3,1] scale 0.25 zero_point 0 = {1 2 3 4 5 6 7 8 9}
const %2 "b": i32 [1] scale 0.125 zero_point 0 = {1}
%3 "y": i8 [1,4,4,1] scale 1 zero_point 0 = transpose_conv2d(%0, %1, %2) {stride_h=2, stride_w=2, pad_bottom=1, pad_right=1}
output %3
)",
                             R"(input %0 "x": f32 [2,3]
const %1 "w": f32 [1,3] = {1 2 3}
const %2 "b": f32 [1] = {0.5}
%3 "y": f32 [2,1] = fully_connected(%0, %1, %2) {activation=relu}
output %3
)",
                             R"(input %0 "x": i8 [2,2,3] scale 0.5 zero_point 3
const %1 "w": i8 [1,3] scale 0.25 zero_point 0 = {1 2 3}
%2 "y": i8 [2,2,1] scale 1 zero_point 3 = fully_connected(%0, %1, -)
output %2
)",
                             R"(input %0 "x": u8 [1,3] scale 0.5 zero_point 128
const %1 "w": u8 [1,3] scale 0.25 zero_point 100 = {1 2 255}
const %2 "b": i32 [1] scale 0.125 zero_point 0 = {-1}
%3 "y": u8 [1,1] scale 1 zero_point 3 = fully_connected(%0, %1, %2)
output %3
)",
                             R"(input %0 "x": f32 [2,3,4]
input %1 "z": f32 [2,5,4]
%2 "y": f32 [2,3,5] = batch_matmul(%0, %1) {transpose_b=true}
output %2
)",
                             R"(input %0 "x": i8 [1,5,5,2] scale 0.5 zero_point 3
%1 "m": i8 [1,3,3,2] scale 0.5 zero_point 3 = max_pool2d(%0) {kernel_h=3, kernel_w=3, stride_h=2, stride_w=2, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1}
%2 "a": i8 [1,1,1,2] scale 0.5 zero_point 3 = average_pool2d(%1) {kernel_h=3, kernel_w=3, activation=relu}
output %2
)"));

INSTANTIATE_TEST_SUITE_P(Elementwise, RoundTrip,
                         testing::Values(
                             R"(input %0 "x": f32 [2,3]
input %1 "z": f32 [3]
%2 "a": f32 [2,3] = add(%0, %1) {activation=relu}
%3 "s": f32 [2,3] = sub(%2, %1) {activation=relu6}
%4 "m": f32 [2,3] = mul(%3, %1)
%5 "d": f32 [2,3] = div(%4, %1) {activation=relu_n1_to_1}
%6 "x": f32 [2,3] = maximum(%5, %1)
%7 "n": f32 [2,3] = minimum(%6, %1)
%8 "q": f32 [2,3] = squared_difference(%7, %1)
%9 "p": f32 [2,3] = prelu(%8, %1)
%10 "e": bool [2,3] = equal(%9, %1)
%11 "ne": bool [2,3] = not_equal(%9, %1)
%12 "l": bool [2,3] = less(%9, %1)
%13 "le": bool [2,3] = less_equal(%9, %1)
%14 "g": bool [2,3] = greater(%9, %1)
%15 "ge": bool [2,3] = greater_equal(%9, %1)
%16 "w": f32 [2,3] = select(%15, %9, %1)
output %10, %11, %12, %13, %14, %16
)",
                             R"(input %0 "x": f32 [2,3]
%1 "a": f32 [2,3] = relu(%0)
%2 "b": f32 [2,3] = relu6(%1)
%3 "c": f32 [2,3] = relu_n1_to_1(%2)
%4 "d": f32 [2,3] = relu_0_to_1(%3)
%5 "e": f32 [2,3] = leaky_relu(%4) {alpha=0.25}
%6 "f": f32 [2,3] = elu(%5)
%7 "g": f32 [2,3] = hard_swish(%6)
%8 "h": f32 [2,3] = logistic(%7)
%9 "i": f32 [2,3] = tanh(%8)
%10 "j": f32 [2,3] = abs(%9)
%11 "k": f32 [2,3] = neg(%10)
%12 "l": f32 [2,3] = exp(%11)
%13 "m": f32 [2,3] = log(%12)
%14 "n": f32 [2,3] = sqrt(%13)
%15 "o": f32 [2,3] = rsqrt(%14)
%16 "p": f32 [2,3] = square(%15)
%17 "q": f32 [2,3] = sin(%16)
%18 "r": f32 [2,3] = cos(%17)
%19 "s": f32 [2,3] = floor(%18)
%20 "t": f32 [2,3] = ceil(%19)
%21 "u": f32 [2,3] = round(%20)
%22 "v": f32 [2,3] = softmax(%21) {beta=0.5}
%23 "w": f32 [2,3] = log_softmax(%22)
%24 "y": f32 [2,3] = l2_normalization(%23)
output %24
)",
                             R"(input %0 "x": f32 [2,3,4]
%1 "a": f32 [2,4] = mean(%0) {axes=[1]}
%2 "b": f32 [1,3,1] = sum(%0) {axes=[0 2], keep_dims=true}
%3 "c": f32 [3] = reduce_max(%0) {axes=[0 2]}
%4 "d": f32 [2,3] = reduce_min(%0) {axes=[2]}
%5 "e": i32 [2,3] = arg_max(%0) {axes=[2]}
%6 "f": i64 [3,4] = arg_min(%0) {axes=[0]}
output %1, %2, %3, %4, %5, %6
)",
                             R"(input %0 "x": f32 [2]
%1 "a": i8 [2] scale 0.5 zero_point 3 = quantize(%0)
%2 "b": i8 [2] scale 0.0078125 zero_point 0 = tanh(%1)
%3 "c": i8 [2] scale 0.25 zero_point 1 = quantize(%2)
%4 "d": f32 [2] = dequantize(%3)
%5 "e": i32 [2] = cast(%4)
output %5
)"));

INSTANTIATE_TEST_SUITE_P(Shapes, RoundTrip,
                         testing::Values(
                             R"(input %0 "x": i8 [1,4,6] scale 0.5 zero_point 3
%1 "a": i8 [4,6] scale 0.5 zero_point 3 = reshape(%0)
%2 "b": i8 [6,4] scale 0.5 zero_point 3 = transpose(%1) {permutation=[1 0]}
%3 "c": i8 [6,8] scale 0.5 zero_point 3 = concat(%2, %2) {axis=1}
%4 "d": i8 [3,4] scale 0.5 zero_point 3 = slice(%3) {begin=[1 2], stride=[1 1]}
%5 "e": i8 [2,2] scale 0.5 zero_point 3 = slice(%4) {begin=[2 0], stride=[-2 3]}
%6 "f": i8 [3,4] scale 0.5 zero_point 3 = pad(%5) {before=[1 0], after=[0 2], value=3}
%7 "g": i8 [3,5] scale 0.5 zero_point 3 = pad(%6) {before=[0 1], after=[0 0], value=-128}
%8 "h": i8 [5,5] scale 0.5 zero_point 3 = mirror_pad(%7) {before=[1 0], after=[1 0]}
%9 "i": i8 [5,10] scale 0.5 zero_point 3 = tile(%8)
const %10 "at": i32 [2] = {4 0}
%11 "j": i8 [5,2] scale 0.5 zero_point 3 = gather(%9, %10) {axis=1}
output %11
)",
                             R"(input %0 "x": f32 [1,4,4,4]
%1 "a": f32 [1,2,2,16] = space_to_depth(%0) {block=2}
%2 "b": f32 [1,4,4,4] = depth_to_space(%1) {block=2}
%3 "c": f32 [1,8,6,4] = resize_nearest(%2) {align_corners=true}
%4 "d": f32 [1,5,5,4] = resize_bilinear(%3) {half_pixel_centers=true}
%5 "e": f32 [1,6,5,4] = mirror_pad(%4) {before=[0 1 0 0], after=[0 0 0 0], symmetric=true}
output %5
)",
                             R"(input %0 "i": i32 [2]
const %1 "on": f32 [] = {1}
const %2 "off": f32 [] = {0}
%3 "hot": f32 [2,3] = one_hot(%0, %1, %2) {axis=1}
%4 "v": f32 [1,1] = sum(%3) {axes=[0 1], keep_dims=true}
%5 "s": f32 [] = reshape(%4)
output %3, %5
)",
                             R"(variable 0 "state": i8 [1,2] scale 0.5 zero_point 0 = {1 -2}
input %0 "x": i8 [1,2] scale 0.5 zero_point 0
%1 "before": i8 [1,2] scale 0.5 zero_point 0 = read_variable()
%2 "after": i8 [1,2] scale 0.5 zero_point 0 = add(%0, %1)
assign_variable(%2)
output %2
)"));

TEST(TfliteRoundTrip, RecurrentLayers) {
  for (const RecurrentText& layer : kRecurrent) expect_round_trip(layer.text);
  for (const char* layer : kCustomRecurrent) expect_round_trip(layer);
}

TEST(TfliteRoundTrip, ModelsOfTheReader) {
  for (const auto& file : {small_convnet(), small_movements(), small_state(), small_arithmetic()}) {
    const ir::Graph graph = read_tflite(file, "g");
    const std::vector<uint8_t> written = write_tflite(graph);
    EXPECT_EQ(normal_text(read_tflite(written, "g")), normal_text(graph));
    EXPECT_EQ(write_tflite(graph), written);
  }
}

// Weights that are exactly halves are FLOAT16 in the file, behind a DEQUANTIZE.
TEST(RoundTripHalves, TakeHalfTheBytes) {
  const auto text = [](const char* weight) {
    std::string weights;
    for (int i = 0; i < 1024; ++i) weights += std::string(weight) + " ";
    return "input %0 \"x\": f32 [1,64]\nconst %1 \"w\": f32 [16,64] = {" + weights +
           "}\n%2 \"h\": f32 [1,16] = fully_connected(%0, %1, -)\n%3 \"y\": f32 [1,16] = fully_connected(%0, %1, "
           "-)\noutput %2\noutput %3\n";
  };
  expect_round_trip(text("-0.75").c_str());
  const auto bytes = [&](const char* weight) {
    return write_tflite(ir::parse_text("graph \"g\"\n" + text(weight))).size();
  };
  EXPECT_LT(bytes("-0.75"), bytes("0.1") - 2048 + 300);
}

}  // namespace
}  // namespace whit::tflite
