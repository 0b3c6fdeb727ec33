// Convolutions, in float32 and int8.
#include <fmt/format.h>

#include <algorithm>

#include "whit/formats/onnx/layer.hpp"
#include "whit/formats/onnx/window.hpp"

namespace whit::onnx {
namespace {

// [N,C,H,W] as [N,H,W,C], and [N,C,L] as [N,1,L,C].
Layout image_layout(size_t rank) { return rank == 3 ? Layout{{0, 3, 2}, 4} : channels_last(4); }

// Weights of one channel for each group: [M,1,KH,KW] as [1,KH,KW,M].
Layout depthwise_layout(size_t rank) { return rank == 3 ? Layout{{3, -1, 2}, 4} : Layout{{3, -1, 1, 2}, 4}; }

struct ConvPlan {
  ir::Op op;
  ir::ConvAttributes attributes;
  Layout weights;
};

Value add_conv(NodeImport& op, const Layer& layer, const ConvPlan& plan) {
  const Layout layout = image_layout(layer.x.rank());
  const auto channels = layer.weights.shape[plan.op == ir::Op::transpose_conv2d ? 1 : 0];
  std::vector<ir::TensorId> inputs = {op.tensor(layer.x, layout), op.tensor(layer.weights, plan.weights),
                                      ir::kNoTensor};
  std::optional<Value> late_bias;
  if (layer.bias) {
    op.require(layer.bias->rank() == 1 && layer.bias->shape[0] == channels, "a bias for each output channel is needed");
    const Value bias = layer.target ? quantized_bias(op, layer, *layer.bias, channels) : *layer.bias;
    if (bias.constant != nullptr) {
      inputs[2] = op.tensor(bias, plain_layout(1));
    } else {
      late_bias = bias;
    }
  }
  const ir::TensorId id = op.add(plan.op, inputs, plan.attributes, result_of(layer));
  const ir::Shape& out = op.graph().tensor(id).shape;
  ir::Shape shape = {out[0], out[3]};
  if (layer.x.rank() == 4) shape.push_back(out[1]);
  shape.push_back(out[2]);
  Value value = op.value_of(id, shape, layout, layer.x);
  value.scales = result_of(layer).scales;
  if (!late_bias) return value;
  ir::Shape column(layer.x.rank() - 1, 1);
  column[0] = channels;
  return op.binary(ir::Op::add, value, op.reshape(*late_bias, column));
}

// Part `g` of a dimension of `x` that is cut into `groups`.
Value part(NodeImport& op, const Value& x, int32_t axis, int32_t g, int32_t groups) {
  const int32_t size = x.shape[static_cast<size_t>(axis)] / groups;
  Value value = x;
  const std::optional<Scales> all = x.scales;
  if (all && all->scale.size() > 1 && all->axis == axis) {
    // The elements are cut without their scales, which follow.
    value.scales = Scales{{1.0f}, {0}, 0};
    value = op.slice_axis(value, axis, g * size, size);
    Scales own{{all->scale.begin() + g * size, all->scale.begin() + (g + 1) * size},
               {all->zero_point.begin() + g * size, all->zero_point.begin() + (g + 1) * size},
               axis};
    value.scales = own;
    return value;
  }
  return op.slice_axis(value, axis, g * size, size);
}

Value add_grouped(NodeImport& op, const Layer& layer, const ConvPlan& plan, int32_t groups) {
  const bool transposed = plan.op == ir::Op::transpose_conv2d;
  if (groups == 1) return add_conv(op, layer, plan);
  if (groups > 64)
    op.unsupported(fmt::format("a convolution of {} groups", groups),
                   "supported: up to 64 groups, or as many as channels");
  std::vector<Value> parts;
  for (int32_t g = 0; g < groups; ++g) {
    Layer one = layer;
    one.x = part(op, layer.x, 1, g, groups);
    one.weights = part(op, layer.weights, 0, g, groups);
    if (layer.bias)
      one.bias = transposed || layer.bias->rank() == 1 ? part(op, *layer.bias, 0, g, groups) : *layer.bias;
    parts.push_back(add_conv(op, one, plan));
  }
  return op.concat(std::move(parts), 1);
}

void check_conv(NodeImport& op, const Layer& layer) {
  const size_t rank = layer.x.rank();
  op.require(rank >= 3 && rank <= 5 && layer.weights.rank() == rank, "input and weights need the same rank, 3 to 5");
  op.require(ir::elements(layer.weights.shape) > 0, "the weights are empty");
}

}  // namespace

namespace {

Value convolution(NodeImport& op, const Layer& layer, const Window& window, int32_t groups) {
  ConvPlan plan{ir::Op::conv2d, conv_attributes(window), image_layout(layer.x.rank())};
  if (layer.target) plan.attributes.activation = layer.target->activation;
  if (groups == 1 || groups != layer.x.shape[1]) return add_grouped(op, layer, plan, groups);
  plan.op = ir::Op::depthwise_conv2d, plan.weights = depthwise_layout(layer.x.rank());
  return add_conv(op, layer, plan);
}

// A convolution of three dimensions as a sum over its depth of convolutions of all images.
Value volume_convolution(NodeImport& op, const Layer& layer, const Window& window, int32_t groups) {
  if (layer.target) op.unsupported("a quantized convolution of three dimensions");
  const Window depth = depth_of(window);
  const Value x = op.pad(layer.x, {0, 0, static_cast<int32_t>(depth.before[1]), 0, 0},
                         {0, 0, static_cast<int32_t>(depth.after[1]), 0, 0}, 0);
  const int64_t reach = (depth.kernel[1] - 1) * depth.dilation[1] + 1;
  op.require(x.shape[2] >= reach, "a window larger than its input");
  if (depth.kernel[1] > 64) op.unsupported("a window of more than 64 in depth");
  ir::Shape taken = x.shape;
  taken[2] = static_cast<int32_t>((x.shape[2] - reach) / depth.stride[1] + 1);
  std::optional<Value> sum;
  for (int32_t k = 0; k < depth.kernel[1]; ++k) {
    Layer one = layer;
    const auto begin = static_cast<int32_t>(k * depth.dilation[1]), stride = static_cast<int32_t>(depth.stride[1]);
    one.x = as_images(op, op.slice(x, {0, 0, begin, 0, 0}, {1, 1, stride, 1, 1}, taken));
    const ir::Shape& w = layer.weights.shape;
    one.weights = op.reshape(op.slice_axis(layer.weights, 2, k, 1), {w[0], w[1], w[3], w[4]});
    if (k > 0) one.bias.reset();
    const Value part = convolution(op, one, plane_of(window), groups);
    sum = sum ? op.binary(ir::Op::add, *sum, part) : part;
  }
  return as_volume(op, *sum, x.shape[0]);
}

}  // namespace

void import_conv(NodeImport& op) {
  Layer layer = op.is("Conv") ? layer_of(op) : qlinear_layer_of(op, 0);
  check_conv(op, layer);
  const ir::Shape x = layer.x.shape, w = layer.weights.shape;
  const Window window = window_of(op, {x.begin() + 2, x.end()}, {w.begin() + 2, w.end()});
  const int64_t groups = op.integer("group", 1);
  op.require(groups >= 1 && groups <= x[1] && x[1] % groups == 0 && w[0] % groups == 0 && w[1] == x[1] / groups,
             "groups, channels and weights do not fit");
  layer.x = crop(op, layer.x, window);
  if (layer.target && !layer.x.scales) op.unsupported("negative padding of a quantized constant");
  const auto convolve = x.size() == 5 ? volume_convolution : convolution;
  Value value = convolve(op, layer, window, static_cast<int32_t>(groups));
  if (op.is("QLinearConv")) value.type = op.stored(0).type;
  op.output(0, value);
}

namespace {

// Zeros between the taps, so that a dilated kernel is a plain one.
Value dilated(NodeImport& op, const Value& weights, const std::vector<int64_t>& dilations) {
  Value value = weights;
  for (size_t k = 0; k < dilations.size(); ++k) {
    if (dilations[k] == 1) continue;
    const size_t d = k + 2;
    ir::Shape shape = value.shape;
    shape[d] = checked_shape({(int64_t{shape[d]} - 1) * dilations[k] + 1}, 1, op.where())[0];
    int64_t inner = 1;
    for (size_t e = d + 1; e < shape.size(); ++e) inner *= shape[e];
    Constant wide = make_constant(value.constant->type, shape, op.where());
    const Constant& narrow = *value.constant;
    const bool zero_is_128 = value.scales && narrow.type == TensorProto::UINT8;
    if (zero_is_128) std::fill(wide.bytes.begin(), wide.bytes.end(), 128);
    const int64_t from_axis = value.shape[d], to_axis = shape[d];
    for (int64_t i = 0; i < narrow.count(); ++i) {
      const int64_t outer = i / (inner * from_axis), at = i / inner % from_axis;
      const int64_t to = (outer * to_axis + at * dilations[k]) * inner + i % inner;
      is_real(narrow.type) ? wide.set(to, narrow.real(i)) : wide.set(to, narrow.integer(i));
    }
    value.constant = std::make_shared<Constant>(std::move(wide));
    value.shape = shape;
  }
  return value;
}

}  // namespace

void import_conv_transpose(NodeImport& op) {
  Layer layer = layer_of(op);
  check_conv(op, layer);
  const int64_t groups = op.integer("group", 1);
  const ir::Shape& x = layer.x.shape;
  if (x.size() == 5) op.unsupported("a transposed convolution of three dimensions", "supported: one and two");
  op.require(groups >= 1 && groups <= x[1] && x[1] % groups == 0 && layer.weights.shape[0] == x[1],
             "groups, channels and weights do not fit");
  const size_t spatial = x.size() - 2;
  std::vector<int64_t> dilations = op.integers("dilations"), outputs = op.integers("output_shape"),
                       more = op.integers("output_padding"), pads = op.integers("pads"),
                       strides = op.integers("strides");
  if (dilations.empty()) dilations.assign(spatial, 1);
  if (strides.empty()) strides.assign(spatial, 1);
  if (more.empty()) more.assign(spatial, 0);
  op.require(dilations.size() == spatial && strides.size() == spatial && more.size() == spatial,
             "an attribute with another number of dimensions");
  for (const int64_t value : dilations) op.require(value >= 1 && value <= 0xFFFF, "a dilation out of range");
  for (const int64_t value : strides) op.require(value >= 1 && value <= 0xFFFF, "a stride out of range");
  for (const int64_t value : more) op.require(value >= 0 && value <= 0xFFFF, "an output padding out of range");
  op.ignore("kernel_shape");
  layer.weights = dilated(op, layer.weights, dilations);
  if (layer.weights.scales && layer.weights.scales->scale.size() > 1) {
    op.require(layer.weights.scales->axis == 1 && groups == 1,
               "scales along another dimension than the output channels");
  }
  const std::string auto_pad = op.text("auto_pad", "NOTSET");
  if (pads.empty()) pads.assign(2 * spatial, 0);
  op.require(pads.size() == 2 * spatial, "two paddings for each dimension are needed");
  const bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  if (same && outputs.empty()) {
    for (size_t k = 0; k < spatial; ++k) outputs.push_back(x[k + 2] * strides[k]);
  }
  if (outputs.size() == x.size()) outputs.erase(outputs.begin(), outputs.begin() + 2);
  op.require(outputs.empty() || outputs.size() == spatial, "an output shape with another number of dimensions");
  std::vector<int32_t> before(2, 0), after(2, 0), stride(2, 1);
  for (size_t k = 0; k < spatial; ++k) {
    const size_t at = k + 2 - spatial;
    const int64_t full = (int64_t{x[k + 2]} - 1) * strides[k] + layer.weights.shape[k + 2];
    int64_t first = pads[k], last = pads[k + spatial] - more[k];
    if (!outputs.empty()) {
      const int64_t total = full + more[k] - outputs[k];
      first = auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
      last = total - first - more[k];
    }
    op.require(first >= 0 && first <= 0xFFFF && last > -0xFFFF && last <= 0x7FFFFFF, "a padding out of range");
    before[at] = static_cast<int32_t>(first), after[at] = static_cast<int32_t>(last);
    stride[at] = static_cast<int32_t>(strides[k]);
  }
  // [C,M,KH,KW] as [M,KH,KW,C].
  ConvPlan plan{ir::Op::transpose_conv2d, {}, x.size() == 3 ? Layout{{3, 0, 2}, 4} : Layout{{3, 0, 1, 2}, 4}};
  plan.attributes.stride_h = stride[0], plan.attributes.stride_w = stride[1];
  plan.attributes.pad_top = before[0], plan.attributes.pad_bottom = after[0];
  plan.attributes.pad_left = before[1], plan.attributes.pad_right = after[1];
  if (layer.target) plan.attributes.activation = layer.target->activation;
  op.output(0, add_grouped(op, layer, plan, static_cast<int32_t>(groups)));
}

}  // namespace whit::onnx
