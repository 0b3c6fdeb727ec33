#include <algorithm>

#include "whit/compile/lower/arch/arm_dsp.hpp"
#include "whit/compile/lower/arch/arm_pack.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/conv2d_s8_dsp.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/fully_connected_s8_dsp.hpp"

namespace whit::compile {
namespace {

// The most that inputs and outputs of one node take: what the arena needs in any case.
int64_t largest_working_set(const ir::Graph& graph) {
  int64_t largest = 0;
  for (const ir::Node& node : graph.nodes) {
    int64_t bytes = 0;
    for (const std::vector<ir::TensorId>* ids : {&node.inputs, &node.outputs}) {
      for (const ir::TensorId id : *ids) {
        if (id != ir::kNoTensor && !graph.tensor(id).is_constant) bytes += ir::bytes_of(graph.tensor(id));
      }
    }
    largest = std::max(largest, bytes);
  }
  return largest;
}

// Rows as the pixels of a 1x1 convolution: takes a scale for each channel, wastes two thirds of the work on one row.
template <int kBits>
bool try_as_pointwise(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer) {
  if (layer.depth % 4 != 0) return false;
  rt::ConvGeometry g{};
  g.kernel_height = g.kernel_width = 1;
  g.input_channels = layer.depth;
  const auto stream = kBits == 4 ? pack_gemm_2x3_w4(layer, im2col_order(g)) : pack_gemm_2x3(layer, im2col_order(g));
  if (!stream) return false;
  rt::PointwiseDsp<kBits> p{};
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.stream = lowering.constant(*stream, ConstantKind::other);
  lowering.count_as_weights(weight_bytes(layer));
  p.scratch = lowering.scratch(6 * int64_t{layer.depth});
  p.pixels = static_cast<int32_t>(ir::elements(lowering.tensor_of(node.outputs[0]).shape) / layer.channels);
  p.input_channels = layer.depth;
  p.output_channels = layer.channels;
  p.output_zero_point = layer.output_zero_point;
  p.output_min = layer.range.min;
  p.output_max = layer.range.max;
  lowering.emit(kBits == 4 ? rt::KernelId::pointwise_s8_w4_dsp : rt::KernelId::pointwise_s8_dsp, p);
  return true;
}

// A classifier behind convolutions: the code of another kernel would cost more flash than it saves time.
bool is_small_beside_convolutions(const Lowering& lowering, const QuantizedLayer& layer) {
  constexpr int32_t kSmall = 4096;
  const std::vector<ir::Node>& nodes = lowering.graph().nodes;
  return layer.channels * layer.depth < kSmall &&
         std::any_of(nodes.begin(), nodes.end(), [](const ir::Node& node) { return node.op == ir::Op::conv2d; });
}

template <int kBits>
bool try_fully_connected(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer) {
  if (is_small_beside_convolutions(lowering, layer) && try_as_pointwise<kBits>(lowering, node, layer)) return true;
  const auto pack = kBits == 4 ? pack_gemv_4x1_w4(layer) : pack_gemv_4x1(layer);
  if (!pack) return try_as_pointwise<kBits>(lowering, node, layer);
  const int64_t input_bytes = ir::bytes_of(lowering.tensor_of(node.inputs[0]));
  const int64_t output_bytes = ir::bytes_of(lowering.tensor_of(node.outputs[0]));
  rt::FullyConnectedDsp<kBits> p{};
  p.batches = static_cast<int32_t>(output_bytes / layer.channels);
  p.input_depth = layer.depth;
  p.output_depth = layer.channels;
  // Widening once is a tenth faster, but not worth an arena that is larger for it.
  const int64_t scratch_bytes = (int64_t{layer.depth} + 7) / 8 * 16;
  const bool widen =
      layer.depth % 8 != 0 || input_bytes + output_bytes + scratch_bytes <= largest_working_set(lowering.graph());
  // The only row is read before anything is written.
  if (widen && p.batches == 1) lowering.may_overlap(node.outputs[0], node.inputs[0], -input_bytes);
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.stream = lowering.constant(pack->stream, ConstantKind::other);
  lowering.count_as_weights(weight_bytes(layer));
  p.scratch = widen ? lowering.scratch(scratch_bytes) : rt::kNoRef;
  p.multiplier = pack->requant.multiplier;
  p.f = pack->requant.f;
  p.output_zero_point = layer.output_zero_point;
  p.output_min = layer.range.min;
  p.output_max = layer.range.max;
  lowering.emit(kBits == 4 ? rt::KernelId::fully_connected_s8_w4_dsp : rt::KernelId::fully_connected_s8_dsp, p);
  return true;
}

}  // namespace

bool try_fully_connected_arm_dsp(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer) {
  return layer.int4 ? try_fully_connected<4>(lowering, node, layer) : try_fully_connected<8>(lowering, node, layer);
}

}  // namespace whit::compile
