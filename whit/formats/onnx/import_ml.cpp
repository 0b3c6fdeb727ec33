// Linear models, scalers and the bookkeeping of classifiers, of the domain ai.onnx.ml.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>

#include "whit/formats/onnx/ml.hpp"

namespace whit::onnx {
namespace {

ir::TensorId constant_of(NodeImport& op, ir::Shape shape, const std::vector<float>& values) {
  ir::Tensor tensor;
  tensor.shape = std::move(shape);
  tensor.data.resize(values.size() * sizeof(float));
  std::memcpy(tensor.data.data(), values.data(), tensor.data.size());
  return op.raw_constant(std::move(tensor));
}

Value matrix(NodeImport& op, ir::TensorId id, const Value& like) {
  return op.value_of(id, op.graph().tensor(id).shape, plain_layout(2), like);
}

// A row of numbers that is broadcast over [N,F].
Value row(NodeImport& op, const std::vector<float>& values, const Value& like) {
  const auto size = static_cast<int32_t>(values.size());
  op.require(size == 1 || size == like.shape[1], "as many numbers as features are needed");
  Constant constant;
  constant.type = TensorProto::FLOAT;
  constant.shape = {1, size};
  constant.bytes.resize(values.size() * sizeof(float));
  std::memcpy(constant.bytes.data(), values.data(), constant.bytes.size());
  return constant_value(std::move(constant));
}

Value softmax(NodeImport& op, const Value& x) {
  return matrix(op, op.add(ir::Op::softmax, {op.plain(x)}, ir::SoftmaxAttributes{}), x);
}

}  // namespace

Value features_of(NodeImport& op) {
  Value x = op.input(0);
  op.require(x.rank() == 2, "the features need two dimensions, [N,F]");
  if (x.constant != nullptr) op.unsupported("features that are constant");
  return x.type == TensorProto::FLOAT ? op.plain_value(x) : op.cast(x, TensorProto::FLOAT);
}

Value dense(NodeImport& op, const Value& x, const std::vector<float>& weights, const std::vector<float>& bias) {
  const auto outputs = static_cast<int32_t>(bias.size());
  op.require(outputs > 0 && weights.size() == bias.size() * static_cast<size_t>(x.shape[1]),
             "the coefficients do not fit the features");
  const std::vector<ir::TensorId> inputs = {op.plain(x), constant_of(op, {outputs, x.shape[1]}, weights),
                                            constant_of(op, {outputs}, bias)};
  NodeImport::Result result;
  result.shape = {x.shape[0], outputs};
  return matrix(op, op.add(ir::Op::fully_connected, inputs, ir::ActivationAttributes{}, result), x);
}

Value post_transformed(NodeImport& op, const Value& scores) {
  const std::string transform = op.text("post_transform", "NONE");
  if (transform == "NONE") return scores;
  if (transform == "LOGISTIC") return op.unary(ir::Op::logistic, scores);
  if (transform == "SOFTMAX") return softmax(op, scores);
  op.unsupported(fmt::format("post_transform {}", transform), "supported: NONE, LOGISTIC, SOFTMAX");
}

size_t class_count(NodeImport& op) {
  const std::vector<int64_t> numbers =
      op.integers(op.is("LinearClassifier") ? "classlabels_ints" : "classlabels_int64s");
  return std::max(numbers.size(), op.texts("classlabels_strings").size());
}

void classify(NodeImport& op, const Value& scores) {
  const std::vector<std::string> names = op.texts("classlabels_strings");
  const std::vector<int64_t> numbers =
      op.integers(op.is("LinearClassifier") ? "classlabels_ints" : "classlabels_int64s");
  if (op.has_output(1)) op.output(1, scores);
  if (!op.has_output(0) || op.is_dropped(op.output_name(0))) {
    const std::string classes =
        names.empty() ? fmt::format("{}", fmt::join(numbers, ", ")) : fmt::format("{}", fmt::join(names, ", "));
    op.note("the label is left out: it is the class of the highest score, of " + classes);
    return;
  }
  if (!names.empty()) op.unsupported("labels that are strings", "export the scores as an output of the model as well");
  ir::Tensor list;
  list.type = ir::DType::i32;
  list.shape = {static_cast<int32_t>(numbers.size())};
  for (const int64_t number : numbers) {
    const auto value = static_cast<int32_t>(number);
    if (value != number) op.unsupported(fmt::format("a label of {}", number), "labels need to fit 32 bits");
    const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
    list.data.insert(list.data.end(), bytes, bytes + sizeof value);
  }
  NodeImport::Result index;
  index.shape = {scores.shape[0]};
  index.type = ir::DType::i32;
  const ir::TensorId best = op.add(ir::Op::arg_max, {op.plain(scores)}, ir::ReduceAttributes{{1}, false}, index);
  const ir::TensorId constant = op.raw_constant(std::move(list));
  const ir::TensorId label = op.add(ir::Op::gather, {constant, best}, ir::AxisAttributes{0, 0}, index);
  Value value = op.value_of(label, {scores.shape[0]}, plain_layout(1), scores);
  value.type = TensorProto::INT32;
  op.output(0, op.cast(value, TensorProto::INT64));
}

Value two_classes(NodeImport& op, const Value& score, bool plain) {
  return dense(op, score, {-1.0f, 1.0f}, {plain ? 1.0f : 0.0f, 0.0f});
}

void import_linear(NodeImport& op) {
  const Value x = features_of(op);
  const bool classifier = op.is("LinearClassifier");
  const std::vector<float> weights = op.reals("coefficients");
  std::vector<float> bias = op.reals("intercepts");
  op.ignore("multi_class");
  const auto features = static_cast<size_t>(x.shape[1]);
  const size_t rows = classifier ? weights.size() / features : static_cast<size_t>(op.integer("targets", 1));
  if (bias.empty()) bias.resize(rows);
  op.require(rows > 0 && bias.size() == rows && weights.size() == rows * features,
             "coefficients and intercepts do not fit the features");
  const Value sums = dense(op, x, weights, bias);
  if (!classifier) return op.output(0, post_transformed(op, sums));
  const size_t classes = class_count(op);
  const bool one_score = rows == 1 && classes == 2;
  op.require(one_score || rows == classes, "as many rows of coefficients as labels are needed");
  if (!one_score) return classify(op, post_transformed(op, sums));
  // ONNX Runtime: 1 - s and s without a transform, else the transform of -s and s.
  const bool none = op.text("post_transform", "NONE") == "NONE";
  classify(op, post_transformed(op, two_classes(op, sums, none)));
}

void import_scaler(NodeImport& op) {
  Value x = features_of(op);
  if (op.is("Scaler")) {
    const std::vector<float> offset = op.reals("offset"), scale = op.reals("scale");
    if (!offset.empty()) x = op.binary(ir::Op::sub, x, row(op, offset, x));
    if (!scale.empty()) x = op.binary(ir::Op::mul, x, row(op, scale, x));
    return op.output(0, x);
  }
  const std::string norm = op.text("norm", "MAX");
  if (norm == "L2") return op.output(0, matrix(op, op.add(ir::Op::l2_normalization, {op.plain(x)}), x));
  if (norm != "L1") op.unsupported(fmt::format("norm {}", norm), "supported: L1, L2");
  const Value sum = op.reduce(ir::Op::sum, op.unary(ir::Op::abs, x), {1}, true);
  op.output(0, op.binary(ir::Op::div, x, op.binary(ir::Op::maximum, sum, op.constant_like(1e-30f))));
}

void import_zip_map(NodeImport& op) {
  op.ignore("classlabels_int64s"), op.ignore("classlabels_strings");
  op.note("left out: its output is the scores, in the order of the classes");
  op.output(0, op.input(0));
}

void import_feature_extractor(NodeImport& op) {
  const Value x = op.input(0);
  op.require(x.rank() >= 1, "the input is a scalar");
  const auto axis = static_cast<int32_t>(x.rank()) - 1;
  std::vector<int32_t> indices;
  for (const int64_t i : op.integers(1, "indices")) {
    op.require(i >= 0 && i < x.shape[static_cast<size_t>(axis)], "an index out of range");
    indices.push_back(static_cast<int32_t>(i));
  }
  const Value picked = pick(op, x, indices, axis);
  op.output(0, x.rank() == 1 ? op.reshape(picked, {1, picked.shape[0]}) : picked);
}

}  // namespace whit::onnx
