#include "whit/compile/lower/arch/host.hpp"

#include "whit_runtime/kernels/arch/host/conv2d_s8_host.hpp"
#include "whit_runtime/kernels/arch/host/depthwise_conv2d_s8_host.hpp"

namespace whit::compile {
namespace {

// [channels, depth] int8 to [channels / 8][depth / 2][8][2] int16, filled up with zeros.
std::vector<int16_t> interleave(const QuantizedLayer& layer) {
  const int32_t pairs = (layer.depth + 1) / 2;
  std::vector<int16_t> packed(static_cast<size_t>((layer.channels + 7) / 8) * pairs * 16, 0);
  for (int32_t c = 0; c < layer.channels; ++c) {
    for (int32_t i = 0; i < layer.depth; ++i) {
      const size_t block = static_cast<size_t>(c / 8) * pairs + static_cast<size_t>(i / 2);
      packed[block * 16 + static_cast<size_t>(c % 8 * 2 + i % 2)] =
          layer.weights[static_cast<size_t>(c) * layer.depth + static_cast<size_t>(i)];
    }
  }
  return packed;
}

template <typename Params>
void emit_layer(Lowering& lowering, rt::KernelId kernel, const ir::Node& node, const QuantizedLayer& layer,
                const rt::ConvGeometry& geometry, int64_t scratch_bytes) {
  Params p{};
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.weights = lowering.constant(interleave(layer), ConstantKind::weights);
  p.requant = lowering.constant(layer.requant, ConstantKind::other);
  lowering.count_as_weights(4 * layer.channels);
  p.scratch = lowering.scratch(scratch_bytes);
  p.geometry = geometry;
  p.input_zero_point = layer.input_zero_point;
  p.output_zero_point = layer.output_zero_point;
  p.output_min = layer.range.min;
  p.output_max = layer.range.max;
  lowering.emit(kernel, p);
}

}  // namespace

bool try_conv2d_host(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer) {
  const rt::ConvGeometry g = conv_geometry(lowering.graph(), node);
  if (!rt::check_geometry(g) || layer.depth != g.kernel_height * g.kernel_width * g.input_channels) return false;
  const int64_t patch_bytes = 2 * ((int64_t{layer.depth} + 1) / 2 * 2);
  emit_layer<rt::Conv2dS8Host>(lowering, rt::KernelId::conv2d_s8_host, node, layer, g, 2 * patch_bytes);
  return true;
}

bool try_depthwise_conv2d_host(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer) {
  const rt::ConvGeometry g = conv_geometry(lowering.graph(), node);
  if (!rt::check_geometry(g) || g.input_channels != g.output_channels || g.input_channels % 8 != 0 ||
      layer.depth > rt::kMaxDepthwiseTapsHost) {
    return false;
  }
  emit_layer<rt::DepthwiseConv2dS8Host>(lowering, rt::KernelId::depthwise_conv2d_s8_host, node, layer, g,
                                        g.input_channels);
  return true;
}

// A fully connected layer is a 1x1 convolution over a row of `batches` pixels.
bool try_fully_connected_host(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer) {
  const int64_t batches = ir::elements(lowering.tensor_of(node.outputs[0]).shape) / layer.channels;
  rt::ConvGeometry g{};
  g.batches = g.input_height = g.output_height = g.kernel_height = g.kernel_width = 1;
  g.stride_height = g.stride_width = g.dilation_height = g.dilation_width = 1;
  g.input_width = g.output_width = static_cast<int32_t>(batches);
  g.input_channels = layer.depth;
  g.output_channels = layer.channels;
  if (!rt::check_geometry(g)) return false;
  const int64_t patch_bytes = 2 * ((int64_t{layer.depth} + 1) / 2 * 2);
  emit_layer<rt::Conv2dS8Host>(lowering, rt::KernelId::conv2d_s8_host, node, layer, g, 2 * patch_bytes);
  return true;
}

}  // namespace whit::compile
