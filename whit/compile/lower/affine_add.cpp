#include "whit/compile/lower/affine_add.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace whit::compile {
namespace {

// A pair of inputs with its result. Of the pairs with one x1 only those count at which the result changes: between two
// of them a * x1 + b * x2 is monotone.
struct Sample {
  int32_t x1, x2, y;
};

std::vector<Sample> samples_of(rt::AddS8 literal) {
  std::array<int8_t, 256> codes;
  for (int32_t i = 0; i < 256; ++i) codes[static_cast<size_t>(i)] = static_cast<int8_t>(i - 128);
  std::vector<uint8_t> results(65536);
  literal.input1 = literal.input2 = rt::kConstantBit;
  literal.output = 0;
  literal.broadcast = {{1, 1, 256, 256}, 8, 4};
  rt::add_s8(literal, {results.data(), reinterpret_cast<const uint8_t*>(codes.data())});

  std::vector<Sample> samples;
  for (int32_t x1 = -128; x1 < 128; ++x1) {
    const auto* row = reinterpret_cast<const int8_t*>(results.data()) + (x1 + 128) * 256;
    for (int32_t i = 0; i < 256; ++i) {
      const bool changes = i == 0 || i == 255 || row[i] != row[i - 1] || row[i] != row[i + 1];
      if (changes) samples.push_back({x1, i - 128, row[i]});
    }
  }
  return samples;
}

// The c for which (a * x1 + b * x2 + c) >> shift is right at every sample: any in [low, high]. The sample that rules
// the last one out moves to the front, where it will rule out the next candidates early.
bool range_of_c(std::vector<Sample>& samples, int64_t a, int64_t b, int32_t shift, int64_t* low, int64_t* high) {
  *low = std::numeric_limits<int64_t>::min();
  *high = std::numeric_limits<int64_t>::max();
  for (size_t i = 0; i < samples.size(); ++i) {
    const Sample& s = samples[i];
    const int64_t sum = a * s.x1 + b * s.x2;
    // At the ends of the range saturation allows whatever is beyond.
    if (s.y > -128) *low = std::max(*low, (int64_t{s.y} << shift) - sum);
    if (s.y < 127) *high = std::min(*high, (int64_t{s.y + 1} << shift) - 1 - sum);
    if (*low > *high) {
      std::swap(samples[i], samples[i / 2]);
      return false;
    }
  }
  return true;
}

// True when no sum of a pair leaves 32 bits.
bool fits_int32(int64_t a, int64_t b, int64_t c) {
  const int64_t high = std::max(a * -128, a * 127) + std::max(b * -128, b * 127) + c;
  const int64_t low = std::min(a * -128, a * 127) + std::min(b * -128, b * 127) + c;
  return low >= std::numeric_limits<int32_t>::min() && high <= std::numeric_limits<int32_t>::max();
}

double real_scale(const rt::Scale& s) { return s.multiplier * std::ldexp(1.0, s.shift - 31); }

}  // namespace

std::optional<AffineAdd> find_affine_add(const rt::AddS8& literal, int32_t shift) {
  // One step of an input in steps of the output; add_s8 scales the inputs up by 2^20.
  const double output = real_scale(literal.output_scale) * std::ldexp(1.0, 20 + shift);
  const double a = real_scale(literal.scale1) * output;
  const double b = literal.sign2 * real_scale(literal.scale2) * output;
  if (std::abs(a) >= std::ldexp(1.0, 31) || std::abs(b) >= std::ldexp(1.0, 31)) return std::nullopt;

  constexpr int32_t kReach = 12;
  std::vector<std::pair<int64_t, int64_t>> candidates;
  for (int32_t i = -kReach; i <= kReach; ++i) {
    for (int32_t j = -kReach; j <= kReach; ++j) candidates.push_back({std::llround(a) + i, std::llround(b) + j});
  }
  const auto distance = [&](const std::pair<int64_t, int64_t>& c) {
    return std::hypot(static_cast<double>(c.first) - a, static_cast<double>(c.second) - b);
  };
  std::stable_sort(candidates.begin(), candidates.end(),
                   [&](const auto& left, const auto& right) { return distance(left) < distance(right); });

  std::vector<Sample> samples = samples_of(literal);
  for (const auto& [a_try, b_try] : candidates) {
    int64_t low, high;
    if (!range_of_c(samples, a_try, b_try, shift, &low, &high)) continue;
    low = std::max<int64_t>(low, std::numeric_limits<int32_t>::min());
    high = std::min<int64_t>(high, std::numeric_limits<int32_t>::max());
    if (low > high) continue;
    const int64_t c = low + (high - low) / 2;
    if (!fits_int32(a_try, b_try, c)) continue;
    return AffineAdd{static_cast<int32_t>(a_try), static_cast<int32_t>(b_try), static_cast<int32_t>(c)};
  }
  return std::nullopt;
}

}  // namespace whit::compile
