// Which function reads which op, and how many operands it must have.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "whit/formats/onnx/import.hpp"
#include "whit/formats/onnx/ml.hpp"

namespace whit::onnx {
namespace {

struct Entry {
  std::string_view type;
  size_t min_inputs, max_inputs;
  void (*import)(NodeImport&);
};

constexpr size_t kMany = 1 << 20;

constexpr Entry kEntries[] = {
    {"Abs", 1, 1, import_unary},
    {"Acosh", 1, 1, import_activation},
    {"Add", 2, 2, import_binary},
    {"And", 2, 2, import_logic},
    {"ArgMax", 1, 1, import_arg},
    {"ArgMin", 1, 1, import_arg},
    {"Asinh", 1, 1, import_activation},
    {"Atanh", 1, 1, import_activation},
    {"AveragePool", 1, 1, import_pool},
    {"BatchNormalization", 5, 5, import_normalization},
    {"Cast", 1, 1, import_cast},
    {"CastLike", 2, 2, import_cast},
    {"Ceil", 1, 1, import_unary},
    {"Celu", 1, 1, import_activation},
    {"Clip", 1, 3, import_clip},
    {"Concat", 1, kMany, import_concat},
    {"Constant", 0, 0, import_constant},
    {"ConstantOfShape", 1, 1, import_constant},
    {"Conv", 2, 3, import_conv},
    {"ConvTranspose", 2, 3, import_conv_transpose},
    {"Cos", 1, 1, import_unary},
    {"Cosh", 1, 1, import_activation},
    {"DepthToSpace", 1, 1, import_block},
    {"DequantizeLinear", 2, 3, import_dequantize},
    {"Div", 2, 2, import_binary},
    {"Dropout", 1, 3, import_identity},
    {"Elu", 1, 1, import_activation},
    {"Equal", 2, 2, import_binary},
    {"Erf", 1, 1, import_unary},
    {"Exp", 1, 1, import_unary},
    {"Expand", 2, 2, import_expand},
    {"Flatten", 1, 1, import_reshape},
    {"Floor", 1, 1, import_unary},
    {"GRU", 3, 6, import_recurrent},
    {"Gather", 2, 2, import_gather},
    {"GatherElements", 2, 2, import_gather_elements},
    {"Gelu", 1, 1, import_activation},
    {"Gemm", 2, 3, import_gemm},
    {"GlobalAveragePool", 1, 1, import_global_pool},
    {"GlobalMaxPool", 1, 1, import_global_pool},
    {"Greater", 2, 2, import_binary},
    {"GreaterOrEqual", 2, 2, import_binary},
    {"GroupNormalization", 3, 3, import_normalization},
    {"HardSigmoid", 1, 1, import_activation},
    {"HardSwish", 1, 1, import_unary},
    {"Hardmax", 1, 1, import_arg},
    {"Identity", 1, 1, import_identity},
    {"If", 1, 1, import_if},
    {"InstanceNormalization", 3, 3, import_normalization},
    {"LSTM", 3, 8, import_recurrent},
    {"LayerNormalization", 2, 3, import_normalization},
    {"LeakyRelu", 1, 1, import_activation},
    {"Less", 2, 2, import_binary},
    {"LessOrEqual", 2, 2, import_binary},
    {"Log", 1, 1, import_unary},
    {"LogSoftmax", 1, 1, import_softmax},
    {"LpNormalization", 1, 1, import_normalization},
    {"MatMul", 2, 2, import_matmul},
    {"Max", 1, kMany, import_variadic},
    {"MaxPool", 1, 1, import_pool},
    {"Mean", 1, kMany, import_variadic},
    {"MeanVarianceNormalization", 1, 1, import_normalization},
    {"Min", 1, kMany, import_variadic},
    {"Mish", 1, 1, import_activation},
    {"Mul", 2, 2, import_binary},
    {"Neg", 1, 1, import_unary},
    {"Not", 1, 1, import_logic},
    {"OneHot", 3, 3, import_one_hot},
    {"Or", 2, 2, import_logic},
    {"PRelu", 2, 2, import_binary},
    {"Pad", 1, 4, import_pad},
    {"Pow", 2, 2, import_pow},
    {"QLinearConv", 8, 9, import_conv},
    {"QLinearMatMul", 8, 8, import_matmul},
    {"QuantizeLinear", 2, 3, import_quantize},
    {"Range", 3, 3, import_constant},
    {"Reciprocal", 1, 1, import_activation},
    {"ReduceL1", 1, 2, import_reduce},
    {"ReduceL2", 1, 2, import_reduce},
    {"ReduceLogSum", 1, 2, import_reduce},
    {"ReduceLogSumExp", 1, 2, import_reduce},
    {"ReduceMax", 1, 2, import_reduce},
    {"ReduceMean", 1, 2, import_reduce},
    {"ReduceMin", 1, 2, import_reduce},
    {"ReduceProd", 1, 2, import_reduce},
    {"ReduceSum", 1, 2, import_reduce},
    {"ReduceSumSquare", 1, 2, import_reduce},
    {"Relu", 1, 1, import_unary},
    {"Reshape", 1, 2, import_reshape},
    {"Resize", 1, 4, import_resize},
    {"Round", 1, 1, import_unary},
    {"Selu", 1, 1, import_activation},
    {"Shape", 1, 1, import_constant},
    {"Shrink", 1, 1, import_activation},
    {"Sigmoid", 1, 1, import_unary},
    {"Sign", 1, 1, import_activation},
    {"Sin", 1, 1, import_unary},
    {"Sinh", 1, 1, import_activation},
    {"Size", 1, 1, import_constant},
    {"Slice", 1, 5, import_slice},
    {"Softmax", 1, 1, import_softmax},
    {"Softplus", 1, 1, import_activation},
    {"Softsign", 1, 1, import_activation},
    {"SpaceToDepth", 1, 1, import_block},
    {"Split", 1, 2, import_split},
    {"Sqrt", 1, 1, import_unary},
    {"Squeeze", 1, 2, import_reshape},
    {"Sub", 2, 2, import_binary},
    {"Sum", 1, kMany, import_variadic},
    {"Tan", 1, 1, import_activation},
    {"Tanh", 1, 1, import_unary},
    {"ThresholdedRelu", 1, 1, import_activation},
    {"Tile", 2, 2, import_expand},
    {"Transpose", 1, 1, import_transpose},
    {"Unsqueeze", 1, 2, import_reshape},
    {"Upsample", 1, 2, import_resize},
    {"Where", 3, 3, import_logic},
    {"Xor", 2, 2, import_logic},
};

// Of the domain ai.onnx.ml.
constexpr Entry kMlEntries[] = {
    {"ArrayFeatureExtractor", 2, 2, import_feature_extractor},
    {"LinearClassifier", 1, 1, import_linear},
    {"LinearRegressor", 1, 1, import_linear},
    {"Normalizer", 1, 1, import_scaler},
    {"Scaler", 1, 1, import_scaler},
    {"TreeEnsembleClassifier", 1, 1, import_tree_ensemble},
    {"TreeEnsembleRegressor", 1, 1, import_tree_ensemble},
    {"ZipMap", 1, 1, import_zip_map},
};

const Entry* find(const NodeImport& op) {
  const auto entries = op.is_ml() ? std::span<const Entry>(kMlEntries) : std::span<const Entry>(kEntries);
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.type == op.type(); });
  return found == entries.end() ? nullptr : &*found;
}

}  // namespace

void check_known(NodeImport& op) {
  if (!op.is_standard() && !op.is_ml()) {
    op.unsupported("this op is of another domain than ONNX's own",
                   "supported: standard ops; export without custom ones");
  }
  if (find(op) == nullptr) op.unsupported("this op is not supported", "docs/guide/ops.md lists the ops that are");
}

void import_node(NodeImport& op) {
  check_known(op);
  const Entry& entry = *find(op);
  if (op.input_count() < entry.min_inputs || op.input_count() > entry.max_inputs) {
    op.bad(fmt::format("{} inputs", op.input_count()));
  }
  if (op.output_count() < 1) op.bad("no outputs");
  entry.import(op);
  op.check_attributes();
}

}  // namespace whit::onnx
