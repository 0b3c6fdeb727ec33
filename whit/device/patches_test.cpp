#include "whit/device/patches.hpp"

#include <gtest/gtest.h>

#include "whit/ir/text.hpp"

namespace whit::device {
namespace {

// A wide first half on 16 rows, pooled to 4, and a small rest.
ir::Graph wide_net() {
  std::string text =
      "graph \"wide\"\ninput %0 \"x\": i8 [1,16,16,1] scale 1 zero_point 0\n"
      "const %1 \"w\": i8 [16,1,1,1] scale 1 zero_point 0 = {1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1}\n"
      "const %2 \"v\": i8 [1,3,3,16] scale 1 zero_point 0 = {";
  for (int i = 0; i < 144; ++i) text += "1 ";
  return ir::parse_text(
      text +
      "}\n%3 \"a\": i8 [1,16,16,16] scale 1 zero_point 0 = conv2d(%0, %1, -)\n"
      "%4 \"b\": i8 [1,16,16,16] scale 1 zero_point 0 = depthwise_conv2d(%3, %2, -) {pad_top=1, pad_bottom=1, "
      "pad_left=1, pad_right=1}\n"
      "%5 \"c\": i8 [1,4,4,16] scale 1 zero_point 0 = max_pool2d(%4) {kernel_h=4, kernel_w=4, stride_h=4, stride_w=4}\n"
      "%6 \"d\": i8 [1,256] scale 1 zero_point 0 = reshape(%5)\n"
      "output %6\n");
}

TEST(PatchedArena, StripsOfAWideBeginning) {
  const compile::CompileOptions options;
  const int64_t whole = compile::compile(wide_net(), options, {}).program.header().arena_bytes;
  EXPECT_GE(whole, 4096);
  const auto two = patched_arena(wide_net(), 2, options);
  const auto four = patched_arena(wide_net(), 4, options);
  ASSERT_TRUE(two && four);
  EXPECT_EQ(four->last_layer, "c");
  EXPECT_LT(two->arena_bytes, whole);
  EXPECT_LT(four->arena_bytes, two->arena_bytes);
  // One pooled row needs four rows of b and six of a: 6 * 16 * 16 bytes, beside 256 of input and 256 of output.
  EXPECT_GE(four->arena_bytes, 256 + 256 + 6 * 16 * 16);
  EXPECT_GT(four->more_macs, 0);
}

TEST(PatchedArena, NoneWithoutAnImage) {
  const ir::Graph graph = ir::parse_text(
      "graph \"flat\"\ninput %0 \"x\": i8 [1,2] scale 1 zero_point 0\n"
      "const %1 \"w\": i8 [2,2] scale 1 zero_point 0 = {1 1 1 1}\n"
      "%2 \"y\": i8 [1,2] scale 1 zero_point 0 = fully_connected(%0, %1, -)\noutput %2\n");
  EXPECT_FALSE(patched_arena(graph, 2, {}));
}

TEST(PeakLayer, IsTheOneWithMostAlive) {
  const std::string peak = peak_layer(wide_net(), {});
  EXPECT_NE(peak.find("depthwise_conv2d 'b'"), std::string::npos) << peak;
  EXPECT_NE(peak.find("4096 bytes in, 4096 out"), std::string::npos) << peak;
}

}  // namespace
}  // namespace whit::device
