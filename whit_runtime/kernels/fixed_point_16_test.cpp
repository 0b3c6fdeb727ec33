#include "whit_runtime/kernels/fixed_point_16.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace whit::rt {
namespace {

TEST(FixedPoint16, LogisticIsNearTheRealOneForEveryInput) {
  for (int32_t x = -32768; x <= 32767; ++x) {
    ASSERT_NEAR(logistic_16(x), 32768 / (1 + std::exp(-x / 4096.0)), 8) << x;
  }
}

TEST(FixedPoint16, TanhIsNearTheRealOneForEveryInputAndScale) {
  for (int32_t fraction_bits = 9; fraction_bits <= 15; ++fraction_bits) {
    for (int32_t x = -32768; x <= 32767; ++x) {
      ASSERT_NEAR(tanh_16(x, fraction_bits), 32768 * std::tanh(std::ldexp(x, -fraction_bits)), 20) << x;
    }
  }
}

// Sums over all inputs, of gemmlowp's functions: every bit counts.
TEST(FixedPoint16, HasTheBitsOfGemmlowp) {
  const auto digest = [](auto f) {
    uint32_t hash = 2166136261u;
    for (int32_t x = -32768; x <= 32767; ++x) hash = (hash ^ static_cast<uint16_t>(f(x))) * 16777619u;
    return hash;
  };
  EXPECT_EQ(digest([](int32_t x) { return logistic_16(x); }), 3024945857u);
  EXPECT_EQ(digest([](int32_t x) { return tanh_16(x, 12); }), 872275836u);
  EXPECT_EQ(digest([](int32_t x) { return tanh_16(x, 9); }), 556402348u);
}

}  // namespace
}  // namespace whit::rt
