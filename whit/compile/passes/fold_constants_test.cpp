#include "whit/compile/passes/pass_testing.hpp"

namespace whit::compile {
namespace {

// The one constant that `node`, defined as %9 from the constants before it, becomes.
std::string folded(const std::string& constants, const std::string& node) {
  const std::string text =
      after(fold_constants, "graph \"g\"\n" + constants + node + "\n%8 \"y\": f32 [1] = one_hot(%9)\noutput %8\n");
  const size_t begin = text.find("const %9");
  if (begin == std::string::npos) return "";
  const size_t data = text.find('{', begin);
  return text.substr(data, text.find('}', begin) + 1 - data);
}

TEST(FoldConstants, MovesElements) {
  const std::string c = "const %0 \"c\": i32 [2,3] = {1 2 3 4 5 6}\n";
  EXPECT_EQ(folded(c, "%9 \"r\": i32 [3,2] = reshape(%0)"), "{1 2 3 4 5 6}");
  EXPECT_EQ(folded(c, "%9 \"r\": i32 [3,2] = transpose(%0) {permutation=[1 0]}"), "{1 4 2 5 3 6}");
  EXPECT_EQ(folded(c, "%9 \"r\": i32 [2,2] = slice(%0) {begin=[1 2], stride=[-1 -2]}"), "{6 4 3 1}");
  EXPECT_EQ(folded(c, "%9 \"r\": i32 [2,6] = concat(%0, %0) {axis=1}"), "{1 2 3 1 2 3 4 5 6 4 5 6}");
}

TEST(FoldConstants, ChangesTypes) {
  const std::string f = "const %0 \"c\": f32 [4] = {0.5 -1.25 300 -2}\n";
  EXPECT_EQ(folded(f, "%9 \"r\": i8 [4] scale 0.5 zero_point 1 = quantize(%0)"), "{2 -2 127 -3}");
  EXPECT_EQ(folded(f, "%9 \"r\": i32 [4] = cast(%0)"), "{0 -1 300 -2}");
  EXPECT_EQ(folded(f, "%9 \"r\": i8 [4] = cast(%0)"), "");  // 300 does not fit
  EXPECT_EQ(folded("const %0 \"c\": i8 [2,2] scale [0.5 2] zero_point [1 0] axis 1 = {3 4 -1 -128}\n",
                   "%9 \"r\": f32 [2,2] = dequantize(%0)"),
            "{1 8 -1 -256}");
  // halves: 1, -2, the smallest subnormal, the largest number, infinity
  EXPECT_EQ(folded("const %0 \"c\": f16 [5] = {15360 49152 1 31743 31744}\n", "%9 \"r\": f32 [5] = dequantize(%0)"),
            "{1 -2 5.9604645e-08 65504 inf}");
}

TEST(FoldConstants, Computes) {
  const std::string c = "const %0 \"a\": f32 [2,1] = {1 2}\nconst %1 \"b\": f32 [3] = {10 20 40}\n";
  EXPECT_EQ(folded(c, "%9 \"r\": f32 [2,3] = add(%0, %1)"), "{11 21 41 12 22 42}");
  EXPECT_EQ(folded(c, "%9 \"r\": f32 [2,3] = div(%0, %1)"), "{0.1 0.05 0.025 0.2 0.1 0.05}");
  EXPECT_EQ(folded(c, "%9 \"r\": f32 [2,3] = add(%0, %1) {activation=relu}"), "");
  const std::string q = "const %0 \"a\": i8 [1] scale 1 zero_point 0 = {1}\n";
  EXPECT_EQ(folded(q, "%9 \"r\": i8 [1] scale 1 zero_point 0 = add(%0, %0)"), "");
}

TEST(FoldConstants, AnOutputOfTheGraphStaysANode) {
  const std::string text = R"(graph "g"
const %0 "c": i32 [2] = {1 2}
%1 "r": i32 [2,1] = reshape(%0)
output %1
)";
  EXPECT_EQ(after(fold_constants, text), text);
}

}  // namespace
}  // namespace whit::compile
