#include <bit>

#include "whit/compile/lower/lower_ops.hpp"
#include "whit/compile/lower/overlap.hpp"
#include "whit/compile/lower/quantized.hpp"
#include "whit_runtime/kernels/pool2d_f32.hpp"
#include "whit_runtime/kernels/pool2d_s8.hpp"

namespace whit::compile {
namespace {

rt::PoolGeometry geometry_of(const ir::Tensor& input, const ir::Tensor& output, const ir::PoolAttributes& a) {
  rt::PoolGeometry g{};
  g.batches = input.shape[0];
  g.input_h = input.shape[1];
  g.input_w = input.shape[2];
  g.channels = input.shape[3];
  g.output_h = output.shape[1];
  g.output_w = output.shape[2];
  g.kernel_h = a.kernel_h;
  g.kernel_w = a.kernel_w;
  g.stride_h = a.stride_h;
  g.stride_w = a.stride_w;
  g.pad_top = a.pad_top;
  g.pad_left = a.pad_left;
  return g;
}

// The kernels go pixel by pixel and within a pixel channel by channel; channel c reads only channel c.
void allow_overlap(Lowering& lowering, const ir::Node& node, const rt::PoolGeometry& g, int64_t element_bytes) {
  const int64_t pixel_bytes = g.channels * element_bytes;
  OverlapSimulation simulation;
  for (int64_t i = 0; i < int64_t{g.batches} * g.output_h * g.output_w; ++i) {
    const int64_t batch = i / (int64_t{g.output_h} * g.output_w);
    const int64_t y = std::max<int64_t>(0, i / g.output_w % g.output_h * g.stride_h - g.pad_top);
    const int64_t x = std::max<int64_t>(0, i % g.output_w * g.stride_w - g.pad_left);
    simulation.write(i * pixel_bytes);
    simulation.read(((batch * g.input_h + y) * g.input_w + x) * pixel_bytes);
    simulation.write((i + 1) * pixel_bytes);
  }
  const int64_t input_bytes = ir::bytes_of(lowering.tensor_of(node.inputs[0]));
  lowering.may_overlap(node.outputs[0], node.inputs[0], simulation.lead(input_bytes));
}

template <typename T>
void lower_integer(Lowering& lowering, const ir::Node& node, rt::KernelId kernel) {
  const ir::Tensor &input = lowering.tensor_of(node.inputs[0]), &output = lowering.tensor_of(node.outputs[0]);
  const auto& attributes = ir::attributes<ir::PoolAttributes>(node);
  if (input.quantization.empty() || output.quantization.empty() ||
      input.quantization.scale != output.quantization.scale ||
      input.quantization.zero_point != output.quantization.zero_point) {
    lowering.refuse("input and output that are not quantized alike");
  }
  rt::Pool2d<T> p{};
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.geometry = geometry_of(input, output, attributes);
  const ActivationRange range = activation_range(attributes.activation, output);
  p.output_min = range.min;
  p.output_max = range.max;
  allow_overlap(lowering, node, p.geometry, sizeof(T));
  lowering.emit(kernel, p);
}

}  // namespace

void lower_pool(Lowering& lowering, const ir::Node& node) {
  const ir::Tensor& input = lowering.tensor_of(node.inputs[0]);
  const ir::Tensor& output = lowering.tensor_of(node.outputs[0]);
  const auto& attributes = ir::attributes<ir::PoolAttributes>(node);
  const bool average = node.op == ir::Op::average_pool2d;
  if (input.type != output.type) lowering.refuse("input and output of different types");
  if (input.type == ir::DType::i8) {
    lower_integer<int8_t>(lowering, node, average ? rt::KernelId::average_pool2d_s8 : rt::KernelId::max_pool2d_s8);
  } else if (input.type == ir::DType::i16) {
    lower_integer<int16_t>(lowering, node, average ? rt::KernelId::average_pool2d_s16 : rt::KernelId::max_pool2d_s16);
  } else if (input.type == ir::DType::f32) {
    rt::Pool2dF32 p{};
    p.input = lowering.tensor(node.inputs[0]);
    p.output = lowering.tensor(node.outputs[0]);
    p.geometry = geometry_of(input, output, attributes);
    const FloatRange range = activation_range_f32(attributes.activation);
    p.output_min_bits = std::bit_cast<int32_t>(range.min);
    p.output_max_bits = std::bit_cast<int32_t>(range.max);
    allow_overlap(lowering, node, p.geometry, 4);
    lowering.emit(average ? rt::KernelId::average_pool2d_f32 : rt::KernelId::max_pool2d_f32, p);
  } else {
    lowering.refuse("pooling of this type", "int8, int16 and float32 are supported");
  }
}

}  // namespace whit::compile
