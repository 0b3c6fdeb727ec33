#include "whit_runtime/kernels/batch_matmul.hpp"

#include "whit/compile/lower/lower_ops.hpp"
#include "whit/compile/lower/quantized.hpp"

namespace whit::compile {
namespace {

// Batch dimension `from_inside` (0 or 1) of an operand: its size, and its stride in elements (0 when broadcast).
struct Batch {
  int32_t dim = 1;
  int32_t stride = 0;
};

Batch batch_of(const ir::Shape& shape, size_t from_inside) {
  if (shape.size() < 3 + from_inside) return {};
  const size_t at = shape.size() - 3 - from_inside;
  int64_t stride = 1;
  for (size_t d = at + 1; d < shape.size(); ++d) stride *= shape[d];
  return {shape[at], shape[at] == 1 ? 0 : static_cast<int32_t>(stride)};
}

// All but the operand b.
template <typename Params>
void set_product(Params& p, Lowering& lowering, const ir::Node& node) {
  const ir::Shape& a = lowering.tensor_of(node.inputs[0]).shape;
  const ir::Shape& b = lowering.tensor_of(node.inputs[1]).shape;
  const auto& attributes = ir::attributes<ir::MatmulAttributes>(node);
  if (a.size() < 2 || b.size() < 2 || a.size() > 4 || b.size() > 4) lowering.refuse("other than 2 to 4 dimensions");
  for (const size_t i : {size_t{0}, size_t{1}}) {
    const Batch a_batch = batch_of(a, 1 - i);
    const Batch b_batch = batch_of(b, 1 - i);
    if (a_batch.dim != b_batch.dim && a_batch.dim != 1 && b_batch.dim != 1) lowering.refuse("batches that differ");
    p.batches[i] = std::max(a_batch.dim, b_batch.dim);
    p.a_batch_stride[i] = a_batch.stride;
    p.b_batch_stride[i] = b_batch.stride;
  }
  const int32_t a_last = a[a.size() - 1];
  const int32_t b_last = b[b.size() - 1];
  p.rows = attributes.transpose_a ? a_last : a[a.size() - 2];
  p.depth = attributes.transpose_a ? a[a.size() - 2] : a_last;
  p.columns = attributes.transpose_b ? b[b.size() - 2] : b_last;
  if (p.depth != (attributes.transpose_b ? b_last : b[b.size() - 2])) lowering.refuse("depths that differ");
  p.a_row_stride = attributes.transpose_a ? 1 : a_last;
  p.a_depth_stride = attributes.transpose_a ? a_last : 1;
  p.b_column_stride = attributes.transpose_b ? b_last : 1;
  p.b_depth_stride = attributes.transpose_b ? 1 : b_last;
  p.a = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
}

template <typename Params>
void emit_f32(Lowering& lowering, const ir::Node& node, rt::KernelId kernel) {
  Params p{};
  set_product(p, lowering, node);
  p.b = lowering.float_weights<typename Params::Weight>(node.inputs[1]);
  lowering.emit(kernel, p);
}

}  // namespace

void lower_batch_matmul(Lowering& lowering, const ir::Node& node) {
  const ir::Tensor& a = lowering.tensor_of(node.inputs[0]);
  const ir::Tensor& b = lowering.tensor_of(node.inputs[1]);
  const ir::Tensor& output = lowering.tensor_of(node.outputs[0]);
  if (a.type != b.type || a.type != output.type) lowering.refuse("operands of different types");
  if (a.type == ir::DType::f32) {
    if (lowering.wants_halves(node.inputs[1])) {
      return emit_f32<rt::BatchMatmulF32W16>(lowering, node, rt::KernelId::batch_matmul_f32_w16);
    }
    return emit_f32<rt::BatchMatmulF32>(lowering, node, rt::KernelId::batch_matmul_f32);
  }
  if (a.type != ir::DType::i8 || a.quantization.scale.size() != 1 || b.quantization.scale.size() != 1 ||
      output.quantization.scale.size() != 1) {
    lowering.refuse("operands of this type", "int8 with one scale each, and float32, are supported");
  }
  rt::BatchMatmulS8 p{};
  set_product(p, lowering, node);
  p.b = lowering.tensor(node.inputs[1]);
  p.a_zero_point = a.quantization.zero_point[0];
  p.b_zero_point = b.quantization.zero_point[0];
  p.output_zero_point = output.quantization.zero_point[0];
  // TFLite multiplies the two scales as floats here: GetQuantizedConvolutionMultipler without a bias.
  const float product = a.quantization.scale[0] * b.quantization.scale[0];
  const QuantizedMultiplier scale =
      quantize_multiplier(static_cast<double>(product) / static_cast<double>(output.quantization.scale[0]));
  p.multiplier = scale.multiplier;
  p.shift = scale.shift;
  lowering.emit(rt::KernelId::batch_matmul_s8, p);
}

}  // namespace whit::compile
