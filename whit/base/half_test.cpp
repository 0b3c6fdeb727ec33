#include "whit/base/half.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace whit {
namespace {

// By the definition: sign, exponent, mantissa.
float by_definition(uint16_t half) {
  const int exponent = (half >> 10) & 0x1f, mantissa = half & 0x3ff;
  const float sign = (half & 0x8000) != 0 ? -1.0f : 1.0f;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(mantissa), -24);
  if (exponent == 0x1f) return mantissa == 0 ? sign * INFINITY : NAN;
  return sign * std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
}

TEST(Half, AllBecomeFloatsAndComeBack) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = half_to_float(half);
    if (std::isnan(by_definition(half))) {
      EXPECT_TRUE(std::isnan(value) && std::isnan(half_to_float(half_from_float(value)))) << bits;
      EXPECT_FALSE(is_half(value));
      continue;
    }
    EXPECT_EQ(value, by_definition(half)) << bits;
    EXPECT_EQ(std::signbit(value), bits >= 0x8000) << bits;
    EXPECT_EQ(half_from_float(value), half) << bits;
    EXPECT_TRUE(is_half(value));
  }
}

TEST(Half, RoundsToNearestAndTiesToEven) {
  for (uint32_t bits = 0; bits < 0x7bff; ++bits) {
    const auto low = static_cast<uint16_t>(bits), high = static_cast<uint16_t>(bits + 1);
    const float middle = (half_to_float(low) + half_to_float(high)) / 2;  // exact
    EXPECT_EQ(half_from_float(middle), bits % 2 == 0 ? low : high);
    EXPECT_EQ(half_from_float(std::nextafter(middle, 0.0f)), low);
    EXPECT_EQ(half_from_float(-std::nextafter(middle, 1e9f)), high | 0x8000);
    EXPECT_FALSE(is_half(middle));
  }
}

TEST(Half, EndsAt65504) {
  EXPECT_EQ(half_to_float(half_from_float(65519.0f)), 65504.0f);
  EXPECT_EQ(half_to_float(half_from_float(-65520.0f)), -INFINITY);
  EXPECT_EQ(half_to_float(half_from_float(std::numeric_limits<float>::max())), INFINITY);
  EXPECT_EQ(half_from_float(1e-30f), 0);
}

}  // namespace
}  // namespace whit
