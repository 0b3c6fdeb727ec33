// Packing of int8 layers for the kernels that store and run weights sparse. Called by sparse.cpp; emits nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "whit/compile/lower/quantized.hpp"
#include "whit_runtime/kernels/fully_connected_s8_4of16.hpp"

namespace whit::compile {

// Weights [channels, depth] as fully_connected_s8_bitmap reads them.
struct BitmapWeights {
  std::vector<uint32_t> bitmap;
  std::vector<int8_t> values;
};
BitmapWeights pack_bitmap(const QuantizedLayer& layer);

// As fully_connected_s8_4of16 reads them, with pairs by number or by positions; nothing when a group of sixteen has
// more than four weights that are not zero, or the last group has fewer than four inputs.
std::optional<std::vector<rt::four_of_16::TwoChannels>> pack_4of16(const QuantizedLayer& layer, bool numbered);

// As fully_connected_s8_1x4 reads them; nothing when the depth is no multiple of four or a row has 2^16 blocks.
struct BlockWeights {
  std::vector<uint16_t> counts;
  std::vector<uint8_t> gaps;
  std::vector<int8_t> blocks;
};
std::optional<BlockWeights> pack_1x4(const QuantizedLayer& layer);

}  // namespace whit::compile
