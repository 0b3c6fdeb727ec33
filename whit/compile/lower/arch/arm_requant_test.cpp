#include "whit/compile/lower/arch/arm_requant.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "whit_runtime/kernels/arch/arm_dsp/requant.hpp"

namespace whit::compile {
namespace {

// One channel of `depth` zero weights: the accumulator is the bias.
QuantizedLayer one_channel(int32_t multiplier, int32_t shift, int32_t zero_point, int32_t bias) {
  QuantizedLayer layer;
  layer.channels = 1;
  layer.depth = 1;
  layer.weights = {1};
  layer.requant = {{bias, multiplier, shift}};
  layer.output_zero_point = zero_point;
  return layer;
}

int32_t short_form(const DspRequant& r, int32_t zero_point, int32_t acc) {
  const int32_t origin = rt::dsp::requant_origin(zero_point);
  return rt::dsp::requantize_x256(acc * 256, r.multiplier, rt::dsp::requant_rounding(origin, r.f), r.f, origin);
}

TEST(ArmRequant, EqualsTheReferenceOnRandomAndTiedValues) {
  std::mt19937 random(7);
  for (int round = 0; round < 4000; ++round) {
    const int32_t multiplier = (1 << 30) + static_cast<int32_t>(random() % (1u << 30)) * (round % 3 != 0);
    const int32_t e = 1 + static_cast<int32_t>(random() % 16);
    const int32_t zero_point = round % 4 == 0 ? -128 : static_cast<int32_t>(random() % 256) - 128;
    QuantizedLayer layer = one_channel(multiplier, -e, zero_point, 0);
    const auto requant = dsp_requant(layer);
    ASSERT_TRUE(requant.has_value());
    for (int i = 0; i < 300; ++i) {
      // Half of the values close to where the output changes, the other half anywhere.
      int64_t acc = static_cast<int64_t>(random() % (1u << 24)) - (1 << 23) + 1;
      if (i % 2 == 0) {
        const double real = (static_cast<double>(random() % 300) - 150 + 0.5) * 2147483648.0 / multiplier;
        acc = static_cast<int64_t>(std::floor(real * std::pow(2.0, e))) + static_cast<int64_t>(random() % 5) - 2;
      }
      if (std::abs(acc) >= (1 << 23)) continue;
      const int32_t a = static_cast<int32_t>(acc);
      ASSERT_EQ(short_form((*requant)[0], zero_point, a), reference_output(layer, 0, a))
          << multiplier << " e " << e << " zp " << zero_point << " acc " << a;
    }
  }
}

TEST(ArmRequant, RangeIsExact) {
  QuantizedLayer layer = one_channel(1 << 30, -4, 0, 10);
  layer.depth = 2;
  layer.weights = {3, -2};
  const AccumulatorRange range = accumulator_range(layer, 0);
  EXPECT_EQ(range.low, 10 - 3 * 128 - 2 * 127);
  EXPECT_EQ(range.high, 10 + 3 * 127 + 2 * 128);
}

TEST(ArmRequant, RefusesWhatTheShortFormCannotDo) {
  auto allowed = [](QuantizedLayer layer) { return dsp_requant(layer).has_value(); };
  EXPECT_TRUE(allowed(one_channel(1 << 30, -8, 3, 0)));
  EXPECT_FALSE(allowed(one_channel(1 << 30, 0, 3, 0)));  // no right shift
  QuantizedLayer wide = one_channel(1 << 30, -16, 3, 0);
  wide.depth = 600;
  wide.weights.assign(600, 127);
  EXPECT_FALSE(allowed(wide));                                     // the accumulator does not fit
  EXPECT_FALSE(allowed(one_channel(1 << 30, -17, 3, 65536 * 2)));  // the shift does not fit
}

TEST(ArmRequant, MakesDeadChannelsHarmless) {
  for (int32_t zero_point : {-128, -5, 127}) {
    for (int32_t bias : {-300000, 0, 77, 300000}) {
      QuantizedLayer layer = one_channel(1234567890, -27, zero_point, bias);
      layer.range = {-100, 100};
      const int32_t expected = reference_output(layer, 0, bias);
      simplify_constant_channels(layer);
      const auto requant = dsp_requant(layer);
      ASSERT_TRUE(requant.has_value());
      EXPECT_EQ(layer.weights[0], 0);
      EXPECT_EQ(rt::clamp(short_form((*requant)[0], zero_point, layer.requant[0].bias), -100, 100), expected);
    }
  }
}

}  // namespace
}  // namespace whit::compile
