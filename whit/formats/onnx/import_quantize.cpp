// QuantizeLinear, DequantizeLinear, and what they make of the ops between them: int8 as TFLite has it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "whit/formats/onnx/import.hpp"

namespace whit::onnx {
namespace {

bool is_byte(int32_t type) { return type == TensorProto::INT8 || type == TensorProto::UINT8; }

size_t channel_of(const Value& x, int64_t i) {
  if (x.scales->scale.size() == 1) return 0;
  int64_t inner = 1;
  for (size_t d = static_cast<size_t>(x.scales->axis) + 1; d < x.rank(); ++d) inner *= x.shape[d];
  return static_cast<size_t>(i / inner) % x.scales->scale.size();
}

Value dequantized_constant(const NodeImport& op, const Value& x) {
  const int32_t offset = x.constant->type == TensorProto::UINT8 ? kUnsignedOffset : 0;
  Constant real = make_constant(TensorProto::FLOAT, x.shape, op.where());
  for (int64_t i = 0; i < real.count(); ++i) {
    const size_t c = channel_of(x, i);
    const double stored = static_cast<double>(x.constant->integer(i) - offset - x.scales->zero_point[c]);
    real.set(i, static_cast<double>(x.scales->scale[c]) * stored);
  }
  Value value;
  value.shape = x.shape;
  value.constant = std::make_shared<Constant>(std::move(real));
  return value;
}

// With the arithmetic of QuantizeLinear: halves to even.
Value quantized_constant(const NodeImport& op, const Value& x, const FileScales& to) {
  Value value;
  value.type = to.type;
  value.shape = x.shape;
  value.scales = to.scales;
  Constant stored = make_constant(to.type, x.shape, op.where());
  const int32_t offset = to.type == TensorProto::UINT8 ? kUnsignedOffset : 0;
  const int64_t low = to.type == TensorProto::UINT8 ? 0 : -128;
  for (int64_t i = 0; i < stored.count(); ++i) {
    const size_t c = channel_of(value, i);
    const double q = std::nearbyint(static_cast<float>(x.constant->real(i)) / to.scales.scale[c]);
    stored.set(i, std::clamp(q + to.scales.zero_point[c] + offset, static_cast<double>(low), low + 255.0));
  }
  value.constant = std::make_shared<Constant>(std::move(stored));
  return value;
}

}  // namespace

FileScales scales_of(NodeImport& op, size_t scale, size_t zero_point, int32_t axis) {
  const ConstantPtr scales = op.constant(scale, "a scale");
  FileScales result{{}, TensorProto::UINT8};
  ConstantPtr zeros;
  if (op.has(zero_point)) {
    zeros = op.constant(zero_point, "a zero point");
    result.type = zeros->type;
    op.require(zeros->count() == scales->count(), "as many zero points as scales are needed");
  }
  op.require(is_real(scales->type) && scales->shape.size() <= 1 && scales->count() > 0,
             "a scale of another shape or type");
  if (!is_byte(result.type) && result.type != TensorProto::INT32) {
    op.unsupported(fmt::format("quantization to {}", name_of_type(result.type)), "supported: int8 and uint8");
  }
  result.scales.axis = axis;
  const int64_t offset = result.type == TensorProto::UINT8 ? kUnsignedOffset : 0;
  for (int64_t i = 0; i < scales->count(); ++i) {
    const auto value = static_cast<float>(scales->real(i));
    if (!std::isfinite(value) || !(value > 0)) op.bad(fmt::format("a scale of {}", value));
    result.scales.scale.push_back(value);
    result.scales.zero_point.push_back(static_cast<int32_t>((zeros == nullptr ? 0 : zeros->integer(i)) - offset));
  }
  if (result.scales.scale.size() == 1) result.scales.axis = 0;
  return result;
}

std::optional<Target> NodeImport::target_of(const NodeProto& node) const {
  if (node.output_size() == 0) return std::nullopt;
  const NodeProto* user = only_user(node.output(0));
  if (user == nullptr || user->op_type() != "QuantizeLinear" || user->input_size() < 2) return std::nullopt;
  // Read as that node's own: its operands have to be known here already.
  for (int i = 1; i < user->input_size(); ++i) {
    const auto found = import_.values_.find(user->input(i));
    if (found == import_.values_.end() || found->second.constant == nullptr) return std::nullopt;
  }
  NodeImport quantize(import_, *user, index_, depth_);
  const FileScales scales = scales_of(quantize, 1, 2, 0);
  if (scales.scales.scale.size() != 1 || !is_byte(scales.type)) return std::nullopt;
  return Target{scales.scales};
}

std::optional<Target> NodeImport::target() const { return target_of(node_); }

std::optional<Target> NodeImport::target_with_relu() {
  if (auto direct = target_of(node_)) return direct;
  const NodeProto* user = node_.output_size() > 0 ? only_user(node_.output(0)) : nullptr;
  if (user == nullptr) return std::nullopt;
  ir::Activation activation = ir::Activation::relu;
  if (user->op_type() == "Clip" && opset() >= 11 && user->input_size() == 3) {
    const auto low = import_.values_.find(user->input(1)), high = import_.values_.find(user->input(2));
    const auto is = [&](const auto& bound, double value) {
      return bound != import_.values_.end() && bound->second.constant != nullptr &&
             bound->second.constant->count() == 1 && bound->second.constant->real(0) == value;
    };
    if (!is(low, 0) || !is(high, 6)) return std::nullopt;
    activation = ir::Activation::relu6;
  } else if (user->op_type() != "Relu") {
    return std::nullopt;
  }
  auto behind = target_of(*user);
  if (!behind) return std::nullopt;
  behind->activation = activation;
  import_.fused_.insert(user);
  return behind;
}

Value NodeImport::requantized(const Value& value, const Scales& scales) {
  if (value.scales == scales) return value;
  Value result = value;
  result.scales = scales;
  if (value.constant != nullptr) {
    const int32_t type = is_byte(value.constant->type) ? value.constant->type : static_cast<int32_t>(TensorProto::INT8);
    const Value real = value.scales ? dequantized_constant(*this, value) : value;
    result.constant = quantized_constant(*this, real, {scales, type}).constant;
    return result;
  }
  result.id = add(ir::Op::quantize, {value.id}, {},
                  {value.layout.rank == 0 ? ir::Shape{} : graph().tensor(value.id).shape, ir::DType::i8, scales});
  return result;
}

Value NodeImport::dequantized(const Value& x) {
  if (!x.scales) return x;
  Value value = x;
  value.scales.reset();
  if (x.type != TensorProto::FLOAT) {  // the integers themselves
    if (x.constant != nullptr || x.type != TensorProto::UINT8) return value;
    const Scales shifted{x.scales->scale, {x.scales->zero_point[0] + kUnsignedOffset}, 0};
    value.id = add(ir::Op::quantize, {x.id}, {}, {{}, ir::DType::u8, shifted});
    return value;
  }
  if (x.constant != nullptr) return dequantized_constant(*this, x);
  value.id = add(ir::Op::dequantize, {x.id}, {}, {{}, ir::DType::f32, {}});
  return value;
}

void import_quantize(NodeImport& op) {
  const int64_t axis = op.integer("axis", 1);
  op.ignore("saturate");
  if (op.integer("block_size", 0) != 0) op.unsupported("quantization in blocks");
  if (op.integer("output_dtype", 0) != 0 && !op.has(2)) op.unsupported("attribute 'output_dtype'", "give a zero point");
  const Value& x = op.stored(0);
  FileScales to = scales_of(op, 1, 2, 0);
  if (!is_byte(to.type)) op.unsupported("quantization to int32", "supported: int8 and uint8");
  if (to.scales.scale.size() > 1) to.scales.axis = op.axis(axis, x.rank());
  op.require(x.type == TensorProto::FLOAT, "the input is not float32");
  if (x.constant != nullptr) return op.output(0, quantized_constant(op, op.input(0), to));
  if (to.scales.scale.size() > 1) op.unsupported("activations quantized by channel", "quantize activations per tensor");
  Value value = op.requantized(x, to.scales);
  value.type = to.type;
  op.output(0, value);
}

void import_dequantize(NodeImport& op) {
  const int64_t axis = op.integer("axis", 1);
  if (op.integer("block_size", 0) != 0) op.unsupported("quantization in blocks");
  FileScales from = scales_of(op, 1, 2, 0);
  Value x = op.stored(0);
  if (!op.has(2)) {
    from.type = x.type;
    from.scales.zero_point.assign(from.scales.zero_point.size(), x.type == TensorProto::UINT8 ? -kUnsignedOffset : 0);
  }
  if (x.type != from.type)
    op.bad(fmt::format("a zero point of {} for {}", name_of_type(from.type), name_of_type(x.type)));
  if (from.scales.scale.size() > 1) {
    from.scales.axis = op.axis(axis, x.rank());
    op.require(static_cast<int64_t>(from.scales.scale.size()) == x.shape[static_cast<size_t>(from.scales.axis)],
               "as many scales as channels are needed");
  }
  if (x.constant == nullptr && !x.scales) {
    // Integers that come from outside, or from an op on integers: they get the quantization that is said here.
    if (from.scales.scale.size() > 1 || !is_byte(x.type))
      op.unsupported("activations of int32 or quantized by channel");
    ir::Tensor& tensor = op.graph().tensor(x.id);
    if (!tensor.quantization.empty()) op.unsupported("integers that are read with two scales");
    const int32_t offset = x.type == TensorProto::UINT8 ? kUnsignedOffset : 0;
    tensor.quantization = {from.scales.scale, {from.scales.zero_point[0] + offset}, 0};
    if (offset != 0) x.id = op.add(ir::Op::quantize, {x.id}, {}, {{}, ir::DType::i8, from.scales});
  } else if (x.constant == nullptr && x.scales != from.scales) {
    op.unsupported("integers that are read with another scale than they were made with");
  }
  x.scales = from.scales;
  x.type = TensorProto::FLOAT;
  op.output(0, x);
}

}  // namespace whit::onnx
