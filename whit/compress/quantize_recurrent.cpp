#include "whit/compress/quantize_recurrent.hpp"

#include <algorithm>
#include <cmath>

#include "whit/compress/quantize_layer.hpp"

namespace whit::compress {
namespace {

// The moments of operands `first` to `first + k`: of the input, or of the hidden state.
PatchMoments part(const PatchMoments& whole, size_t first, size_t k) {
  PatchMoments moments{k, 1, whole.count, {}, {}};
  if (whole.count == 0) return moments;
  for (size_t i = first; i < first + k; ++i) {
    moments.mean.push_back(whole.mean[i]);
    const float* row = whole.gram.data() + i * whole.k;
    moments.gram.insert(moments.gram.end(), row + first, row + first + k);
  }
  return moments;
}

}  // namespace

ir::Quantization state_quantization(Range range) {
  const float most = std::max({-range.low, range.high, 1e-9f});
  const auto exponent = static_cast<int>(std::ceil(std::log2(most)));
  return {{std::ldexp(1.0f, std::clamp(exponent, 0, 6) - 15)}, {0}};
}

bool has_peepholes(const ir::Node& lstm) {
  const auto begin = lstm.inputs.begin() + ir::LstmInput::peephole, end = lstm.inputs.begin() + ir::LstmInput::hidden;
  return std::any_of(begin, end, [](ir::TensorId id) { return id != ir::kNoTensor; });
}

void quantize_recurrent(ir::Graph& to, ir::Node& node, const ir::Graph& from, const ir::Node& source,
                        const Recipe& recipe, const PatchMoments& moments) {
  const bool lstm = source.op == ir::Op::lstm;
  const size_t gates = lstm ? 4 : 3;
  const size_t weights = 1, recurrent = weights + gates, bias = recurrent + gates;
  const auto inputs = static_cast<size_t>(from.tensor(source.inputs[weights]).shape[1]);
  const auto units = static_cast<size_t>(from.tensor(source.inputs[recurrent]).shape[1]);
  Recipe own = recipe;
  own.weight_scales = WeightScales::per_tensor;
  if (own.precision == Precision::int8_w4) own.precision = Precision::int8;  // there is no kernel for int4 gates
  for (size_t g = 0; g < 2 * gates; ++g) {
    // A gate's sum is that of two fully connected layers: of the input, and of the hidden state as the output has it.
    const bool of_state = g >= gates;
    // What an lstm adds to its recurrent sums stands in the bias of the input's; a gru has biases of both.
    const bool has_bias = !of_state || !lstm;
    ir::Node layer, quantized;
    layer.op = ir::Op::fully_connected;
    layer.inputs = {source.inputs[0], source.inputs[weights + g], has_bias ? source.inputs[bias + g] : ir::kNoTensor};
    quantized.inputs = {of_state ? node.outputs[0] : node.inputs[0]};
    own.bias_correction = recipe.bias_correction && has_bias;
    // Unless reset comes last, the candidate's weights see the gated state, which is not observed.
    const bool gated = !lstm && g == 5 && !ir::attributes<ir::RecurrentAttributes>(source).linear_before_reset;
    const PatchMoments seen = gated ? PatchMoments{} : part(moments, of_state ? inputs : 0, of_state ? units : inputs);
    quantize_layer(to, quantized, from, layer, own, seen);
    node.inputs[weights + g] = quantized.inputs[1];
    if (has_bias) {
      node.inputs[bias + g] = quantized.inputs[2];
    } else {
      to.tensors.pop_back();  // the bias that quantize_layer() always adds
    }
  }
}

}  // namespace whit::compress
