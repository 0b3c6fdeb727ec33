// Ops that move or repeat elements without computing: shapes, concatenation, padding, gathering.
#include <fmt/format.h>

#include <algorithm>

#include "whit/formats/tflite/import.hpp"

namespace whit::tflite {
namespace {

using Code = BuiltinOperator;

// The shape that RESHAPE asks for, with -1 resolved; of the file's own output when it asks at run time.
ir::Shape reshape_target(OpImport& op, int64_t count) {
  std::vector<int64_t> wanted;
  if (op.has_input(1)) {
    const std::optional<Integers> known = op.known_integers(1);
    if (!known) {
      if (op.output_tensor(0).dynamic)
        op.unsupported("a shape that is computed at run time", "supported: fixed shapes");
      return op.output_tensor(0).shape;
    }
    wanted = known->values;
  } else {
    const auto* options = op.optional_options<ReshapeOptions>();
    op.require(options != nullptr && options->new_shape() != nullptr, "there is no new shape");
    wanted.assign(options->new_shape()->begin(), options->new_shape()->end());
  }
  op.require(wanted.size() <= 8, "more than 8 dimensions");
  int64_t product = 1;
  ptrdiff_t open = -1;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == -1) {
      op.require(open < 0, "more than one dimension is open");
      open = static_cast<ptrdiff_t>(i);
      continue;
    }
    op.require(wanted[i] >= 1 && wanted[i] <= count, "the new shape does not fit the input");
    op.require(!__builtin_mul_overflow(product, wanted[i], &product), "the new shape overflows");
  }
  if (open >= 0) {
    op.require(count % product == 0, "the new shape does not fit the input");
    wanted[static_cast<size_t>(open)] = count / product;
  }
  return ir::Shape(wanted.begin(), wanted.end());
}

ir::Shape squeezed(OpImport& op) {
  const ir::Shape input = op.input_shape(0);
  const auto* options = op.optional_options<SqueezeOptions>();
  std::vector<bool> drop(input.size());
  if (options != nullptr && options->squeeze_dims() != nullptr && options->squeeze_dims()->size() > 0) {
    for (const int32_t dim : *options->squeeze_dims()) drop[static_cast<size_t>(op.axis(dim, input.size()))] = true;
  } else {
    for (size_t d = 0; d < input.size(); ++d) drop[d] = input[d] == 1;
  }
  ir::Shape shape;
  for (size_t d = 0; d < input.size(); ++d) {
    op.require(!drop[d] || input[d] == 1, "a dimension other than 1 is squeezed");
    if (!drop[d]) shape.push_back(input[d]);
  }
  return shape;
}

ir::Shape expanded(OpImport& op) {
  ir::Shape shape = op.input_shape(0);
  const int32_t axis = op.axis(op.integer(1, "the axis"), shape.size() + 1);
  shape.insert(shape.begin() + axis, 1);
  return shape;
}

int32_t dimension(const OpImport& op, int64_t value) {
  if (value < 0 || value > 0x7FFFFFFF) op.bad(fmt::format("{} is out of range", value));
  return static_cast<int32_t>(value);
}

// The value that a quantized pad fills in: 0 as a real number.
float zero_of(const ir::Tensor& tensor) {
  return tensor.quantization.empty() ? 0.0F : static_cast<float>(tensor.quantization.zero_point[0]);
}

float scalar_value(OpImport& op, const ir::Tensor& tensor) {
  if (!tensor.is_constant) op.unsupported("a pad value that is computed at run time", "it needs to be a constant");
  op.require(ir::elements(tensor.shape) == 1, "the pad value is no scalar");
  switch (tensor.type) {
    case ir::DType::f32:
      return *ir::data<float>(tensor);
    case ir::DType::i8:
      return *ir::data<int8_t>(tensor);
    case ir::DType::u8:
      return *ir::data<uint8_t>(tensor);
    case ir::DType::i16:
      return *ir::data<int16_t>(tensor);
    default:
      op.unsupported("a pad value of this type", "supported: float32, int8");
  }
}

}  // namespace

void import_reshape(OpImport& op) {
  const ir::TensorId input = op.input(0);
  const ir::Shape shape = op.code() == Code::RESHAPE   ? reshape_target(op, ir::elements(op.input_shape(0)))
                          : op.code() == Code::SQUEEZE ? squeezed(op)
                                                       : expanded(op);
  op.add(ir::Op::reshape, {input}, op.output(0, shape));
}

void import_shape(OpImport& op) {
  const ir::Shape shape = op.input_shape(0);
  Integers value{{static_cast<int32_t>(shape.size())}, {}};
  value.values.assign(shape.begin(), shape.end());
  op.fold(0, value);
}

void import_transpose(OpImport& op) {
  ir::TransposeAttributes a;
  const size_t rank = op.input_shape(0).size();
  for (const int64_t d : op.integers(1, "a permutation").values) a.permutation.push_back(op.axis(d, rank));
  op.add(ir::Op::transpose, {op.input(0)}, op.output(), a);
}

void import_concat(OpImport& op) {
  const auto& o = op.options<ConcatenationOptions>();
  if (op.activation(o.activation()) != ir::Activation::none) op.unsupported("a fused activation", "supported: none");
  std::vector<ir::TensorId> inputs;
  for (size_t i = 0; i < op.input_count(); ++i) inputs.push_back(op.input(i));
  const ir::AxisAttributes a{op.axis(o.axis(), op.input_shape(0).size()), 0};
  const ir::TensorId output = op.output();
  for (const ir::TensorId input : inputs) {
    const ir::Tensor &from = op.graph().tensor(input), &to = op.graph().tensor(output);
    if (from.quantization.scale != to.quantization.scale ||
        from.quantization.zero_point != to.quantization.zero_point) {
      op.unsupported("inputs quantized in another way than the output", "supported: one scale and zero point for all");
    }
  }
  op.add(ir::Op::concat, inputs, output, a);
}

// Each input gets a dimension of 1, along which all are joined.
void import_pack(OpImport& op) {
  const auto& o = op.options<PackOptions>();
  ir::Shape shape = op.input_shape(0);
  const int32_t axis = op.axis(o.axis(), shape.size() + 1);
  shape.insert(shape.begin() + axis, 1);
  std::vector<ir::TensorId> parts;
  for (size_t i = 0; i < op.input_count(); ++i) {
    op.require(op.input_shape(i) == op.input_shape(0), "the inputs differ in shape");
    const ir::TensorId input = op.input(i);
    if (op.input_count() == 1) return op.add(ir::Op::reshape, {input}, op.output(0, shape));
    parts.push_back(op.intermediate(input, shape, "/packed"));
    op.add(ir::Op::reshape, {input}, parts.back());
  }
  op.add(ir::Op::concat, parts, op.output(), ir::AxisAttributes{axis, 0});
}

void import_pad(OpImport& op) {
  const ir::TensorId input = op.input(0);
  const size_t rank = op.input_shape(0).size();
  const Integers paddings = op.integers(1, "paddings");
  op.require(paddings.values.size() == 2 * rank, "there need to be two paddings for each dimension");
  ir::PadAttributes a;
  for (size_t d = 0; d < rank; ++d) {
    a.before.push_back(dimension(op, paddings.values[2 * d]));
    a.after.push_back(dimension(op, paddings.values[2 * d + 1]));
  }
  if (op.code() == Code::MIRROR_PAD) {
    a.symmetric = op.options<MirrorPadOptions>().mode() == MirrorMode::SYMMETRIC;
    return op.add(ir::Op::mirror_pad, {input}, op.output(), a);
  }
  a.value = zero_of(op.graph().tensor(input));
  if (op.code() == Code::PADV2) {
    const ir::Tensor& value = op.graph().tensor(op.input(2));
    op.require(value.type == op.graph().tensor(input).type, "the pad value is of another type");
    a.value = scalar_value(op, value);
  }
  op.add(ir::Op::pad, {input}, op.output(), a);
}

void import_tile(OpImport& op) {
  ir::Shape shape = op.input_shape(0);
  const Integers times = op.integers(1, "multiples");
  op.require(times.values.size() == shape.size(), "there needs to be a multiple for each dimension");
  for (size_t d = 0; d < shape.size(); ++d) {
    op.require(times.values[d] >= 1 && times.values[d] <= 0x7FFFFFFF, "a multiple out of range");
    shape[d] = dimension(op, shape[d] * times.values[d]);
  }
  op.add(ir::Op::tile, {op.input(0)}, op.output(0, shape));
}

void import_gather(OpImport& op) {
  const auto* o = op.optional_options<GatherOptions>();
  ir::AxisAttributes a;
  a.axis = op.axis(o == nullptr ? 0 : o->axis(), op.input_shape(0).size());
  const int64_t batch = o == nullptr ? 0 : o->batch_dims();
  a.batch_dims = batch == 0 ? 0 : op.axis(batch, op.input_shape(1).size() + 1);
  if (batch < 0) a.batch_dims -= 1;  // counts from the rank, not from the rank plus one
  op.add(ir::Op::gather, {op.input(0), op.input(1)}, op.output(), a);
}

void import_one_hot(OpImport& op) {
  const auto& o = op.options<OneHotOptions>();
  ir::Shape shape = op.input_shape(0);
  const int32_t axis = op.axis(o.axis(), shape.size() + 1);
  shape.insert(shape.begin() + axis, dimension(op, op.integer(1, "the depth")));
  op.add(ir::Op::one_hot, {op.input(0), op.input(2), op.input(3)}, op.output(0, shape), ir::AxisAttributes{axis, 0});
}

void import_block(OpImport& op) {
  const bool gather = op.code() == Code::SPACE_TO_DEPTH;
  const int32_t block =
      gather ? op.options<SpaceToDepthOptions>().block_size() : op.options<DepthToSpaceOptions>().block_size();
  op.add(gather ? ir::Op::space_to_depth : ir::Op::depth_to_space, {op.input(0)}, op.output(),
         ir::BlockAttributes{block});
}

void import_resize(OpImport& op) {
  const Integers size = op.integers(1, "the new size");
  ir::Shape shape = op.input_shape(0);
  op.require(shape.size() == 4 && size.values.size() == 2, "the input needs rank 4, the size two values");
  shape[1] = dimension(op, size.values[0]);
  shape[2] = dimension(op, size.values[1]);
  const bool bilinear = op.code() == Code::RESIZE_BILINEAR;
  ir::ResizeAttributes a;
  if (bilinear) {
    const auto& o = op.options<ResizeBilinearOptions>();
    a = {o.align_corners(), o.half_pixel_centers()};
  } else {
    const auto& o = op.options<ResizeNearestOptions>();
    a = {o.align_corners(), o.half_pixel_centers()};
  }
  op.add(bilinear ? ir::Op::resize_bilinear : ir::Op::resize_nearest, {op.input(0)}, op.output(0, shape), a);
}

}  // namespace whit::tflite
