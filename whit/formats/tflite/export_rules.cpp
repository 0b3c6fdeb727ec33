// What TensorFlow Lite's kernels ask of the types and the quantization of their operands.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "whit/formats/tflite/export.hpp"

namespace whit::tflite {
namespace {

using Types = uint32_t;  // a bit for each DType

template <typename... T>
constexpr Types types(T... all) {
  return ((1U << static_cast<uint32_t>(all)) | ...);
}

using D = ir::DType;

constexpr Types kReal = types(D::f32);
constexpr Types kQuantized = types(D::f32, D::i8, D::u8, D::i16);
constexpr Types kBytes = types(D::f32, D::i8, D::u8);
constexpr Types kSigned = types(D::f32, D::i8, D::i16);
constexpr Types kNumbers = kQuantized | types(D::i32, D::i64);
constexpr Types kAny = kNumbers | types(D::boolean);

Types types_of(ir::Op op) {
  switch (op) {
    case ir::Op::sin:
    case ir::Op::cos:
    case ir::Op::floor:
    case ir::Op::ceil:
    case ir::Op::round:
    case ir::Op::square:
      return kReal;
    case ir::Op::elu:
    case ir::Op::svdf:
      return types(D::f32, D::i8);
    case ir::Op::hard_swish:
    case ir::Op::relu_n1_to_1:
    case ir::Op::relu_0_to_1:
    case ir::Op::l2_normalization:
    case ir::Op::log_softmax:
      return kBytes;
    case ir::Op::exp:
    case ir::Op::log:
    case ir::Op::sqrt:
    case ir::Op::rsqrt:
    case ir::Op::batch_matmul:
    case ir::Op::lstm:  // what TFLite lacks goes as a custom op
    case ir::Op::gru:
    case ir::Op::tree_ensemble:
      return kSigned;
    case ir::Op::abs:
      return kSigned | types(D::i32);
    case ir::Op::neg:
      return types(D::f32, D::i32, D::i64);
    case ir::Op::relu:
    case ir::Op::relu6:
    case ir::Op::leaky_relu:
    case ir::Op::prelu:
    case ir::Op::logistic:
    case ir::Op::tanh:
    case ir::Op::softmax:
    case ir::Op::average_pool2d:
    case ir::Op::max_pool2d:
    case ir::Op::resize_bilinear:
      return kQuantized;
    case ir::Op::div:
      return kQuantized | types(D::i32);
    case ir::Op::squared_difference:
      return types(D::f32, D::i8, D::i32);
    case ir::Op::arg_max:
    case ir::Op::arg_min:
      return kBytes | types(D::i32, D::boolean);
    case ir::Op::space_to_depth:
    case ir::Op::depth_to_space:
      return kBytes | types(D::i32, D::i64);
    case ir::Op::one_hot:
      return kBytes | types(D::i32, D::i64, D::boolean);
    case ir::Op::resize_nearest:
      return kQuantized | types(D::i32, D::boolean);
    case ir::Op::add:
    case ir::Op::sub:
    case ir::Op::mul:
    case ir::Op::maximum:
    case ir::Op::minimum:
    case ir::Op::less:
    case ir::Op::less_equal:
    case ir::Op::greater:
    case ir::Op::greater_equal:
    case ir::Op::mean:
    case ir::Op::sum:
    case ir::Op::reduce_max:
    case ir::Op::reduce_min:
      return kNumbers;
    case ir::Op::cast:
      return kAny | types(D::f16);
    default:
      return kAny;
  }
}

// The operand whose type decides.
const ir::Tensor& deciding(const NodeExport& node) {
  switch (node.op()) {
    case ir::Op::equal:
    case ir::Op::not_equal:
    case ir::Op::less:
    case ir::Op::less_equal:
    case ir::Op::greater:
    case ir::Op::greater_equal:
    case ir::Op::arg_max:
    case ir::Op::arg_min:
    case ir::Op::assign_variable:
      return node.in(0);
    default:
      return node.out();
  }
}

std::string names_of(Types types) {
  std::string names;
  for (uint32_t i = 0; types >> i != 0; ++i) {
    if ((types >> i & 1) != 0) names += (names.empty() ? "" : ", ") + std::string(name_of(static_cast<D>(i)));
  }
  return names;
}

void check_types(const NodeExport& node) {
  const Types known = types_of(node.op());
  const D type = deciding(node).type;
  if ((types(type) & known) != 0) return;
  node.unsupported(fmt::format("TFLite has no {} of {}", name_of(node.op()), name_of(type)),
                   "types that it has: " + names_of(known));
}

// The one quantization of its output that a kernel computes.
struct FixedOutput {
  ir::Op op;
  D type;
  float scale;
  int32_t zero_point;
};

constexpr auto kFixedOutputs = std::to_array<FixedOutput>({
    {ir::Op::logistic, D::i8, 1.0F / 256, -128},
    {ir::Op::logistic, D::u8, 1.0F / 256, 0},
    {ir::Op::logistic, D::i16, 1.0F / 32768, 0},
    {ir::Op::softmax, D::i8, 1.0F / 256, -128},
    {ir::Op::softmax, D::u8, 1.0F / 256, 0},
    {ir::Op::softmax, D::i16, 1.0F / 32768, 0},
    {ir::Op::tanh, D::i8, 1.0F / 128, 0},
    {ir::Op::tanh, D::u8, 1.0F / 128, 128},
    {ir::Op::tanh, D::i16, 1.0F / 32768, 0},
    {ir::Op::log_softmax, D::i8, 16.0F / 256, 127},
    {ir::Op::log_softmax, D::u8, 16.0F / 256, 255},
    {ir::Op::l2_normalization, D::i8, 1.0F / 128, 0},
    {ir::Op::l2_normalization, D::u8, 1.0F / 128, 128},
});

void check_fixed_output(const NodeExport& node) {
  for (const FixedOutput& fixed : kFixedOutputs) {
    if (fixed.op != node.op() || fixed.type != node.out().type) continue;
    const ir::Quantization& q = node.out().quantization;
    if (q.scale[0] == fixed.scale && q.zero_point[0] == fixed.zero_point) return;
    node.unsupported(fmt::format("the output has scale {} and zero point {}", q.scale[0], q.zero_point[0]),
                     fmt::format("TFLite's {} gives {} with scale {} and zero point {} only", name_of(node.op()),
                                 name_of(fixed.type), fixed.scale, fixed.zero_point));
  }
}

// Kernels that compare, copy or average the stored integers as they are.
bool keeps_quantization(ir::Op op) {
  return op == ir::Op::average_pool2d || op == ir::Op::max_pool2d || op == ir::Op::maximum || op == ir::Op::minimum ||
         op == ir::Op::concat || op == ir::Op::reduce_max || op == ir::Op::reduce_min;
}

void check_same_quantization(const NodeExport& node) {
  const auto same = [](const ir::Quantization& a, const ir::Quantization& b) {
    return a.scale == b.scale && a.zero_point == b.zero_point;
  };
  for (size_t i = 0; i < node.node().inputs.size(); ++i) {
    if (!same(node.in(i).quantization, node.out().quantization)) {
      node.unsupported(fmt::format("'{}' is quantized in another way than the output", node.in(i).name),
                       "give both one scale and zero point, or put a quantize node between");
    }
  }
}

void check_int16(const NodeExport& node, const ir::Tensor& tensor) {
  if (tensor.type != D::i16 || tensor.quantization.empty() || tensor.quantization.zero_point[0] == 0) return;
  if (tensor.quantization.per_channel()) return;  // features of a custom op
  node.unsupported(fmt::format("int16 '{}' has the zero point {}", tensor.name, tensor.quantization.zero_point[0]),
                   "TFLite's int16 kernels want 0");
}

// More dimensions than kernels have loops for.
void check_rank(const NodeExport& node) {
  constexpr size_t kMaxPadRank = 5;
  const bool pad = node.op() == ir::Op::pad || node.op() == ir::Op::mirror_pad;
  if (!pad || node.in(0).shape.size() <= kMaxPadRank) return;
  node.unsupported(fmt::format("TFLite has no {} of {} dimensions", name_of(node.op()), node.in(0).shape.size()),
                   "it has up to 5: join dimensions that are not padded");
}

void check_weights(const NodeExport& node) {
  const bool layer = node.node().inputs.size() > 1 && node.has(1) && node.in(1).is_constant;
  if (!layer || node.in(1).type != D::u8 || !node.in(1).quantization.per_channel()) return;
  node.unsupported("uint8 weights quantized per channel", "quantize to int8, or the weights per tensor");
}

}  // namespace

void check_rules(const NodeExport& node) {
  check_types(node);
  check_rank(node);
  check_weights(node);
  for (size_t i = 0; i < node.node().inputs.size(); ++i) {
    if (node.has(i)) check_int16(node, node.in(i));
  }
  if (node.node().outputs.empty()) return;
  check_int16(node, node.out());
  check_fixed_output(node);
  if (keeps_quantization(node.op())) check_same_quantization(node);
}

}  // namespace whit::tflite
