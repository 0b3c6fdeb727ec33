#include "whit/compile/lower/arch/arm_pack.hpp"

#include <algorithm>
#include <cstdlib>

namespace whit::compile {
namespace {

// Weight `tap` of a channel; channels and taps that only fill up are zero.
int32_t weight(const QuantizedLayer& layer, int32_t channel, int32_t tap) {
  if (channel >= layer.channels || tap < 0 || tap >= layer.depth) return 0;
  return layer.weights[static_cast<size_t>(channel) * static_cast<size_t>(layer.depth) + static_cast<size_t>(tap)];
}

// w_a + 256 * w_b must fit 16 bits. Only a weight of -128, which no converter writes, can break it.
bool pairs_fit(const QuantizedLayer& layer) {
  for (const int8_t w : layer.weights) {
    if (w == -128) return false;
  }
  return true;
}

uint32_t pair_word(const QuantizedLayer& layer, int32_t a, int32_t low_tap, int32_t high_tap) {
  const int32_t low = weight(layer, a, low_tap) + 256 * weight(layer, a + 1, low_tap);
  const int32_t high = weight(layer, a, high_tap) + 256 * weight(layer, a + 1, high_tap);
  return (static_cast<uint32_t>(low) & 0xffffu) | static_cast<uint32_t>(high) << 16;
}

uint32_t bias_of(const QuantizedLayer& layer, int32_t channel) {
  return channel < layer.channels ? static_cast<uint32_t>(layer.requant[static_cast<size_t>(channel)].bias) : 0;
}

}  // namespace

std::vector<int32_t> im2col_order(const rt::ConvGeometry& g) {
  const int32_t row = g.kernel_width * g.input_channels;
  std::vector<int32_t> order, rest;
  for (int32_t y = 0; y < g.kernel_height; ++y) {
    for (int32_t i = 0; i < row; ++i) (i < (row & ~3) ? order : rest).push_back(y * row + i);
  }
  order.insert(order.end(), rest.begin(), rest.end());
  while (order.size() % 4 != 0) order.push_back(-1);
  return order;
}

namespace {

// What gemm_2x3 and gemm_2x3_w4 have in common: `add_weights(a)` appends bias and weights of channels a and a + 1.
template <typename AddWeights>
std::optional<std::vector<uint32_t>> pack_pairs(const QuantizedLayer& layer, const AddWeights& add_weights) {
  if (layer.channels < 2) return std::nullopt;
  const auto requant = dsp_requant(layer, 14);  // f has four bits; 15 would overflow for zero point -128 anyway
  if (!requant) return std::nullopt;
  std::vector<uint32_t> stream;
  for (int32_t pair = 0; pair < layer.channels; pair += 2) {
    const int32_t a = std::min(pair, layer.channels - 2);  // an odd last channel goes with the one before it
    const DspRequant& requant_a = (*requant)[static_cast<size_t>(a)];
    const DspRequant& requant_b = (*requant)[static_cast<size_t>(a) + 1];
    add_weights(a, stream);
    stream.push_back(static_cast<uint32_t>(requant_a.multiplier));
    stream.push_back(static_cast<uint32_t>(requant_b.multiplier));
    stream.push_back(bias_of(layer, a) << 8 | static_cast<uint32_t>(requant_b.f << 4 | requant_a.f));
  }
  return stream;
}

}  // namespace

std::optional<std::vector<uint32_t>> pack_gemm_2x3(const QuantizedLayer& layer, const std::vector<int32_t>& order) {
  if (!pairs_fit(layer)) return std::nullopt;
  return pack_pairs(layer, [&](int32_t a, std::vector<uint32_t>& stream) {
    stream.push_back(bias_of(layer, a + 1) << 8);
    for (size_t k = 0; k < order.size(); k += 4) {
      stream.push_back(pair_word(layer, a, order[k], order[k + 2]));
      stream.push_back(pair_word(layer, a, order[k + 1], order[k + 3]));
    }
  });
}

std::optional<std::vector<uint32_t>> pack_gemm_2x3_w4(const QuantizedLayer& layer, const std::vector<int32_t>& order) {
  return pack_pairs(layer, [&](int32_t a, std::vector<uint32_t>& stream) {
    stream.push_back(bias_of(layer, a + 1) << 4);
    for (size_t k = 0; k < order.size(); k += 4) {
      uint32_t word = 0;
      for (size_t i = 0; i < 4; ++i) {
        const int32_t byte = weight(layer, a, order[k + i]) + 8 + 16 * weight(layer, a + 1, order[k + i]);
        word |= (static_cast<uint32_t>(byte) & 0xffu) << 8 * i;
      }
      stream.push_back(word);
    }
  });
}

std::optional<std::vector<uint32_t>> pack_pointwise8(const QuantizedLayer& layer) {
  if (layer.depth != 8 || layer.channels % 4 != 0 || layer.output_zero_point != -128) return std::nullopt;
  const auto requant = dsp_requant(layer);
  if (!requant) return std::nullopt;
  std::vector<uint32_t> stream;
  for (int32_t c = 0; c < layer.channels; ++c) {
    const DspRequant& r = (*requant)[static_cast<size_t>(c)];
    const int32_t s = 12 - (r.f + 1);
    if (s < 1) return std::nullopt;
    const AccumulatorRange range = accumulator_range(layer, c);
    const int64_t bound = std::max(std::abs(range.low), std::abs(range.high)) << (s + 1);
    const int64_t rounding = (int64_t{1} << (s - 1)) + (1 << 11) - (128 << 12);
    if (bound >= INT32_MAX || ((bound * r.multiplier) >> 32) + std::abs(rounding) + 1 > INT32_MAX) return std::nullopt;
    stream.push_back(bias_of(layer, c) << (s + 1));
    for (const int32_t first : {0, 1, 4, 5}) {
      const int32_t low = weight(layer, c, first) * (1 << (s + 1)), high = weight(layer, c, first + 2) * (1 << (s + 1));
      if (std::abs(low) > INT16_MAX || std::abs(high) > INT16_MAX) return std::nullopt;
      stream.push_back((static_cast<uint32_t>(low) & 0xffffu) | static_cast<uint32_t>(high) << 16);
    }
    stream.push_back(static_cast<uint32_t>(r.multiplier));
    stream.push_back(static_cast<uint32_t>(rounding));
  }
  return stream;
}

namespace {

// What gemv_4x1 and gemv_4x1_w4 have in common: `add_weights(a)` appends biases and weights of channels a to a + 3.
template <typename AddWeights>
std::optional<GemvPack> pack_fours(const QuantizedLayer& layer, const AddWeights& add_weights) {
  const auto requant = dsp_requant(layer);
  if (!requant) return std::nullopt;
  GemvPack pack{{}, (*requant)[0]};
  for (const DspRequant& r : *requant) {
    if (r.multiplier != pack.requant.multiplier || r.f != pack.requant.f) return std::nullopt;
  }
  for (int32_t a = 0; a < layer.channels; a += 4) add_weights(a, pack.stream);
  return pack;
}

}  // namespace

std::optional<GemvPack> pack_gemv_4x1(const QuantizedLayer& layer) {
  if (!pairs_fit(layer)) return std::nullopt;
  return pack_fours(layer, [&](int32_t a, std::vector<uint32_t>& stream) {
    for (int32_t pair = a; pair < a + 4; pair += 2) {
      stream.push_back(bias_of(layer, pair) + (bias_of(layer, pair + 1) << 8));
      stream.push_back(bias_of(layer, pair));
    }
    for (int32_t k = 0; k < layer.depth; k += 8) {
      for (const int32_t first : {k, k + 1, k + 4, k + 5}) {
        stream.push_back(pair_word(layer, a, first, first + 2));
        stream.push_back(pair_word(layer, a + 2, first, first + 2));
      }
    }
  });
}

std::optional<GemvPack> pack_gemv_4x1_w4(const QuantizedLayer& layer) {
  constexpr int64_t kFourthLimit = 1 << 19;
  for (int32_t d = 3; d < layer.channels; d += 4) {
    const AccumulatorRange range = accumulator_range(layer, d);
    if (range.low <= -kFourthLimit || range.high >= kFourthLimit) return std::nullopt;
  }
  const auto halfword = [&](int32_t a, int32_t k) {
    int32_t word = weight(layer, a + 3, k) * 4096;
    for (int32_t i = 0; i < 3; ++i) word += (weight(layer, a + i, k) + 8) << 4 * i;
    return static_cast<uint32_t>(word) & 0xffffu;
  };
  return pack_fours(layer, [&](int32_t a, std::vector<uint32_t>& stream) {
    const uint32_t s2 = bias_of(layer, a), s1 = s2 + (bias_of(layer, a + 1) << 4), s3 = bias_of(layer, a + 2) << 8;
    stream.insert(stream.end(), {s1 + s3 + (bias_of(layer, a + 3) << 12), s1, s2, s3});
    for (int32_t k = 0; k < layer.depth; k += 8) {
      for (const int32_t first : {k, k + 1, k + 4, k + 5}) {
        stream.push_back(halfword(a, first) | halfword(a, first + 2) << 16);
      }
    }
  });
}

}  // namespace whit::compile
