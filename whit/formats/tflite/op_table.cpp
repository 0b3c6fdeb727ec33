// Which function reads which op, and how many operands it must have.
#include <algorithm>
#include <array>

#include "whit/formats/tflite/import.hpp"

namespace whit::tflite {
namespace {

using Code = BuiltinOperator;

struct Entry {
  Code code;
  size_t min_inputs, max_inputs, min_outputs, max_outputs;
  void (*import)(OpImport&);
};

constexpr size_t kMany = 1 << 20;

constexpr Entry unary(Code code) { return {code, 1, 1, 1, 1, import_unary}; }
constexpr Entry binary(Code code) { return {code, 2, 2, 1, 1, import_binary}; }

constexpr std::array kEntries = {
    Entry{Code::CONV_2D, 2, 3, 1, 1, import_conv},
    Entry{Code::DEPTHWISE_CONV_2D, 2, 3, 1, 1, import_conv},
    Entry{Code::TRANSPOSE_CONV, 3, 4, 1, 1, import_transpose_conv},
    Entry{Code::FULLY_CONNECTED, 2, 3, 1, 1, import_fully_connected},
    Entry{Code::BATCH_MATMUL, 2, 2, 1, 1, import_batch_matmul},
    Entry{Code::AVERAGE_POOL_2D, 1, 1, 1, 1, import_pool},
    Entry{Code::MAX_POOL_2D, 1, 1, 1, 1, import_pool},
    binary(Code::ADD),
    binary(Code::SUB),
    binary(Code::MUL),
    binary(Code::DIV),
    binary(Code::MAXIMUM),
    binary(Code::MINIMUM),
    binary(Code::SQUARED_DIFFERENCE),
    binary(Code::EQUAL),
    binary(Code::NOT_EQUAL),
    binary(Code::LESS),
    binary(Code::LESS_EQUAL),
    binary(Code::GREATER),
    binary(Code::GREATER_EQUAL),
    binary(Code::PRELU),
    Entry{Code::SELECT, 3, 3, 1, 1, import_binary},
    Entry{Code::SELECT_V2, 3, 3, 1, 1, import_binary},
    unary(Code::RELU),
    unary(Code::RELU6),
    unary(Code::RELU_N1_TO_1),
    unary(Code::RELU_0_TO_1),
    unary(Code::LEAKY_RELU),
    unary(Code::ELU),
    unary(Code::HARD_SWISH),
    unary(Code::LOGISTIC),
    unary(Code::TANH),
    unary(Code::ABS),
    unary(Code::NEG),
    unary(Code::EXP),
    unary(Code::LOG),
    unary(Code::SQRT),
    unary(Code::RSQRT),
    unary(Code::SQUARE),
    unary(Code::SIN),
    unary(Code::COS),
    unary(Code::FLOOR),
    unary(Code::CEIL),
    unary(Code::ROUND),
    unary(Code::SOFTMAX),
    unary(Code::LOG_SOFTMAX),
    unary(Code::L2_NORMALIZATION),
    unary(Code::QUANTIZE),
    unary(Code::CAST),
    Entry{Code::DEQUANTIZE, 1, 1, 1, 1, import_dequantize},
    Entry{Code::MEAN, 2, 2, 1, 1, import_reduce},
    Entry{Code::SUM, 2, 2, 1, 1, import_reduce},
    Entry{Code::REDUCE_MAX, 2, 2, 1, 1, import_reduce},
    Entry{Code::REDUCE_MIN, 2, 2, 1, 1, import_reduce},
    Entry{Code::ARG_MAX, 2, 2, 1, 1, import_reduce},
    Entry{Code::ARG_MIN, 2, 2, 1, 1, import_reduce},
    Entry{Code::REDUCE_PROD, 2, 2, 1, 1, import_reduce_prod},
    Entry{Code::RESHAPE, 1, 2, 1, 1, import_reshape},
    Entry{Code::SQUEEZE, 1, 1, 1, 1, import_reshape},
    Entry{Code::EXPAND_DIMS, 2, 2, 1, 1, import_reshape},
    Entry{Code::SHAPE, 1, 1, 1, 1, import_shape},
    Entry{Code::TRANSPOSE, 2, 2, 1, 1, import_transpose},
    Entry{Code::CONCATENATION, 1, kMany, 1, 1, import_concat},
    Entry{Code::PACK, 1, kMany, 1, 1, import_pack},
    Entry{Code::UNPACK, 1, 1, 1, kMany, import_unpack},
    Entry{Code::SPLIT, 2, 2, 1, kMany, import_split},
    Entry{Code::SPLIT_V, 3, 3, 1, kMany, import_split},
    Entry{Code::SLICE, 3, 3, 1, 1, import_slice},
    Entry{Code::STRIDED_SLICE, 4, 4, 1, 1, import_strided_slice},
    Entry{Code::PAD, 2, 2, 1, 1, import_pad},
    Entry{Code::PADV2, 3, 3, 1, 1, import_pad},
    Entry{Code::MIRROR_PAD, 2, 2, 1, 1, import_pad},
    Entry{Code::TILE, 2, 2, 1, 1, import_tile},
    Entry{Code::GATHER, 2, 2, 1, 1, import_gather},
    Entry{Code::ONE_HOT, 4, 4, 1, 1, import_one_hot},
    Entry{Code::SPACE_TO_DEPTH, 1, 1, 1, 1, import_block},
    Entry{Code::DEPTH_TO_SPACE, 1, 1, 1, 1, import_block},
    Entry{Code::RESIZE_BILINEAR, 2, 2, 1, 1, import_resize},
    Entry{Code::RESIZE_NEAREST_NEIGHBOR, 2, 2, 1, 1, import_resize},
    Entry{Code::UNIDIRECTIONAL_SEQUENCE_LSTM, 20, 24, 1, 1, import_lstm},
    Entry{Code::CUSTOM, 7, 18, 1, 3, import_custom},
    Entry{Code::SVDF, 5, 5, 1, 1, import_svdf},
    Entry{Code::CALL_ONCE, 0, 0, 0, 0, import_variable},
    Entry{Code::VAR_HANDLE, 0, 0, 1, 1, import_variable},
    Entry{Code::READ_VARIABLE, 1, 1, 1, 1, import_variable},
    Entry{Code::ASSIGN_VARIABLE, 2, 2, 0, 0, import_variable},
};

const Entry* find(Code code) {
  const auto* found = std::find_if(kEntries.begin(), kEntries.end(), [&](const Entry& e) { return e.code == code; });
  return found == kEntries.end() ? nullptr : &*found;
}

const char* hint_for(Code code) {
  switch (code) {
    case Code::CUSTOM:
      return "supported: builtin ops; convert the model without custom or select TensorFlow ops";
    case Code::DENSIFY:
      return "supported: dense weights; export the model without sparsity encoding";
    case Code::LSTM:
    case Code::BIDIRECTIONAL_SEQUENCE_LSTM:
    case Code::UNIDIRECTIONAL_SEQUENCE_RNN:
      return "supported: UNIDIRECTIONAL_SEQUENCE_LSTM, SVDF, or recurrent layers written out as FULLY_CONNECTED, "
             "LOGISTIC, ...";
    case Code::RFFT2D:
    case Code::COMPLEX_ABS:
      return "supported: spectra computed before the model";
    default:
      return "docs/guide/ops.md lists the ops that are supported";
  }
}

}  // namespace

void OpImport::check_known() const {
  const bool foreign = code_ == Code::CUSTOM && custom_ != kLstmOp && custom_ != kGruOp && custom_ != kTreesOp;
  if (foreign || find(code_) == nullptr) unsupported("this op is not supported", hint_for(code_));
}

void import_op(OpImport& op) {
  op.check_known();
  const Entry& entry = *find(op.code());
  op.check_counts(entry.min_inputs, entry.max_inputs, entry.min_outputs, entry.max_outputs);
  if (!fold_integers(op)) entry.import(op);
}

}  // namespace whit::tflite
