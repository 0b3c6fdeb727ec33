// Logarithm, sine and cosine from additions, multiplications and divisions alone, which IEEE 754 rounds the same on
// every machine: features have the same bits on the device and in training. (A libm promises no last bit.) Compile
// without contraction to fused multiply-add (-ffp-contract=off), as whit does.
#ifndef WHIT_RUNTIME_FEATURES_ELEMENTARY_HPP_
#define WHIT_RUNTIME_FEATURES_ELEMENTARY_HPP_

#include <math.h>
#include <stdint.h>
#include <string.h>

namespace whit::rt {

// Natural logarithm of a normal x > 0, within 2 ulp. x = 2^e m with m in [sqrt(1/2), sqrt(2)), then
// ln m = 2 artanh(s) = 2 (s + s^3/3 + s^5/5 + ...) with s = (m - 1) / (m + 1); |s| < 0.172.
inline float natural_log(float x) {
  int32_t bits;
  memcpy(&bits, &x, sizeof bits);
  const int32_t exponent = (bits - 0x3f3504f3) >> 23;
  bits -= exponent * (1 << 23);
  float m;
  memcpy(&m, &bits, sizeof m);
  const float s = (m - 1.0f) / (m + 1.0f), z = s * s, e = static_cast<float>(exponent);
  const float tail = z * (1.0f / 3 + z * (1.0f / 5 + z * (1.0f / 7 + z * (1.0f / 9))));
  // ln 2 in two parts: e times the first, of 9 bits, is exact.
  return e * 0.693359375f + (2 * s + (2 * s * tail + e * -2.12194440e-4f));
}

// A sine and a cosine.
struct Rotation {
  float sin, cos;
};

// Of a full turn times `turns`, |turns| < 2^20, within 2^-23: Taylor polynomials within an eighth of a turn.
inline Rotation rotation(float turns) {
  const int32_t quarter = static_cast<int32_t>(4 * turns + (turns < 0 ? -0.5f : 0.5f));
  const float a = (turns - 0.25f * static_cast<float>(quarter)) * 6.28318531f, z = a * a;
  const float s = a + a * z * (-1.0f / 6 + z * (1.0f / 120 + z * (-1.0f / 5040 + z * (1.0f / 362880))));
  const float c = 1.0f + z * (-0.5f + z * (1.0f / 24 + z * (-1.0f / 720 + z * (1.0f / 40320 + z * (-1.0f / 3628800)))));
  switch (quarter & 3) {
    case 0:
      return {s, c};
    case 1:
      return {c, -s};
    case 2:
      return {-s, -c};
    default:
      return {-c, s};
  }
}

// A point of a cycle, such as the hour of a day: 23 o'clock is near 0 o'clock. `period` > 0.
inline Rotation cyclic(int64_t at, int32_t period) {
  const int64_t rest = at % period;
  return rotation(static_cast<float>(rest < 0 ? rest + period : rest) / static_cast<float>(period));
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_FEATURES_ELEMENTARY_HPP_
