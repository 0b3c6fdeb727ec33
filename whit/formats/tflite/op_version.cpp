#include <algorithm>
#include <array>

#include "whit/formats/tflite/export.hpp"

namespace whit::tflite {
namespace {

using Code = BuiltinOperator;

// Versions by the type of the first operand; of other types: 1.
struct Versions {
  Code code;
  int32_t i8, i16;
};

constexpr auto kVersions = std::to_array<Versions>({
    {Code::CONV_2D, 3, 4},
    {Code::DEPTHWISE_CONV_2D, 3, 5},
    {Code::TRANSPOSE_CONV, 2, 2},
    {Code::FULLY_CONNECTED, 4, 7},
    {Code::BATCH_MATMUL, 2, 3},
    {Code::AVERAGE_POOL_2D, 2, 3},
    {Code::MAX_POOL_2D, 2, 3},
    {Code::ADD, 2, 3},
    {Code::SUB, 2, 5},
    {Code::MUL, 2, 4},
    {Code::MAXIMUM, 2, 4},
    {Code::MINIMUM, 2, 4},
    {Code::SQUARED_DIFFERENCE, 2, 1},
    {Code::EQUAL, 2, 5},
    {Code::NOT_EQUAL, 2, 4},
    {Code::LESS, 2, 3},
    {Code::LESS_EQUAL, 2, 1},
    {Code::GREATER, 2, 1},
    {Code::GREATER_EQUAL, 2, 3},
    {Code::RELU, 2, 3},
    {Code::RELU6, 2, 3},
    {Code::LEAKY_RELU, 1, 2},
    {Code::LOGISTIC, 2, 3},
    {Code::TANH, 2, 3},
    {Code::ABS, 2, 3},
    {Code::EXP, 2, 2},
    {Code::LOG, 2, 2},
    {Code::SQRT, 2, 2},
    {Code::RSQRT, 2, 3},
    {Code::SOFTMAX, 2, 3},
    {Code::LOG_SOFTMAX, 2, 1},
    {Code::L2_NORMALIZATION, 2, 1},
    {Code::MEAN, 2, 3},
    {Code::SUM, 2, 1},
    {Code::REDUCE_MAX, 2, 3},
    {Code::REDUCE_MIN, 2, 3},
    {Code::ARG_MAX, 2, 1},
    {Code::ARG_MIN, 2, 1},
    {Code::DEQUANTIZE, 2, 3},
    {Code::TRANSPOSE, 2, 5},
    {Code::CONCATENATION, 2, 3},
    {Code::SLICE, 2, 4},
    {Code::STRIDED_SLICE, 2, 1},
    {Code::PAD, 2, 3},
    {Code::PADV2, 2, 3},
    {Code::MIRROR_PAD, 2, 3},
    {Code::TILE, 3, 1},
    {Code::GATHER, 2, 4},
    {Code::SPACE_TO_DEPTH, 2, 1},
    {Code::DEPTH_TO_SPACE, 2, 1},
    {Code::RESIZE_BILINEAR, 2, 4},
    {Code::RESIZE_NEAREST_NEIGHBOR, 2, 4},
    {Code::CAST, 3, 1},
    {Code::SVDF, 3, 1},
});

using Operands = std::vector<const Written*>;

// What other types ask for.
int32_t version_by_type(Code code, TensorType type, const Operands& outputs) {
  const bool u8 = type == TensorType::UINT8, i32 = type == TensorType::INT32, i64 = type == TensorType::INT64;
  const bool boolean = type == TensorType::BOOL, f16 = type == TensorType::FLOAT16;
  switch (code) {
    case Code::RELU:
      return u8 ? 2 : 1;
    case Code::ABS:
      return i32 ? 5 : (u8 ? 2 : 1);
    case Code::ADD:
    case Code::SUB:
      return i64 ? 4 : 1;
    case Code::MUL:
      return i64 ? 5 : 1;
    case Code::TRANSPOSE:
    case Code::STRIDED_SLICE:
    case Code::GATHER:
      return boolean ? 3 : 1;
    case Code::PAD:
    case Code::PADV2:
      return boolean ? 5 : 1;
    case Code::DEQUANTIZE:
      return f16 ? 3 : 1;
    case Code::QUANTIZE:
      return outputs[0]->type == TensorType::INT16 ? 2 : 1;
    case Code::CAST:
      if (f16 || outputs[0]->type == TensorType::FLOAT16) return 5;
      return outputs[0]->type == TensorType::INT8 ? 3 : 1;
    default:
      return 1;
  }
}

// What more than four dimensions ask for, of inputs that broadcast or of the only input.
int32_t version_by_rank(Code code, const Operands& inputs) {
  const size_t first = inputs[0]->shape.size();
  const auto broadcast = [&](int32_t version) {
    const size_t rank = std::max(first, inputs[1]->shape.size());
    return inputs[0]->shape != inputs[1]->shape && rank > 4 ? version : 1;
  };
  switch (code) {
    case Code::SUB:
    case Code::MAXIMUM:
    case Code::MINIMUM:
      return broadcast(3);
    case Code::DIV:
      return broadcast(2);
    case Code::TRANSPOSE:
      return first > 6 ? 8 : (first > 5 ? 6 : (first > 4 ? 4 : 1));
    case Code::SLICE:
      return first > 4 ? 5 : 1;
    case Code::STRIDED_SLICE:
    case Code::PAD:
    case Code::PADV2:
      return first > 4 ? 4 : 1;
    default:
      return 1;
  }
}

// The product of quantized numbers is scaled by 1 or more.
bool scales_up(const Operands& inputs, const Operands& outputs) {
  const auto scale = [](const Written* t) { return t->quantization.empty() ? 0.0F : t->quantization.scale[0]; };
  const float output = scale(outputs[0]);
  return output > 0 && scale(inputs[0]) * scale(inputs[1]) / output >= 1.0F;
}

}  // namespace

int32_t version_of(Code code, const Operands& inputs, const Operands& outputs) {
  if (inputs.empty()) return 1;
  const TensorType type = inputs[code == Code::TRANSPOSE_CONV ? 1 : 0]->type;
  int32_t version = std::max(version_by_type(code, type, outputs), version_by_rank(code, inputs));
  const bool int4_weights = inputs.size() > 1 && inputs[1] != nullptr && inputs[1]->type == TensorType::INT4;
  if (int4_weights) version = std::max(version, code == Code::FULLY_CONNECTED ? 10 : 7);
  if (code == Code::MUL && scales_up(inputs, outputs)) version = std::max(version, 3);
  const auto* found =
      std::find_if(kVersions.begin(), kVersions.end(), [&](const Versions& v) { return v.code == code; });
  if (found == kVersions.end()) return version;
  if (type == TensorType::INT8) return std::max(version, found->i8);
  return type == TensorType::INT16 ? std::max(version, found->i16) : version;
}

}  // namespace whit::tflite
