// Ops that move elements, and the table of all.
#include <algorithm>

#include "whit/formats/onnx/export.hpp"

namespace whit::onnx {
namespace {

using ir::Op;
using ::onnx::NodeProto;

std::vector<int64_t> in_order(const std::vector<int32_t>& values, Order order) {
  if (order == Order::plain) return {values.begin(), values.end()};
  return {values[0], values[3], values[1], values[2]};
}

// True when an image has its elements in the graph's order as well: one channel, or one row and column.
bool is_flat(const ir::Shape& shape) {
  return shape.size() == 4 && (shape[3] == 1 || (shape[1] == 1 && shape[2] == 1));
}

void export_reshape(NodeExport& node) {
  const ir::TensorId id = node.node().inputs[0];
  const Order order = node.is_image(id) && is_flat(node.in(0).shape) ? Order::image : Order::plain;
  const ir::Shape& shape = node.out().shape;
  node.result(node.op("Reshape", {node.input(0, order), node.integers({shape.begin(), shape.end()})}));
}

void export_slice(NodeExport& node) {
  const auto& a = ir::attributes<ir::SliceAttributes>(node.node());
  const Order order = node.common_order();
  std::vector<int32_t> ends, axes;
  for (size_t d = 0; d < a.begin.size(); ++d) {
    const int32_t end = a.begin[d] + node.out().shape[d] * a.stride[d];
    ends.push_back(end < 0 ? -0x7FFFFFFF : end);  // past the first element; -1 would be the last
    axes.push_back(static_cast<int32_t>(d));
  }
  node.result(node.op("Slice", {node.input(0, order), node.integers(in_order(a.begin, order)),
                                node.integers(in_order(ends, order)), node.integers({axes.begin(), axes.end()}),
                                node.integers(in_order(a.stride, order))}),
              order);
}

void export_pad(NodeExport& node) {
  const auto& a = ir::attributes<ir::PadAttributes>(node.node());
  const Order order = node.common_order();
  std::vector<int64_t> pads = in_order(a.before, order);
  const std::vector<int64_t> after = in_order(a.after, order);
  pads.insert(pads.end(), after.begin(), after.end());
  const std::string x = node.input(0, order), widths = node.integers(pads);
  if (node.node().op == Op::mirror_pad) {
    if (a.symmetric) node.unsupported("padding that mirrors the edge as well", "write a .tflite file");
    NodeProto& pad = node.append("Pad", {x, widths});
    set(pad, "mode", "reflect");
    return node.result(pad.output(0), order);
  }
  const ir::Tensor& in = node.in(0);
  if (in.type != ir::DType::f32 && !is_quantized(in)) node.unsupported("padding of plain integers");
  float value = a.value;
  if (is_quantized(in)) {
    value = (a.value - static_cast<float>(in.quantization.zero_point[0])) * in.quantization.scale[0];
  }
  node.result(node.op("Pad", {x, widths, node.real(value)}), order);
}

void export_concat(NodeExport& node) {
  const Order order = node.common_order();
  const int32_t axis = ir::attributes<ir::AxisAttributes>(node.node()).axis;
  // A constant part keeps all its dimensions.
  std::vector<std::string> parts;
  for (size_t i = 0; i < node.node().inputs.size(); ++i) parts.push_back(node.input(i, order));
  NodeProto& concat = node.append("Concat", parts);
  set(concat, "axis", int64_t{order == Order::image ? kToImage[axis] : axis});
  node.result(concat.output(0), order);
}

void export_transpose(NodeExport& node) {
  const auto& permutation = ir::attributes<ir::TransposeAttributes>(node.node()).permutation;
  NodeProto& transpose = node.append("Transpose", {node.input(0)});
  set(transpose, "perm", std::vector<int64_t>{permutation.begin(), permutation.end()});
  node.result(transpose.output(0));
}

void export_tile(NodeExport& node) {
  std::vector<int64_t> repeats;
  for (size_t d = 0; d < node.out().shape.size(); ++d) repeats.push_back(node.out().shape[d] / node.in(0).shape[d]);
  node.result(node.op("Tile", {node.input(0), node.integers(repeats)}));
}

void export_gather(NodeExport& node) {
  const auto& a = ir::attributes<ir::AxisAttributes>(node.node());
  if (a.batch_dims != 0) node.unsupported("a gather by batch");
  NodeProto& gather = node.append("Gather", {node.input(0), node.input(1)});
  set(gather, "axis", int64_t{a.axis});
  node.result(gather.output(0));
}

void export_block(NodeExport& node) {
  const bool to_depth = node.node().op == Op::space_to_depth;
  NodeProto& added = node.append(to_depth ? "SpaceToDepth" : "DepthToSpace", {node.input(0, Order::image)});
  set(added, "blocksize", int64_t{ir::attributes<ir::BlockAttributes>(node.node()).block});
  node.result(added.output(0), Order::image);
}

}  // namespace

void export_movement(NodeExport& node) {
  switch (node.node().op) {
    case Op::reshape:
      return export_reshape(node);
    case Op::transpose:
      return export_transpose(node);
    case Op::concat:
      return export_concat(node);
    case Op::slice:
      return export_slice(node);
    case Op::pad:
    case Op::mirror_pad:
      return export_pad(node);
    case Op::tile:
      return export_tile(node);
    case Op::gather:
      return export_gather(node);
    default:
      return export_block(node);
  }
}

void export_node(NodeExport& node) {
  switch (node.node().op) {
    case Op::conv2d:
    case Op::depthwise_conv2d:
    case Op::transpose_conv2d:
      return export_layer(node);
    case Op::fully_connected:
    case Op::batch_matmul:
      return export_matmul(node);
    case Op::lstm:
    case Op::gru:
      return export_recurrent(node);
    case Op::average_pool2d:
    case Op::max_pool2d:
      return export_pool(node);
    case Op::resize_nearest:
    case Op::resize_bilinear:
      return export_resize(node);
    case Op::mean:
    case Op::sum:
    case Op::reduce_max:
    case Op::reduce_min:
    case Op::arg_max:
    case Op::arg_min:
      return export_reduce(node);
    case Op::softmax:
    case Op::log_softmax:
    case Op::l2_normalization:
      return export_softmax(node);
    case Op::quantize:
    case Op::dequantize:
    case Op::cast:
      return export_quantize(node);
    case Op::reshape:
    case Op::transpose:
    case Op::concat:
    case Op::slice:
    case Op::pad:
    case Op::mirror_pad:
    case Op::tile:
    case Op::gather:
    case Op::space_to_depth:
    case Op::depth_to_space:
      return export_movement(node);
    case Op::tree_ensemble:
      return export_tree_ensemble(node);
    case Op::one_hot:
    case Op::read_variable:
    case Op::assign_variable:
    case Op::svdf:
    case Op::rfft2d:
    case Op::complex_abs:
      node.unsupported("the ONNX writer has no form for it", "write a .tflite file");
    default:
      return export_elementwise(node);
  }
}

}  // namespace whit::onnx
