#include "whit/compile/passes/pass_testing.hpp"

namespace whit::compile {
namespace {

TEST(RemoveDeadNodes, RemovesWhatNoOutputNeedsAndNumbersAnew) {
  EXPECT_EQ(after(remove_dead_nodes, R"(graph "g"
variable 0 "v": f32 [1] = {0}
input %5 "x": f32 [1]
input %9 "unused": f32 [1]
%6 "a": f32 [1] = abs(%5)
%7 "b": f32 [1] = neg(%6)
%8 "c": f32 [1] = exp(%5)
assign_variable(%8)
output %6
)"),
            R"(graph "g"
variable 0 "v": f32 [1] = {0}
input %0 "x": f32 [1]
input %3 "unused": f32 [1]
%1 "a": f32 [1] = abs(%0)
%2 "c": f32 [1] = exp(%0)
assign_variable(%2)
output %1
)");
}

}  // namespace
}  // namespace whit::compile
