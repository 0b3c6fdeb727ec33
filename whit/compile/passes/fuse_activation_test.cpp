#include "whit/compile/passes/pass_testing.hpp"

namespace whit::compile {
namespace {

TEST(FuseActivation, Relu6BehindAConvolution) {
  EXPECT_EQ(after(fuse_activation, R"(graph "g"
input %0 "x": i8 [1,1,1,1] scale 1 zero_point 7
const %1 "w": i8 [1,1,1,1] scale 1 zero_point 0 = {1}
%2 "a": i8 [1,1,1,1] scale 1 zero_point 0 source 2 = conv2d(%0, %1) op 0
%3 "y": i8 [1,1,1,1] scale 1 zero_point 0 source 3 = relu6(%2) op 1
output %3
)"),
            R"(graph "g"
input %0 "x": i8 [1,1,1,1] scale 1 zero_point 7
const %1 "w": i8 [1,1,1,1] scale 1 zero_point 0 = {1}
%3 "y": i8 [1,1,1,1] scale 1 zero_point 0 source 3 = conv2d(%0, %1) {activation=relu6} op 0
output %3
)");
}

TEST(FuseActivation, OfFloats) {
  EXPECT_EQ(after(fuse_activation, R"(graph "g"
input %0 "x": f32 [4]
%1 "a": f32 [4] = add(%0, %0) {activation=relu}
%2 "y": f32 [4] = relu(%1)
output %2
)"),
            R"(graph "g"
input %0 "x": f32 [4]
%2 "y": f32 [4] = add(%0, %0) {activation=relu}
output %2
)");
}

TEST(FuseActivation, LeavesWhatWouldChangeBitsOrIsUsedTwice) {
  for (const char* text : {R"(graph "g"
input %0 "x": i8 [4] scale 1 zero_point 0
%1 "a": i8 [4] scale 1 zero_point 0 = add(%0, %0)
%2 "y": i8 [4] scale 0.5 zero_point 0 = relu(%1)
output %2
)",
                           R"(graph "g"
input %0 "x": f32 [4]
%1 "a": f32 [4] = add(%0, %0)
%2 "y": f32 [4] = relu(%1)
output %2, %1
)",
                           R"(graph "g"
input %0 "x": f32 [4]
%1 "a": f32 [4] = add(%0, %0) {activation=relu}
%2 "y": f32 [4] = relu6(%1)
output %2
)",
                           R"(graph "g"
input %0 "x": f32 [4]
%1 "y": f32 [4] = relu(%0)
output %1
)"}) {
    EXPECT_EQ(after(fuse_activation, text), text);
  }
}

}  // namespace
}  // namespace whit::compile
