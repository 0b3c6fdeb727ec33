// Names and numbers of the format in words, and its scalar formats.
#include "whit/formats/tflite/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

namespace whit::tflite {
namespace {

using Code = BuiltinOperator;

constexpr auto kTypes = std::to_array<std::pair<TensorType, ir::DType>>({
    {TensorType::FLOAT32, ir::DType::f32},
    {TensorType::FLOAT16, ir::DType::f16},
    {TensorType::INT8, ir::DType::i8},
    {TensorType::UINT8, ir::DType::u8},
    {TensorType::INT16, ir::DType::i16},
    {TensorType::INT32, ir::DType::i32},
    {TensorType::INT64, ir::DType::i64},
    {TensorType::BOOL, ir::DType::boolean},
    {TensorType::INT4, ir::DType::i4},
});

constexpr auto kOps = std::to_array<std::pair<Code, ir::Op>>({
    {Code::CONV_2D, ir::Op::conv2d},
    {Code::DEPTHWISE_CONV_2D, ir::Op::depthwise_conv2d},
    {Code::TRANSPOSE_CONV, ir::Op::transpose_conv2d},
    {Code::FULLY_CONNECTED, ir::Op::fully_connected},
    {Code::BATCH_MATMUL, ir::Op::batch_matmul},
    {Code::AVERAGE_POOL_2D, ir::Op::average_pool2d},
    {Code::MAX_POOL_2D, ir::Op::max_pool2d},
    {Code::ADD, ir::Op::add},
    {Code::SUB, ir::Op::sub},
    {Code::MUL, ir::Op::mul},
    {Code::DIV, ir::Op::div},
    {Code::MAXIMUM, ir::Op::maximum},
    {Code::MINIMUM, ir::Op::minimum},
    {Code::SQUARED_DIFFERENCE, ir::Op::squared_difference},
    {Code::EQUAL, ir::Op::equal},
    {Code::NOT_EQUAL, ir::Op::not_equal},
    {Code::LESS, ir::Op::less},
    {Code::LESS_EQUAL, ir::Op::less_equal},
    {Code::GREATER, ir::Op::greater},
    {Code::GREATER_EQUAL, ir::Op::greater_equal},
    {Code::SELECT_V2, ir::Op::select},
    {Code::RELU, ir::Op::relu},
    {Code::RELU6, ir::Op::relu6},
    {Code::RELU_N1_TO_1, ir::Op::relu_n1_to_1},
    {Code::RELU_0_TO_1, ir::Op::relu_0_to_1},
    {Code::LEAKY_RELU, ir::Op::leaky_relu},
    {Code::PRELU, ir::Op::prelu},
    {Code::ELU, ir::Op::elu},
    {Code::HARD_SWISH, ir::Op::hard_swish},
    {Code::LOGISTIC, ir::Op::logistic},
    {Code::TANH, ir::Op::tanh},
    {Code::ABS, ir::Op::abs},
    {Code::NEG, ir::Op::neg},
    {Code::EXP, ir::Op::exp},
    {Code::LOG, ir::Op::log},
    {Code::SQRT, ir::Op::sqrt},
    {Code::RSQRT, ir::Op::rsqrt},
    {Code::SQUARE, ir::Op::square},
    {Code::SIN, ir::Op::sin},
    {Code::COS, ir::Op::cos},
    {Code::FLOOR, ir::Op::floor},
    {Code::CEIL, ir::Op::ceil},
    {Code::ROUND, ir::Op::round},
    {Code::SOFTMAX, ir::Op::softmax},
    {Code::LOG_SOFTMAX, ir::Op::log_softmax},
    {Code::L2_NORMALIZATION, ir::Op::l2_normalization},
    {Code::MEAN, ir::Op::mean},
    {Code::SUM, ir::Op::sum},
    {Code::REDUCE_MAX, ir::Op::reduce_max},
    {Code::REDUCE_MIN, ir::Op::reduce_min},
    {Code::ARG_MAX, ir::Op::arg_max},
    {Code::ARG_MIN, ir::Op::arg_min},
    {Code::QUANTIZE, ir::Op::quantize},
    {Code::DEQUANTIZE, ir::Op::dequantize},
    {Code::CAST, ir::Op::cast},
    {Code::RESHAPE, ir::Op::reshape},
    {Code::TRANSPOSE, ir::Op::transpose},
    {Code::CONCATENATION, ir::Op::concat},
    {Code::PAD, ir::Op::pad},
    {Code::MIRROR_PAD, ir::Op::mirror_pad},
    {Code::TILE, ir::Op::tile},
    {Code::GATHER, ir::Op::gather},
    {Code::ONE_HOT, ir::Op::one_hot},
    {Code::SPACE_TO_DEPTH, ir::Op::space_to_depth},
    {Code::DEPTH_TO_SPACE, ir::Op::depth_to_space},
    {Code::RESIZE_NEAREST_NEIGHBOR, ir::Op::resize_nearest},
    {Code::RESIZE_BILINEAR, ir::Op::resize_bilinear},
    {Code::READ_VARIABLE, ir::Op::read_variable},
    {Code::ASSIGN_VARIABLE, ir::Op::assign_variable},
});

}  // namespace

std::string name_of_type(TensorType type) {
  std::string name = EnumNameTensorType(type);
  if (name.empty()) return fmt::format("type {}", static_cast<int>(type));
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return name;
}

bool to_dtype(TensorType type, ir::DType& dtype) {
  const auto* found = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& pair) { return pair.first == type; });
  if (found == kTypes.end()) return false;
  dtype = found->second;
  return true;
}

TensorType to_type(ir::DType dtype) {
  return std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& pair) { return pair.second == dtype; })->first;
}

ir::Op to_op(BuiltinOperator code) {
  return std::find_if(kOps.begin(), kOps.end(), [&](const auto& pair) { return pair.first == code; })->second;
}

BuiltinOperator to_code(ir::Op op) {
  return std::find_if(kOps.begin(), kOps.end(), [&](const auto& pair) { return pair.second == op; })->first;
}

std::string name_of_op(int32_t code, const std::string& custom) {
  if (static_cast<BuiltinOperator>(code) == BuiltinOperator::CUSTOM) return "CUSTOM:" + custom;
  const bool named = code >= 0 && code <= static_cast<int32_t>(BuiltinOperator::MAX);
  return named ? EnumNameBuiltinOperator(static_cast<BuiltinOperator>(code)) : fmt::format("op code {}", code);
}

}  // namespace whit::tflite
