// Names and numbers of the format in words, and its scalar formats.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "whit/formats/tflite/import.hpp"

namespace whit::tflite {

std::string name_of_type(TensorType type) {
  std::string name = EnumNameTensorType(type);
  if (name.empty()) return fmt::format("type {}", static_cast<int>(type));
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return name;
}

bool to_dtype(TensorType type, ir::DType& dtype) {
  switch (type) {
    case TensorType::FLOAT32:
      dtype = ir::DType::f32;
      return true;
    case TensorType::FLOAT16:
      dtype = ir::DType::f16;
      return true;
    case TensorType::INT8:
      dtype = ir::DType::i8;
      return true;
    case TensorType::UINT8:
      dtype = ir::DType::u8;
      return true;
    case TensorType::INT16:
      dtype = ir::DType::i16;
      return true;
    case TensorType::INT32:
      dtype = ir::DType::i32;
      return true;
    case TensorType::INT64:
      dtype = ir::DType::i64;
      return true;
    case TensorType::BOOL:
      dtype = ir::DType::boolean;
      return true;
    default:
      return false;
  }
}

std::string name_of_op(int32_t code, const std::string& custom) {
  if (static_cast<BuiltinOperator>(code) == BuiltinOperator::CUSTOM) return "CUSTOM:" + custom;
  const bool named = code >= 0 && code <= static_cast<int32_t>(BuiltinOperator::MAX);
  return named ? EnumNameBuiltinOperator(static_cast<BuiltinOperator>(code)) : fmt::format("op code {}", code);
}

float half_to_float(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  const uint32_t exponent = (bits >> 10) & 0x1F, mantissa = bits & 0x3FF;
  if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000U | (mantissa << 13));
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
  const float value = static_cast<float>(mantissa) * 0x1p-24F;  // a subnormal, exact as float
  return sign == 0 ? value : -value;
}

}  // namespace whit::tflite
