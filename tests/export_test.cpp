// What the TFLite writer expresses with other ops computes the same: a graph and its file, read again, are run side by
// side.
#include <gtest/gtest.h>

#include "whit/compile/compile.hpp"
#include "whit/formats/tflite/reader.hpp"
#include "whit/formats/tflite/writer.hpp"
#include "whit/ir/text.hpp"

namespace whit {
namespace {

std::vector<uint8_t> run(ir::Graph graph) {
  const compile::Compiled compiled = compile::compile(std::move(graph), {}, {});
  compile::HostPlayer player(compiled.program);
  std::vector<uint8_t> input;
  const size_t count = compiled.program.inputs()[0].info.bytes;
  for (size_t i = 0; i < count; ++i) input.push_back(static_cast<uint8_t>(i * 37 + 11));
  player.set_input(0, input);
  player.invoke();
  return player.output(0);
}

class Expressed : public testing::TestWithParam<const char*> {};

TEST_P(Expressed, ComputesTheSame) {
  const ir::Graph graph = ir::parse_text(std::string("graph \"g\"\n") + GetParam());
  const ir::Graph read = tflite::read_tflite(tflite::write_tflite(graph), "g");
  EXPECT_GT(read.nodes.size(), graph.nodes.size());
  EXPECT_EQ(run(read), run(graph));
}

INSTANTIATE_TEST_SUITE_P(Int8, Expressed,
                         testing::Values(
                             R"(input %0 "x": i8 [1,5,4,1] scale 0.5 zero_point 3
const %1 "w": i8 [1,3,3,1] scale 0.25 zero_point 0 = {1 -2 3 -4 5 -6 7 -8 9}
const %2 "b": i32 [1] scale 0.125 zero_point 0 = {100}
%3 "y": i8 [1,3,2,1] scale 4 zero_point -9 = conv2d(%0, %1, %2) {stride_h=2, stride_w=2, pad_top=2, pad_left=1, pad_bottom=1}
output %3
)",
                             R"(input %0 "x": i8 [1,5,4,1] scale 0.5 zero_point 3
%1 "y": i8 [1,3,2,1] scale 0.5 zero_point 3 = max_pool2d(%0) {kernel_h=3, kernel_w=3, stride_h=2, stride_w=2, pad_top=2, pad_left=1, pad_bottom=1}
output %1
)",
                             R"(input %0 "x": i8 [1,3,2,1] scale 0.5 zero_point 3
const %1 "w": i8 [1,3,3,1] scale 0.25 zero_point 0 = {1 -2 3 -4 5 -6 7 -8 9}
const %2 "b": i32 [1] scale 0.125 zero_point 0 = {100}
%3 "y": i8 [1,6,4,1] scale 4 zero_point -9 = transpose_conv2d(%0, %1, %2) {stride_h=2, stride_w=2, pad_top=1, pad_left=1}
output %3
)",
                             R"(input %0 "x": i8 [1,3] scale 0.5 zero_point 3
const %1 "w": i8 [2,3] scale [0.25 0.125] zero_point [0 0] = {1 -2 3 4 5 -6}
const %2 "b": i32 [2] = {100 -7}
%3 "y": i8 [1,1,2] scale 4 zero_point -9 = fully_connected(%0, %1, %2)
output %3
)"));

}  // namespace
}  // namespace whit
