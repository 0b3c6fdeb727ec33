#include "whit/compile/lower/arch/swar_pack.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "whit_runtime/kernels/arch/swar/dot.hpp"

namespace whit::compile {
namespace {

// Cuts the largest weights of the chunk until their absolute values add up to kChunkLimit at most; what is cut off
// goes to `corrections` (not yet marked as last).
void limit_chunk(int8_t* weights, int32_t first, int32_t chunk, std::vector<int32_t>& corrections) {
  int32_t excess = -rt::swar::kChunkLimit;
  for (int32_t i = first; i < first + chunk; ++i) excess += std::abs(weights[i]);
  while (excess > 0) {
    int32_t largest = first;
    for (int32_t i = first; i < first + chunk; ++i) {
      if (std::abs(weights[i]) > std::abs(weights[largest])) largest = i;
    }
    const int32_t cut = std::min(excess, std::abs(weights[largest]));
    const int32_t correction = weights[largest] < 0 ? -cut : cut;
    weights[largest] = static_cast<int8_t>(weights[largest] - correction);
    corrections.push_back(largest * 512 + (correction & 255));
    excess -= cut;
  }
}

// Fills weights, corrections and flags of `packed` for its chunk.
void limit_chunks(const QuantizedLayer& layer, SwarLayer& packed) {
  packed.weights.assign(static_cast<size_t>(layer.channels) * packed.depth, 0);
  packed.corrections.clear();
  for (int32_t c = 0; c < layer.channels; ++c) {
    int8_t* row = packed.weights.data() + static_cast<size_t>(c) * packed.depth;
    std::copy_n(layer.weights.begin() + static_cast<ptrdiff_t>(c) * layer.depth, layer.depth, row);
    const size_t before = packed.corrections.size();
    for (int32_t i = 0; i < packed.depth; i += packed.chunk) limit_chunk(row, i, packed.chunk, packed.corrections);
    if (packed.corrections.size() == before) continue;
    packed.corrections.back() |= 256;
    packed.channels[static_cast<size_t>(c)].bias_and_shift |= 64;
  }
}

}  // namespace

std::optional<rt::swar::ChannelRecord> swar_channel(const rt::Requant& requant, int64_t bound) {
  if (bound == 0) {
    // A channel without weights, common in pruned models, with a bias of any size: acc = 4 z gives z for this record.
    const int32_t z = rt::multiply_by_quantized_multiplier(requant.bias, requant.multiplier, requant.shift);
    return rt::swar::ChannelRecord{rt::clamp(z, -1024, 1024) * 4 * 128 + 1, 1 << 30};
  }
  bound += std::abs(static_cast<int64_t>(requant.bias));
  if (bound >= int64_t{1} << 29) return std::nullopt;
  if (std::abs(static_cast<int64_t>(requant.bias)) >= int64_t{1} << (rt::swar::kBiasBits - 1)) return std::nullopt;
  int32_t multiplier = requant.multiplier;
  int32_t right = -requant.shift;
  // Channels that only ever give the zero point: a multiplier of 0, or a shift beyond every accumulator.
  if (multiplier == 0 || (right > 1 && bound < int64_t{1} << (right - 1))) {
    multiplier = 0;
    right = 1;
  }
  if (right < 1 || right > rt::swar::kMaxShift) return std::nullopt;
  return rt::swar::ChannelRecord{requant.bias * 128 + right, multiplier};
}

std::optional<std::vector<rt::swar::ChannelRecord>> swar_channels(const QuantizedLayer& layer) {
  std::vector<rt::swar::ChannelRecord> channels;
  for (int32_t c = 0; c < layer.channels; ++c) {
    int64_t bound = 0;
    for (int32_t i = 0; i < layer.depth; ++i) {
      bound += 128 * std::abs(layer.weights[static_cast<size_t>(c) * layer.depth + i]);
    }
    const auto record = swar_channel(layer.requant[static_cast<size_t>(c)], bound);
    if (!record) return std::nullopt;
    channels.push_back(*record);
  }
  return channels;
}

std::optional<SwarLayer> pack_swar(const QuantizedLayer& layer, const SwarCost& cost) {
  SwarLayer base;
  base.depth = rt::swar::padded_depth(layer.depth);
  if (base.depth >= 1 << 22) return std::nullopt;  // the index of a correction has 22 bits
  auto channels = swar_channels(layer);
  if (!channels) return std::nullopt;
  base.channels = std::move(*channels);
  SwarLayer best;
  double best_cost = std::numeric_limits<double>::infinity();
  for (const int32_t chunk : {8, 4}) {
    SwarLayer packed = base;
    packed.chunk = chunk;
    limit_chunks(layer, packed);
    const double chunks = static_cast<double>(layer.channels) * packed.depth / chunk;
    const double total = cost.per_correction * static_cast<double>(packed.corrections.size()) + cost.per_chunk * chunks;
    if (total >= best_cost) continue;
    best_cost = total;
    best = std::move(packed);
  }
  return best;
}

int64_t swar_conv_lead(const rt::ConvGeometry& g) {
  // After a group of four pixels is written, the lowest input byte that any later pixel reads.
  const int64_t map_pixels = int64_t{g.output_height} * g.output_width;
  const int64_t pixels = g.batches * map_pixels;
  int64_t lowest_read = std::numeric_limits<int64_t>::max();
  int64_t lead = 0;
  for (int64_t pixel = pixels - 1; pixel >= 4; --pixel) {
    const int64_t image = pixel / map_pixels;
    const int64_t y = pixel % map_pixels / g.output_width * g.stride_height - g.pad_top;
    const int64_t x = pixel % g.output_width * g.stride_width - g.pad_left;
    const int64_t row = image * g.input_height + std::clamp<int64_t>(y, 0, g.input_height - 1);
    const int64_t first = row * g.input_width + std::clamp<int64_t>(x, 0, g.input_width - 1);
    lowest_read = std::min(lowest_read, first * g.input_channels);
    if (pixel % 4 == 0) lead = std::max(lead, pixel * g.output_channels - lowest_read);
  }
  return lead;
}

}  // namespace whit::compile
