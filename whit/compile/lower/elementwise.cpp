#include "whit/compile/lower/elementwise.hpp"

#include <cstring>
#include <limits>

#include "whit_runtime/kernels/lookup_s8.hpp"

namespace whit::compile {
namespace {

// Extent of `shape` in dimension `d` of an output of rank `rank`.
int32_t extent(const ir::Shape& shape, size_t d, size_t rank) {
  const size_t missing = rank - shape.size();
  return d < missing ? 1 : shape[d - missing];
}

}  // namespace

MergedShapes merge_shapes(const Lowering& lowering, const ir::Shape& output, const std::vector<ir::Shape>& operands) {
  MergedShapes merged;
  std::vector<int64_t> dims;
  std::vector<std::vector<bool>> repeated;  // by merged dimension, by operand
  for (const ir::Shape& shape : operands) {
    if (shape.size() > output.size()) lowering.refuse("an operand has more dimensions than the output");
  }
  for (size_t d = 0; d < output.size(); ++d) {
    if (output[d] == 1) continue;
    std::vector<bool> repeat;
    for (const ir::Shape& shape : operands) {
      const int32_t e = extent(shape, d, output.size());
      if (e != output[d] && e != 1) lowering.refuse("the operands' shapes do not broadcast to the output's");
      repeat.push_back(e == 1);
    }
    if (!dims.empty() && repeated.back() == repeat) {
      dims.back() *= output[d];
    } else {
      dims.push_back(output[d]);
      repeated.push_back(repeat);
    }
  }
  if (dims.size() > 4) lowering.refuse("operands repeat along too many separate dimensions");
  const size_t first = 4 - dims.size();
  merged.repeats.assign(operands.size(), 0);
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] > std::numeric_limits<int32_t>::max()) lowering.refuse("the tensor is too large");
    merged.dims[first + i] = static_cast<int32_t>(dims[i]);
    for (size_t operand = 0; operand < operands.size(); ++operand) {
      if (repeated[i][operand]) merged.repeats[operand] |= 1 << (first + i);
    }
  }
  return merged;
}

TensorScale tensor_scale(const Lowering& lowering, ir::TensorId id) {
  const ir::Quantization& q = lowering.tensor_of(id).quantization;
  if (q.empty()) lowering.refuse("an integer tensor has no scale", "convert the model with full-integer quantization");
  if (q.per_channel()) lowering.refuse("an activation has a scale for each channel");
  return {q.scale[0], q.zero_point[0]};
}

int32_t count_of(const Lowering& lowering, ir::TensorId id) {
  const int64_t count = ir::elements(lowering.tensor_of(id).shape);
  if (count < 1 || count > std::numeric_limits<int32_t>::max()) lowering.refuse("the tensor is empty or too large");
  return static_cast<int32_t>(count);
}

void emit_lookup(Lowering& lowering, ir::TensorId input, ir::TensorId output, const std::vector<uint8_t>& table) {
  lowering.may_overlap(output, input, 0);
  rt::LookupS8 p{};
  p.input = lowering.tensor(input);
  p.output = lowering.tensor(output);
  p.table = lowering.constant(table, ConstantKind::other, 1);
  p.count = count_of(lowering, output);
  lowering.emit(rt::KernelId::lookup_s8, p);
}

uint32_t bits_of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

}  // namespace whit::compile
