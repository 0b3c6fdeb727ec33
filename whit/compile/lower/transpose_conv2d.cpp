#include "whit_runtime/kernels/transpose_conv2d.hpp"

#include <bit>

#include "whit/compile/lower/lower_ops.hpp"
#include "whit/compile/lower/portable_conv.hpp"

namespace whit::compile {
namespace {

void lower_s8(Lowering& lowering, const ir::Node& node) {
  if (is_int16_layer(lowering, node)) {
    const QuantizedLayer layer = quantized_layer(lowering.graph(), node);
    if (layer.wide)
      return emit_portable_conv<rt::TransposeConv2dS16>(lowering, node, layer, rt::KernelId::transpose_conv2d_s16);
    return emit_portable_conv<rt::TransposeConv2dS16B32>(lowering, node, layer, rt::KernelId::transpose_conv2d_s16_b32);
  }
  require_int8_layer(lowering, node);
  const QuantizedLayer layer = quantized_layer(lowering.graph(), node);
  emit_portable_conv<rt::TransposeConv2dS8>(lowering, node, layer, rt::KernelId::transpose_conv2d_s8);
}

template <typename Params>
void lower_f32(Lowering& lowering, const ir::Node& node, rt::KernelId kernel) {
  const bool has_bias = node.inputs.size() > 2 && node.inputs[2] != ir::kNoTensor;
  if (lowering.tensor_of(node.inputs[1]).type != ir::DType::f32 ||
      lowering.tensor_of(node.outputs[0]).type != ir::DType::f32 ||
      (has_bias && lowering.tensor_of(node.inputs[2]).type != ir::DType::f32)) {
    lowering.refuse("input, weights, bias and output must all be quantized int8, or all float32");
  }
  Params p{};
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.weights = lowering.float_weights<typename Params::Weight>(node.inputs[1]);
  p.bias = has_bias ? lowering.tensor(node.inputs[2]) : rt::kNoRef;
  p.geometry = conv_geometry(lowering.graph(), node);
  const FloatRange range = activation_range_f32(ir::attributes<ir::ConvAttributes>(node).activation);
  p.output_min_bits = std::bit_cast<int32_t>(range.min);
  p.output_max_bits = std::bit_cast<int32_t>(range.max);
  lowering.emit(kernel, p);
}

}  // namespace

void lower_transpose_conv2d(Lowering& lowering, const ir::Node& node) {
  const auto& a = ir::attributes<ir::ConvAttributes>(node);
  if (a.dilation_h != 1 || a.dilation_w != 1) lowering.refuse("dilation");
  if (lowering.tensor_of(node.inputs[0]).type != ir::DType::f32) return lower_s8(lowering, node);
  if (lowering.wants_halves(node.inputs[1])) {
    return lower_f32<rt::TransposeConv2dF32W16>(lowering, node, rt::KernelId::transpose_conv2d_f32_w16);
  }
  lower_f32<rt::TransposeConv2dF32>(lowering, node, rt::KernelId::transpose_conv2d_f32);
}

}  // namespace whit::compile
