#include "whit/compile/lower/affine_add.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "whit/compile/lower/quantized.hpp"
#include "whit_runtime/kernels/add_affine_s8.hpp"

namespace whit::compile {
namespace {

rt::Scale scale(double real) {
  const QuantizedMultiplier m = quantize_multiplier(real);
  return {m.multiplier, m.shift};
}

rt::AddS8 literal(float in1, float in2, float out, int32_t output_zero_point, int32_t sign2 = 1) {
  const double twice_max = 2 * std::max(in1, in2);
  rt::AddS8 p{};
  p.zero_point1 = -7;
  p.zero_point2 = 12;
  p.scale1 = scale(in1 / twice_max);
  p.scale2 = scale(in2 / twice_max);
  p.sign2 = sign2;
  p.output_scale = scale(twice_max / (static_cast<float>(1 << 20) * out));
  p.output_zero_point = output_zero_point;
  p.output_min = -128;
  p.output_max = 127;
  return p;
}

// The specification for one pair, from the definitions: 64-bit products, rounded halves.
int32_t specified(const rt::AddS8& p, int32_t x1, int32_t x2) {
  const auto times = [](int64_t x, const rt::Scale& s) {
    const int64_t high = (x * s.multiplier + (int64_t{1} << 30)) >> 31;
    if (s.shift == 0) return high;
    const int64_t magnitude = (std::llabs(high) + (int64_t{1} << (-s.shift - 1))) >> -s.shift;
    return high < 0 ? -magnitude : magnitude;
  };
  const int64_t sum = times((x1 - p.zero_point1) * (int64_t{1} << 20), p.scale1) +
                      p.sign2 * times((x2 - p.zero_point2) * (int64_t{1} << 20), p.scale2);
  return static_cast<int32_t>(
      std::clamp<int64_t>(times(sum, p.output_scale) + p.output_zero_point, p.output_min, p.output_max));
}

TEST(AffineAdd, GivesTheSpecificationForEveryPair) {
  const rt::AddS8 cases[] = {literal(0.0413f, 0.0527f, 0.0671f, -128), literal(0.1f, 0.1f, 0.1f, 3),
                             literal(0.031f, 0.083f, 0.071f, -128, -1), literal(0.002f, 0.5f, 0.5f, 20)};
  for (const rt::AddS8& p : cases) {
    const auto form = find_affine_add(p, rt::kAddAffineShift);
    ASSERT_TRUE(form.has_value()) << "case " << (&p - cases);
    for (int32_t x1 = -128; x1 < 128; ++x1) {
      for (int32_t x2 = -128; x2 < 128; ++x2) {
        const int64_t sum = int64_t{form->a} * x1 + int64_t{form->b} * x2 + form->c;
        ASSERT_EQ(sum, static_cast<int32_t>(sum));
        ASSERT_EQ(std::clamp<int64_t>(sum >> rt::kAddAffineShift, -128, 127), specified(p, x1, x2)) << x1 << " " << x2;
      }
    }
  }
}

TEST(AffineAdd, NoneWhereSaturationIsNotAtTheEnds) {
  rt::AddS8 p = literal(0.04f, 0.05f, 0.06f, 0);
  p.output_min = 0;
  EXPECT_FALSE(find_affine_add(p, rt::kAddAffineShift).has_value());
}

TEST(AffineAdd, NoneWhereSumsLeave32Bits) {
  EXPECT_FALSE(find_affine_add(literal(4.0f, 4.0f, 0.01f, 0), rt::kAddAffineShift).has_value());
}

}  // namespace
}  // namespace whit::compile
