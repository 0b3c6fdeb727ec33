#include "whit/device/variants.hpp"

#include <gtest/gtest.h>

#include <map>

#include "whit/base/error.hpp"
#include "whit/compile/compile.hpp"
#include "whit/compress/quantize.hpp"
#include "whit/compress/test_quantized.hpp"
#include "whit/ir/text.hpp"

namespace whit::device {
namespace {

ir::Graph float_net() {
  return ir::parse_text("graph \"net\"\ninput %0 \"x\": f32 [1,64]\n" + compress::constant_text(1, "w", {64, 64}) +
                        compress::constant_text(2, "v", {4, 64}) +
                        "%4 \"a\": f32 [1,64] = fully_connected(%0, %1, -) {activation=relu}\n"
                        "%5 \"b\": f32 [1,4] = fully_connected(%4, %2, -)\noutput %5\n");
}

std::map<std::string, int64_t> constants_by_change(const ir::Graph& graph) {
  std::map<std::string, int64_t> bytes;  // for a core on which sparse layers are no slower
  for (const Variant& variant : variants(graph)) {
    const ir::Graph made = variant.make();
    bytes[variant.change] = compile::compile(made, {compile::KernelSet::arm_v6m}, {}).program.header().weights_bytes;
  }
  return bytes;
}

TEST(Variants, OfAFloatModelArePrecisionsAndWidths) {
  const ir::Graph graph = float_net();
  const auto bytes = constants_by_change(graph);
  const int64_t whole = compile::compile(graph, {compile::KernelSet::arm_v6m}, {}).program.header().weights_bytes;
  EXPECT_EQ(whole, 68 * 64 * 4);
  EXPECT_EQ(bytes.at("float16 weights"), whole / 2);
  EXPECT_LT(bytes.at("int8"), whole);
  EXPECT_LT(bytes.at("int8, int4 weights"), bytes.at("int8"));
  EXPECT_LT(bytes.at("int8, 4:16 sparse"), bytes.at("int8"));
  EXPECT_EQ(bytes.at("0.5 of the width"), (32 * 64 + 4 * 32) * 4);
  EXPECT_FALSE(is_full_integer(graph));
}

TEST(Variants, SharedWeightsCountOnce) {
  const ir::Graph graph =
      ir::parse_text("graph \"net\"\ninput %0 \"x\": f32 [1,64]\n" + compress::constant_text(1, "w", {64, 64}) +
                     "%4 \"a\": f32 [1,64] = fully_connected(%0, %1, -) {activation=relu}\n"
                     "%5 \"b\": f32 [1,64] = fully_connected(%4, %1, -)\noutput %5\n");
  for (const Variant& variant : variants(graph)) {
    if (variant.how.find("whit quantize") == std::string::npos) continue;
    const compile::Program program = compile::compile(variant.make(), {compile::KernelSet::arm_dsp}, {}).program;
    EXPECT_LE(program.header().weights_bytes, program.header().constants_bytes) << variant.change;
  }
}

// Samples that were made up make channels look constant; a model whose samples are real keeps them.
TEST(Variants, AnAdvisedSizeIsThatOfARealQuantization) {
  const ir::Graph graph = float_net();
  const Variant variant = variants(graph)[0];
  EXPECT_TRUE(variant.has_made_up_ranges);
  compile::CompileOptions options;
  options.kernels = compile::KernelSet::arm_v6m;
  options.passes.skip = {"fold_constant_channels"};
  const auto advised = compile::compile(variant.make(), options, {}).program.header().constants_bytes;
  ir::Graph real = graph;
  compress::prepare(real);
  const ir::Graph quantized =
      compress::quantize(real, compress::calibrate(real, compress::samples(200, 64), false), {});
  const auto actual = compile::compile(quantized, {compile::KernelSet::arm_v6m}, {}).program.header().constants_bytes;
  EXPECT_NEAR(advised, actual, 0.02 * actual);
}

TEST(Variants, OfAnInt8ModelAreFewer) {
  const ir::Graph graph = float_net();
  const ir::Graph integer = variants(graph)[0].make();
  EXPECT_TRUE(is_full_integer(integer));
  const auto bytes = constants_by_change(integer);
  EXPECT_FALSE(bytes.contains("int8"));
  EXPECT_LT(bytes.at("int4 weights"), bytes.at("0.75 of the width"));
  EXPECT_LT(bytes.at("4:16 sparse"), bytes.at("0.75 of the width"));
}

}  // namespace
}  // namespace whit::device
