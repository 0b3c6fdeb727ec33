// sparse_costs: measures fully connected layers, dense and sparse, on the emulated targets and fits the factors of
// whit/compile/lower/sparse_cost.cpp to the instructions. Prints for each kernel: the factors as that file has them
// and as they come out now, and the error of the first against what was measured. Exit code 1 past 15 %.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <random>
#include <vector>

#include "whit/base/error.hpp"
#include "whit/compile/compile.hpp"
#include "whit/compile/lower/lower.hpp"
#include "whit/compile/lower/sparse_cost.hpp"
#include "whit/compile/program.hpp"
#include "whit/target/bench.hpp"

namespace {

using namespace whit;
using compile::kCostTerms, compile::KernelSet, compile::LayerCounts, compile::Optimize;

constexpr double kMostError = 0.15;
// Depths of a chain of layers; each gives one measurement.
constexpr int32_t kDepths[] = {640, 128, 128, 16, 128, 64, 256, 320, 64, 512, 32};

enum class Zeros { none, anywhere, four_of_16, blocks };

ir::TensorId add_tensor(ir::Graph& graph, ir::DType type, ir::Shape shape, std::vector<float> scale,
                        std::vector<uint8_t> data) {
  ir::Tensor tensor;
  tensor.name = fmt::format("t{}", graph.tensors.size());
  tensor.type = type;
  tensor.shape = std::move(shape);
  tensor.quantization.zero_point.assign(scale.size(), type == ir::DType::i8 && data.empty() ? -128 : 0);
  tensor.quantization.scale = std::move(scale);
  tensor.is_constant = !data.empty();
  tensor.data = std::move(data);
  return graph.add_tensor(std::move(tensor));
}

// The weights of layer `number`, each of them as sparse as another number asks.
std::vector<uint8_t> weights_of(std::mt19937& random, int32_t number, int32_t count, Zeros zeros) {
  const std::array<double, 3> shares = {0.7, 0.6, 0.9};
  std::bernoulli_distribution zero(shares[static_cast<size_t>(number % 3)]);
  std::normal_distribution<> value(0, 20);
  std::vector<uint8_t> weights(static_cast<size_t>(count));
  bool drop = false;
  for (int32_t i = 0; i < count; ++i) {
    if (zeros == Zeros::anywhere || (zeros == Zeros::blocks && i % 4 == 0)) drop = zero(random);
    if (zeros == Zeros::four_of_16) drop = (i + i / 16) % 4 != 0;
    const int32_t weight = static_cast<int32_t>(std::clamp(value(random), -127.0, 127.0));
    weights[static_cast<size_t>(i)] = static_cast<uint8_t>(drop ? 0 : weight != 0 ? weight : 1);
  }
  return weights;
}

// `per_channel`: scales differ, which the fastest dense kernel of arm_dsp does not take.
ir::Graph chain(Zeros zeros, bool per_channel, int32_t rows) {
  std::mt19937 random(7);
  ir::Graph graph;
  graph.name = "chain";
  ir::TensorId x = add_tensor(graph, ir::DType::i8, {rows, kDepths[0]}, {1.0f}, {});
  graph.inputs = {x};
  for (int32_t i = 0; i + 1 < static_cast<int32_t>(std::size(kDepths)); ++i) {
    const int32_t depth = kDepths[i], channels = kDepths[i + 1];
    std::vector<float> scales(per_channel ? static_cast<size_t>(channels) : 1, 0.001f);
    for (size_t c = 0; c < scales.size(); ++c) scales[c] *= 1.0f + 0.01f * static_cast<float>(c);
    const ir::TensorId w =
        add_tensor(graph, ir::DType::i8, {channels, depth}, scales, weights_of(random, i, channels * depth, zeros));
    const ir::TensorId y = add_tensor(graph, ir::DType::i8, {rows, channels}, {1.0f}, {});
    graph.nodes.push_back({ir::Op::fully_connected, {x, w, ir::kNoTensor}, {y}, ir::ActivationAttributes{}, i});
    x = y;
  }
  graph.outputs = {x};
  return graph;
}

LayerCounts counts_of(const ir::Graph& graph, const ir::Node& node) {
  const ir::Tensor& weights = graph.tensor(node.inputs[1]);
  LayerCounts counts;
  counts.rows = static_cast<double>(graph.tensor(node.inputs[0]).shape[0]);
  counts.channels = static_cast<double>(weights.shape[0]);
  counts.depth = static_cast<double>(weights.shape[1]);
  for (size_t i = 0; i < weights.data.size(); ++i) counts.nonzeros += weights.data[i] != 0 ? 1 : 0;
  for (size_t i = 0; i < weights.data.size(); i += 4) {
    counts.blocks +=
        std::any_of(weights.data.begin() + static_cast<ptrdiff_t>(i),
                    weights.data.begin() + static_cast<ptrdiff_t>(i) + 4, [](uint8_t b) { return b != 0; });
  }
  return counts;
}

// Least squares of relative errors, by the normal equations with a touch of damping for terms that are all zero.
compile::CostVector fit(const std::vector<compile::CostVector>& terms, const std::vector<double>& measured) {
  std::array<std::array<double, kCostTerms + 1>, kCostTerms> a{};
  for (size_t n = 0; n < terms.size(); ++n) {
    for (size_t i = 0; i < kCostTerms; ++i) {
      for (size_t j = 0; j < kCostTerms; ++j) a[i][j] += terms[n][i] * terms[n][j] / (measured[n] * measured[n]);
      a[i][kCostTerms] += terms[n][i] / measured[n];
    }
  }
  for (size_t i = 0; i < kCostTerms; ++i) a[i][i] += 1e-12;
  for (size_t i = 0; i < kCostTerms; ++i) {
    for (size_t j = 0; j < kCostTerms; ++j) {
      if (j == i) continue;
      const double factor = a[j][i] / a[i][i];
      for (size_t k = 0; k <= kCostTerms; ++k) a[j][k] -= factor * a[i][k];
    }
  }
  compile::CostVector x{};
  for (size_t i = 0; i < kCostTerms; ++i) x[i] = a[i][kCostTerms] / a[i][i];
  return x;
}

// Lowers for `lowered_for`, so that the kernel is the one that is meant, and compiles as the default mode does.
// Returns the largest error.
double measure(const target::Target& machine, Zeros zeros, bool per_channel, int32_t rows, Optimize lowered_for) {
  const KernelSet kernels = compile::kernel_set(machine.kernels);
  const ir::Graph graph = chain(zeros, per_channel, rows);
  const compile::Program program(compile::lower(graph, {kernels, lowered_for}).program, "chain");
  const target::BenchImage image(machine, program, Optimize::balanced);
  const target::BenchResult result = image.measure(target::ramp37(program));
  std::vector<compile::CostVector> terms;
  std::vector<double> measured;
  double worst = 0;
  const auto kernel = static_cast<rt::KernelId>(program.ops()[0].kernel);
  for (size_t i = 0; i < program.ops().size(); ++i) {
    if (program.ops()[i].kernel != program.ops()[0].kernel) continue;
    const LayerCounts counts = counts_of(graph, graph.nodes[i]);
    const auto instructions = static_cast<double>(result.layers[i].cost.instructions);
    compile::CostVector passes = compile::cost_terms(kernel, counts);
    for (double& term : passes) term *= compile::cost_passes(kernel, counts);
    terms.push_back(passes);
    measured.push_back(instructions);
    worst = std::max(worst, std::abs(compile::layer_instructions(kernel, kernels, counts) / instructions - 1));
  }
  const compile::CostVector table = compile::cost_factors(kernel, kernels), now = fit(terms, measured);
  fmt::print(
      "{:<18} {:<26} {} rows, {:2} layers: {:6.1f} {:6.2f} {:6.2f}, now {:6.1f} {:6.2f} {:6.2f}, error {:.0f} %\n",
      machine.name, program.ops()[0].kernel_name, rows, terms.size(), table[0], table[1], table[2], now[0], now[1],
      now[2], 100 * worst);
  return worst;
}

}  // namespace

int main() {
  try {
    double worst = 0;
    for (const char* name : {"qemu-cortex-m4", "qemu-cortex-m3", "qemu-cortex-m0plus", "qemu-riscv32"}) {
      const target::Target& machine = target::find_emulated_target(name);
      worst = std::max(worst, measure(machine, Zeros::none, false, 1, Optimize::balanced));
      if (machine.kernels == "arm_dsp") {
        worst = std::max(worst, measure(machine, Zeros::none, true, 1, Optimize::balanced));
        worst = std::max(worst, measure(machine, Zeros::none, true, 3, Optimize::balanced));
      } else {
        worst = std::max(worst, measure(machine, Zeros::none, false, 1, Optimize::size));
      }
      for (const Zeros zeros : {Zeros::anywhere, Zeros::four_of_16, Zeros::blocks}) {
        worst = std::max(worst, measure(machine, zeros, false, 1, Optimize::size));
      }
    }
    return worst > kMostError ? 1 : 0;
  } catch (const Error& error) {
    fmt::print(stderr, "{}: {}\n{}\n", error.where(), error.what(), error.hint());
    return static_cast<int>(error.code());
  }
}
