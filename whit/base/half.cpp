#include "whit/base/half.hpp"

#include <bit>
#include <cmath>

namespace whit {

uint16_t half_from_float(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  const float magnitude = std::fabs(value);
  if (std::isnan(value)) return sign | 0x7e00;
  if (magnitude >= 65520.0f) return sign | 0x7c00;
  if (magnitude < 0x1p-14f) {  // subnormal: a multiple of 2^-24, which is exact in float32 before the rounding
    return static_cast<uint16_t>(sign | static_cast<uint16_t>(std::nearbyint(magnitude * 0x1p24f)));
  }
  const uint32_t rest = (bits & 0x7fffffff) - (112u << 23);  // a carry out of the mantissa goes to the exponent
  return static_cast<uint16_t>(sign | ((rest + 0x0fff + ((rest >> 13) & 1)) >> 13));
}

}  // namespace whit
