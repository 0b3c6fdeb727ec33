// Layers with weights, and pools: SAME and VALID become explicit padding.
#include <fmt/format.h>

#include "whit/formats/tflite/import.hpp"
#include "whit/formats/tflite/padding.hpp"

namespace whit::tflite {
namespace {

// Keeps the padding formula within 63 bits and its divisor positive.
void check_window(const OpImport& op, std::initializer_list<int32_t> values) {
  for (const int32_t value : values) {
    if (value < 1 || value > 0xFFFF) op.bad(fmt::format("a stride, dilation or window of {}", value));
  }
}

void check_padding(const OpImport& op, Padding padding) {
  op.require(padding == Padding::SAME || padding == Padding::VALID, "an unknown kind of padding");
}

template <typename Options>
void import_conv_with(OpImport& op, ir::Op kind) {
  const auto& o = op.options<Options>();
  const ir::Shape input = op.input_shape(0), weights = op.input_shape(1);
  op.require(input.size() == 4 && weights.size() == 4, "input and weights need rank 4");
  check_window(op, {o.stride_h(), o.stride_w(), o.dilation_h(), o.dilation_w(), weights[1], weights[2]});
  check_padding(op, o.padding());
  ir::ConvAttributes a;
  a.stride_h = o.stride_h(), a.stride_w = o.stride_w();
  a.dilation_h = o.dilation_h(), a.dilation_w = o.dilation_w();
  const Pads h = pads(o.padding(), input[1], weights[1], a.stride_h, a.dilation_h);
  const Pads w = pads(o.padding(), input[2], weights[2], a.stride_w, a.dilation_w);
  a.pad_top = h.before, a.pad_bottom = h.after, a.pad_left = w.before, a.pad_right = w.after;
  a.activation = op.activation(o.activation());
  op.add(kind, {op.input(0), op.weights(1), op.optional_input(2)}, op.output(), a);
}

}  // namespace

void import_conv(OpImport& op) {
  if (op.code() == BuiltinOperator::CONV_2D) return import_conv_with<Conv2DOptions>(op, ir::Op::conv2d);
  import_conv_with<DepthwiseConv2DOptions>(op, ir::Op::depthwise_conv2d);
}

namespace {

// Computed at run time it can only be what the file gives the output, unless that is left open.
Integers output_size(OpImport& op) {
  const FileTensor& output = op.output_tensor(0);
  if (op.known_integers(0) || output.dynamic || output.shape.size() != 4) return op.integers(0, "the output's shape");
  return {{4}, {output.shape.begin(), output.shape.end()}};
}

}  // namespace

// The file gives the size of the output; the padding is that of the convolution which goes the other way.
void import_transpose_conv(OpImport& op) {
  const auto& o = op.options<TransposeConvOptions>();
  const Integers size = output_size(op);
  const ir::Shape weights = op.input_shape(1), input = op.input_shape(2);
  op.require(input.size() == 4 && weights.size() == 4 && size.values.size() == 4, "operands need rank 4");
  check_window(op, {o.stride_h(), o.stride_w(), weights[1], weights[2]});
  check_padding(op, o.padding());
  for (const int64_t dim : size.values) op.require(dim >= 1 && dim <= 0x7FFFFFFF, "the output's shape is out of range");
  ir::ConvAttributes a;
  a.stride_h = o.stride_h(), a.stride_w = o.stride_w();
  const auto cut = [&](size_t d, int64_t stride, int32_t& before, int32_t& after) {
    before = pads(o.padding(), size.values[d], weights[d], stride, 1).before;
    const int64_t behind = (int64_t{input[d]} - 1) * stride + weights[d] - before - size.values[d];
    op.require(behind > -0xFFFF && behind < 0x7FFFFFFF, "the output's shape does not follow from the input's");
    after = static_cast<int32_t>(behind);
  };
  cut(1, a.stride_h, a.pad_top, a.pad_bottom);
  cut(2, a.stride_w, a.pad_left, a.pad_right);
  a.activation = op.activation(o.activation());
  const ir::Shape shape(size.values.begin(), size.values.end());
  // Input 0 of the node has to be the activations, which decide the type of the weights.
  op.add(ir::Op::transpose_conv2d, {op.input(2), op.weights(1, 2), op.optional_input(3)}, op.output(0, shape), a);
}

void import_fully_connected(OpImport& op) {
  const auto& o = op.options<FullyConnectedOptions>();
  if (o.weights_format() != WeightsFormat::DEFAULT) op.unsupported("shuffled weights", "supported: plain weights");
  const ir::Shape input = op.input_shape(0), weights = op.input_shape(1);
  op.require(weights.size() == 2 && weights[1] > 0 && ir::elements(input) % weights[1] == 0,
             "the input does not fit the weights");
  ir::Shape shape = {static_cast<int32_t>(ir::elements(input) / weights[1]), weights[0]};
  if (o.keep_num_dims()) {
    op.require(!input.empty() && input.back() == weights[1], "the input does not fit the weights");
    shape = input;
    shape.back() = weights[0];
  }
  // Some files keep leading dimensions of 1 without saying so; the elements are the same.
  const ir::Shape& file = op.output_tensor(0).shape;
  const bool same_elements = !file.empty() && file.back() == weights[0] && ir::elements(file) == ir::elements(shape);
  const ir::TensorId output = same_elements ? op.output(0) : op.output(0, shape);
  op.add(ir::Op::fully_connected, {op.input(0), op.weights(1), op.optional_input(2)}, output,
         ir::ActivationAttributes{op.activation(o.activation())});
}

void import_batch_matmul(OpImport& op) {
  const auto& o = op.options<BatchMatMulOptions>();
  op.add(ir::Op::batch_matmul, {op.input(0), op.weights(1)}, op.output(), ir::MatmulAttributes{o.adj_x(), o.adj_y()});
}

void import_pool(OpImport& op) {
  const auto& o = op.options<Pool2DOptions>();
  const ir::Shape input = op.input_shape(0);
  op.require(input.size() == 4, "the input needs rank 4");
  check_window(op, {o.stride_h(), o.stride_w(), o.filter_h(), o.filter_w()});
  check_padding(op, o.padding());
  ir::PoolAttributes a;
  a.kernel_h = o.filter_h(), a.kernel_w = o.filter_w();
  a.stride_h = o.stride_h(), a.stride_w = o.stride_w();
  const Pads h = pads(o.padding(), input[1], a.kernel_h, a.stride_h, 1);
  const Pads w = pads(o.padding(), input[2], a.kernel_w, a.stride_w, 1);
  a.pad_top = h.before, a.pad_bottom = h.after, a.pad_left = w.before, a.pad_right = w.after;
  a.activation = op.activation(o.activation());
  const bool average = op.code() == BuiltinOperator::AVERAGE_POOL_2D;
  op.add(average ? ir::Op::average_pool2d : ir::Op::max_pool2d, {op.input(0)}, op.output(), a);
}

}  // namespace whit::tflite
