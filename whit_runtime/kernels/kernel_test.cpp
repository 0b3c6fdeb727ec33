#include "whit_runtime/kernels/kernel.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <random>

namespace whit::rt {
namespace {

// As gemmlowp writes it: nudge by the sign of the product, divide towards zero.
int32_t high_mul_by_division(int32_t a, int32_t b) {
  if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
  const int64_t product = static_cast<int64_t>(a) * b;
  const int64_t nudge = product >= 0 ? (int64_t{1} << 30) : (1 - (int64_t{1} << 30));
  return static_cast<int32_t>((product + nudge) / (int64_t{1} << 31));
}

TEST(HighMul, EqualsTheDivisionWithItsTies) {
  const std::initializer_list<int32_t> edges = {0,       1,        -1,        2,         -2,           3, -3, 1 << 29,
                                                1 << 30, -1 << 30, INT32_MAX, INT32_MIN, INT32_MAX - 1};
  for (const int32_t a : edges) {
    for (const int32_t b : edges) EXPECT_EQ(saturating_rounding_doubling_high_mul(a, b), high_mul_by_division(a, b));
  }
  std::mt19937 engine(1);
  for (int i = 0; i < 200000; ++i) {
    const auto a = static_cast<int32_t>(engine()) >> (engine() % 32), b = static_cast<int32_t>(1u << (engine() % 31));
    ASSERT_EQ(saturating_rounding_doubling_high_mul(a, b), high_mul_by_division(a, b)) << a << " * " << b;
  }
}

}  // namespace
}  // namespace whit::rt
