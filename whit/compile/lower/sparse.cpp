#include "whit/compile/lower/sparse.hpp"

#include <algorithm>
#include <cstring>
#include <functional>

#include "whit/compile/lower/arch/swar_pack.hpp"
#include "whit/compile/lower/sparse_cost.hpp"
#include "whit/compile/lower/sparse_pack.hpp"
#include "whit_runtime/kernels/fully_connected_s8_1x4.hpp"
#include "whit_runtime/kernels/fully_connected_s8_bitmap.hpp"

namespace whit::compile {
namespace {

// Of one byte a weight, code included, but for size: a layer must not change its kernel for a few bytes.
constexpr double kMostBytes = 0.75;
// For size, how much more than the smallest a faster format may take.
constexpr double kSameBytes = 1.05;

struct Layer {
  const ir::Node& node;
  const QuantizedLayer& quantized;
  std::vector<rt::swar::ChannelRecord> channels;
  LayerCounts counts;
};

// One way to store and run a layer.
struct Format {
  rt::KernelId kernel;
  int64_t bytes;       // without the channels' records
  int64_t code_bytes;  // of the kernel, on the largest target: a layer must save them as well
  std::function<void(Lowering&)> emit;
};

template <typename T>
int64_t bytes_of(const std::vector<T>& values) {
  return static_cast<int64_t>(values.size() * sizeof(T));
}

// The fields that all sparse records have.
template <typename Params>
Params common_fields(Lowering& lowering, const Layer& layer) {
  Params p{};
  p.batches = static_cast<int32_t>(layer.counts.rows);
  p.input_depth = layer.quantized.depth;
  p.output_depth = layer.quantized.channels;
  p.output_zero_point = layer.quantized.output_zero_point;
  p.output_min = layer.quantized.range.min;
  p.output_max = layer.quantized.range.max;
  p.input = lowering.tensor(layer.node.inputs[0]);
  p.output = lowering.tensor(layer.node.outputs[0]);
  p.channels = lowering.constant(layer.channels, ConstantKind::other);
  lowering.count_as_weights(4 * int64_t{layer.quantized.channels});
  return p;
}

// For kernels that read all of a row before they write anything.
void allow_overlap(Lowering& lowering, const Layer& layer) {
  if (layer.counts.rows != 1) return;
  lowering.may_overlap(layer.node.outputs[0], layer.node.inputs[0], -int64_t{layer.quantized.depth});
}

Format bitmap_format(Layer& layer) {
  const BitmapWeights packed = pack_bitmap(layer.quantized);
  layer.counts.nonzeros = static_cast<double>(packed.values.size());
  const auto emit = [packed, &layer](Lowering& lowering) {
    auto p = common_fields<rt::FullyConnectedS8Bitmap>(lowering, layer);
    p.bitmap = lowering.constant(packed.bitmap, ConstantKind::weights);
    p.values = lowering.constant(packed.values, ConstantKind::weights);
    lowering.emit(rt::KernelId::fully_connected_s8_bitmap, p);
  };
  return {rt::KernelId::fully_connected_s8_bitmap, bytes_of(packed.bitmap) + bytes_of(packed.values), 300, emit};
}

void add_4of16_format(Layer& layer, KernelSet kernels, std::vector<Format>& formats) {
  const bool numbered = kernels == KernelSet::arm_dsp;
  const auto stream = pack_4of16(layer.quantized, numbered);
  if (!stream) return;
  const auto emit = [stream, numbered, &layer](Lowering& lowering) {
    allow_overlap(lowering, layer);
    auto p = common_fields<rt::FullyConnectedS84of16>(lowering, layer);
    p.stream = lowering.constant(*stream, ConstantKind::weights);
    p.sums = lowering.scratch(4 * int64_t{rt::four_of_16::padded_channels(layer.quantized.channels)});
    p.pairs = numbered ? lowering.scratch(4 * rt::four_of_16::kPairs) : rt::kNoRef;
    lowering.emit(rt::KernelId::fully_connected_s8_4of16, p);
  };
  formats.push_back({rt::KernelId::fully_connected_s8_4of16, bytes_of(*stream), 900, emit});
}

void add_1x4_format(Layer& layer, std::vector<Format>& formats) {
  const auto packed = pack_1x4(layer.quantized);
  if (!packed) return;
  layer.counts.blocks = static_cast<double>(packed->gaps.size());
  const auto emit = [packed, &layer](Lowering& lowering) {
    const bool widen = lowering.kernels() == KernelSet::arm_dsp;
    allow_overlap(lowering, layer);
    auto p = common_fields<rt::FullyConnectedS81x4>(lowering, layer);
    p.counts = lowering.constant(packed->counts, ConstantKind::weights);
    p.gaps = lowering.constant(packed->gaps, ConstantKind::weights);
    p.blocks = lowering.constant(packed->blocks, ConstantKind::weights);
    p.sums = lowering.scratch(4 * int64_t{layer.quantized.channels});
    p.wide = widen ? lowering.scratch((int64_t{layer.quantized.depth} + 7) / 8 * 16) : rt::kNoRef;
    lowering.emit(rt::KernelId::fully_connected_s8_1x4, p);
  };
  formats.push_back({rt::KernelId::fully_connected_s8_1x4,
                     bytes_of(packed->counts) + bytes_of(packed->gaps) + bytes_of(packed->blocks), 600, emit});
}

// Instructions of the dense kernel in `op`.
double dense_instructions(const LoweredOp& op, KernelSet kernels, const LayerCounts& counts) {
  rt::OpHead head;
  std::memcpy(&head, op.words.data(), sizeof head);
  return layer_instructions(static_cast<rt::KernelId>(head.kernel), kernels, counts);
}

}  // namespace

bool try_fully_connected_sparse(Lowering& lowering, const ir::Node& node, const QuantizedLayer& quantized,
                                LowerLayer dense) {
  if (lowering.kernels() == KernelSet::host) return false;  // a PC has memory enough, and vectors for dense rows
  const auto weights = static_cast<int64_t>(quantized.weights.size());
  if (2 * std::count(quantized.weights.begin(), quantized.weights.end(), int8_t{0}) < weights) return false;
  auto channels = swar_channels(quantized);
  if (!channels) return false;
  const int64_t rows = ir::elements(lowering.tensor_of(node.outputs[0]).shape) / quantized.channels;
  Layer layer{node, quantized, std::move(*channels), {}};
  layer.counts.rows = static_cast<double>(rows);
  layer.counts.channels = quantized.channels;
  layer.counts.depth = quantized.depth;
  std::vector<Format> formats{bitmap_format(layer)};
  add_4of16_format(layer, lowering.kernels(), formats);
  add_1x4_format(layer, formats);

  Lowering trial = lowering;
  dense(trial, node, quantized);
  const double limit = dense_instructions(trial.ops().back(), lowering.kernels(), layer.counts);
  const bool for_size = lowering.optimize() == Optimize::size;
  int64_t most = trial.constants_bytes() - lowering.constants_bytes() - 1;
  if (!for_size) most = std::min(most, static_cast<int64_t>(kMostBytes * static_cast<double>(weights)));
  most -= bytes_of(layer.channels);
  const auto smallest = std::min_element(formats.begin(), formats.end(),
                                         [](const Format& a, const Format& b) { return a.bytes < b.bytes; });
  const double smallest_bytes = static_cast<double>(smallest->bytes);
  const Format* best = nullptr;
  double best_cost = 0;
  for (const Format& format : formats) {
    const double cost = layer_instructions(format.kernel, lowering.kernels(), layer.counts);
    const bool fits = for_size ? static_cast<double>(format.bytes) <= kSameBytes * smallest_bytes : cost <= limit;
    if (format.bytes + format.code_bytes > most || !fits || (best != nullptr && cost >= best_cost)) continue;
    best = &format;
    best_cost = cost;
  }
  if (best == nullptr) return false;
  best->emit(lowering);
  return true;
}

}  // namespace whit::compile
