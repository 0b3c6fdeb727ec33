#include "whit/compile/lower/arch/arm_dsp.hpp"
#include "whit/compile/lower/arch/host.hpp"
#include "whit/compile/lower/arch/swar.hpp"
#include "whit/compile/lower/lower_ops.hpp"
#include "whit/compile/lower/portable_conv.hpp"
#include "whit_runtime/kernels/conv2d_s8.hpp"

namespace whit::compile {

void lower_conv2d(Lowering& lowering, const ir::Node& node) {
  if (lowering.tensor_of(node.inputs[0]).type == ir::DType::f32) return lower_conv2d_f32(lowering, node);
  if (is_int16_layer(lowering, node)) {
    const QuantizedLayer layer = quantized_layer(lowering.graph(), node);
    if (layer.wide) return emit_portable_conv<rt::Conv2dS16>(lowering, node, layer, rt::KernelId::conv2d_s16);
    return emit_portable_conv<rt::Conv2dS16B32>(lowering, node, layer, rt::KernelId::conv2d_s16_b32);
  }
  require_int8_layer(lowering, node);
  const QuantizedLayer layer = quantized_layer(lowering.graph(), node);
  if (lowering.kernels() == KernelSet::host && try_conv2d_host(lowering, node, layer)) return;
  if (lowering.kernels() == KernelSet::arm_dsp && try_conv2d_arm_dsp(lowering, node, layer)) return;
  if (layer.int4) return emit_portable_conv<rt::Conv2dS8W4>(lowering, node, layer, rt::KernelId::conv2d_s8_w4);
  if (is_swar(lowering.kernels()) && try_conv2d_swar(lowering, node, layer)) return;
  emit_portable_conv<rt::Conv2dS8>(lowering, node, layer, rt::KernelId::conv2d_s8);
}

}  // namespace whit::compile
