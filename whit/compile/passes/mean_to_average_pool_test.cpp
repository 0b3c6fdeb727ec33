#include "whit/compile/passes/pass_testing.hpp"

namespace whit::compile {
namespace {

TEST(MeanToAveragePool, OfFloats) {
  EXPECT_EQ(after(mean_to_average_pool, R"(graph "g"
input %0 "x": f32 [1,3,2,5]
%1 "y": f32 [1,5] source 1 = mean(%0) {axes=[1 2]} op 0
%2 "z": f32 [1,1,1,5] source 2 = mean(%0) {axes=[1 2], keep_dims=true} op 1
output %1, %2
)"),
            R"(graph "g"
input %0 "x": f32 [1,3,2,5]
%3 "y": f32 [1,1,1,5] = average_pool2d(%0) {kernel_h=3, kernel_w=2} op 0
%1 "y": f32 [1,5] source 1 = reshape(%3) op 0
%2 "z": f32 [1,1,1,5] source 2 = average_pool2d(%0) {kernel_h=3, kernel_w=2} op 1
output %1, %2
)");
}

// One value: both give it back. Of four with a zero point of 1, sums of 2 round to 1 and to 0.
TEST(MeanToAveragePool, OfIntegersOnlyWhereTheBitsAgree) {
  const std::string one = R"(graph "g"
input %0 "x": i8 [1,1,1,5] scale 0.1 zero_point 1
%1 "y": i8 [1,1,1,5] scale 0.1 zero_point 1 = mean(%0) {axes=[1 2], keep_dims=true}
output %1
)";
  EXPECT_NE(after(mean_to_average_pool, one).find("average_pool2d"), std::string::npos);
  for (const char* zero_point : {"1", "-128"}) {
    const std::string four = std::string("graph \"g\"\ninput %0 \"x\": i8 [1,2,2,5] scale 0.1 zero_point ") +
                             zero_point + "\n%1 \"y\": i8 [1,1,1,5] scale 0.1 zero_point " + zero_point +
                             " = mean(%0) {axes=[1 2], keep_dims=true}\noutput %1\n";
    EXPECT_EQ(after(mean_to_average_pool, four), four);
  }
}

}  // namespace
}  // namespace whit::compile
