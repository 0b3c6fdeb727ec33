// Cast between element types without regard to quantization: float32, int8, uint8, int16, int32, int64, bool.
// Floats go to integers towards zero and saturate; integers wrap. Does not know float16.
#ifndef WHIT_RUNTIME_KERNELS_CAST_HPP_
#define WHIT_RUNTIME_KERNELS_CAST_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

struct Cast {
  OpHead head;
  Ref input;
  Ref output;  // may be an input of elements at least as wide or start before it
  int32_t count;
  uint32_t input_type;  // ElementType
  uint32_t output_type;
  static constexpr uint8_t kRefs = 2;
};

// Bytes of an element, 0 for a type that cast does not know.
inline uint32_t cast_bytes(uint32_t type) {
  switch (static_cast<ElementType>(type)) {
    case ElementType::i8:
    case ElementType::u8:
    case ElementType::boolean:
      return 1;
    case ElementType::i16:
      return 2;
    case ElementType::f32:
    case ElementType::i32:
      return 4;
    case ElementType::i64:
      return 8;
    default:
      return 0;
  }
}

inline bool check(const Cast& p, const Extent& e) {
  const uint32_t in = cast_bytes(p.input_type), out = cast_bytes(p.output_type);
  return in != 0 && out != 0 && readable(e, p.input, area(p.count) * in) && writable(e, p.output, area(p.count) * out);
}

inline int64_t cast_from_float(float x, uint32_t type) {
  if (!(x == x)) return 0;
  const bool wide = type == static_cast<uint32_t>(ElementType::i64);
  if (type == static_cast<uint32_t>(ElementType::boolean)) return x != 0.0f ? 1 : 0;
  if (wide) {
    if (x >= 9223371487098961920.0f) return INT64_MAX;
    if (x <= -9223372036854775808.0f) return INT64_MIN;
    return static_cast<int64_t>(x);
  }
  const bool is_unsigned = type == static_cast<uint32_t>(ElementType::u8);
  const int32_t bits = static_cast<int32_t>(8 * cast_bytes(type)) - (is_unsigned ? 0 : 1);
  const int64_t high = (int64_t{1} << bits) - 1, low = is_unsigned ? 0 : -high - 1;
  if (x >= static_cast<float>(high)) return high;
  if (x <= static_cast<float>(low)) return low;
  return static_cast<int64_t>(x);
}

inline int64_t cast_load(const uint8_t* x, uint32_t type, uint32_t bytes) {
  int64_t value = 0;
  memcpy(&value, x, bytes);
  const bool is_unsigned =
      type == static_cast<uint32_t>(ElementType::u8) || type == static_cast<uint32_t>(ElementType::boolean);
  const int32_t unused = is_unsigned ? 0 : static_cast<int32_t>(64 - 8 * bytes);
  return static_cast<int64_t>(static_cast<uint64_t>(value) << unused) >> unused;
}

WHIT_KERNEL void cast(const Cast& p, const Memory& m) {
  const uint8_t* x = input<uint8_t>(m, p.input);
  uint8_t* y = output<uint8_t>(m, p.output);
  const uint32_t in = cast_bytes(p.input_type), out = cast_bytes(p.output_type);
  const bool from_float = p.input_type == static_cast<uint32_t>(ElementType::f32);
  const bool to_float = p.output_type == static_cast<uint32_t>(ElementType::f32);
  for (int32_t i = 0; i < p.count; ++i, x += in, y += out) {
    if (from_float && to_float) {
      memmove(y, x, 4);
      continue;
    }
    int64_t value;
    if (from_float) {
      float real;
      memcpy(&real, x, 4);
      value = cast_from_float(real, p.output_type);
    } else {
      value = cast_load(x, p.input_type, in);
    }
    if (to_float) {
      const float real = static_cast<float>(value);
      memcpy(y, &real, 4);
      continue;
    }
    if (p.output_type == static_cast<uint32_t>(ElementType::boolean)) value = value != 0 ? 1 : 0;
    memcpy(y, &value, out);
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_CAST_HPP_
