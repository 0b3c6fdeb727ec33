#include "whit/compile/lower/sparse_pack.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace whit::compile {
namespace {

constexpr int32_t kGroup = rt::four_of_16::kGroup;

// The four positions of a channel in one group, in rising order: those of its weights, and free ones with weight zero.
// Nothing when it has more weights.
std::optional<std::vector<int32_t>> four_positions(const int8_t* weights, int32_t inputs) {
  std::vector<int32_t> positions;
  for (int32_t i = 0; i < inputs; ++i) {
    if (weights[i] != 0) positions.push_back(i);
  }
  if (positions.size() > 4) return std::nullopt;
  for (int32_t i = 0; i < inputs && positions.size() < 4; ++i) {
    if (weights[i] == 0) positions.push_back(i);
  }
  std::sort(positions.begin(), positions.end());
  return positions;
}

// By first | second << 4, both ways round: the pair's byte, and whether its first is the second here.
struct Pair {
  uint8_t byte;
  bool swapped;
};
std::vector<Pair> pair_table(bool numbered) {
  std::vector<Pair> table(256);
  for (int32_t i = 0; i < 256; ++i) table[static_cast<size_t>(i)] = {static_cast<uint8_t>(i), false};
  if (!numbered) return table;
  uint8_t list[rt::four_of_16::kPairs];
  rt::four_of_16::list_pairs(list);
  for (size_t i = 0; i < std::size(list); ++i) {
    table[list[i]] = {static_cast<uint8_t>(i), false};
    table[static_cast<size_t>(list[i] >> 4 | (list[i] & 15) << 4)] = {static_cast<uint8_t>(i), true};
  }
  return table;
}

}  // namespace

BitmapWeights pack_bitmap(const QuantizedLayer& layer) {
  const auto depth = static_cast<size_t>(layer.depth), words = (depth + 31) / 32;
  BitmapWeights packed;
  packed.bitmap.resize(words * static_cast<size_t>(layer.channels));
  for (size_t i = 0; i < layer.weights.size(); ++i) {
    if (layer.weights[i] == 0) continue;
    packed.bitmap[i / depth * words + i % depth / 32] |= 0x80000000u >> i % depth % 32;
    packed.values.push_back(layer.weights[i]);
  }
  return packed;
}

std::optional<std::vector<rt::four_of_16::TwoChannels>> pack_4of16(const QuantizedLayer& layer, bool numbered) {
  const auto depth = static_cast<size_t>(layer.depth);
  if (depth % kGroup != 0 && depth % kGroup < 4) return std::nullopt;  // four positions need four inputs
  const auto padded = static_cast<size_t>(rt::four_of_16::padded_channels(layer.channels));
  const std::vector<int8_t> zeros(kGroup);
  const std::vector<Pair> pairs = pair_table(numbered);
  std::vector<rt::four_of_16::TwoChannels> stream;
  for (size_t begin = 0; begin < depth; begin += kGroup) {
    const size_t inputs = std::min<size_t>(kGroup, depth - begin);
    for (size_t c = 0; c < padded; ++c) {
      const bool real = c < static_cast<size_t>(layer.channels);
      const int8_t* weights = real ? layer.weights.data() + c * depth + begin : zeros.data();
      const auto at = four_positions(weights, static_cast<int32_t>(inputs));
      if (!at) return std::nullopt;
      if (c % 2 == 0) stream.emplace_back();
      for (size_t pair = 0; pair < 2; ++pair) {
        int32_t first = (*at)[2 * pair], second = (*at)[2 * pair + 1];
        const Pair& known = pairs[static_cast<size_t>(first | second << 4)];
        if (known.swapped) std::swap(first, second);
        stream.back().pairs[c % 2][pair] = known.byte;
        stream.back().weights[c % 2][pair] = weights[first];
        stream.back().weights[c % 2][pair + 2] = weights[second];
      }
    }
  }
  return stream;
}

std::optional<BlockWeights> pack_1x4(const QuantizedLayer& layer) {
  constexpr int32_t kMostGap = std::numeric_limits<uint8_t>::max();
  if (layer.depth % 4 != 0) return std::nullopt;
  BlockWeights packed;
  for (int32_t c = 0; c < layer.channels; ++c) {
    const int8_t* row = layer.weights.data() + static_cast<size_t>(c) * static_cast<size_t>(layer.depth);
    size_t count = 0;
    int32_t gap = 0;
    for (int32_t i = 0; i < layer.depth; i += 4) {
      const bool zero = std::all_of(row + i, row + i + 4, [](int8_t weight) { return weight == 0; });
      const bool last_of_none = i + 4 == layer.depth && count == 0;  // a row has one block at least
      if (zero && gap < kMostGap && !last_of_none) {
        ++gap;
        continue;
      }
      packed.gaps.push_back(static_cast<uint8_t>(gap));
      packed.blocks.insert(packed.blocks.end(), row + i, row + i + 4);
      ++count;
      gap = 0;
    }
    if (count > std::numeric_limits<uint16_t>::max()) return std::nullopt;
    packed.counts.push_back(static_cast<uint16_t>(count));
  }
  return packed;
}

}  // namespace whit::compile
