#include "whit/compile/lower/sparse.hpp"

#include <cstring>

#include "whit/compile/lower/arch/swar.hpp"
#include "whit/compile/lower/arch/swar_pack.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/conv2d_s8_dsp.hpp"
#include "whit_runtime/kernels/arch/swar/fully_connected_s8_swar.hpp"
#include "whit_runtime/kernels/fully_connected_s8_sparse.hpp"

namespace whit::compile {
namespace {

// Code of the kernel on the largest target, which a layer must save as well.
constexpr int64_t kCodeBytes = 600;
// Of one byte a weight, code included: a layer that nobody pruned must not change its kernel for a few bytes.
constexpr double kMostBytes = 0.75;

// Instructions of one row of inputs, without requantization, which is alike in all kernels.
struct SparseCost {
  double per_weight, per_nonzero;
};

SparseCost sparse_cost(KernelSet kernels) {
  switch (kernels) {
    case KernelSet::arm_v6m:
      return {2.5, 7.0};
    case KernelSet::rv32:
      return {2.5, 5.0};
    default:  // leading zeros are counted
      return {0.2, 7.0};
  }
}

// Of the dense kernel in `op`, for a layer of `weights` weights.
double dense_instructions(const LoweredOp& op, KernelSet kernels, double weights) {
  rt::OpHead head;
  std::memcpy(&head, op.words.data(), sizeof head);
  switch (static_cast<rt::KernelId>(head.kernel)) {
    case rt::KernelId::fully_connected_s8_dsp:
      return 1.0 * weights;
    case rt::KernelId::pointwise_s8_dsp: {  // three rows take hardly longer than one
      rt::PointwiseS8Dsp p;
      std::memcpy(&p, op.words.data(), sizeof p);
      return p.pixels == 1 ? 2.3 * weights : 0.75 * weights;
    }
    case rt::KernelId::fully_connected_s8_swar: {
      rt::FullyConnectedS8Swar p;
      std::memcpy(&p, op.words.data(), sizeof p);
      const double per_weight = kernels == KernelSet::arm_v7m ? 1.8 : kernels == KernelSet::rv32 ? 2.1 : 2.5;
      return per_weight * weights + 8.0 * p.correction_count;
    }
    default:  // fully_connected_s8
      return (is_swar(kernels) && kernels != KernelSet::arm_v7m ? 7.0 : 5.0) * weights;
  }
}

bool is_faster(const LoweredOp& dense, KernelSet kernels, const QuantizedLayer& layer, size_t nonzeros) {
  const auto weights = static_cast<double>(layer.weights.size());
  const SparseCost cost = sparse_cost(kernels);
  return cost.per_weight * weights + cost.per_nonzero * static_cast<double>(nonzeros) <=
         dense_instructions(dense, kernels, weights);
}

}  // namespace

SparseWeights pack_sparse(const QuantizedLayer& layer) {
  const auto depth = static_cast<size_t>(layer.depth), words = (depth + 31) / 32;
  SparseWeights packed;
  packed.bitmap.resize(words * static_cast<size_t>(layer.channels));
  for (size_t i = 0; i < layer.weights.size(); ++i) {
    if (layer.weights[i] == 0) continue;
    packed.bitmap[i / depth * words + i % depth / 32] |= 0x80000000u >> i % depth % 32;
    packed.values.push_back(layer.weights[i]);
  }
  return packed;
}

bool try_fully_connected_sparse(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer,
                                LowerLayer dense) {
  if (lowering.kernels() == KernelSet::host) return false;  // a PC has memory enough, and vectors for dense rows
  const auto channels = swar_channels(layer);
  if (!channels) return false;
  const SparseWeights packed = pack_sparse(layer);
  const auto bytes = static_cast<int64_t>(4 * packed.bitmap.size() + packed.values.size() +
                                          channels->size() * sizeof(rt::swar::ChannelRecord));
  if (static_cast<double>(bytes + kCodeBytes) > kMostBytes * static_cast<double>(layer.weights.size())) return false;
  Lowering trial = lowering;
  dense(trial, node, layer);
  if (bytes + kCodeBytes >= trial.constants_bytes() - lowering.constants_bytes()) return false;
  if (lowering.optimize() != Optimize::size &&
      !is_faster(trial.ops().back(), lowering.kernels(), layer, packed.values.size())) {
    return false;
  }
  rt::FullyConnectedS8Sparse p{};
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.bitmap = lowering.constant(packed.bitmap, ConstantKind::weights);
  p.values = lowering.constant(packed.values, ConstantKind::weights);
  p.channels = lowering.constant(*channels, ConstantKind::other);
  lowering.count_as_weights(4 * layer.channels);
  p.batches = static_cast<int32_t>(ir::elements(lowering.tensor_of(node.outputs[0]).shape) / layer.channels);
  p.input_depth = layer.depth;
  p.output_depth = layer.channels;
  p.output_zero_point = layer.output_zero_point;
  p.output_min = layer.range.min;
  p.output_max = layer.range.max;
  lowering.emit(rt::KernelId::fully_connected_s8_sparse, p);
  return true;
}

}  // namespace whit::compile
