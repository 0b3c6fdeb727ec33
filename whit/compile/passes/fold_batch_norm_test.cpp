#include "whit/compile/passes/pass_testing.hpp"

namespace whit::compile {
namespace {

TEST(FoldBatchNorm, MultipliesAndAddsIntoTheLayer) {
  EXPECT_EQ(after(fold_batch_norm, R"(graph "g"
input %0 "x": f32 [1,2,2,1]
const %1 "w": f32 [2,1,1,1] = {1 2}
const %2 "b": f32 [2] = {10 20}
%3 "a": f32 [1,2,2,2] = conv2d(%0, %1, %2)
const %4 "m": f32 [2] = {3 4}
%5 "s": f32 [1,2,2,2] = mul(%3, %4)
const %6 "t": f32 [1,1,1,2] = {0.5 -0.5}
%7 "y": f32 [1,2,2,2] source 7 = add(%6, %5) {activation=relu}
output %7
)"),
            R"(graph "g"
input %0 "x": f32 [1,2,2,1]
const %10 "w": f32 [2,1,1,1] = {3 8}
const %11 "b": f32 [2] = {30.5 79.5}
%7 "y": f32 [1,2,2,2] source 7 = conv2d(%0, %10, %11) {activation=relu}
output %7
)");
}

TEST(FoldBatchNorm, DepthwiseWithoutBias) {
  EXPECT_EQ(after(fold_batch_norm, R"(graph "g"
input %0 "x": f32 [1,2,2,2]
const %1 "w": f32 [1,1,2,2] = {1 2 3 4}
%2 "a": f32 [1,2,1,2] = depthwise_conv2d(%0, %1)
const %3 "m": f32 [] = {3}
%4 "y": f32 [1,2,1,2] = sub(%2, %3)
output %4
)"),
            R"(graph "g"
input %0 "x": f32 [1,2,2,2]
const %5 "w": f32 [1,1,2,2] = {1 2 3 4}
const %6 "w": f32 [2] = {-3 -3}
%4 "y": f32 [1,2,1,2] = depthwise_conv2d(%0, %5, %6)
output %4
)");
}

TEST(FoldBatchNorm, LeavesOtherShapesActivationsAndIntegers) {
  for (const char* rest : {"%2 \"a\": f32 [1,2] = fully_connected(%0, %1) {activation=relu}\n"
                           "const %3 \"m\": f32 [2] = {3 4}\n%4 \"y\": f32 [1,2] = mul(%2, %3)\noutput %4\n",
                           "%2 \"a\": f32 [1,2] = fully_connected(%0, %1)\n"
                           "const %3 \"m\": f32 [2,1] = {3 4}\n%4 \"y\": f32 [2,2] = mul(%2, %3)\noutput %4\n",
                           "%2 \"a\": f32 [1,2] = fully_connected(%0, %1)\n"
                           "%4 \"y\": f32 [1,2] = mul(%2, %2)\noutput %4\n",
                           "%2 \"a\": f32 [1,2] = fully_connected(%0, %1)\n"
                           "const %3 \"m\": f32 [2] = {3 4}\n%4 \"y\": f32 [1,2] = mul(%2, %3)\noutput %4, %2\n",
                           "%2 \"a\": f32 [1,2] = fully_connected(%0, %1)\n"
                           "const %3 \"m\": f32 [2] = {3 4}\n%4 \"y\": f32 [1,2] = sub(%3, %2)\noutput %4\n"}) {
    const std::string text =
        std::string("graph \"g\"\ninput %0 \"x\": f32 [1,1]\nconst %1 \"w\": f32 [2,1] = {1 2}\n") + rest;
    EXPECT_EQ(after(fold_batch_norm, text), text);
  }
}

}  // namespace
}  // namespace whit::compile
