#include "whit/compile/lower/arch/swar.hpp"
#include "whit/compile/lower/arch/swar_pack.hpp"
#include "whit_runtime/kernels/arch/swar/dot.hpp"
#include "whit_runtime/kernels/arch/swar/fully_connected_s8_swar.hpp"

namespace whit::compile {
namespace {

// [channels, depth] bytes as words of two channels, in the order in which fully_connected_s8_swar reads them.
std::vector<int32_t> weight_words(const SwarLayer& packed, int32_t channels) {
  std::vector<int32_t> words;
  const auto weight = [&](int32_t channel, int32_t i) -> int32_t {
    return channel < channels ? packed.weights[static_cast<size_t>(channel) * packed.depth + i] : 0;
  };
  for (int32_t c = 0; c < channels; c += 4) {
    for (int32_t i = 0; i < packed.depth; ++i) {
      words.push_back(rt::swar::pack_pair(weight(c, i), weight(c + 1, i)));
      words.push_back(rt::swar::pack_pair(weight(c + 2, i), weight(c + 3, i)));
    }
  }
  return words;
}

}  // namespace

bool try_fully_connected_swar(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer) {
  // The words take twice the flash of the weights.
  if (lowering.optimize() == Optimize::size || layer.depth % rt::swar::kDepthUnit != 0) return false;
  // Instructions for one channel: a correction 8, a chunk's word 4 for two channels.
  const auto packed = pack_swar(layer, {8, 2});
  if (!packed) return false;
  rt::FullyConnectedS8Swar p{};
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.weights = lowering.constant(weight_words(*packed, layer.channels), ConstantKind::weights);
  p.channels = lowering.constant(packed->channels, ConstantKind::other);
  lowering.count_as_weights(4 * layer.channels);
  p.corrections =
      packed->corrections.empty() ? p.weights : lowering.constant(packed->corrections, ConstantKind::weights);
  p.batches = static_cast<int32_t>(ir::elements(lowering.tensor_of(node.outputs[0]).shape) / layer.channels);
  p.input_depth = layer.depth;
  p.output_depth = layer.channels;
  p.chunk = packed->chunk;
  p.correction_count = static_cast<int32_t>(packed->corrections.size());
  p.output_zero_point = layer.output_zero_point;
  p.output_min = layer.range.min;
  p.output_max = layer.range.max;
  lowering.emit(rt::KernelId::fully_connected_s8_swar, p);
  return true;
}

}  // namespace whit::compile
