// From values to tensors of the graph: layouts, constants, nodes.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "whit/formats/onnx/import.hpp"
#include "whit/ir/verify.hpp"

namespace whit::onnx {
namespace {

// Elements of a constant of the dimensions `file` in the order of `layout`, whose physical shape is `shape`.
std::vector<uint8_t> arranged(const Constant& constant, const ir::Shape& file, const Layout& layout,
                              const ir::Shape& shape) {
  std::vector<int64_t> steps(shape.size(), 0);
  int64_t stride = 1;
  for (size_t d = file.size(); d-- > 0;) {
    if (layout.dims[d] >= 0) steps[static_cast<size_t>(layout.dims[d])] = stride;
    stride *= file[d];
  }
  const auto size = static_cast<size_t>(element_bytes(constant.type));
  std::vector<uint8_t> bytes(constant.bytes.size());
  std::vector<int32_t> at(shape.size(), 0);
  int64_t source = 0;
  for (size_t to = 0; to < bytes.size(); to += size) {
    std::memcpy(bytes.data() + to, constant.bytes.data() + static_cast<size_t>(source) * size, size);
    for (size_t d = shape.size(); d-- > 0;) {
      source += steps[d];
      if (++at[d] < shape[d]) break;
      source -= steps[d] * shape[d];
      at[d] = 0;
    }
  }
  return bytes;
}

ir::Quantization quantization_of(const Scales& scales, const Layout& layout) {
  ir::Quantization q{scales.scale, scales.zero_point, 0};
  if (q.per_channel()) q.axis = layout.dims[static_cast<size_t>(scales.axis)];
  return q;
}

// All that decides what a value becomes in another layout.
std::vector<int32_t> key_of(const Value& value, const Layout& layout) {
  std::vector<int32_t> key = value.shape;
  key.insert(key.end(), value.layout.dims.begin(), value.layout.dims.end());
  key.insert(key.end(), layout.dims.begin(), layout.dims.end());
  key.push_back(layout.rank);
  return key;
}

}  // namespace

ir::TensorId NodeImport::raw_constant(ir::Tensor tensor) {
  tensor.is_constant = true;
  if (tensor.name.empty())
    tensor.name = fmt::format("{}/constant_{}", node_.output_size() > 0 ? output_name(0) : "", ++made_);
  try {
    ir::verify_tensor(tensor);
  } catch (const Error& error) {
    throw error.at(where());
  }
  import_.constant_bytes_ += static_cast<int64_t>(tensor.data.size());
  if (import_.constant_bytes_ > ir::kMaxTensorBytes) bad("more than 2 GB of constants");
  return graph().add_tensor(std::move(tensor));
}

ir::TensorId NodeImport::tensor(const Value& value, const Layout& layout) {
  const ir::Shape shape = physical(value.shape, layout);
  if (value.constant != nullptr) {
    const std::pair key{value.constant.get(), key_of(value, layout)};
    const auto known = import_.constants_.find(key);
    if (known != import_.constants_.end()) return known->second;
    ir::Tensor tensor;
    if (!to_dtype(value.constant->type, tensor.type)) {
      unsupported(fmt::format("a constant of {}", name_of_type(value.constant->type)),
                  "supported: float32, int8, int32, int64, bool");
    }
    tensor.shape = shape;
    tensor.data = arranged(*value.constant, value.shape, layout, shape);
    if (value.scales) {
      tensor.quantization = quantization_of(*value.scales, layout);
      if (tensor.type == ir::DType::u8) {
        tensor.type = ir::DType::i8;
        for (uint8_t& byte : tensor.data) byte ^= 0x80;
      }
    }
    const ir::TensorId id = raw_constant(std::move(tensor));
    import_.kept_.push_back(value.constant);
    return import_.constants_[key] = id;
  }
  const ir::Shape& current = graph().tensor(value.id).shape;
  const std::vector<size_t> from = memory_order(value.shape, value.layout), to = memory_order(value.shape, layout);
  if (from == to && current == shape) return value.id;
  const std::pair key{value.id, key_of(value, layout)};
  const auto known = import_.converted_.find(key);
  if (known != import_.converted_.end()) return known->second;
  ir::TensorId id = value.id;
  if (from != to) {
    ir::Shape squeezed;
    ir::TransposeAttributes attributes;
    for (const size_t d : from) squeezed.push_back(value.shape[d]);
    for (const size_t d : to) {
      attributes.permutation.push_back(static_cast<int32_t>(std::find(from.begin(), from.end(), d) - from.begin()));
    }
    // The dimensions of 1 lead, where they need no reshape: the common [1,H,W,C].
    if (layout.rank == value.layout.rank) {
      ir::Shape padded = current;
      std::stable_partition(padded.begin(), padded.end(), [](int32_t dim) { return dim == 1; });
      if (padded == current) {
        const auto ones = static_cast<int32_t>(padded.size() - squeezed.size());
        for (int32_t& d : attributes.permutation) d += ones;
        for (int32_t d = ones; d-- > 0;) attributes.permutation.insert(attributes.permutation.begin(), d);
        squeezed = current;
      }
    }
    if (current != squeezed) id = add(ir::Op::reshape, {id}, {}, {squeezed});
    id = add(ir::Op::transpose, {id}, attributes);
  }
  if (graph().tensor(id).shape != shape) id = add(ir::Op::reshape, {id}, {}, {shape});
  return import_.converted_[key] = id;
}

Value NodeImport::plain_value(const Value& value) {
  if (value.constant != nullptr) return value;
  const Layout layout = plain_layout(value.rank());
  return value_of(tensor(value, layout), value.shape, layout, value);
}

Value NodeImport::with_all_dims(const Value& value) {
  if (value.constant != nullptr) return value;
  const auto& dims = value.layout.dims;
  return std::find(dims.begin(), dims.end(), -1) == dims.end() ? value : plain_value(value);
}

Value NodeImport::value_of(ir::TensorId id, const ir::Shape& shape, const Layout& layout, const Value& like) const {
  Value value;
  value.type = like.type;
  value.shape = shape;
  value.id = id;
  value.layout = layout;
  value.scales = like.scales;
  return value;
}

ir::TensorId NodeImport::new_tensor(ir::TensorId like_id, const Result& result) {
  ir::Tensor output;
  const ir::Tensor& like = graph().tensor(like_id);
  output.type = result.type.value_or(like.type);
  output.shape = result.shape;
  if (result.scales) {
    output.quantization = {result.scales->scale, result.scales->zero_point, 0};
  } else if (output.type == like.type) {
    output.quantization = like.quantization;
  }
  // A node need not use its first output.
  std::string name = node_.output_size() > 0 ? output_name(0) : "";
  if (name.empty()) name = node_.name();
  output.name = fmt::format("{}/{}", name, ++made_);
  return graph().add_tensor(std::move(output));
}

// Gives the outputs the shapes that follow, and checks the node.
void NodeImport::append(ir::Node node) {
  node.source_index = index_;
  try {
    const std::vector<ir::Shape> shapes = ir::infer_shapes(graph(), node);
    for (size_t i = 0; i < shapes.size(); ++i) {
      ir::Tensor& tensor = graph().tensor(node.outputs[i]);
      tensor.shape = shapes[i];
      ir::verify_tensor(tensor);
    }
    ir::verify_types(graph(), node);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{} ({})", error.what(), error.where()), where(), error.hint());
  }
  graph().nodes.push_back(std::move(node));
}

ir::TensorId NodeImport::add(ir::Op op, std::vector<ir::TensorId> inputs, ir::Attributes attributes,
                             const Result& result) {
  const ir::TensorId id = new_tensor(inputs.at(0), result);
  append({op, std::move(inputs), {id}, std::move(attributes)});
  return id;
}

std::vector<ir::TensorId> NodeImport::add_all(ir::Op op, std::vector<ir::TensorId> inputs, ir::Attributes attributes,
                                              size_t count) {
  std::vector<ir::TensorId> ids;
  for (size_t i = 0; i < count; ++i) ids.push_back(new_tensor(inputs.at(0), Result{}));
  append({op, std::move(inputs), ids, std::move(attributes)});
  return ids;
}

}  // namespace whit::onnx
