#include "whit/compile/lower/arch/arm_requant.hpp"

#include <algorithm>

namespace whit::compile {

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

}  // namespace

std::optional<std::vector<DspRequant>> dsp_requant(const QuantizedLayer& layer, int32_t max_f) {
  std::vector<DspRequant> result;
  for (int32_t c = 0; c < layer.channels; ++c) {
    const rt::Requant& requant = layer.requant[static_cast<size_t>(c)];
    if (!meets_preconditions(requant, accumulator_range(layer, c), layer.output_zero_point, max_f)) return std::nullopt;
    result.push_back({requant.multiplier, -requant.shift - 1});
  }
  return result;
}

}  // namespace whit::compile
