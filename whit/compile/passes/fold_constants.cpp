#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "whit/base/half.hpp"
#include "whit/compile/passes/passes.hpp"
#include "whit/compile/passes/rewrite.hpp"

namespace whit::compile {
namespace {

using Bytes = std::vector<uint8_t>;
using MaybeBytes = std::optional<Bytes>;  // empty: not folded

// Calls f with a value of the C++ type of `type`; f16 and i4 are left out.
template <typename F>
MaybeBytes with_type(ir::DType type, F&& f) {
  switch (type) {
    case ir::DType::f32:
      return f(float{});
    case ir::DType::i8:
      return f(int8_t{});
    case ir::DType::u8:
    case ir::DType::boolean:
      return f(uint8_t{});
    case ir::DType::i16:
      return f(int16_t{});
    case ir::DType::i32:
      return f(int32_t{});
    case ir::DType::i64:
      return f(int64_t{});
    case ir::DType::f16:
    case ir::DType::i4:
      break;
  }
  return std::nullopt;
}

// Elements [outer, axis, inner] of a tensor quantized along `axis`: the scale of element i.
size_t scale_index(const ir::Tensor& tensor, size_t i) {
  if (!tensor.quantization.per_channel()) return 0;
  size_t inner = 1;
  for (size_t d = static_cast<size_t>(tensor.quantization.axis) + 1; d < tensor.shape.size(); ++d) {
    inner *= static_cast<size_t>(tensor.shape[d]);
  }
  return i / inner % tensor.quantization.scale.size();
}

MaybeBytes dequantize(const ir::Tensor& input) {
  std::vector<float> result;
  if (input.type == ir::DType::f16) {
    for (const uint16_t half : values_of<uint16_t>(input)) result.push_back(half_to_float(half));
    return bytes_of_values(result);
  }
  const ir::Quantization& q = input.quantization;
  if (q.empty()) return std::nullopt;
  return with_type(input.type, [&](auto type) -> MaybeBytes {
    const auto values = values_of<decltype(type)>(input);
    for (size_t i = 0; i < values.size(); ++i) {
      const size_t c = scale_index(input, i);
      result.push_back(static_cast<float>(q.scale[c] * (static_cast<double>(values[i]) - q.zero_point[c])));
    }
    return bytes_of_values(result);
  });
}

// From floats, with the arithmetic of TFLite's AffineQuantize.
MaybeBytes quantize(const ir::Tensor& input, const ir::Tensor& output) {
  const ir::Quantization& q = output.quantization;
  if (input.type != ir::DType::f32 || q.scale.size() != 1) return std::nullopt;
  if (output.type != ir::DType::i8 && output.type != ir::DType::u8 && output.type != ir::DType::i16)
    return std::nullopt;
  return with_type(output.type, [&](auto type) -> MaybeBytes {
    using T = decltype(type);
    std::vector<T> result;
    for (const float value : values_of<float>(input)) {
      if (std::isnan(value)) return std::nullopt;
      const double rounded = static_cast<double>(std::round(value / q.scale[0])) + q.zero_point[0];
      result.push_back(
          static_cast<T>(std::clamp<double>(rounded, std::numeric_limits<T>::min(), std::numeric_limits<T>::max())));
    }
    return bytes_of_values(result);
  });
}

// Numbers only where the target can hold them: what a cast out of range gives differs between machines.
MaybeBytes cast(const ir::Tensor& input, const ir::Tensor& output) {
  return with_type(input.type, [&](auto from) -> MaybeBytes {
    return with_type(output.type, [&](auto to) -> MaybeBytes {
      using To = decltype(to);
      std::vector<To> result;
      for (const auto value : values_of<decltype(from)>(input)) {
        if (output.type == ir::DType::boolean) {
          result.push_back(static_cast<To>(value != 0 ? 1 : 0));
          continue;
        }
        const double real = static_cast<double>(value);
        const bool fits =
            std::is_floating_point_v<To> || (real > static_cast<double>(std::numeric_limits<To>::min()) - 1 &&
                                             real < static_cast<double>(std::numeric_limits<To>::max()) + 1);
        if (!fits) return std::nullopt;
        result.push_back(static_cast<To>(value));
      }
      return bytes_of_values(result);
    });
  });
}

// The elements of `input` in the order in which `index_of(output index)` names them.
MaybeBytes gathered(const ir::Tensor& input, int64_t count, const std::function<int64_t(int64_t)>& index_of) {
  const auto size = static_cast<size_t>(ir::bytes_of(input.type));
  Bytes result(static_cast<size_t>(count) * size);
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(result.data() + static_cast<size_t>(i) * size,
                input.data.data() + static_cast<size_t>(index_of(i)) * size, size);
  }
  return result;
}

// Distance between neighbours along each dimension, in elements.
std::vector<int64_t> strides_of(const ir::Shape& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t d = shape.size(); d-- > 1;) strides[d - 1] = strides[d] * shape[d];
  return strides;
}

// Element i of a tensor of shape `shape` lies at start + sum of coordinate * step.
int64_t walk(const ir::Shape& shape, int64_t i, int64_t start, const std::vector<int64_t>& steps) {
  for (size_t d = shape.size(); d-- > 0;) {
    start += i % shape[d] * steps[d];
    i /= shape[d];
  }
  return start;
}

MaybeBytes transpose(const ir::Tensor& input, const ir::Tensor& output, const ir::TransposeAttributes& attributes) {
  const std::vector<int64_t> strides = strides_of(input.shape);
  std::vector<int64_t> steps;
  for (const int32_t d : attributes.permutation) steps.push_back(strides[static_cast<size_t>(d)]);
  return gathered(input, ir::elements(output.shape), [&](int64_t i) { return walk(output.shape, i, 0, steps); });
}

MaybeBytes slice(const ir::Tensor& input, const ir::Tensor& output, const ir::SliceAttributes& attributes) {
  if (output.shape.size() != input.shape.size()) return std::nullopt;
  std::vector<int64_t> steps = strides_of(input.shape);
  int64_t start = 0;
  for (size_t d = 0; d < steps.size(); ++d) {
    start += attributes.begin[d] * steps[d];
    steps[d] *= attributes.stride[d];
  }
  return gathered(input, ir::elements(output.shape), [&](int64_t i) { return walk(output.shape, i, start, steps); });
}

MaybeBytes concat(const ir::Graph& graph, const ir::Node& node) {
  const ir::Tensor& output = graph.tensor(node.outputs[0]);
  const auto axis = static_cast<size_t>(ir::attributes<ir::AxisAttributes>(node).axis);
  int64_t outer = 1;
  for (size_t d = 0; d < axis; ++d) outer *= output.shape[d];
  Bytes result;
  for (int64_t o = 0; o < outer; ++o) {
    for (const ir::TensorId id : node.inputs) {
      const Bytes& data = graph.tensor(id).data;
      if (graph.tensor(id).quantization != output.quantization) return std::nullopt;
      const auto part = static_cast<int64_t>(data.size()) / outer;
      result.insert(result.end(), data.begin() + o * part, data.begin() + (o + 1) * part);
    }
  }
  return result;
}

template <typename T>
std::optional<T> compute(ir::Op op, T a, T b) {
  switch (op) {
    case ir::Op::add:
      return static_cast<T>(a + b);
    case ir::Op::sub:
      return static_cast<T>(a - b);
    case ir::Op::mul:
      return static_cast<T>(a * b);
    case ir::Op::div:
      if constexpr (std::is_floating_point_v<T>) return a / b;
      return std::nullopt;
    case ir::Op::maximum:
      return std::max(a, b);
    case ir::Op::minimum:
      return std::min(a, b);
    default:
      return std::nullopt;
  }
}

// Of floats and plain integers, with broadcasting. Quantized arithmetic stays with the kernels that define its bits.
MaybeBytes binary(const ir::Graph& graph, const ir::Node& node) {
  const ir::Tensor& output = graph.tensor(node.outputs[0]);
  if (output.type != ir::DType::f32 && output.type != ir::DType::i32) return std::nullopt;
  const auto* attributes = std::get_if<ir::ActivationAttributes>(&node.attributes);
  if (attributes != nullptr && attributes->activation != ir::Activation::none) return std::nullopt;
  return with_type(output.type, [&](auto type) -> MaybeBytes {
    using T = decltype(type);
    std::vector<std::vector<int64_t>> steps;
    for (const ir::TensorId id : node.inputs) {
      const ir::Shape& shape = graph.tensor(id).shape;
      std::vector<int64_t> own = strides_of(shape);
      for (size_t d = 0; d < shape.size(); ++d) own[d] = shape[d] == 1 ? 0 : own[d];
      own.insert(own.begin(), output.shape.size() - shape.size(), 0);
      steps.push_back(std::move(own));
    }
    const T* a = ir::data<T>(graph.tensor(node.inputs[0]));
    const T* b = ir::data<T>(graph.tensor(node.inputs[1]));
    std::vector<T> result;
    for (int64_t i = 0; i < ir::elements(output.shape); ++i) {
      const auto value = compute(node.op, a[walk(output.shape, i, 0, steps[0])], b[walk(output.shape, i, 0, steps[1])]);
      if (!value) return std::nullopt;
      result.push_back(*value);
    }
    return bytes_of_values(result);
  });
}

MaybeBytes fold(const ir::Graph& graph, const ir::Node& node) {
  const ir::Tensor& input = graph.tensor(node.inputs[0]);
  const ir::Tensor& output = graph.tensor(node.outputs[0]);
  switch (node.op) {
    case ir::Op::reshape:
      return input.data;
    case ir::Op::transpose:
      return transpose(input, output, ir::attributes<ir::TransposeAttributes>(node));
    case ir::Op::slice:
      return slice(input, output, ir::attributes<ir::SliceAttributes>(node));
    case ir::Op::concat:
      return concat(graph, node);
    case ir::Op::dequantize:
      return dequantize(input);
    case ir::Op::quantize:
      return quantize(input, output);
    case ir::Op::cast:
      return cast(input, output);
    case ir::Op::add:
    case ir::Op::sub:
    case ir::Op::mul:
    case ir::Op::div:
    case ir::Op::maximum:
    case ir::Op::minimum:
      return binary(graph, node);
    default:
      return std::nullopt;
  }
}

}  // namespace

// A node of which all inputs are constants becomes a constant, but not where its result is an output of the graph.
void fold_constants(ir::Graph& graph) {
  std::vector<bool> dead(graph.nodes.size(), false);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const ir::Node& node = graph.nodes[n];
    if (node.outputs.size() != 1 || node.inputs.empty()) continue;
    const bool constant = std::all_of(node.inputs.begin(), node.inputs.end(), [&](ir::TensorId id) {
      return id != ir::kNoTensor && graph.tensor(id).is_constant;
    });
    const ir::TensorId result = node.outputs[0];
    if (!constant || std::count(graph.outputs.begin(), graph.outputs.end(), result) != 0) continue;
    MaybeBytes data = fold(graph, node);
    ir::Tensor& tensor = graph.tensor(result);
    if (!data || static_cast<int64_t>(data->size()) != ir::bytes_of(tensor)) continue;
    tensor.is_constant = true;
    tensor.data = std::move(*data);
    dead[n] = true;
  }
  erase_nodes(graph, dead);
}

}  // namespace whit::compile
