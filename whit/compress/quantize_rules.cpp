#include "whit/compress/quantize_rules.hpp"

namespace whit::compress {

Scales scales_of(ir::Op op, ir::DType type) {
  using ir::Op;
  const bool wide = type == ir::DType::i16;
  switch (op) {
    case Op::conv2d:
    case Op::depthwise_conv2d:
    case Op::transpose_conv2d:
    case Op::fully_connected:
      return Scales::layer;
    case Op::lstm:
    case Op::gru:
      return Scales::recurrent;
    case Op::tree_ensemble:
      return Scales::trees;
    case Op::average_pool2d:
    case Op::max_pool2d:
    case Op::reshape:
    case Op::transpose:
    case Op::concat:
    case Op::slice:
    case Op::pad:
    case Op::mirror_pad:
    case Op::maximum:
    case Op::minimum:
      return Scales::same;
    case Op::tile:
    case Op::gather:
    case Op::select:
    case Op::space_to_depth:
    case Op::depth_to_space:
    case Op::resize_nearest:
    case Op::resize_bilinear:
    case Op::reduce_max:
    case Op::reduce_min:
      return wide ? Scales::none : Scales::same;
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::mean:
    case Op::relu:
    case Op::relu6:
    case Op::leaky_relu:
      return Scales::own;
    case Op::sum:
    case Op::batch_matmul:
    case Op::squared_difference:
    case Op::relu_n1_to_1:
    case Op::relu_0_to_1:
    case Op::prelu:
    case Op::elu:
    case Op::hard_swish:
    case Op::abs:
    case Op::exp:
    case Op::log:
    case Op::rsqrt:
      return wide ? Scales::none : Scales::own;
    case Op::softmax:
    case Op::logistic:
    case Op::tanh:
      return Scales::given;
    case Op::log_softmax:
    case Op::l2_normalization:
      return wide ? Scales::none : Scales::given;
    case Op::arg_max:
    case Op::arg_min:
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
      return wide ? Scales::none : Scales::input_only;
    default:
      return Scales::none;
  }
}

ir::Quantization fixed_output(ir::Op op, ir::DType type) {
  if (type == ir::DType::i16) return {{1.0f / 32768}, {0}};
  switch (op) {
    case ir::Op::softmax:
    case ir::Op::logistic:
      return {{1.0f / 256}, {-128}};
    case ir::Op::log_softmax:
      return {{16.0f / 256}, {127}};
    default:  // tanh, l2_normalization
      return {{1.0f / 128}, {0}};
  }
}

bool is_activation(const ir::Node& node, size_t index) {
  switch (node.op) {
    case ir::Op::conv2d:
    case ir::Op::depthwise_conv2d:
    case ir::Op::transpose_conv2d:
    case ir::Op::fully_connected:
    case ir::Op::lstm:
    case ir::Op::gru:
    case ir::Op::gather:
      return index == 0;
    case ir::Op::tree_ensemble:  // its features are quantized for it alone
      return false;
    case ir::Op::select:
      return index > 0;
    default:
      return true;
  }
}

}  // namespace whit::compress
