#include "whit/compile/passes/pass_testing.hpp"

namespace whit::compile {
namespace {

constexpr const char* kPadded = R"(graph "g"
input %0 "x": i8 [1,4,4,1] scale 1 zero_point 7
%1 "p": i8 [1,6,5,1] scale 1 zero_point 7 = pad(%0) {before=[0 1 0 0], after=[0 1 1 0], value=7}
const %2 "w": i8 [1,3,3,1] scale 1 zero_point 0 = {1 2 3 4 5 6 7 8 9}
%3 "y": i8 [1,4,3,1] scale 40 zero_point 0 = conv2d(%1, %2)
%4 "z": i8 [1,6,5,1] scale 40 zero_point 0 = depthwise_conv2d(%1, %2) {pad_top=1, pad_bottom=1, pad_left=1, pad_right=1}
output %3, %4
)";

TEST(FoldPadIntoConv, AddsToThePadding) {
  ir::Graph graph = ir::parse_text(kPadded);
  const ir::Graph before = graph;
  fold_pad_into_conv(graph);
  EXPECT_EQ(ir::print_text(graph), R"(graph "g"
input %0 "x": i8 [1,4,4,1] scale 1 zero_point 7
%1 "p": i8 [1,6,5,1] scale 1 zero_point 7 = pad(%0) {before=[0 1 0 0], after=[0 1 1 0], value=7}
const %2 "w": i8 [1,3,3,1] scale 1 zero_point 0 = {1 2 3 4 5 6 7 8 9}
%3 "y": i8 [1,4,3,1] scale 40 zero_point 0 = conv2d(%0, %2) {pad_top=1, pad_bottom=1, pad_right=1}
%4 "z": i8 [1,6,5,1] scale 40 zero_point 0 = depthwise_conv2d(%0, %2) {pad_top=2, pad_bottom=2, pad_left=1, pad_right=2}
output %3, %4
)");
  Values input;
  for (int32_t i = 0; i < 16; ++i) input.push_back(i * 15 - 120);
  EXPECT_EQ(Evaluator(graph).run(input), Evaluator(before).run(input));
}

TEST(FoldPadIntoConv, AnotherValueOrOtherDimensionsStay) {
  for (const char* attributes :
       {"{before=[0 1 0 0], after=[0 1 1 0], value=6}", "{before=[0 1 0 0], after=[0 1 1 0]}",
        "{before=[1 1 0 0], after=[0 1 1 0], value=7}", "{before=[0 3 0 0], after=[0 1 1 0], value=7}"}) {
    std::string text = kPadded;
    const size_t begin = text.find("{before");
    text.replace(begin, text.find('}', begin) + 1 - begin, attributes);
    EXPECT_EQ(after(fold_pad_into_conv, text), text);
  }
}

}  // namespace
}  // namespace whit::compile
