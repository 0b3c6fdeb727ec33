// Packing of an int8 layer for the kernels in whit_runtime/kernels/arch/swar: requantization records, weights whose
// chunks stay within what 16 bits hold, and corrections for what was cut off them.
// Called by swar_conv2d.cpp and swar_fully_connected.cpp. Emits nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "whit/compile/lower/quantized.hpp"
#include "whit_runtime/kernels/arch/swar/requant.hpp"

namespace whit::compile {

struct SwarLayer {
  int32_t depth = 0;            // padded
  int32_t chunk = 4;            // 4 or 8
  std::vector<int8_t> weights;  // [channels, depth]
  std::vector<rt::swar::ChannelRecord> channels;
  std::vector<int32_t> corrections;
};

// What the kernel spends on one correction beside what it spends on taking one chunk's halves apart; a ratio of
// instructions that decides between chunks of 4 and of 8.
struct SwarCost {
  double per_correction;
  double per_chunk;
};

// Nothing when a channel does not meet the kernels' preconditions: shifts to the left, accumulators of 2^29 and more,
// biases that need more than 25 bits.
std::optional<SwarLayer> pack_swar(const QuantizedLayer& layer, const SwarCost& cost);

// The record of one channel whose accumulator is bias + sum w x with |sum w x| <= `bound`; nothing as above.
std::optional<rt::swar::ChannelRecord> swar_channel(const rt::Requant& requant, int64_t bound);

// As above for each channel, for any int8 input; nothing when one channel has none.
std::optional<std::vector<rt::swar::ChannelRecord>> swar_channels(const QuantizedLayer& layer);

// Bytes by which the output of conv2d_s8_swar must start before its input when they share memory (PlanOverlap::lead).
int64_t swar_conv_lead(const rt::ConvGeometry& geometry);

}  // namespace whit::compile
