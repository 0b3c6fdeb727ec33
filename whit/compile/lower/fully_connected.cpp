#include "whit/compile/lower/arch/arm_dsp.hpp"
#include "whit/compile/lower/arch/host.hpp"
#include "whit/compile/lower/arch/swar.hpp"
#include "whit/compile/lower/lower_ops.hpp"
#include "whit/compile/lower/quantized.hpp"
#include "whit_runtime/kernels/fully_connected_s8.hpp"

namespace whit::compile {
namespace {

void lower_portable(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer) {
  rt::FullyConnectedS8 p{};
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.weights = lowering.constant(layer.weights, ConstantKind::weights);
  p.requant = lowering.constant(layer.requant, ConstantKind::other);
  lowering.count_as_weights(4 * layer.channels);
  p.batches = static_cast<int32_t>(ir::elements(lowering.tensor_of(node.outputs[0]).shape) / layer.channels);
  p.input_depth = layer.depth;
  p.output_depth = layer.channels;
  p.output_zero_point = layer.output_zero_point;
  p.output_min = layer.range.min;
  p.output_max = layer.range.max;
  lowering.emit(rt::KernelId::fully_connected_s8, p);
}

}  // namespace

void lower_fully_connected(Lowering& lowering, const ir::Node& node) {
  if (lowering.tensor_of(node.inputs[0]).type == ir::DType::f32) return lower_fully_connected_f32(lowering, node);
  require_int8_layer(lowering, node);
  const QuantizedLayer layer = quantized_layer(lowering.graph(), node);
  if (lowering.kernels() == KernelSet::host && try_fully_connected_host(lowering, node, layer)) return;
  if (lowering.kernels() == KernelSet::arm_dsp && try_fully_connected_arm_dsp(lowering, node, layer)) return;
  if (is_swar(lowering.kernels()) && try_fully_connected_swar(lowering, node, layer)) return;
  lower_portable(lowering, node, layer);
}

}  // namespace whit::compile
