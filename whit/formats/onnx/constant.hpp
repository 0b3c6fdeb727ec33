// A tensor whose elements are known at import: of the file, or computed from such. Private to this folder.
// Dimensions may be 0. Elements are read and made as doubles or 64-bit integers; stored in the file's type.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "onnx/onnx_pb.h"
#include "whit/ir/graph.hpp"

namespace whit::onnx {

using ElementType = ::onnx::TensorProto::DataType;

struct Constant {
  int32_t type = ::onnx::TensorProto::FLOAT;  // ElementType
  ir::Shape shape;
  std::vector<uint8_t> bytes;  // little-endian, C order

  int64_t count() const { return ir::elements(shape); }
  double real(int64_t i) const;      // element i as a number
  int64_t integer(int64_t i) const;  // element i; truncated when it is no integer
  void set(int64_t i, double value);
  void set(int64_t i, int64_t value);
};

using ConstantPtr = std::shared_ptr<const Constant>;

// The type in which whit computes what the file has as `type`: float32 for float16 and float64.
int32_t computed_type(int32_t type);
bool is_real(int32_t type);              // float16, float, double
int64_t element_bytes(int32_t type);     // 0: a type that is never read, such as string
std::string name_of_type(int32_t type);  // "float32"
// False when the IR has no such type.
bool to_dtype(int32_t type, ir::DType& dtype);

// Zeros. Error bad_input above kMaxFoldedBytes: no constant of a real model's shape arithmetic is as large.
inline constexpr int64_t kMaxFoldedBytes = int64_t{1} << 28;
Constant make_constant(int32_t type, const ir::Shape& shape, const std::string& where);
Constant make_constant(const std::vector<int64_t>& values);  // int64 [values.size()]

// Element i of the result is element index_of(i) of `source`.
template <typename F>
Constant gathered(const Constant& source, const ir::Shape& shape, const std::string& where, F&& index_of) {
  Constant result = make_constant(source.type, shape, where);
  const auto size = static_cast<size_t>(element_bytes(source.type));
  for (int64_t i = 0; i < result.count(); ++i) {
    const auto* from = source.bytes.data() + static_cast<size_t>(index_of(i)) * size;
    std::copy(from, from + size, result.bytes.data() + static_cast<size_t>(i) * size);
  }
  return result;
}

// The dimensions and elements of a tensor of the file, in its computed_type. External data is read from below `folder`
// only.
Constant read_tensor(const ::onnx::TensorProto& tensor, const std::filesystem::path& folder, const std::string& where);

// Dimensions as they may stand in the IR or be 0. Error bad_input when negative or when the elements exceed 2 GB.
ir::Shape checked_shape(const std::vector<int64_t>& dims, int64_t bytes_each, const std::string& where);

}  // namespace whit::onnx
