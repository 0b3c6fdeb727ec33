// Products of matrices: fully connected layers where the second is a constant.
#include "whit/formats/onnx/layer.hpp"

namespace whit::onnx {
namespace {

// x [...,I] and weights [O,I]: a fully connected layer over the last dimension of the file.
Value add_fully_connected(NodeImport& op, Layer layer) {
  const auto last = layer.x.rank() - 1;
  const bool is_last = layer.x.layout.dims[last] == layer.x.layout.rank - 1;
  if (!is_last) layer.x = op.plain_value(layer.x);
  const int32_t channels = layer.weights.shape[0];
  std::vector<ir::TensorId> inputs = {layer.x.id, op.tensor(layer.weights, plain_layout(2)), ir::kNoTensor};
  if (layer.bias) {
    const Value flat = op.reshape(*layer.bias, {static_cast<int32_t>(ir::elements(layer.bias->shape))});
    const Value bias = layer.target ? quantized_bias(op, layer, flat, channels) : flat;
    inputs[2] = op.tensor(bias, plain_layout(1));
  }
  NodeImport::Result result = result_of(layer);
  result.shape = op.graph().tensor(layer.x.id).shape;
  result.shape.back() = channels;
  ir::ActivationAttributes attributes;
  if (layer.target) attributes.activation = layer.target->activation;
  ir::Shape shape = layer.x.shape;
  shape[last] = channels;
  Value value =
      op.value_of(op.add(ir::Op::fully_connected, inputs, attributes, result), shape, layer.x.layout, layer.x);
  value.scales = result.scales;
  return value;
}

Value matmul(NodeImport& op, Value a, Value b, ir::MatmulAttributes attributes, const NodeImport::Result& result) {
  op.require(a.rank() >= 1 && b.rank() >= 1, "an operand is a scalar");
  const bool row = a.rank() == 1, column = b.rank() == 1;
  if (row) a = op.reshape(a, {1, a.shape[0]});
  if (column) b = op.reshape(b, {b.shape[0], 1});
  const ir::TensorId id = op.add(ir::Op::batch_matmul, {op.plain(a), op.plain(b)}, attributes, result);
  ir::Shape shape = op.graph().tensor(id).shape;
  Value value = op.value_of(id, shape, plain_layout(shape.size()), a);
  value.scales = result.scales;
  if (column) shape.pop_back();
  if (row) shape.erase(shape.end() - (column ? 1 : 2));
  return op.reshape(value, shape);
}

}  // namespace

void import_matmul(NodeImport& op) {
  const bool qlinear = op.is("QLinearMatMul");
  const size_t second = qlinear ? 3 : 1;
  Value a = op.stored(0), b = op.stored(second);
  if (a.constant == nullptr && b.constant != nullptr && b.rank() == 2 && a.rank() >= 1) {
    Layer layer = qlinear ? qlinear_layer_of(op, 1) : layer_of(op);
    layer.weights = op.transpose(layer.weights, {1, 0});
    op.require(layer.weights.shape[1] == layer.x.shape.back(), "the matrices do not fit");
    Value value = add_fully_connected(op, layer);
    if (qlinear) value.type = a.type;
    return op.output(0, value);
  }
  if (qlinear)
    op.unsupported("a product of two computed matrices in QLinearMatMul", "supported: a constant second matrix");
  NodeImport::Result result;
  const bool quantized = op.all_quantized({0, 1}) && a.scales->scale.size() == 1 && b.scales->scale.size() == 1;
  const auto target = quantized ? op.target() : std::nullopt;
  if (target) result.scales = target->scales;
  if (!target) a = op.dequantized(a), b = op.dequantized(b);
  op.output(0, matmul(op, a, b, {}, result));
}

void import_gemm(NodeImport& op) {
  const float alpha = op.real("alpha", 1), beta = op.real("beta", 1);
  const bool transpose_a = op.integer("transA", 0) != 0, transpose_b = op.integer("transB", 0) != 0;
  op.ignore("broadcast");
  Value a = op.stored(0), b = op.stored(1);
  op.require(a.rank() == 2 && b.rank() == 2, "the matrices need two dimensions");
  std::optional<Value> c;
  if (op.has(2) && beta != 0) c = op.stored(2);
  const int32_t columns = b.shape[transpose_b ? 0 : 1];
  const bool plain_bias = !c || (c->constant != nullptr && ir::elements(c->shape) == columns && c->rank() >= 1 &&
                                 c->shape.back() == columns);
  if (b.constant != nullptr && a.constant == nullptr && plain_bias && !transpose_a) {
    Layer layer = layer_of(op);
    if (!c) layer.bias.reset();
    if (layer.target && (alpha != 1 || (c && beta != 1))) op.unsupported("a quantized Gemm with alpha or beta");
    if (!transpose_b) layer.weights = op.transpose(layer.weights, {1, 0});
    op.require(layer.weights.shape[1] == a.shape[1], "the matrices do not fit");
    if (alpha != 1) layer.weights = op.binary(ir::Op::mul, layer.weights, op.constant_like(alpha));
    if (c && beta != 1) layer.bias = op.binary(ir::Op::mul, *layer.bias, op.constant_like(beta));
    return op.output(0, add_fully_connected(op, layer));
  }
  Value product = matmul(op, op.input(0), op.input(1), {transpose_a, transpose_b}, {});
  if (alpha != 1) product = op.binary(ir::Op::mul, product, op.constant_like(alpha));
  if (!c) return op.output(0, product);
  Value bias = op.input(2);
  if (beta != 1) bias = op.binary(ir::Op::mul, bias, op.constant_like(beta));
  op.output(0, op.binary(ir::Op::add, product, bias));
}

}  // namespace whit::onnx
