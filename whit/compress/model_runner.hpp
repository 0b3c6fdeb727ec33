// Runs a graph of any precision on many samples of plain floats: what calibration, evaluation, comparison and layer
// blame do all day. Quantizes the input and dequantizes the outputs with the model's own parameters. Does not change
// the graph, and shows no more than its outputs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "whit/compile/compile.hpp"
#include "whit/ir/graph.hpp"

namespace whit::compress {

class ModelRunner {
 public:
  // Compiles for this machine. `passes` false: the graph as it is. Error unsupported when it has
  // no input, or one that is neither f32 nor quantized.
  explicit ModelRunner(const ir::Graph& graph, bool passes = true);

  int64_t input_elements() const;  // of all inputs, which stand one behind the other in a sample
  size_t output_count() const { return program_->outputs().size(); }
  int64_t output_elements(size_t output) const;

  // One inference after another in the order of the samples, state reset before each: `samples` is [N, input_elements].
  // `sink` gets the index of the sample and its outputs, each dequantized. Two or more samples may run at once on the
  // machine's cores, but `sink` is called by one thread at a time and in the order of the samples.
  using Sink = std::function<void(int64_t sample, const std::vector<std::vector<float>>& outputs)>;
  void run(std::span<const float> samples, const Sink& sink) const;

 private:
  std::unique_ptr<compile::Program> program_;
};

// The stored bytes that stand for `values` in a tensor of this type, scale and zero point; floats as they are.
// Rounds half away from zero and saturates, as the quantize op does. Error unsupported for a type without a meaning.
std::vector<uint8_t> store(std::span<const float> values, rt::ElementType type, float scale, int32_t zero_point);

// In the type, scale and zero point of `like`, an i8 or i16 tensor with one scale.
std::vector<uint8_t> store(std::span<const float> values, const ir::Tensor& like);

// The real numbers that stored bytes stand for; integers without a scale are taken as they are.
std::vector<float> load(std::span<const uint8_t> bytes, rt::ElementType type, float scale, int32_t zero_point);
std::vector<float> load(std::span<const uint8_t> bytes, const ir::Tensor& like);

}  // namespace whit::compress
