#include "whit/compile/passes/pass_testing.hpp"

namespace whit::compile {
namespace {

TEST(EliminateReshape, MergesAndRemoves) {
  EXPECT_EQ(after(eliminate_reshape, R"(graph "g"
input %0 "x": f32 [2,3]
%1 "a": f32 [6] = reshape(%0)
%2 "b": f32 [3,2] = reshape(%1)
%3 "c": f32 [2,3] = reshape(%2)
%4 "y": f32 [2,3] = abs(%3)
%5 "z": f32 [3,2] = abs(%2)
output %4, %5
)"),
            R"(graph "g"
input %0 "x": f32 [2,3]
%1 "a": f32 [6] = reshape(%0)
%2 "b": f32 [3,2] = reshape(%0)
%4 "y": f32 [2,3] = abs(%0)
%5 "z": f32 [3,2] = abs(%2)
output %4, %5
)");
}

TEST(EliminateReshape, AnOutputIsWrittenByItsProducer) {
  EXPECT_EQ(after(eliminate_reshape, R"(graph "g"
input %0 "x": f32 [2]
%1 "a": f32 [2] source 1 = abs(%0)
%2 "y": f32 [2] source 2 = reshape(%1)
%3 "z": f32 [2] = neg(%1)
output %2, %3
)"),
            R"(graph "g"
input %0 "x": f32 [2]
%2 "y": f32 [2] source 2 = abs(%0)
%3 "z": f32 [2] = neg(%2)
output %2, %3
)");
}

TEST(EliminateReshape, AnOutputThatIsTheInputStays) {
  const std::string text = R"(graph "g"
input %0 "x": f32 [2]
%1 "y": f32 [2] = reshape(%0)
output %1
)";
  EXPECT_EQ(after(eliminate_reshape, text), text);
}

TEST(EliminateReshape, AChangeOfQuantizationStays) {
  const std::string text = R"(graph "g"
input %0 "x": i8 [2] scale 1 zero_point 0
%1 "y": i8 [2] scale 2 zero_point 0 = reshape(%0)
%2 "z": i8 [2] scale 2 zero_point 0 = relu(%1)
output %2
)";
  EXPECT_EQ(after(eliminate_reshape, text), text);
}

}  // namespace
}  // namespace whit::compile
