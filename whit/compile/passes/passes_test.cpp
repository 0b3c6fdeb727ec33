#include "whit/base/error.hpp"
#include "whit/compile/passes/pass_testing.hpp"

namespace whit::compile {
namespace {

constexpr const char* kText = R"(graph "g"
input %0 "x": f32 [2]
%1 "a": f32 [2] = reshape(%0)
%2 "b": f32 [2] = add(%1, %1)
%3 "y": f32 [2] = relu(%2)
output %3
)";

TEST(Passes, RunAll) {
  ir::Graph graph = ir::parse_text(kText);
  run_passes(graph);
  EXPECT_EQ(ir::print_text(graph), R"(graph "g"
input %0 "x": f32 [2]
%1 "y": f32 [2] = add(%0, %0) {activation=relu}
output %1
)");
}

TEST(Passes, SkipAndDump) {
  ir::Graph graph = ir::parse_text(kText);
  std::string dumped;
  PassOptions options;
  options.skip = {"eliminate_reshape", "remove_dead_nodes"};
  options.dump_after = "fuse_activation";
  options.dump = [&](const std::string& text) { dumped += text; };
  run_passes(graph, options);
  EXPECT_EQ(dumped, R"(graph "g"
input %0 "x": f32 [2]
%1 "a": f32 [2] = reshape(%0)
%3 "y": f32 [2] = add(%1, %1) {activation=relu}
output %3
)");
  EXPECT_EQ(ir::print_text(graph), dumped);
}

TEST(Passes, UnknownNamesAreUsageErrors) {
  ir::Graph graph = ir::parse_text(kText);
  for (const PassOptions& options :
       {PassOptions{{"fold_everything"}, "", {}}, PassOptions{{}, "fold_everything", {}}}) {
    try {
      run_passes(graph, options);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::usage);
      EXPECT_NE(error.hint().find("fold_constant_channels"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace whit::compile
