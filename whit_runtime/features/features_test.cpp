// Feature code against the formulas in double precision and against analytic values. Whether the devices compute the
// same bits is in tests/device_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <random>
#include <vector>

#include "whit_runtime/features/elementary.hpp"
#include "whit_runtime/features/fft.hpp"
#include "whit_runtime/features/lags.hpp"
#include "whit_runtime/features/mel.hpp"
#include "whit_runtime/features/motion.hpp"
#include "whit_runtime/features/standardize.hpp"
#include "whit_runtime/features/statistics.hpp"

namespace whit::rt {
namespace {

constexpr double kPi = 3.14159265358979323846;

std::vector<float> noise(size_t count, float scale = 1.0f) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> uniform(-scale, scale);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(random);
  return values;
}

double ulps(float got, double expected) {
  return std::abs(got - expected) /
         (std::nextafter(static_cast<float>(std::abs(expected)), INFINITY) - static_cast<float>(std::abs(expected)));
}

TEST(Elementary, LogarithmWithinTwoUlp) {
  for (float x = 1e-37f; x < 1e38f; x *= 1.0137f) EXPECT_LE(ulps(natural_log(x), std::log(double{x})), 2) << x;
  for (float x = 0.9f; x < 1.1f; x += 1e-4f) {
    if (x == 1.0f) continue;
    EXPECT_LE(ulps(natural_log(x), std::log(double{x})), 2) << x;
  }
  EXPECT_EQ(natural_log(1.0f), 0.0f);
}

TEST(Elementary, RotationIsExactAtQuartersAndWithinTwoToTheMinus23) {
  for (int quarter = -8; quarter <= 8; ++quarter) {
    const Rotation r = rotation(0.25f * static_cast<float>(quarter));
    EXPECT_EQ(r.sin, std::round(std::sin(quarter * kPi / 2))) << quarter;
    EXPECT_EQ(r.cos, std::round(std::cos(quarter * kPi / 2))) << quarter;
  }
  for (float turns = -2.0f; turns < 2.0f; turns += 0.00037f) {
    EXPECT_NEAR(rotation(turns).sin, std::sin(2 * kPi * double{turns}), 0x1p-23) << turns;
    EXPECT_NEAR(rotation(turns).cos, std::cos(2 * kPi * double{turns}), 0x1p-23) << turns;
  }
}

// The chapter's figures: hour 23 is (-0.26, 0.97), near hour 0.
TEST(Elementary, TheHourIsACycle) {
  EXPECT_EQ(cyclic(0, kDaySeconds).sin, 0.0f);
  EXPECT_EQ(cyclic(0, kDaySeconds).cos, 1.0f);
  EXPECT_EQ(cyclic(6 * 3600, kDaySeconds).sin, 1.0f);
  EXPECT_EQ(cyclic(12 * 3600, kDaySeconds).cos, -1.0f);
  EXPECT_NEAR(cyclic(23 * 3600, kDaySeconds).sin, -0.2588f, 1e-4f);
  EXPECT_NEAR(cyclic(23 * 3600, kDaySeconds).cos, 0.9659f, 1e-4f);
  EXPECT_EQ(cyclic(-3600, kDaySeconds).sin, cyclic(23 * 3600, kDaySeconds).sin);
  EXPECT_EQ(cyclic(int64_t{kDaySeconds} * 400000, kDaySeconds).cos, 1.0f);
}

TEST(Standardize, OneOffsetForEachOfTheLastDimension) {
  std::vector<float> x = {1, 10, 3, 30};
  const float offset[] = {1, 10}, scale[] = {0.5f, 0.1f};
  standardize(x.data(), 4, offset, scale, 2);
  EXPECT_EQ(x, (std::vector<float>{0, 0, 1, 2}));
}

TEST(Statistics, OfOneChannelOfTwo) {
  const float window[] = {1, 9, -1, 9, 3, 9, -3, 9};
  const auto of = [&](Statistic which) { return statistic_of(which, window, 4, 2); };
  EXPECT_EQ(of(Statistic::mean), 0);
  EXPECT_FLOAT_EQ(of(Statistic::std), std::sqrt(5.0f));
  EXPECT_EQ(of(Statistic::min), -3);
  EXPECT_EQ(of(Statistic::max), 3);
  EXPECT_FLOAT_EQ(of(Statistic::rms), std::sqrt(5.0f));
  EXPECT_EQ(of(Statistic::energy), 5);
  EXPECT_EQ(of(Statistic::mean_crossings), 1);
  EXPECT_EQ(statistic_of(Statistic::mean_crossings, window, 1, 2), 0);
}

TEST(Lags, ValuesChangesMeansAndTime) {
  // Two channels, five rows; the newest is {50, 1}.
  const float window[] = {10, 0, 20, 0, 31, 1, 40, 1, 50, 1};
  const LagFeature features[] = {{LagKind::value, 0, 0},  {LagKind::value, 0, 4},   {LagKind::delta, 0, 2},
                                 {LagKind::mean, 1, 4},   {LagKind::min, 0, 3},     {LagKind::max, 0, 1},
                                 {LagKind::std, 1, 2},    {LagKind::day_sin, 0, 0}, {LagKind::week_cos, 0, 0},
                                 {LagKind::planned, 1, 0}};
  float out[10];
  lag_features(features, 10, window, 5, 2, 18 * 3600, 0.25f, out);
  const float expected[] = {50, 10, 19, 0.75f, 31, 50, 0, -1};
  for (int i = 0; i < 8; ++i) EXPECT_EQ(out[i], expected[i]) << i;
  EXPECT_NEAR(out[8], std::cos(2 * kPi * 18 / (24 * 7)), 1e-6);
  EXPECT_EQ(out[9], 0.25f);
}

// A device that lies still, then is turned by a quarter turn about x while it turns about the vertical at 2 rad/s.
TEST(Motion, WhatTheThreeFeaturesWithoutAxesSee) {
  std::vector<float> window;
  for (int i = 0; i < 100; ++i) {
    const bool second = i >= 50;
    window.insert(window.end(),
                  {0, second ? 0.0f : 10.0f, second ? 10.0f : 0.0f, 0, second ? 0.0f : 2.0f, second ? 2.0f : 0.0f});
  }
  float out[kMotionFeatures];
  motion_features(window.data(), 100, out);
  EXPECT_EQ(out[4 * 1], 5);      // mean of ay
  EXPECT_EQ(out[4 * 1 + 1], 5);  // its standard deviation
  EXPECT_EQ(out[4 * 4 + 2], 0);  // minimum of gy
  EXPECT_EQ(out[4 * 4 + 3], 2);
  EXPECT_EQ(out[24], 0);  // the length of the acceleration never changes
  EXPECT_NEAR(out[25], std::sqrt(2.0), 1e-6);
  EXPECT_NEAR(out[26], 10 * std::sqrt(2.0), 1e-5);
  const std::vector<float> nothing(12, 0.0f);
  motion_features(nothing.data(), 2, out);
  for (const float value : out) EXPECT_EQ(value, 0);
}

TEST(Fft, EqualsTheDefinition) {
  for (const int32_t n : {4, 8, 16, 64, 512, 2048}) {
    std::vector<float> x = noise(static_cast<size_t>(n)), table(static_cast<size_t>(n));
    const std::vector<float> input = x;
    fft_table(n, table.data());
    real_fft(x.data(), n, table.data());
    const double tolerance = 2e-7 * std::sqrt(n) * std::log2(n);
    for (int32_t k = 0; k <= n / 2; ++k) {
      std::complex<double> sum = 0;
      for (int32_t t = 0; t < n; ++t) {
        sum += double{input[static_cast<size_t>(t)]} *
               std::polar(1.0, -2 * kPi * static_cast<double>(int64_t{k} * t % n) / n);
      }
      const bool real = k == 0 || k == n / 2;
      const auto at = static_cast<size_t>(k == n / 2 ? 1 : 2 * k);
      EXPECT_NEAR(x[at], sum.real(), tolerance) << n << " " << k;
      if (real) continue;
      EXPECT_NEAR(x[at + 1], sum.imag(), tolerance) << n << " " << k;
    }
  }
  EXPECT_FALSE(is_fft_size(48));
  EXPECT_FALSE(is_fft_size(2));
}

// tf.signal's formulas in double precision.
std::vector<double> reference_log_mel(const MelSpectrum& m, const std::vector<float>& sound) {
  const auto mel = [](double hz) { return 1127.0 * std::log(1.0 + hz / 700.0); };
  std::vector<double> bands(static_cast<size_t>(m.bands));
  const double low = mel(double{m.low_hz}), width = (mel(double{m.high_hz}) - low) / (m.bands + 1);
  for (int32_t k = 1; k <= m.fft / 2; ++k) {
    std::complex<double> sum = 0;
    for (int32_t t = 0; t < m.frame; ++t) {
      const double window = 0.5 - 0.5 * std::cos(2 * kPi * t / m.frame);
      sum += window * double{sound[static_cast<size_t>(t)]} * std::polar(1.0, -2 * kPi * k * t / m.fft);
    }
    const double at = mel(static_cast<double>(k) * m.sample_rate_hz / m.fft);
    for (int32_t b = 0; b < m.bands; ++b) {
      const double rise = (at - (low + b * width)) / width, fall = (low + (b + 2) * width - at) / width;
      bands[static_cast<size_t>(b)] += std::max(0.0, std::min(rise, fall)) * std::abs(sum);
    }
  }
  for (double& band : bands) band = std::log(band + 1e-6);
  return bands;
}

TEST(Mel, LogMelAndMfccOfKeywordSpotting) {
  const MelSpectrum m = {16000, 480, 512, 40, 20, 4000};
  ASSERT_TRUE(is_valid(m));
  std::vector<float> sound = noise(480, 0.1f);
  for (size_t i = 0; i < sound.size(); ++i) sound[i] += std::sin(0.3f * static_cast<float>(i));
  std::vector<float> table(static_cast<size_t>(mel_table_floats(m))), scratch(512), bands(40), coefficients(10);
  mel_table(m, table.data());
  log_mel(m, table.data(), sound.data(), scratch.data(), bands.data());
  mfcc(m, table.data(), bands.data(), 10, coefficients.data());
  const std::vector<double> expected = reference_log_mel(m, sound);
  for (size_t b = 0; b < 40; ++b) EXPECT_NEAR(bands[b], expected[b], 2e-5) << b;
  for (size_t k = 0; k < 10; ++k) {
    double sum = 0;
    for (size_t b = 0; b < 40; ++b) {
      sum += expected[b] * std::cos(kPi / 40 * (static_cast<double>(b) + 0.5) * static_cast<double>(k));
    }
    EXPECT_NEAR(coefficients[k], sum * std::sqrt(2.0 / 40), 1e-4) << k;
  }
}

TEST(Mel, SilenceIsTheFloorAndAToneIsInItsBand) {
  const MelSpectrum m = {16000, 512, 512, 20, 0, 8000};
  std::vector<float> sound(512), table(static_cast<size_t>(mel_table_floats(m))), scratch(512), bands(20);
  mel_table(m, table.data());
  log_mel(m, table.data(), sound.data(), scratch.data(), bands.data());
  for (const float band : bands) EXPECT_NEAR(band, std::log(1e-6), 1e-5);
  for (size_t i = 0; i < 512; ++i)
    sound[i] = std::sin(static_cast<float>(2 * kPi * 1000 / 16000) * static_cast<float>(i));
  log_mel(m, table.data(), sound.data(), scratch.data(), bands.data());
  const auto loudest = std::max_element(bands.begin(), bands.end()) - bands.begin();
  const float width = mel_of(8000) / 21;
  EXPECT_NEAR(static_cast<float>(loudest + 1), mel_of(1000) / width, 0.5f);
}

TEST(Mel, RefusesShapesThatCannotBe) {
  EXPECT_FALSE(is_valid({16000, 513, 512, 20, 0, 8000}));
  EXPECT_FALSE(is_valid({16000, 480, 500, 20, 0, 8000}));
  EXPECT_FALSE(is_valid({16000, 480, 512, 20, 0, 8001}));
  EXPECT_FALSE(is_valid({16000, 480, 512, 0, 0, 8000}));
  EXPECT_FALSE(is_valid({16000, 480, 512, 20, 4000, 4000}));
}

}  // namespace
}  // namespace whit::rt
