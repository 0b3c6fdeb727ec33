// Between float32 and quantized integers: quantize_f32, dequantize_f32; and requantize between integers of other widths
// than one byte (int8 and uint8 among themselves are a lookup_s8). One scale for the whole tensor, but for
// quantize_channels_f32: one for each index of the last dimension, a power of two, for the features of a forest.
#ifndef WHIT_RUNTIME_KERNELS_QUANTIZE_HPP_
#define WHIT_RUNTIME_KERNELS_QUANTIZE_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

// 1, 2 or 4 for the integer types that kernels quantize, else 0.
inline uint32_t quantized_bytes(uint32_t type) {
  switch (static_cast<ElementType>(type)) {
    case ElementType::i8:
    case ElementType::u8:
      return 1;
    case ElementType::i16:
      return 2;
    case ElementType::i32:
      return 4;
    default:
      return 0;
  }
}

inline int32_t load_quantized(const uint8_t* x, uint32_t type) {
  switch (static_cast<ElementType>(type)) {
    case ElementType::i8:
      return static_cast<int8_t>(*x);
    case ElementType::u8:
      return *x;
    case ElementType::i16: {
      int16_t value;
      memcpy(&value, x, 2);
      return value;
    }
    default: {
      int32_t value;
      memcpy(&value, x, 4);
      return value;
    }
  }
}

inline int32_t quantized_min(uint32_t type) {
  switch (static_cast<ElementType>(type)) {
    case ElementType::i8:
      return -128;
    case ElementType::u8:
      return 0;
    case ElementType::i16:
      return -32768;
    default:
      return INT32_MIN;
  }
}

inline int32_t quantized_max(uint32_t type) {
  switch (static_cast<ElementType>(type)) {
    case ElementType::i8:
      return 127;
    case ElementType::u8:
      return 255;
    case ElementType::i16:
      return 32767;
    default:
      return INT32_MAX;
  }
}

// round(x / scale) + zero_point, halves away from zero, saturated; a NaN gives the lowest value.
// Source: TFLite reference_ops::AffineQuantize.
inline int32_t quantize_value(float x, float scale, int32_t zero_point, int32_t low, int32_t high) {
  const float scaled = x / scale;
  // In floats first: the conversion of a value out of range is undefined.
  if (!(scaled > -2147483520.0f)) return low;
  if (scaled > 2147483520.0f) return high;
  int32_t rounded = static_cast<int32_t>(scaled);
  const float rest = scaled - static_cast<float>(rounded);
  if (rest >= 0.5f) ++rounded;
  if (rest <= -0.5f) --rounded;
  const int64_t shifted = static_cast<int64_t>(rounded) + zero_point;
  return shifted < low ? low : (shifted > high ? high : static_cast<int32_t>(shifted));
}

inline void store_quantized(uint8_t* y, int32_t value, uint32_t bytes) { memcpy(y, &value, bytes); }

struct QuantizeF32 {
  OpHead head;
  Ref input;   // float32 [count]
  Ref output;  // int8, uint8 or int16 [count], may be the input or start before it
  int32_t count;
  uint32_t output_type;  // ElementType
  int32_t scale_bits;    // float32 bits
  int32_t zero_point;
  static constexpr uint8_t kRefs = 2;
};

inline bool check(const QuantizeF32& p, const Extent& e) {
  const uint32_t bytes = quantized_bytes(p.output_type);
  return bytes != 0 && readable(e, p.input, area(p.count) * 4, 4) &&
         writable(e, p.output, area(p.count) * bytes, bytes);
}

WHIT_KERNEL void quantize_f32(const QuantizeF32& p, const Memory& m) {
  const float* x = input<float>(m, p.input);
  uint8_t* y = output<uint8_t>(m, p.output);
  const float scale = f32_from_bits(p.scale_bits);
  const int32_t low = quantized_min(p.output_type), high = quantized_max(p.output_type);
  const uint32_t bytes = quantized_bytes(p.output_type);
  for (int32_t i = 0; i < p.count; ++i, y += bytes) {
    store_quantized(y, quantize_value(x[i], scale, p.zero_point, low, high), bytes);
  }
}

struct ChannelScale {
  int32_t exponent;  // the scale is 2 to this power
  int32_t zero_point;
};

// The same for a scale of 2^exponent, in integers: a core without a floating-point unit takes a twentieth of the time.
inline int32_t quantize_by_power(float x, ChannelScale scale, int32_t low, int32_t high) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  const int32_t biased = static_cast<int32_t>(bits >> 23 & 0xff);
  const int32_t mantissa = static_cast<int32_t>(bits & 0x7fffff) | 0x800000;
  if (biased == 0xff && mantissa != 0x800000) return low;  // NaN
  const int32_t shift = biased - 150 - scale.exponent;     // |x| = mantissa * 2^(biased - 150); denormals count as 0
  const bool negative = bits >> 31 != 0;
  if (biased > 0 && shift > 7) return negative ? low : high;
  int32_t rounded = 0;
  if (biased > 0 && shift >= 0) rounded = mantissa << shift;
  if (biased > 0 && shift < 0 && shift >= -24) rounded = (mantissa + (1 << (-shift - 1))) >> -shift;
  const int64_t shifted = static_cast<int64_t>(negative ? -rounded : rounded) + scale.zero_point;
  return shifted < low ? low : (shifted > high ? high : static_cast<int32_t>(shifted));
}

struct QuantizeChannelsF32 {
  OpHead head;
  Ref input;   // float32 [rows, channels]
  Ref output;  // int8, uint8 or int16 [rows, channels], may be the input or start before it
  Ref scales;  // ChannelScale[channels]
  int32_t rows;
  int32_t channels;
  uint32_t output_type;  // ElementType
  static constexpr uint8_t kRefs = 3;
};

// True when `ref` names as many scales among the constants, of powers that floats have.
inline bool check_exponents(const Extent& e, Ref ref, int32_t channels) {
  if ((ref & kConstantBit) == 0 || !readable(e, ref, area(channels) * sizeof(ChannelScale), 4)) return false;
  const ChannelScale* scales = reinterpret_cast<const ChannelScale*>(e.constants + (ref & ~kConstantBit));
  for (int32_t c = 0; c < channels; ++c) {
    if (!within(scales[c].exponent, -126, 127)) return false;
  }
  return true;
}

inline bool check(const QuantizeChannelsF32& p, const Extent& e) {
  const uint32_t bytes = quantized_bytes(p.output_type);
  return bytes != 0 && readable(e, p.input, area(p.rows, p.channels) * 4, 4) &&
         check_exponents(e, p.scales, p.channels) && writable(e, p.output, area(p.rows, p.channels) * bytes, bytes);
}

WHIT_KERNEL void quantize_channels_f32(const QuantizeChannelsF32& p, const Memory& m) {
  const float* x = input<float>(m, p.input);
  const ChannelScale* scales = input<ChannelScale>(m, p.scales);
  uint8_t* y = output<uint8_t>(m, p.output);
  const int32_t low = quantized_min(p.output_type), high = quantized_max(p.output_type);
  const uint32_t bytes = quantized_bytes(p.output_type);
  for (int32_t r = 0; r < p.rows; ++r) {
    for (int32_t c = 0; c < p.channels; ++c, ++x, y += bytes) {
      store_quantized(y, quantize_by_power(*x, scales[c], low, high), bytes);
    }
  }
}

struct DequantizeF32 {
  OpHead head;
  Ref input;   // int8, uint8, int16 or int32 [count]
  Ref output;  // float32 [count], may start (4 - bytes of an input element) * (count - 1) bytes before the input
  int32_t count;
  uint32_t input_type;  // ElementType
  int32_t scale_bits;   // float32 bits
  int32_t zero_point;
  static constexpr uint8_t kRefs = 2;
};

inline bool check(const DequantizeF32& p, const Extent& e) {
  const uint32_t bytes = quantized_bytes(p.input_type);
  return bytes != 0 && readable(e, p.input, area(p.count) * bytes, bytes) &&
         writable(e, p.output, area(p.count) * 4, 4);
}

// x - zero_point, wrapping: only an int32 may need more than 32 bits.
inline int32_t without_zero_point(int32_t x, int32_t zero_point) {
  return static_cast<int32_t>(static_cast<uint32_t>(x) - static_cast<uint32_t>(zero_point));
}

// scale * (x - zero_point). Source: TFLite reference_ops::Dequantize.
WHIT_KERNEL void dequantize_f32(const DequantizeF32& p, const Memory& m) {
  const uint8_t* x = input<uint8_t>(m, p.input);
  float* y = output<float>(m, p.output);
  const float scale = f32_from_bits(p.scale_bits);
  const uint32_t bytes = quantized_bytes(p.input_type);
  for (int32_t i = 0; i < p.count; ++i, x += bytes) {
    y[i] = scale * static_cast<float>(without_zero_point(load_quantized(x, p.input_type), p.zero_point));
  }
}

struct Requantize {
  OpHead head;
  Ref input;   // int8, uint8, int16 or int32 [count]
  Ref output;  // int8, uint8, int16 or int32 [count], may be an input that is at least as wide or start before it
  int32_t count;
  uint32_t input_type;  // ElementType
  uint32_t output_type;
  int32_t multiplier;
  int32_t shift;
  int32_t input_zero_point;
  int32_t output_zero_point;
  static constexpr uint8_t kRefs = 2;
};

inline bool check(const Requantize& p, const Extent& e) {
  const uint32_t in = quantized_bytes(p.input_type), out = quantized_bytes(p.output_type);
  return in != 0 && out != 0 && readable(e, p.input, area(p.count) * in, in) &&
         writable(e, p.output, area(p.count) * out, out) && p.multiplier >= 0 && within(p.shift, -31, 30);
}

// Source: TFLite reference_ops::Requantize.
WHIT_KERNEL void requantize(const Requantize& p, const Memory& m) {
  const uint8_t* x = input<uint8_t>(m, p.input);
  uint8_t* y = output<uint8_t>(m, p.output);
  const uint32_t in = quantized_bytes(p.input_type), out = quantized_bytes(p.output_type);
  const int32_t low = quantized_min(p.output_type), high = quantized_max(p.output_type);
  for (int32_t i = 0; i < p.count; ++i, x += in, y += out) {
    const int32_t value = without_zero_point(load_quantized(x, p.input_type), p.input_zero_point);
    const int32_t scaled = multiply_by_quantized_multiplier(value, p.multiplier, p.shift);
    const int32_t moved =
        static_cast<int32_t>(static_cast<uint32_t>(scaled) + static_cast<uint32_t>(p.output_zero_point));
    store_quantized(y, clamp(moved, low, high), out);
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_QUANTIZE_HPP_
