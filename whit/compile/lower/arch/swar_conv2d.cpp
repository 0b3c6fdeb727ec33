#include "whit/compile/lower/arch/swar.hpp"
#include "whit/compile/lower/arch/swar_pack.hpp"
#include "whit_runtime/kernels/arch/swar/conv2d_s8_swar.hpp"

namespace whit::compile {

bool try_conv2d_swar(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer) {
  if (try_winograd_swar(lowering, node, layer)) return true;
  // Instructions for four pixels of a channel: a correction 24, a chunk's two words 4 each.
  const auto packed = pack_swar(layer, {24, 8});
  if (!packed) return false;
  rt::Conv2dS8Swar p{};
  p.geometry = conv_geometry(lowering.graph(), node);
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.weights = lowering.constant(packed->weights, ConstantKind::weights);
  p.channels = lowering.constant(packed->channels, ConstantKind::other);
  lowering.count_as_weights(4 * layer.channels);
  p.corrections =
      packed->corrections.empty() ? p.weights : lowering.constant(packed->corrections, ConstantKind::weights);
  p.scratch = lowering.scratch(8 * packed->depth);
  p.depth = packed->depth;
  p.chunk = packed->chunk;
  p.correction_count = static_cast<int32_t>(packed->corrections.size());
  p.input_zero_point = layer.input_zero_point;
  p.output_zero_point = layer.output_zero_point;
  p.output_min = layer.range.min;
  p.output_max = layer.range.max;
  lowering.may_overlap(node.outputs[0], node.inputs[0], swar_conv_lead(p.geometry));
  lowering.emit(rt::KernelId::conv2d_s8_swar, p);
  return true;
}

}  // namespace whit::compile
