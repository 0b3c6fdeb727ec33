// Layers with weights, and pools: explicit padding becomes SAME or VALID, or a PAD before the layer.
#include <algorithm>
#include <cstring>
#include <limits>

#include "whit/formats/tflite/export.hpp"
#include "whit/formats/tflite/padding.hpp"

namespace whit::tflite {
namespace {

using Code = BuiltinOperator;

// The windows of a layer along height and width.
struct Windows {
  int64_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
  Pads h, w;
};

bool fits(Padding padding, const ir::Shape& size, const Windows& x) {
  return pads(padding, size[1], x.kernel_h, x.stride_h, x.dilation_h) == x.h &&
         pads(padding, size[2], x.kernel_w, x.stride_w, x.dilation_w) == x.w;
}

ir::Shape padded_shape(const ir::Shape& in, const Windows& x) {
  return {in[0], in[1] + x.h.before + x.h.after, in[2] + x.w.before + x.w.after, in[3]};
}

int32_t paddings(NodeExport& node, const Windows& x) {
  return node.integers("/paddings", {0, 0, x.h.before, x.h.after, x.w.before, x.w.after, 0, 0}, {4, 2});
}

// PAD fills in 0 as a real number: the zero point of integers.
int32_t padded(NodeExport& node, const Windows& x) {
  const int32_t result = node.step("/padded", node.in(0), padded_shape(node.in(0).shape, x));
  node.write(Code::PAD, {node.input(0), paddings(node, x)}, {result});
  return result;
}

// Fills in the least value there is, which no maximum takes.
int32_t padded_with_lowest(NodeExport& node, const Windows& x) {
  ir::Tensor lowest;
  lowest.type = node.in(0).type;
  lowest.quantization = node.in(0).quantization;
  lowest.shape = {1};
  const auto set = [&](auto value) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
    lowest.data.assign(bytes, bytes + sizeof value);
  };
  if (lowest.type == ir::DType::f32) set(std::numeric_limits<float>::lowest());
  if (lowest.type == ir::DType::i8) set(std::numeric_limits<int8_t>::lowest());
  if (lowest.type == ir::DType::u8) set(std::numeric_limits<uint8_t>::lowest());
  if (lowest.type == ir::DType::i16) set(std::numeric_limits<int16_t>::lowest());
  const int32_t value = node.constant("/lowest", std::move(lowest));
  const int32_t result = node.step("/padded", node.in(0), padded_shape(node.in(0).shape, x));
  node.write(Code::PADV2, {node.input(0), paddings(node, x), value}, {result});
  return result;
}

// What the interpreter asks of a bias, and a graph need not give: the scale of its units, the input's times the
// weights', and 64 bits beside int16 activations.
int32_t completed_bias(NodeExport& node, ir::Tensor bias) {
  const ir::Tensor &input = node.in(0), &weights = node.in(1);
  const bool widen = input.type == ir::DType::i16 && bias.type == ir::DType::i32;
  if (bias.type != ir::DType::f32 && bias.quantization.empty()) {
    bias.quantization = weights.quantization;
    bias.quantization.axis = 0;
    for (float& scale : bias.quantization.scale) scale *= input.quantization.scale[0];
  }
  if (widen) {
    const auto* values = ir::data<int32_t>(bias);
    const std::vector<int64_t> wide(values, values + ir::elements(bias.shape));
    bias.type = ir::DType::i64;
    bias.data.resize(wide.size() * sizeof(int64_t));
    memcpy(bias.data.data(), wide.data(), bias.data.size());
  }
  return node.constant("/bias", std::move(bias));
}

int32_t bias_of(NodeExport& node) {
  const ir::Tensor& bias = node.in(2);
  const bool complete =
      bias.type == ir::DType::f32 ||
      (!bias.quantization.empty() && (node.in(0).type != ir::DType::i16 || bias.type == ir::DType::i64));
  return complete ? node.input(2) : completed_bias(node, bias);
}

// The interpreter's convolutions do not go without a bias.
int32_t bias_or_zeros(NodeExport& node, int32_t channels) {
  if (node.has(2)) return bias_of(node);
  ir::Tensor zeros;
  zeros.type = node.in(0).type == ir::DType::f32 ? ir::DType::f32 : ir::DType::i32;
  zeros.shape = {channels};
  zeros.data.resize(static_cast<size_t>(ir::bytes_of(zeros)));
  return completed_bias(node, std::move(zeros));
}

// How a transposed convolution gives `out` elements along one dimension of `in`, cutting `before` off the full output:
// the other way round, a convolution with this padding has to give `in` positions.
bool fits_transposed(Padding padding, int64_t in, int64_t out, int64_t kernel, int64_t stride, int32_t before) {
  if (padding == Padding::VALID && out < kernel) return false;
  const int64_t positions = padding == Padding::SAME ? (out + stride - 1) / stride : (out - kernel) / stride + 1;
  return positions == in && pads(padding, out, kernel, stride, 1).before == before;
}

}  // namespace

void export_conv(NodeExport& node) {
  const auto& a = node.attributes<ir::ConvAttributes>();
  const ir::Shape &in = node.in(0).shape, &w = node.in(1).shape;
  const Windows x{w[1],
                  w[2],
                  a.stride_h,
                  a.stride_w,
                  a.dilation_h,
                  a.dilation_w,
                  {a.pad_top, a.pad_bottom},
                  {a.pad_left, a.pad_right}};
  const bool same = !fits(Padding::VALID, in, x) && fits(Padding::SAME, in, x);
  const int32_t input = same || fits(Padding::VALID, in, x) ? node.input(0) : padded(node, x);
  const Padding padding = same ? Padding::SAME : Padding::VALID;
  const Activation activation = node.activation(a.activation);
  const bool depthwise = node.op() == ir::Op::depthwise_conv2d;
  const std::vector<int32_t> inputs = {input, node.input(1), bias_or_zeros(node, depthwise ? w[3] : w[0])};
  if (!depthwise) {
    return node.write(
        Code::CONV_2D, inputs, {node.output()},
        CreateConv2DOptions(node.fbb(), padding, a.stride_w, a.stride_h, activation, a.dilation_w, a.dilation_h));
  }
  node.write(Code::DEPTHWISE_CONV_2D, inputs, {node.output()},
             CreateDepthwiseConv2DOptions(node.fbb(), padding, a.stride_w, a.stride_h, w[3] / in[3], activation,
                                          a.dilation_w, a.dilation_h),
             a.dilation_h > 1 || a.dilation_w > 1 ? 2 : 1);
}

// Where neither SAME nor VALID fits, the full output is computed and a SLICE cuts it.
void export_transpose_conv(NodeExport& node) {
  const auto& a = node.attributes<ir::ConvAttributes>();
  const ir::Shape &in = node.in(0).shape, &out = node.out().shape, &w = node.in(1).shape;
  const auto fits = [&](Padding padding, const ir::Shape& result, int32_t top, int32_t left) {
    return fits_transposed(padding, in[1], result[1], w[1], a.stride_h, top) &&
           fits_transposed(padding, in[2], result[2], w[2], a.stride_w, left);
  };
  const bool valid = fits(Padding::VALID, out, a.pad_top, a.pad_left);
  const bool direct = valid || fits(Padding::SAME, out, a.pad_top, a.pad_left);
  // The output may be longer than what the taps reach, but only by less than a stride.
  const ir::Shape full = {out[0], std::max((in[1] - 1) * a.stride_h + w[1], a.pad_top + out[1]),
                          std::max((in[2] - 1) * a.stride_w + w[2], a.pad_left + out[2]), out[3]};
  if (!direct && !fits(Padding::VALID, full, 0, 0)) {
    node.unsupported("the output reaches a stride or more beyond the taps", "make it shorter, and pad it after");
  }
  const int32_t result = direct ? node.output() : node.step("/full", node.out(), full);
  const Activation activation = node.activation(a.activation);
  std::vector<int32_t> inputs = {node.integers("/shape", direct ? out : full), node.input(1), node.input(0)};
  if (node.has(2)) inputs.push_back(bias_of(node));
  node.write(Code::TRANSPOSE_CONV, inputs, {result},
             CreateTransposeConvOptions(node.fbb(), direct && !valid ? Padding::SAME : Padding::VALID, a.stride_w,
                                        a.stride_h, activation),
             activation != Activation::NONE ? 4 : (node.has(2) ? 3 : 1));
  if (direct) return;
  const int32_t begin = node.integers("/begin", {0, a.pad_top, a.pad_left, 0}), count = node.integers("/size", out);
  node.write(Code::SLICE, {result, begin, count}, {node.output()});
}

void export_fully_connected(NodeExport& node) {
  const ir::Shape &in = node.in(0).shape, &w = node.in(1).shape, &out = node.out().shape;
  const ir::Shape rows = {static_cast<int32_t>(ir::elements(in) / w[1]), w[0]};
  ir::Shape kept = in;
  if (!kept.empty() && kept.back() == w[1]) kept.back() = w[0];
  const bool keep = out != rows && out == kept;
  const bool direct = keep || out == rows;
  const int32_t result = direct ? node.output() : node.step("/rows", node.out(), rows);
  const Activation activation = node.activation(node.attributes<ir::ActivationAttributes>().activation);
  node.write(Code::FULLY_CONNECTED, {node.input(0), node.input(1), node.has(2) ? bias_of(node) : -1}, {result},
             CreateFullyConnectedOptions(node.fbb(), activation, WeightsFormat::DEFAULT, keep), keep ? 5 : 1);
  if (!direct) node.write_reshape(result, node.output());
}

void export_batch_matmul(NodeExport& node) {
  const auto& a = node.attributes<ir::MatmulAttributes>();
  node.write(Code::BATCH_MATMUL, {node.input(0), node.input(1)}, {node.output()},
             CreateBatchMatMulOptions(node.fbb(), a.transpose_a, a.transpose_b));
}

void export_pool(NodeExport& node) {
  const auto& a = node.attributes<ir::PoolAttributes>();
  const ir::Shape& in = node.in(0).shape;
  const Windows x{
      a.kernel_h, a.kernel_w, a.stride_h, a.stride_w, 1, 1, {a.pad_top, a.pad_bottom}, {a.pad_left, a.pad_right}};
  const bool valid = fits(Padding::VALID, in, x), same = !valid && fits(Padding::SAME, in, x);
  const bool average = node.op() == ir::Op::average_pool2d;
  if (average && !valid && !same) {
    node.unsupported("an average pool whose padding is neither SAME nor VALID",
                     "pad with the model's SAME rule (the odd element behind), or not at all");
  }
  const int32_t input = valid || same ? node.input(0) : padded_with_lowest(node, x);
  const Activation activation = node.activation(a.activation);
  node.write(average ? Code::AVERAGE_POOL_2D : Code::MAX_POOL_2D, {input}, {node.output()},
             CreatePool2DOptions(node.fbb(), same ? Padding::SAME : Padding::VALID, a.stride_w, a.stride_h, a.kernel_w,
                                 a.kernel_h, activation));
}

}  // namespace whit::tflite
