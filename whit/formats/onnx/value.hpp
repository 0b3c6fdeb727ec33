// A value of the file's graph, and how the IR holds it. Private to this folder.
//
// The IR holds channels last what the file describes channels first. No node moves them about: each value has a layout,
// which says where in the IR's tensor each dimension of the file lies. Transposes, squeezes and most reshapes of the
// file only change the layout; a transpose appears where an op needs another one than the tensor has.
#pragma once

#include <optional>
#include <vector>

#include "whit/formats/onnx/constant.hpp"
#include "whit/ir/graph.hpp"

namespace whit::onnx {

// Dimension i of the file is dimension dims[i] of the IR's tensor, which has `rank`; the others of that are 1.
struct Layout {
  std::vector<int32_t> dims;  // -1: a dimension of 1 that the IR's tensor lacks
  int32_t rank = 0;
  bool operator==(const Layout&) const = default;
};

Layout plain_layout(size_t rank);   // dims 0, 1, 2, ...
Layout channels_last(size_t rank);  // [N,C,...] as [N,...,C]
ir::Shape physical(const ir::Shape& shape, const Layout& layout);

// The dimensions above 1 in the order in which they lie in memory.
std::vector<size_t> memory_order(const ir::Shape& shape, const Layout& layout);

// What a quantized value stands for: scale * (stored - zero_point), `stored` as int8.
struct Scales {
  std::vector<float> scale;
  std::vector<int32_t> zero_point;
  int32_t axis = 0;  // dimension of the file, when there are several
  bool operator==(const Scales&) const = default;
};

struct Value {
  int32_t type = ::onnx::TensorProto::FLOAT;  // ElementType, of the file
  ir::Shape shape;                            // of the file
  ConstantPtr constant;                       // known at import
  ir::TensorId id = ir::kNoTensor;            // else computed at run time
  Layout layout;                              // of `id`
  // Stored as integers. The type is float32 behind a DequantizeLinear, an integer's before.
  std::optional<Scales> scales;

  size_t rank() const { return shape.size(); }
};

Value constant_value(Constant constant);

// The IR's int8 for uint8: all zero points 128 lower.
inline constexpr int32_t kUnsignedOffset = 128;

}  // namespace whit::onnx
