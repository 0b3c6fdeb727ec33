#include "whit/formats/onnx/layer.hpp"

#include <algorithm>
#include <cmath>

namespace whit::onnx {
namespace {

void check_weights(const NodeImport& op, const Value& weights) {
  if (weights.constant == nullptr) {
    op.unsupported("weights computed at run time", "weights need to be constants (initializers)");
  }
  if (!weights.scales) return;
  const auto& zeros = weights.scales->zero_point;
  if (std::any_of(zeros.begin(), zeros.end(), [](int32_t zero) { return zero != 0; })) {
    op.unsupported("quantized weights that are not symmetric",
                   "supported: int8 weights with zero point 0 (uint8 with 128); quantize weights symmetrically");
  }
}

}  // namespace

Value quantized_bias(NodeImport& op, const Layer& layer, const Value& bias, int32_t channels) {
  const Value real = op.dequantized(bias);
  if (real.constant == nullptr) op.unsupported("a bias computed at run time", "it needs to be a constant");
  op.require(real.constant->count() == channels, "a bias for each output channel is needed");
  const std::vector<float>& w = layer.weights.scales->scale;
  Scales scales;
  Constant stored = make_constant(TensorProto::INT32, {channels}, op.where());
  for (int32_t c = 0; c < channels; ++c) {
    const float scale = layer.x.scales->scale[0] * w[w.size() == 1 ? 0 : static_cast<size_t>(c)];
    const double value = std::nearbyint(real.constant->real(c) / static_cast<double>(scale));
    if (!(std::abs(value) < 2147483648.0))
      op.unsupported("a bias that does not fit into int32 with the scales of input and weights");
    stored.set(c, value);
    if (c == 0 || w.size() > 1) scales.scale.push_back(scale), scales.zero_point.push_back(0);
  }
  Value value = constant_value(std::move(stored));
  value.scales = scales;
  return value;
}

Layer layer_of(NodeImport& op) {
  Layer layer{op.stored(0), op.stored(1), std::nullopt, std::nullopt};
  if (op.has(2)) layer.bias = op.stored(2);
  check_weights(op, layer.weights);
  const bool quantized = layer.x.scales && layer.weights.scales && layer.x.type == TensorProto::FLOAT;
  if (quantized) layer.target = op.target_with_relu();
  if (!layer.target) {
    layer.x = op.dequantized(layer.x);
    layer.weights = op.dequantized(layer.weights);
    if (layer.bias) layer.bias = op.dequantized(*layer.bias);
    op.require(layer.x.type == TensorProto::FLOAT && layer.weights.type == TensorProto::FLOAT,
               "operands that are not float32");
  }
  return layer;
}

Layer qlinear_layer_of(NodeImport& op, int32_t weights_axis) {
  const auto operand = [&](size_t i, int32_t axis) {
    Value value = op.stored(i);
    FileScales scales = scales_of(op, i + 1, i + 2, axis);
    op.require(scales.type == value.type, "a zero point of another type than the integers");
    if (value.constant == nullptr) {
      if (value.scales && *value.scales != scales.scales)
        op.unsupported("integers that are read with another scale than they were made with");
      ir::Tensor& tensor = op.graph().tensor(value.id);
      if (!value.scales) {
        if (!tensor.quantization.empty() || scales.scales.scale.size() != 1)
          op.unsupported("integers that are read with two scales");
        const int32_t offset = value.type == TensorProto::UINT8 ? kUnsignedOffset : 0;
        tensor.quantization = {scales.scales.scale, {scales.scales.zero_point[0] + offset}, 0};
        if (offset != 0) value.id = op.add(ir::Op::quantize, {value.id}, {}, {{}, ir::DType::i8, scales.scales});
      }
    }
    value.type = TensorProto::FLOAT;
    value.scales = scales.scales;
    return value;
  };
  Layer layer{operand(0, 0), operand(3, weights_axis), std::nullopt, Target{scales_of(op, 6, 7, 0).scales}};
  check_weights(op, layer.weights);
  op.require(layer.target->scales.scale.size() == 1, "the output needs one scale");
  if (op.has(8)) {  // int32 of scale x * w
    const ConstantPtr bias = op.constant(8, "a bias");
    const auto& w = layer.weights.scales->scale;
    Constant real = make_constant(TensorProto::FLOAT, bias->shape, op.where());
    for (int64_t c = 0; c < real.count(); ++c) {
      op.require(w.size() == 1 || static_cast<size_t>(c) < w.size(), "more biases than scales");
      real.set(c, bias->real(c) *
                      static_cast<double>(layer.x.scales->scale[0] * w[w.size() == 1 ? 0 : static_cast<size_t>(c)]));
    }
    layer.bias = constant_value(std::move(real));
  }
  return layer;
}

NodeImport::Result result_of(const Layer& layer) {
  NodeImport::Result result;
  if (layer.target) result.scales = layer.target->scales;
  return result;
}

}  // namespace whit::onnx
