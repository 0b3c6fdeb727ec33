#include <array>

#include "whit/ir/text.hpp"

namespace whit::ir {
namespace {

constexpr std::array kKindNames = {"none",   "conv",   "pool",     "activation", "softmax",   "leaky_relu",
                                   "reduce", "axis",   "slice",    "pad",        "transpose", "resize",
                                   "block",  "matmul", "variable", "recurrent",  "svdf"};
static_assert(kKindNames.size() == std::variant_size_v<Attributes>, "name the new kind of attributes");

}  // namespace

const char* name_of_attributes(size_t kind) { return kKindNames.at(kind); }

Attributes default_attributes(Op op) {
  switch (op) {
    case Op::conv2d:
    case Op::depthwise_conv2d:
    case Op::transpose_conv2d:
      return ConvAttributes{};
    case Op::average_pool2d:
    case Op::max_pool2d:
      return PoolAttributes{};
    case Op::fully_connected:
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::div:
      return ActivationAttributes{};
    case Op::softmax:
      return SoftmaxAttributes{};
    case Op::leaky_relu:
      return LeakyReluAttributes{};
    case Op::mean:
    case Op::sum:
    case Op::reduce_max:
    case Op::reduce_min:
    case Op::arg_max:
    case Op::arg_min:
      return ReduceAttributes{};
    case Op::concat:
    case Op::gather:
    case Op::one_hot:
      return AxisAttributes{};
    case Op::slice:
      return SliceAttributes{};
    case Op::pad:
    case Op::mirror_pad:
      return PadAttributes{};
    case Op::transpose:
      return TransposeAttributes{};
    case Op::resize_nearest:
    case Op::resize_bilinear:
      return ResizeAttributes{};
    case Op::space_to_depth:
    case Op::depth_to_space:
      return BlockAttributes{};
    case Op::batch_matmul:
      return MatmulAttributes{};
    case Op::read_variable:
    case Op::assign_variable:
      return VariableAttributes{};
    case Op::lstm:
    case Op::gru:
      return RecurrentAttributes{};
    case Op::svdf:
      return SvdfAttributes{};
    default:
      return NoAttributes{};
  }
}

}  // namespace whit::ir
