#include "whit/ir/verify.hpp"

#include <gtest/gtest.h>

#include "whit/base/error.hpp"
#include "whit/ir/text.hpp"

namespace whit::ir {
namespace {

struct Case {
  const char* name;
  const char* text;
  ErrorCode code = ErrorCode::bad_input;
};

class VerifyRefuses : public testing::TestWithParam<Case> {};

TEST_P(VerifyRefuses, WithPlaceAndCode) {
  try {
    verify(parse_text(GetParam().text));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), GetParam().code) << error.what();
    EXPECT_FALSE(error.where().empty()) << error.what();
  }
}

// Each is one step away from a sound graph.
const Case kCases[] = {
    {"used_before_defined", R"(graph "g"
input %0 "x": f32 [4]
%2 "b": f32 [4] = add(%0, %1)
%1 "a": f32 [4] = relu(%0)
output %2)"},
    {"shape_does_not_follow", R"(graph "g"
input %0 "x": f32 [1,4]
%1 "y": f32 [4,2] = transpose(%0) {permutation=[1 0]}
output %1)"},
    {"permutation_repeats", R"(graph "g"
input %0 "x": f32 [4,4]
%1 "y": f32 [4,4] = transpose(%0) {permutation=[1 1]}
output %1)"},
    {"slice_reaches_outside", R"(graph "g"
input %0 "x": f32 [4]
%1 "y": f32 [3] = slice(%0) {begin=[0], stride=[2]}
output %1)"},
    {"slice_backwards_below_zero", R"(graph "g"
input %0 "x": f32 [4]
%1 "y": f32 [3] = slice(%0) {begin=[1], stride=[-1]}
output %1)"},
    {"reshape_changes_count", R"(graph "g"
input %0 "x": f32 [4]
%1 "y": f32 [5] = reshape(%0)
output %1)"},
    {"does_not_broadcast", R"(graph "g"
input %0 "x": f32 [4]
input %1 "z": f32 [3]
%2 "y": f32 [4] = add(%0, %1)
output %2)"},
    {"window_in_padding_only", R"(graph "g"
input %0 "x": f32 [1,4,4,1]
%1 "y": f32 [1,8,5,1] = max_pool2d(%0) {kernel_h=2, pad_top=3, pad_bottom=2}
output %1)"},
    {"quantized_without_scale", R"(graph "g"
input %0 "x": i8 [4]
%1 "y": i8 [4] scale 1 zero_point 0 = relu(%0)
output %1)"},
    {"zero_point_out_of_range", R"(graph "g"
input %0 "x": i8 [4] scale 1 zero_point 200
%1 "y": i8 [4] scale 1 zero_point 0 = relu(%0)
output %1)"},
    {"variable_of_another_shape", R"(graph "g"
variable 0 "s": i8 [2] scale 1 zero_point 0 = {1 2}
input %0 "x": i8 [3] scale 1 zero_point 0
assign_variable(%0)
output %0)"},
    {"reduction_outside", R"(graph "g"
input %0 "x": f32 [4]
%1 "y": f32 [] = mean(%0) {axes=[1]}
output %1)"},
    {"weights_of_another_depth", R"(graph "g"
input %0 "x": f32 [1,4]
const %1 "w": f32 [1,3] = {1 2 3}
%2 "y": f32 [1,1] = fully_connected(%0, %1)
output %2)"},
    {"types_that_mix", R"(graph "g"
input %0 "x": f32 [4]
input %1 "z": i32 [4]
%2 "y": f32 [4] = add(%0, %1)
output %2)",
     ErrorCode::unsupported},
    {"weights_at_run_time", R"(graph "g"
input %0 "x": f32 [1,3]
input %1 "w": f32 [1,3]
%2 "y": f32 [1,1] = fully_connected(%0, %1)
output %2)",
     ErrorCode::unsupported},
};

INSTANTIATE_TEST_SUITE_P(All, VerifyRefuses, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Verify, AcceptsWhatIsSound) {
  verify(parse_text(R"(graph "g"
variable 0 "s": i8 [1,4] scale 1 zero_point 0 = {1 2 3 4}
input %0 "x": i8 [1,5,5,2] scale 0.5 zero_point 3
const %1 "w": i8 [2,1,1,2] scale [0.5 0.25] zero_point [0 0] = {1 2 3 4}
%2 "c": i8 [1,3,3,2] scale 1 zero_point 0 = conv2d(%0, %1, -) {stride_h=2, stride_w=2}
%3 "m": i8 [1,2] scale 1 zero_point 0 = mean(%2) {axes=[1 2]}
%4 "s": i8 [1,4] scale 1 zero_point 0 = read_variable()
%5 "p": i8 [1,4] scale 1 zero_point 0 = pad(%3) {before=[0 1], after=[0 1]}
%6 "a": i8 [1,4] scale 1 zero_point 0 = add(%4, %5)
assign_variable(%6)
output %6)"));
}

TEST(Verify, DefinedTwiceIsRefused) {
  Graph graph = parse_text("graph \"g\"\ninput %0 \"x\": f32 [4]\n%1 \"y\": f32 [4] = relu(%0)\noutput %1");
  graph.nodes.push_back(graph.nodes[0]);
  EXPECT_THROW(verify(graph), Error);
}

TEST(Verify, AttributesOfAnotherOpAreRefused) {
  Graph graph = parse_text("graph \"g\"\ninput %0 \"x\": f32 [4]\n%1 \"y\": f32 [4] = relu(%0)\noutput %1");
  graph.nodes[0].attributes = BlockAttributes{2};
  EXPECT_THROW(verify(graph), Error);
}

TEST(InferShapes, OfEveryKindOfRule) {
  const Graph graph = parse_text(R"(graph "g"
input %0 "x": f32 [1,4,6,8]
%1 "a": f32 [1,2,3,32] = space_to_depth(%0) {block=2}
%2 "b": f32 [1,8,12,2] = depth_to_space(%0) {block=2}
%3 "c": f32 [1,4,6,16] = concat(%0, %0) {axis=3}
%4 "d": i32 [1,4,8] = arg_max(%0) {axes=[2]}
%5 "e": f32 [1,1,1,8] = sum(%0) {axes=[1 2], keep_dims=true}
%6 "f": f32 [1,4,6,8] = add(%0, %5)
%7 "g": f32 [1,4,6,6] = batch_matmul(%0, %0) {transpose_b=true}
%8 "h": bool [1,4,6,8] = less(%0, %5)
%9 "i": f32 [1,4,6,8] = select(%8, %0, %5)
output %1, %2, %3, %4, %6, %7, %9)");
  for (const Node& node : graph.nodes) {
    EXPECT_EQ(infer_shapes(graph, node).at(0), graph.tensor(node.outputs[0]).shape) << name_of(node.op);
  }
  verify(graph);
}

}  // namespace
}  // namespace whit::ir
