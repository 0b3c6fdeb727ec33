// Each feature by its own power of two: the same as quantize_value() divides, for values of every size.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "whit_runtime/kernels/quantize.hpp"

namespace whit::rt {
namespace {

TEST(QuantizeChannels, IsDivisionByAPowerOfTwo) {
  std::mt19937 random(1);
  const auto expect_same = [](float x, ChannelScale scale) {
    const float divisor = std::ldexp(1.0f, scale.exponent);
    for (const int32_t high : {127, 32767}) {
      ASSERT_EQ(quantize_by_power(x, scale, -high - 1, high),
                quantize_value(x, divisor, scale.zero_point, -high - 1, high))
          << x << " / 2^" << scale.exponent << " + " << scale.zero_point;
    }
  };
  const float infinity = std::numeric_limits<float>::infinity();
  for (int i = 0; i < 200000; ++i) {
    const ChannelScale scale = {static_cast<int32_t>(random() % 60) - 40,
                                static_cast<int32_t>(random() % 70001) - 35000};
    const uint32_t bits = random();
    float any;
    memcpy(&any, &bits, sizeof any);
    expect_same(any, scale);
    const double halves = static_cast<double>(random() % 200001) / 2 - 50000;  // many ties
    expect_same(static_cast<float>(halves * std::ldexp(1.0, scale.exponent)), scale);
    for (const float x : {0.0f, -0.0f, infinity, -infinity, std::nanf(""), 1e-45f}) expect_same(x, scale);
  }
}

TEST(QuantizeChannels, ExponentsThatFloatsLackAreRefused) {
  ChannelScale scales[4] = {{0, 0}, {-126, 5}, {127, -5}, {-3, 0}};
  const Extent extent{64, sizeof scales, reinterpret_cast<const uint8_t*>(scales)};
  EXPECT_TRUE(check_exponents(extent, kConstantBit, 4));
  EXPECT_FALSE(check_exponents(extent, kConstantBit, 5));
  EXPECT_FALSE(check_exponents(extent, 0, 4));
  scales[2].exponent = 128;
  EXPECT_FALSE(check_exponents(extent, kConstantBit, 4));
  scales[2].exponent = INT32_MIN;
  EXPECT_FALSE(check_exponents(extent, kConstantBit, 4));
}

}  // namespace
}  // namespace whit::rt
