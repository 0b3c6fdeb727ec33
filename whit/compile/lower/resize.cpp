#include "whit/compile/lower/resize.hpp"

#include <algorithm>
#include <bit>

#include "whit/ir/resize_positions.hpp"
#include "whit_runtime/kernels/resize.hpp"

namespace whit::compile {
namespace {

std::vector<uint16_t> nearest_taps(int32_t in, int32_t out, const ir::ResizeAttributes& a) {
  const std::vector<int32_t> positions = ir::nearest_positions(in, out, a);
  return {positions.begin(), positions.end()};
}

// Source: TFLite reference_ops ComputeInterpolationValues, in 10 fractional bits. Where large upscaling pushes the
// lower position past the input, where TFLite reads beyond it, the last position is taken.
void bilinear_taps_s8(int32_t in, int32_t out, const ir::ResizeAttributes& a, std::vector<rt::BilinearTap>& taps) {
  const bool corners = a.align_corners && out > 1;
  const int32_t scale = corners ? (1024 * (in - 1) + (out - 1) / 2) / (out - 1) : (1024 * in + out / 2) / out;
  for (int32_t i = 0; i < out; ++i) {
    const int32_t at = i * scale + (a.half_pixel_centers ? scale / 2 - 512 : 0);
    const int32_t lower = std::clamp(at / 1024, 0, in - 1);
    const int32_t upper = std::clamp((at + 1023) / 1024, 0, in - 1);
    // Between a position and itself any fraction gives the same sum.
    const int32_t fraction = lower == upper ? 0 : at - 1024 * lower;
    taps.push_back({static_cast<uint16_t>(lower), static_cast<uint16_t>(upper), fraction});
  }
}

void bilinear_taps_f32(int32_t in, int32_t out, const ir::ResizeAttributes& a, std::vector<rt::BilinearTap>& taps) {
  for (const ir::BilinearPosition& p : ir::bilinear_positions(in, out, a)) {
    taps.push_back(
        {static_cast<uint16_t>(p.lower), static_cast<uint16_t>(p.upper), std::bit_cast<int32_t>(p.fraction)});
  }
}

template <typename Params>
void set_map(Params& p, Lowering& lowering, const ir::Node& node) {
  const ir::Shape& in = lowering.tensor_of(node.inputs[0]).shape;
  const ir::Shape& out = lowering.tensor_of(node.outputs[0]).shape;
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.batches = in[0];
  p.input_h = in[1];
  p.input_w = in[2];
  p.output_h = out[1];
  p.output_w = out[2];
}

}  // namespace

void lower_resize(Lowering& lowering, const ir::Node& node) {
  const ir::Tensor& input = lowering.tensor_of(node.inputs[0]);
  const ir::Tensor& output = lowering.tensor_of(node.outputs[0]);
  const auto& a = ir::attributes<ir::ResizeAttributes>(node);
  const int32_t in_h = input.shape[1], in_w = input.shape[2], out_h = output.shape[1], out_w = output.shape[2];
  if (input.type != output.type) lowering.refuse("input and output of different types");
  if (std::max({in_h, in_w, out_h, out_w}) > 32767) lowering.refuse("a side longer than 32767");
  if (node.op == ir::Op::resize_nearest) {
    std::vector<uint16_t> taps = nearest_taps(in_h, out_h, a);
    const std::vector<uint16_t> columns = nearest_taps(in_w, out_w, a);
    taps.insert(taps.end(), columns.begin(), columns.end());
    rt::ResizeNearest p{};
    set_map(p, lowering, node);
    p.pixel_bytes = static_cast<int32_t>(input.shape[3] * ir::bytes_of(input.type));
    p.taps = lowering.constant(taps, ConstantKind::other);
    return lowering.emit(rt::KernelId::resize_nearest, p);
  }
  std::vector<rt::BilinearTap> taps;
  if (input.type == ir::DType::i8) {
    bilinear_taps_s8(in_h, out_h, a, taps);
    bilinear_taps_s8(in_w, out_w, a, taps);
    rt::ResizeBilinearS8 p{};
    set_map(p, lowering, node);
    p.channels = input.shape[3];
    p.taps = lowering.constant(taps, ConstantKind::other);
    return lowering.emit(rt::KernelId::resize_bilinear_s8, p);
  }
  if (input.type != ir::DType::f32) lowering.refuse("bilinear resizing of this type", "int8 and float32 are supported");
  bilinear_taps_f32(in_h, out_h, a, taps);
  bilinear_taps_f32(in_w, out_w, a, taps);
  rt::ResizeBilinearF32 p{};
  set_map(p, lowering, node);
  p.channels = input.shape[3];
  p.taps = lowering.constant(taps, ConstantKind::other);
  lowering.emit(rt::KernelId::resize_bilinear_f32, p);
}

}  // namespace whit::compile
