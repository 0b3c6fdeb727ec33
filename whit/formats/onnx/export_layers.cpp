// Layers, pools and resizes, which work on images.
#include "whit/formats/onnx/export.hpp"

namespace whit::onnx {
namespace {

using ir::Op;
using ::onnx::NodeProto;

// The file's convolution weights are [O,I,KH,KW], of depthwise ones [C,1,KH,KW], of transposed ones [I,O,KH,KW].
std::string layer_weights(NodeExport& node) {
  const ir::Shape& w = node.in(1).shape;
  switch (node.node().op) {
    case Op::conv2d:
      return node.weights(1, {w[0], w[3], w[1], w[2]}, {0, 3, 1, 2}, 0);
    case Op::depthwise_conv2d:
      return node.weights(1, {w[3], 1, w[1], w[2]}, {3, 0, 1, 2}, 0);
    default:
      return node.weights(1, {w[3], w[0], w[1], w[2]}, {3, 0, 1, 2}, 1);
  }
}

}  // namespace

void export_layer(NodeExport& node) {
  const auto& a = ir::attributes<ir::ConvAttributes>(node.node());
  const bool transposed = node.node().op == Op::transpose_conv2d;
  std::vector<std::string> inputs = {node.input(0, Order::image), layer_weights(node)};
  if (node.has(2)) inputs.push_back(node.input(2));
  NodeProto& layer = node.append(transposed ? "ConvTranspose" : "Conv", inputs);
  set(layer, "strides", {a.stride_h, a.stride_w});
  set(layer, "dilations", {a.dilation_h, a.dilation_w});
  const auto at_least_0 = [](int32_t pad) { return int64_t{pad < 0 ? 0 : pad}; };
  set(layer, "pads", {a.pad_top, a.pad_left, at_least_0(a.pad_bottom), at_least_0(a.pad_right)});
  if (a.pad_bottom < 0 || a.pad_right < 0) {
    set(layer, "output_padding", {at_least_0(-a.pad_bottom), at_least_0(-a.pad_right)});
  }
  if (node.node().op == Op::depthwise_conv2d) set(layer, "group", int64_t{node.in(0).shape[3]});
  node.result(node.activated(layer.output(0), a.activation), Order::image);
}

void export_pool(NodeExport& node) {
  const auto& a = ir::attributes<ir::PoolAttributes>(node.node());
  const bool average = node.node().op == Op::average_pool2d;
  NodeProto& pool = node.append(average ? "AveragePool" : "MaxPool", {node.input(0, Order::image)});
  set(pool, "kernel_shape", {a.kernel_h, a.kernel_w});
  set(pool, "strides", {a.stride_h, a.stride_w});
  set(pool, "pads", {a.pad_top, a.pad_left, a.pad_bottom, a.pad_right});
  node.result(node.activated(pool.output(0), a.activation), Order::image);
}

// Nearest: TFLite takes floor((i + offset) * scale), and with corners the rounded position; both are rounding half up
// of what ONNX calls the position.
void export_resize(NodeExport& node) {
  const auto& a = ir::attributes<ir::ResizeAttributes>(node.node());
  const ir::Shape size = image_shape(node.out().shape);
  const std::string sizes = node.integers({size.begin(), size.end()});
  NodeProto& resize = node.append("Resize", {node.input(0, Order::image), "", "", sizes});
  const bool nearest = node.node().op == Op::resize_nearest;
  set(resize, "mode", nearest ? "nearest" : "linear");
  const char* rule = a.half_pixel_centers ? "half_pixel" : "asymmetric";
  set(resize, "coordinate_transformation_mode", a.align_corners ? "align_corners" : rule);
  if (nearest) set(resize, "nearest_mode", a.half_pixel_centers || a.align_corners ? "round_prefer_ceil" : "floor");
  node.result(resize.output(0), Order::image);
}

void export_matmul(NodeExport& node) {
  if (node.node().op == Op::batch_matmul) {
    const auto& a = ir::attributes<ir::MatmulAttributes>(node.node());
    const auto operand = [&](size_t i, bool turned) {
      const std::string name = node.input(i);
      if (!turned) return name;
      std::vector<int64_t> permutation;
      for (size_t d = 0; d < node.in(i).shape.size(); ++d) permutation.push_back(static_cast<int64_t>(d));
      std::swap(permutation[permutation.size() - 1], permutation[permutation.size() - 2]);
      NodeProto& transpose = node.append("Transpose", {name});
      set(transpose, "perm", permutation);
      return std::string(transpose.output(0));
    };
    const std::string left = operand(0, a.transpose_a), right = operand(1, a.transpose_b);
    return node.result(node.op("MatMul", {left, right}));
  }
  // A fully connected layer: the input as rows, whatever its shape.
  const ir::Shape& w = node.in(1).shape;
  const int64_t rows = ir::elements(node.in(0).shape) / w[1];
  std::string x = node.input(0);
  if (node.in(0).shape != ir::Shape{static_cast<int32_t>(rows), w[1]})
    x = node.op("Reshape", {x, node.integers({rows, w[1]})});
  std::vector<std::string> inputs = {x, node.weights(1, w, {0, 1}, 0)};
  if (node.has(2)) inputs.push_back(node.input(2));
  NodeProto& gemm = node.append("Gemm", inputs);
  set(gemm, "transB", int64_t{1});
  std::string y = node.activated(gemm.output(0), ir::attributes<ir::ActivationAttributes>(node.node()).activation);
  const ir::Shape& out = node.out().shape;
  if (out != ir::Shape{static_cast<int32_t>(rows), w[0]})
    y = node.op("Reshape", {y, node.integers({out.begin(), out.end()})});
  node.result(y);
}

}  // namespace whit::onnx
