#include "whit/compile/lower/arch/arm_requant.hpp"

#include <algorithm>

namespace whit::compile {

AccumulatorRange accumulator_range(const QuantizedLayer& layer, int32_t channel) {
  const int64_t bias = layer.requant[static_cast<size_t>(channel)].bias;
  AccumulatorRange range{bias, bias};
  const int8_t* weights = layer.weights.data() + static_cast<size_t>(channel) * static_cast<size_t>(layer.depth);
  for (int32_t i = 0; i < layer.depth; ++i) {
    const int32_t w = weights[i];
    range.low += std::min(w * -128, w * 127);
    range.high += std::max(w * -128, w * 127);
  }
  return range;
}

int32_t reference_output(const QuantizedLayer& layer, int32_t channel, int32_t acc) {
  const rt::Requant& requant = layer.requant[static_cast<size_t>(channel)];
  const int32_t scaled = rt::multiply_by_quantized_multiplier(acc, requant.multiplier, requant.shift);
  return rt::clamp(scaled + layer.output_zero_point, layer.range.min, layer.range.max);
}

namespace {

constexpr int64_t kAccumulatorLimit = int64_t{1} << 23;

bool meets_preconditions(const rt::Requant& requant, AccumulatorRange range, int32_t zero_point, int32_t max_f) {
  const int32_t e = -requant.shift;
  if (requant.multiplier < (1 << 30) || e < 1 || e - 1 > max_f) return false;
  if (std::abs(int64_t{requant.bias}) >= kAccumulatorLimit) return false;
  const int64_t bound = std::max(std::abs(range.low), std::abs(range.high));
  if (bound >= kAccumulatorLimit) return false;
  const int64_t product = ((bound * requant.multiplier) >> 24) + 1;
  const int64_t rounding = 64 + (std::abs(int64_t{2 * zero_point + 1} * 128) << (e - 1));
  return product + rounding + 128 < (int64_t{1} << 31);
}

// Every input gives the same output; the multiplier is not negative, so the output is monotone in the accumulator.
bool is_constant(const QuantizedLayer& layer, int32_t channel, AccumulatorRange range) {
  if (range.low < INT32_MIN || range.high > INT32_MAX) return false;
  if (layer.requant[static_cast<size_t>(channel)].shift > 0) return false;  // a left shift may wrap
  return reference_output(layer, channel, static_cast<int32_t>(range.low)) ==
         reference_output(layer, channel, static_cast<int32_t>(range.high));
}

// Zero weights; 4 * d through multiplier 1/2 and e = 1 is exactly d.
void make_constant(QuantizedLayer& layer, int32_t channel) {
  const size_t c = static_cast<size_t>(channel);
  const int32_t output = reference_output(layer, channel, layer.requant[c].bias);
  const size_t depth = static_cast<size_t>(layer.depth);
  std::fill_n(layer.weights.begin() + static_cast<ptrdiff_t>(c * depth), depth, int8_t{0});
  layer.requant[c] = {4 * (output - layer.output_zero_point), 1 << 30, -1};
}

}  // namespace

std::optional<std::vector<DspRequant>> dsp_requant(QuantizedLayer& layer, int32_t max_f) {
  std::vector<DspRequant> result;
  for (int32_t c = 0; c < layer.channels; ++c) {
    const size_t i = static_cast<size_t>(c);
    AccumulatorRange range = accumulator_range(layer, c);
    if (!meets_preconditions(layer.requant[i], range, layer.output_zero_point, max_f)) {
      if (!is_constant(layer, c, range)) return std::nullopt;
      // The bias is one of the values between low and high, so it gives the constant as well.
      if (range.low > layer.requant[i].bias || range.high < layer.requant[i].bias) return std::nullopt;
      make_constant(layer, c);
      range = accumulator_range(layer, c);
      if (!meets_preconditions(layer.requant[i], range, layer.output_zero_point, max_f)) return std::nullopt;
    }
    result.push_back({layer.requant[i].multiplier, -layer.requant[i].shift - 1});
  }
  return result;
}

}  // namespace whit::compile
