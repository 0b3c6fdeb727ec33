#include "whit/compile/passes/passes.hpp"
#include "whit/compile/passes/rewrite.hpp"

namespace whit::compile {
namespace {

// A convolution pads with the value that stands for zero.
bool pads_with_zero(const ir::PadAttributes& pad, const ir::Tensor& tensor) {
  const float zero = tensor.quantization.empty() ? 0.0f : static_cast<float>(tensor.quantization.zero_point[0]);
  return pad.value == zero;
}

bool pads_height_and_width_only(const ir::PadAttributes& pad) {
  if (pad.before.size() != 4) return false;
  for (size_t d = 0; d < 4; ++d) {
    if (pad.before[d] < 0 || pad.after[d] < 0) return false;
    if ((d == 0 || d == 3) && (pad.before[d] != 0 || pad.after[d] != 0)) return false;
  }
  return true;
}

// A window never lies in the padding alone; kernels are made for that.
bool stays_within_kernel(const ir::ConvAttributes& conv, const ir::PadAttributes& pad, const ir::Shape& weights) {
  const int32_t height = (weights[1] - 1) * conv.dilation_h + 1;
  const int32_t width = (weights[2] - 1) * conv.dilation_w + 1;
  return conv.pad_top + pad.before[1] < height && conv.pad_bottom + pad.after[1] < height &&
         conv.pad_left + pad.before[2] < width && conv.pad_right + pad.after[2] < width;
}

}  // namespace

void fold_pad_into_conv(ir::Graph& graph) {
  const Uses uses(graph);
  for (ir::Node& node : graph.nodes) {
    if (node.op != ir::Op::conv2d && node.op != ir::Op::depthwise_conv2d) continue;
    const int32_t producer = uses.producer[static_cast<size_t>(node.inputs[0])];
    if (producer == kNoNode) continue;
    const ir::Node& before = graph.nodes[static_cast<size_t>(producer)];
    if (before.op != ir::Op::pad) continue;
    const auto& pad = ir::attributes<ir::PadAttributes>(before);
    const ir::Tensor& padded = graph.tensor(before.outputs[0]);
    const ir::Tensor& source = graph.tensor(before.inputs[0]);
    if (!pads_height_and_width_only(pad) || !pads_with_zero(pad, padded)) continue;
    if (source.type != padded.type || source.quantization != padded.quantization) continue;
    auto& conv = ir::attributes<ir::ConvAttributes>(node);
    if (!stays_within_kernel(conv, pad, graph.tensor(node.inputs[1]).shape)) continue;
    conv.pad_top += pad.before[1];
    conv.pad_bottom += pad.after[1];
    conv.pad_left += pad.before[2];
    conv.pad_right += pad.after[2];
    node.inputs[0] = before.inputs[0];
  }
}

}  // namespace whit::compile
