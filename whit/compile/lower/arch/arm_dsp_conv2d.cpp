#include "whit/compile/lower/arch/arm_dsp.hpp"
#include "whit/compile/lower/arch/arm_pack.hpp"
#include "whit/compile/lower/overlap.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/conv2d_s8_dsp.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/gemm_2x3.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/pointwise8_s8_dsp.hpp"

namespace whit::compile {
namespace {

// Where the window of output position `index` (of all batches) starts to read.
int64_t first_byte_read(const rt::ConvGeometry& g, int64_t index) {
  const int64_t positions = int64_t{g.output_height} * g.output_width;
  const int64_t oy = index % positions / g.output_width, ox = index % g.output_width;
  int64_t y = oy * g.stride_height - g.pad_top, x = ox * g.stride_width - g.pad_left;
  while (y < 0) y += g.dilation_height;
  while (x < 0) x += g.dilation_width;
  return ((index / positions * g.input_height + y) * g.input_width + x) * g.input_channels;
}

template <typename Params>
void fill_common(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer,
                 const std::vector<uint32_t>& stream, int64_t scratch_bytes, Params& p) {
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.stream = lowering.constant(stream, ConstantKind::other);
  lowering.count_as_weights(weight_bytes(layer));
  p.scratch = lowering.scratch(scratch_bytes);
  p.output_zero_point = layer.output_zero_point;
  p.output_min = layer.range.min;
  p.output_max = layer.range.max;
}

}  // namespace

bool arm_dsp_is_pointwise(const rt::ConvGeometry& g) {
  return g.kernel_height == 1 && g.kernel_width == 1 && g.stride_height == 1 && g.stride_width == 1 && g.pad_top == 0 &&
         g.pad_left == 0 && g.output_height == g.input_height && g.output_width == g.input_width &&
         g.input_channels % 4 == 0;
}

int64_t arm_dsp_conv2d_lead(const rt::ConvGeometry& g, int32_t block) {
  const int64_t input_bytes = int64_t{g.batches} * g.input_height * g.input_width * g.input_channels;
  OverlapSimulation simulation;
  const int64_t positions = int64_t{g.batches} * g.output_height * g.output_width;
  for (int64_t i = 0; i < positions; i += block) {
    const int64_t end = std::min<int64_t>(i + block, positions);
    for (int64_t pixel = i; pixel < end; ++pixel) simulation.read(first_byte_read(g, pixel));
    simulation.write(end * g.output_channels);
  }
  return simulation.lead(input_bytes);
}

namespace {

bool try_pointwise8(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer, const rt::ConvGeometry& g) {
  if (!arm_dsp_is_pointwise(g)) return false;
  const auto stream = pack_pointwise8(layer);
  if (!stream) return false;
  if (g.output_channels >= 8) lowering.may_overlap(node.outputs[0], node.inputs[0], 0, true);
  rt::Pointwise8S8Dsp p{};
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.stream = lowering.constant(*stream, ConstantKind::other);
  lowering.count_as_weights(weight_bytes(layer));
  p.pixels = g.batches * g.output_height * g.output_width;
  p.output_channels = g.output_channels;
  p.output_min = layer.range.min;
  p.output_max = layer.range.max;
  lowering.emit(rt::KernelId::pointwise8_s8_dsp, p);
  return true;
}

}  // namespace

namespace {

template <int kBits>
bool try_gemm(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer, const rt::ConvGeometry& g) {
  const auto stream = kBits == 4 ? pack_gemm_2x3_w4(layer, im2col_order(g)) : pack_gemm_2x3(layer, im2col_order(g));
  if (!stream) return false;
  lowering.may_overlap(node.outputs[0], node.inputs[0], arm_dsp_conv2d_lead(g, rt::dsp::kGemmPixels));
  if (arm_dsp_is_pointwise(g)) {
    rt::PointwiseDsp<kBits> p{};
    fill_common(lowering, node, layer, *stream, 6 * g.input_channels, p);
    p.pixels = g.batches * g.output_height * g.output_width;
    p.input_channels = g.input_channels;
    p.output_channels = g.output_channels;
    lowering.emit(kBits == 4 ? rt::KernelId::pointwise_s8_w4_dsp : rt::KernelId::pointwise_s8_dsp, p);
  } else {
    rt::Conv2dDsp<kBits> p{};
    fill_common(lowering, node, layer, *stream, rt::conv2d_s8_dsp_scratch(g), p);
    p.geometry = g;
    p.input_zero_point = layer.input_zero_point;
    lowering.emit(kBits == 4 ? rt::KernelId::conv2d_s8_w4_dsp : rt::KernelId::conv2d_s8_dsp, p);
  }
  return true;
}

}  // namespace

bool try_conv2d_arm_dsp(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer) {
  const rt::ConvGeometry g = conv_geometry(lowering.graph(), node);
  if (layer.int4) return try_gemm<4>(lowering, node, layer, g);
  return try_pointwise8(lowering, node, layer, g) || try_gemm<8>(lowering, node, layer, g);
}

}  // namespace whit::compile
