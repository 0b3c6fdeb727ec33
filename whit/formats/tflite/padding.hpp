// TFLite's two kinds of padding as numbers. Private to this folder.
#pragma once

#include <algorithm>
#include <cstdint>

#include "schema_generated.h"

namespace whit::tflite {

struct Pads {
  int32_t before = 0, after = 0;
  bool operator==(const Pads&) const = default;
};

// SAME: the output has ceil(size / stride) positions; what the windows reach beyond the input is padded, the odd
// element behind. VALID: none.
inline Pads pads(Padding padding, int64_t size, int64_t kernel, int64_t stride, int64_t dilation) {
  if (padding == Padding::VALID) return {};
  const int64_t positions = (size + stride - 1) / stride;
  const int64_t total = std::max<int64_t>(0, (positions - 1) * stride + (kernel - 1) * dilation + 1 - size);
  return {static_cast<int32_t>(total / 2), static_cast<int32_t>(total - total / 2)};
}

}  // namespace whit::tflite
