// The float models of ../shared as modules: forward() beside the host player.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <random>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/compile/passes/passes.hpp"
#include "whit/compress/model_runner.hpp"
#include "whit/formats/onnx/reader.hpp"
#include "whit/formats/tflite/reader.hpp"
#include "whit/learn/module.hpp"

namespace whit::learn {
namespace {

namespace fs = std::filesystem;

const fs::path kModels = fs::path(WHIT_SOURCE_DIR) / "../shared/models";

// So that the test stays quick.
constexpr uintmax_t kLargest = 3'000'000;

// Forests are trained by others.
bool is_float(const ir::Graph& graph) {
  const bool forest = std::any_of(graph.nodes.begin(), graph.nodes.end(),
                                  [](const ir::Node& node) { return node.op == ir::Op::tree_ensemble; });
  return !forest && !graph.inputs.empty() && graph.tensor(graph.inputs[0]).type == ir::DType::f32 &&
         std::none_of(graph.nodes.begin(), graph.nodes.end(), [&](const ir::Node& node) {
           return std::any_of(node.outputs.begin(), node.outputs.end(), [&](ir::TensorId id) {
             const ir::DType type = graph.tensor(id).type;
             return type == ir::DType::i8 || type == ir::DType::u8 || type == ir::DType::i16;
           });
         });
}

// The largest difference of two samples' outputs, relative to the largest output.
double difference(const ir::Graph& graph) {
  constexpr int64_t kSamples = 2;
  const compress::ModelRunner runner(graph);
  std::mt19937 random(1);
  std::vector<float> values(static_cast<size_t>(kSamples * runner.input_elements()));
  for (float& value : values) value = std::uniform_real_distribution<float>(0, 1)(random);
  Tensors inputs;
  const at::Tensor samples = at::from_blob(values.data(), {kSamples, runner.input_elements()});
  int64_t at = 0;
  for (const ir::TensorId id : graph.inputs) {
    const ir::Shape& shape = graph.tensor(id).shape;
    inputs.push_back(samples.slice(1, at, at + ir::elements(shape)).reshape(with_batch(kSamples, shape)));
    at += ir::elements(shape);
  }
  at::NoGradGuard guard;
  Tensors outputs = Module(graph).forward(inputs, false);
  for (at::Tensor& output : outputs) output = output.to(at::kFloat).contiguous();
  double error = 0;
  runner.run(values, [&](int64_t sample, const std::vector<std::vector<float>>& expected) {
    for (size_t i = 0; i < expected.size(); ++i) {
      const at::Tensor actual = outputs[i].select(0, sample).contiguous();
      double largest = 1e-3, apart = 0;
      for (size_t k = 0; k < expected[i].size(); ++k) {
        largest = std::max<double>(largest, std::abs(expected[i][k]));
        apart = std::max<double>(apart, std::abs(expected[i][k] - actual.data_ptr<float>()[k]));
      }
      error = std::max(error, apart / largest);
    }
  });
  return error;
}

TEST(ModuleModels, ForwardEqualsThePlayer) {
  if (!fs::exists(kModels)) GTEST_SKIP() << "skipped: no ../shared";
  int converted = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kModels)) {
    const std::string file = entry.path().string();
    if (!file.ends_with(".tflite") && !file.ends_with(".onnx")) continue;
    if (fs::file_size(entry) > kLargest) continue;
    ir::Graph graph;
    try {
      graph = file.ends_with(".onnx") ? onnx::read_onnx_file(file).graph : tflite::read_tflite_file(file);
      if (!is_float(graph)) continue;
      compile::run_passes(graph);
      compress::ModelRunner runner(graph);
    } catch (const Error&) {
      continue;
    }
    EXPECT_LE(difference(graph), 1e-4) << file;
    ++converted;
  }
  EXPECT_GE(converted, 40);
}

}  // namespace
}  // namespace whit::learn
