// Elementwise comparisons with broadcasting, to booleans of one byte: int8 (rescaled), int32, float32.
// The comparison is a set of outcomes, so one kernel a type serves equal, less and all others. Knows no strings.
#ifndef WHIT_RUNTIME_KERNELS_COMPARE_HPP_
#define WHIT_RUNTIME_KERNELS_COMPARE_HPP_

#include "whit_runtime/kernels/binary_s8.hpp"
#include "whit_runtime/kernels/broadcast.hpp"

namespace whit::rt {

// Outcomes of a comparison; a NaN on either side is kUnordered.
inline constexpr int32_t kLess = 1, kEqual = 2, kGreater = 4, kUnordered = 8;

template <typename T>
WHIT_ALWAYS_INLINE uint8_t compare_to(T x1, T x2, int32_t outcomes) {
  const int32_t outcome = x1 < x2 ? kLess : x1 == x2 ? kEqual : x1 > x2 ? kGreater : kUnordered;
  return (outcome & outcomes) != 0 ? 1 : 0;
}

struct CompareS8 {
  OpHead head;
  Ref input1;  // int8, the dimensions of `broadcast`
  Ref input2;
  Ref output;  // bool, may be an operand of the same shape or start before it
  Broadcast broadcast;
  int32_t outcomes;  // of which the result is true
  int32_t zero_point1;
  int32_t zero_point2;
  Scale scale1;
  Scale scale2;
  static constexpr uint8_t kRefs = 3;
};

inline bool check(const CompareS8& p, const Extent& e) {
  return check_operands(p, e) && check(p.scale1) && check(p.scale2);
}

// Source: TFLite ComparisonWithScaling, left shift 8.
WHIT_KERNEL void compare_s8(const CompareS8& p, const Memory& m) {
  broadcast(p.broadcast, input<int8_t>(m, p.input1), input<int8_t>(m, p.input2), output<uint8_t>(m, p.output),
            [&p](int32_t x1, int32_t x2) {
              return compare_to(scaled((x1 - p.zero_point1) * (1 << 8), p.scale1),
                                scaled((x2 - p.zero_point2) * (1 << 8), p.scale2), p.outcomes);
            });
}

// compare_i32, compare_f32.
struct Compare32 {
  OpHead head;
  Ref input1;  // int32 or float32, the dimensions of `broadcast`
  Ref input2;
  Ref output;  // bool, may be an operand of the same shape or start before it
  Broadcast broadcast;
  int32_t outcomes;  // of which the result is true
  static constexpr uint8_t kRefs = 3;
};

inline bool check(const Compare32& p, const Extent& e) {
  return check_broadcast(p.broadcast, p.input1, p.input2, p.output, 4, 1, e);
}

WHIT_KERNEL void compare_i32(const Compare32& p, const Memory& m) {
  broadcast(p.broadcast, input<int32_t>(m, p.input1), input<int32_t>(m, p.input2), output<uint8_t>(m, p.output),
            [&p](int32_t x1, int32_t x2) { return compare_to(x1, x2, p.outcomes); });
}

WHIT_KERNEL void compare_f32(const Compare32& p, const Memory& m) {
  broadcast(p.broadcast, input<float>(m, p.input1), input<float>(m, p.input2), output<uint8_t>(m, p.output),
            [&p](float x1, float x2) { return compare_to(x1, x2, p.outcomes); });
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_COMPARE_HPP_
