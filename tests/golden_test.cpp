// The host player against the golden vectors, for the Programs of every kernel set: outputs and intermediate tensors.
#include "tests/golden.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "whit/base/file.hpp"
#include "whit/compile/compile.hpp"
#include "whit/formats/tflite/reader.hpp"

namespace whit::tests {
namespace {

using compile::KernelSet;

struct Checker {
  const compile::Program& program;
  compile::HostPlayer& player;
  std::map<int32_t, GoldenTensor> golden;
  size_t compared = 0;
};

void compare_tensor(void* context, uint32_t op_index) {
  Checker& checker = *static_cast<Checker*>(context);
  const compile::ProgramOp& op = checker.program.ops()[op_index];
  const auto golden = checker.golden.find(op.source_tensor);
  if (op.source_tensor < 0 || golden == checker.golden.end()) return;
  ASSERT_EQ(op.result_bytes, golden->second.bytes) << op.name;
  EXPECT_EQ(crc32(checker.player.arena().subspan(op.result, op.result_bytes)), golden->second.crc32)
      << "op " << op_index << " " << op.kernel_name << " \"" << op.name << "\"";
  ++checker.compared;
}

// The listed tensors that survive when no channel is folded.
const std::map<std::string, size_t> kTensors = {{"hello", 3}, {"kws", 12}, {"vww", 30}, {"ic", 15}, {"ad", 10}};

class Golden : public testing::TestWithParam<KernelSet> {};

// How many of the listed tensors an op of the graph still computes after the passes.
size_t surviving(ir::Graph graph, const compile::CompileOptions& options, const GoldenCase& golden) {
  std::set<int32_t> listed;
  for (const GoldenTensor& tensor : golden.tensors) listed.insert(tensor.tensor);
  compile::run_passes(graph, options.passes);
  size_t count = 0;
  for (const ir::Node& node : graph.nodes) {
    if (node.op == ir::Op::reshape) continue;  // moves nothing: no op in the Program
    for (const ir::TensorId id : node.outputs) count += listed.count(graph.tensor(id).source_index);
  }
  return count;
}

// Compares every tensor that is listed and that the passes have left; in all `tensors` of them, 0: not known here.
void play(const GoldenModel& model, const compile::CompileOptions& options, size_t tensors) {
  const std::vector<uint8_t> bytes = read_file(model.file);
  const ir::Graph graph = tflite::read_tflite(bytes, model.name);
  const compile::Compiled compiled = compile::compile(graph, options, sha256(bytes));
  compile::HostPlayer player(compiled.program);
  for (const GoldenCase& golden : model.cases) {
    SCOPED_TRACE(model.name + " " + golden.rule);
    Checker checker{compiled.program, player, {}};
    for (const GoldenTensor& tensor : golden.tensors) checker.golden[tensor.tensor] = tensor;
    player.set_input(0, golden.input);
    player.invoke(compare_tensor, &checker);
    EXPECT_EQ(player.output(0), golden.output);
    EXPECT_EQ(checker.compared, surviving(graph, options, golden));
    if (tensors > 0) {
      EXPECT_EQ(checker.compared, tensors);
    }
  }
}

TEST_P(Golden, EveryTensorOfEveryModelAndRule) {
  if (shared_directory().empty()) GTEST_SKIP() << "skipped: no ../shared";
  compile::CompileOptions options;
  options.kernels = GetParam();
  for (const GoldenModel& model : golden_models()) {
    options.passes.skip = {"fold_constant_channels"};
    play(model, options, kTensors.at(model.name));
    options.passes.skip = {};  // tensors that lost channels are no longer those of the file
    play(model, options, 0);
  }
}

std::string set_name(const testing::TestParamInfo<KernelSet>& info) {
  static constexpr const char* kNames[] = {"host", "arm_dsp", "arm_v7m", "arm_v6m", "rv32"};
  return kNames[static_cast<size_t>(info.param)];
}

INSTANTIATE_TEST_SUITE_P(KernelSets, Golden,
                         testing::Values(KernelSet::host, KernelSet::arm_dsp, KernelSet::arm_v7m, KernelSet::arm_v6m,
                                         KernelSet::rv32),
                         set_name);

}  // namespace
}  // namespace whit::tests
