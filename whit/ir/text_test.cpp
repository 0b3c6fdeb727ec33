#include "whit/ir/text.hpp"

#include <gtest/gtest.h>

#include "whit/base/error.hpp"

namespace whit::ir {
namespace {

constexpr const char* kTiny = R"(graph "a \"tiny\" one"
variable 0 "state": i8 [1,2] scale 0.5 zero_point 0 = {1 -2}
input %0 "x": i8 [1,4,4,1] scale 0.5 zero_point -1 source 0
const %1 "w": i8 [2,2,2,1] scale [0.25 0.1] zero_point [0 0] = {1 2 3 4 -5 -6 -7 -128}
%3 "y": i8 [1,2,2,2] scale 1 zero_point 3 source 7 = conv2d(%0, %1, -) {stride_h=2, stride_w=2, activation=relu} op 0
%5 "flat": i8 [1,8] scale 1 zero_point 3 = reshape(%3) op 1
%6 "soft": i8 [1,8] scale 0.00390625 zero_point -128 = softmax(%5) {beta=0.5}
%7 "cut": i8 [1,4] scale 0.00390625 zero_point -128 = slice(%6) {begin=[0 1], stride=[1 2]}
%8 "state": i8 [1,2] scale 0.5 zero_point 0 = read_variable()
assign_variable(%8)
%9 "top": i64 [1] = arg_max(%7) {axes=[1]}
const %10 "c": f32 [3] = {0.1 -1e+30 3}
output %7, %9, %10
)";

TEST(Text, RoundTrips) {
  const Graph graph = parse_text(kTiny);
  EXPECT_EQ(print_text(graph), kTiny);
  EXPECT_EQ(graph.name, "a \"tiny\" one");
  EXPECT_EQ(graph.nodes[0].inputs, (std::vector<TensorId>{0, 1, kNoTensor}));
  EXPECT_EQ(attributes<ConvAttributes>(graph.nodes[0]).activation, Activation::relu);
  EXPECT_EQ(graph.tensor(3).source_index, 7);
  EXPECT_EQ(data<int8_t>(graph.tensor(1))[7], -128);
  EXPECT_EQ(graph.outputs, (std::vector<TensorId>{7, 9, 10}));
}

TEST(Text, KeepsAttributesOfAnotherKind) {
  Graph graph = parse_text(kTiny);
  graph.nodes[1].attributes = BlockAttributes{2};
  const std::string text = print_text(graph);
  EXPECT_NE(text.find("reshape(%3) {kind=block, block=2} op 1"), std::string::npos) << text;
  EXPECT_EQ(print_text(parse_text(text)), text);
}

TEST(Text, LargeConstantsAreElided) {
  const Graph graph = parse_text(kTiny);
  const std::string text = print_text(graph, {.inline_elements = 4});
  EXPECT_NE(text.find("= ... 8 bytes crc32 "), std::string::npos) << text;
  EXPECT_THROW(parse_text(text), Error);
}

TEST(Text, CommentsAndBlankLines) {
  EXPECT_EQ(print_text(parse_text("\n# hello\ngraph \"g\" # name\n\n  input %2 \"x\": f32 [] # scalar\noutput %2")),
            "graph \"g\"\ninput %2 \"x\": f32 []\noutput %2\n");
}

struct BadText {
  const char* text;
  const char* where;
};

class TextErrors : public testing::TestWithParam<BadText> {};

TEST_P(TextErrors, NameTheLine) {
  try {
    parse_text(GetParam().text);
    FAIL() << GetParam().text;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::bad_input);
    EXPECT_EQ(error.where(), GetParam().where) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, TextErrors,
    testing::Values(BadText{"", "line 0"}, BadText{"input %0 \"x\": f32 []", "line 1"}, BadText{"graph \"g", "line 1"},
                    BadText{"graph \"g\\", "line 1"}, BadText{"graph \"\\xzz\"", "line 1"},
                    BadText{"graph \"g\"\ninput %0 \"x\": f99 []", "line 2"},
                    BadText{"graph \"g\"\ninput %0 \"x\": f32 [-1]", "line 2"},
                    BadText{"graph \"g\"\ninput %0 \"x\": f32 [65536,65536]", "line 2"},
                    BadText{"graph \"g\"\ninput %0 \"x\": f32 [1", "line 2"},
                    BadText{"graph \"g\"\ninput %0 \"x\": i8 [1] scale [1 2] zero_point 0", "line 2"},
                    BadText{"graph \"g\"\ninput %70000 \"x\": f32 []", "line 2"},
                    BadText{"graph \"g\"\ninput %99999999999 \"x\": f32 []", "line 2"},
                    BadText{"graph \"g\"\ninput %0 \"x\": f32 []\ninput %0 \"y\": f32 []", "line 3"},
                    BadText{"graph \"g\"\nconst %0 \"x\": i8 [1] = {128}", "line 2"},
                    BadText{"graph \"g\"\nconst %0 \"x\": i8 [2] = {1}", "line 2"},
                    BadText{"graph \"g\"\nconst %0 \"x\": i8 [2] = {1 2", "line 2"},
                    BadText{"graph \"g\"\nconst %0 \"x\": i8 [2] = ... 2 bytes crc32 0", "line 2"},
                    BadText{"graph \"g\"\noutput %0", "line 2"},
                    BadText{"graph \"g\"\n%0 \"x\": f32 [] = abs(%0)", "line 2"},
                    BadText{"graph \"g\"\n%0 \"x\": f32 [] = nonsense()", "line 2"},
                    BadText{"graph \"g\"\n%0 \"x\": f32 [] = abs() {beta=1}", "line 2"},
                    BadText{"graph \"g\"\n%0 \"x\": f32 [] = softmax() {kind=none, beta=1}", "line 2"},
                    BadText{"graph \"g\"\n%0 \"x\": f32 [] = softmax() {kind=odd}", "line 2"},
                    BadText{"graph \"g\"\n%0 \"x\": f32 [] = mean() {keep_dims=2}", "line 2"},
                    BadText{"graph \"g\"\n%0 \"x\": f32 [] = abs() and more", "line 2"},
                    BadText{"graph \"g\"\nvariable 1 \"v\": f32 [1] = {0}", "line 2"}));

}  // namespace
}  // namespace whit::ir
