#include "whit/compile/lower/arch/arm_dsp_depthwise.hpp"
#include "whit/compile/lower/arch/host.hpp"
#include "whit/compile/lower/arch/swar.hpp"
#include "whit/compile/lower/arch/swar_depthwise.hpp"
#include "whit/compile/lower/lower_ops.hpp"
#include "whit/compile/lower/portable_conv.hpp"
#include "whit_runtime/kernels/depthwise_conv2d_s8.hpp"

namespace whit::compile {

void lower_depthwise_conv2d(Lowering& lowering, const ir::Node& node) {
  if (lowering.tensor_of(node.inputs[0]).type == ir::DType::f32) return lower_depthwise_conv2d_f32(lowering, node);
  if (is_int16_layer(lowering, node)) {
    const QuantizedLayer layer = quantized_layer(lowering.graph(), node);
    if (layer.wide)
      return emit_portable_conv<rt::DepthwiseConv2dS16>(lowering, node, layer, rt::KernelId::depthwise_conv2d_s16);
    return emit_portable_conv<rt::DepthwiseConv2dS16B32>(lowering, node, layer, rt::KernelId::depthwise_conv2d_s16_b32);
  }
  require_int8_layer(lowering, node);
  const QuantizedLayer layer = quantized_layer(lowering.graph(), node);
  if (lowering.kernels() == KernelSet::arm_dsp && try_depthwise_arm_dsp(lowering, node, layer)) return;
  if (is_swar(lowering.kernels()) && try_depthwise_swar(lowering, node, layer)) return;
  if (lowering.kernels() == KernelSet::host && try_depthwise_conv2d_host(lowering, node, layer)) return;
  emit_portable_conv<rt::DepthwiseConv2dS8>(lowering, node, layer, rt::KernelId::depthwise_conv2d_s8);
}

}  // namespace whit::compile
