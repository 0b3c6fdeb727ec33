// Which function writes which op.
#include <fmt/format.h>

#include "whit/formats/tflite/export.hpp"

namespace whit::tflite {
namespace {

using Write = void (*)(NodeExport&);

// Null: TFLite has no such op, or whit does not write it.
Write find(ir::Op op) {
  switch (op) {
    case ir::Op::conv2d:
    case ir::Op::depthwise_conv2d:
      return export_conv;
    case ir::Op::transpose_conv2d:
      return export_transpose_conv;
    case ir::Op::fully_connected:
      return export_fully_connected;
    case ir::Op::batch_matmul:
      return export_batch_matmul;
    case ir::Op::average_pool2d:
    case ir::Op::max_pool2d:
      return export_pool;
    case ir::Op::add:
    case ir::Op::sub:
    case ir::Op::mul:
    case ir::Op::div:
      return export_arithmetic;
    case ir::Op::quantize:
      return export_quantize;
    case ir::Op::leaky_relu:
      return export_leaky_relu;
    case ir::Op::softmax:
      return export_softmax;
    case ir::Op::mean:
    case ir::Op::sum:
    case ir::Op::reduce_max:
    case ir::Op::reduce_min:
      return export_reduce;
    case ir::Op::arg_max:
    case ir::Op::arg_min:
      return export_arg;
    case ir::Op::reshape:
      return export_reshape;
    case ir::Op::transpose:
      return export_transpose;
    case ir::Op::concat:
      return export_concat;
    case ir::Op::slice:
      return export_slice;
    case ir::Op::pad:
      return export_pad;
    case ir::Op::mirror_pad:
      return export_mirror_pad;
    case ir::Op::tile:
      return export_tile;
    case ir::Op::gather:
      return export_gather;
    case ir::Op::one_hot:
      return export_one_hot;
    case ir::Op::space_to_depth:
    case ir::Op::depth_to_space:
      return export_block;
    case ir::Op::resize_nearest:
    case ir::Op::resize_bilinear:
      return export_resize;
    case ir::Op::read_variable:
    case ir::Op::assign_variable:
      return export_variable;
    case ir::Op::lstm:
      return export_lstm;
    case ir::Op::gru:
      return export_gru;
    case ir::Op::tree_ensemble:
      return export_tree_ensemble;
    case ir::Op::svdf:
      return export_svdf;
    case ir::Op::rfft2d:
    case ir::Op::complex_abs:
      return nullptr;
    default:
      return export_plain;
  }
}

}  // namespace

void export_node(NodeExport& node) {
  const Write write = find(node.op());
  if (write == nullptr) {
    node.unsupported(fmt::format("{} cannot be written as .tflite", ir::name_of(node.op())),
                     "docs/guide/ops.md lists the ops that are written");
  }
  check_rules(node);
  write(node);
}

}  // namespace whit::tflite
