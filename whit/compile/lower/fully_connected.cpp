#include "whit/compile/lower/arch/arm_dsp.hpp"
#include "whit/compile/lower/arch/host.hpp"
#include "whit/compile/lower/arch/swar.hpp"
#include "whit/compile/lower/lower_ops.hpp"
#include "whit/compile/lower/portable_conv.hpp"
#include "whit/compile/lower/sparse.hpp"
#include "whit_runtime/kernels/fully_connected_s8.hpp"

namespace whit::compile {
namespace {

template <typename Params>
void lower_portable(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer, rt::KernelId kernel) {
  Params p{};
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.weights = weights_constant<Params>(lowering, layer, layer.depth);
  p.requant = requant_constant<typename Params::Sum>(lowering, layer);
  p.batches = static_cast<int32_t>(ir::elements(lowering.tensor_of(node.outputs[0]).shape) / layer.channels);
  p.input_depth = layer.depth;
  p.output_depth = layer.channels;
  p.output_zero_point = layer.output_zero_point;
  p.output_min = layer.range.min;
  p.output_max = layer.range.max;
  lowering.emit(kernel, p);
}

void lower_dense(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer) {
  if (lowering.kernels() == KernelSet::host && try_fully_connected_host(lowering, node, layer)) return;
  if (lowering.kernels() == KernelSet::arm_dsp && try_fully_connected_arm_dsp(lowering, node, layer)) return;
  if (layer.int4) {
    return lower_portable<rt::FullyConnectedS8W4>(lowering, node, layer, rt::KernelId::fully_connected_s8_w4);
  }
  if (is_swar(lowering.kernels()) && try_fully_connected_swar(lowering, node, layer)) return;
  lower_portable<rt::FullyConnectedS8>(lowering, node, layer, rt::KernelId::fully_connected_s8);
}

}  // namespace

void lower_fully_connected(Lowering& lowering, const ir::Node& node) {
  if (lowering.tensor_of(node.inputs[0]).type == ir::DType::f32) return lower_fully_connected_f32(lowering, node);
  if (is_int16_layer(lowering, node)) {
    const QuantizedLayer layer = quantized_layer(lowering.graph(), node);
    if (layer.wide) {
      return lower_portable<rt::FullyConnectedS16>(lowering, node, layer, rt::KernelId::fully_connected_s16);
    }
    return lower_portable<rt::FullyConnectedS16B32>(lowering, node, layer, rt::KernelId::fully_connected_s16_b32);
  }
  require_int8_layer(lowering, node);
  const QuantizedLayer layer = quantized_layer(lowering.graph(), node);
  // Sparse kernels read int8: packed int4 weights take hardly more.
  if (layer.int4 || !try_fully_connected_sparse(lowering, node, layer, lower_dense)) lower_dense(lowering, node, layer);
}

}  // namespace whit::compile
