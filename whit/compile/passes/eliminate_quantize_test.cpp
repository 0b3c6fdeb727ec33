#include <cmath>

#include "whit/compile/passes/pass_testing.hpp"

namespace whit::compile {
namespace {

TEST(EliminateQuantize, RemovesIdentities) {
  EXPECT_EQ(after(eliminate_quantize, R"(graph "g"
input %0 "x": i8 [2] scale 0.1 zero_point 3
%1 "a": f32 [2] = dequantize(%0)
%2 "b": i8 [2] scale 0.1 zero_point 3 = quantize(%1)
%3 "c": i8 [2] scale 0.1 zero_point 3 = quantize(%2)
%4 "y": i8 [2] scale 0.1 zero_point 3 = relu(%3)
output %4
)"),
            R"(graph "g"
input %0 "x": i8 [2] scale 0.1 zero_point 3
%1 "a": f32 [2] = dequantize(%0)
%4 "y": i8 [2] scale 0.1 zero_point 3 = relu(%0)
output %4
)");
}

TEST(EliminateQuantize, KeepsWhatChangesNumbers) {
  const std::string text = R"(graph "g"
input %0 "x": i8 [2] scale 0.1 zero_point 3
%1 "a": f32 [2] = dequantize(%0)
%2 "b": i8 [2] scale 0.2 zero_point 3 = quantize(%1)
%3 "c": u8 [2] scale 0.2 zero_point 131 = quantize(%2)
%4 "d": f32 [2] = dequantize(%3)
%5 "e": i8 [2] scale 0.2 zero_point 3 = quantize(%4)
output %5
)";
  EXPECT_EQ(after(eliminate_quantize, text), text);
}

// What the pass relies on: n survives the way through floats.
TEST(EliminateQuantize, IntegersSurviveFloats) {
  for (const float scale : {0.1f, 1.0f / 3.0f, 1e-29f, 7e28f, 0.0039215689f}) {
    for (int n = -65535; n <= 65535; ++n) {
      ASSERT_EQ(std::round(static_cast<float>(scale * n) / scale), n) << scale;
    }
  }
}

}  // namespace
}  // namespace whit::compile
