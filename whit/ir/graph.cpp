#include "whit/ir/graph.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace whit::ir {
namespace {

constexpr std::array kOpNames = {
#define X(name) #name,
    WHIT_IR_OPS(X)
#undef X
};
constexpr std::array kTypeNames = {"f32", "f16", "i8", "u8", "i16", "i32", "i64", "bool", "i4"};
constexpr std::array<int64_t, 9> kTypeBytes = {4, 2, 1, 1, 2, 4, 8, 1, 1};
constexpr std::array kActivationNames = {"none", "relu", "relu6", "relu_n1_to_1", "tanh"};

template <typename Enum, size_t N>
bool find_name(const std::array<const char*, N>& names, const std::string& name, Enum& value) {
  for (size_t i = 0; i < N; ++i) {
    if (name == names[i]) {
      value = static_cast<Enum>(i);
      return true;
    }
  }
  return false;
}

}  // namespace

TensorId Graph::add_tensor(Tensor tensor) {
  tensors.push_back(std::move(tensor));
  return static_cast<TensorId>(tensors.size()) - 1;
}

const char* name_of(Op op) { return kOpNames.at(static_cast<size_t>(op)); }
const char* name_of(DType type) { return kTypeNames.at(static_cast<size_t>(type)); }
const char* name_of(Activation activation) { return kActivationNames.at(static_cast<size_t>(activation)); }
bool from_name(const std::string& name, Op& op) { return find_name(kOpNames, name, op); }
bool from_name(const std::string& name, DType& type) { return find_name(kTypeNames, name, type); }
bool from_name(const std::string& name, Activation& activation) {
  return find_name(kActivationNames, name, activation);
}

int64_t bytes_of(DType type) { return kTypeBytes.at(static_cast<size_t>(type)); }

int64_t elements(const Shape& shape) {
  int64_t product = 1;
  for (const int32_t dim : shape) product *= dim;
  return product;
}

int64_t bytes_of(const Tensor& tensor) { return elements(tensor.shape) * bytes_of(tensor.type); }

int64_t stored_bytes(const Tensor& tensor) {
  return tensor.type == DType::i4 ? (elements(tensor.shape) + 1) / 2 : bytes_of(tensor);
}

std::vector<uint8_t> pack_i4(const std::vector<uint8_t>& elements) {
  std::vector<uint8_t> packed((elements.size() + 1) / 2);
  for (size_t i = 0; i < elements.size(); ++i) packed[i / 2] |= static_cast<uint8_t>((elements[i] & 15) << 4 * (i % 2));
  return packed;
}

std::vector<uint8_t> unpack_i4(const uint8_t* packed, int64_t count) {
  std::vector<uint8_t> elements(static_cast<size_t>(count));
  for (size_t i = 0; i < elements.size(); ++i) {
    const int32_t nibble = packed[i / 2] >> 4 * (i % 2) & 15;
    elements[i] = static_cast<uint8_t>((nibble ^ 8) - 8);
  }
  return elements;
}

std::string to_string(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ",")); }

int64_t macs(const Graph& graph, const Node& node) {
  const auto shape = [&](TensorId id) -> const Shape& { return graph.tensor(id).shape; };
  switch (node.op) {
    case Op::conv2d: {
      const Shape& w = shape(node.inputs[1]);
      return elements(shape(node.outputs[0])) * w[1] * w[2] * w[3];
    }
    case Op::depthwise_conv2d: {
      const Shape& w = shape(node.inputs[1]);
      return elements(shape(node.outputs[0])) * w[1] * w[2];
    }
    case Op::transpose_conv2d: {
      const Shape& w = shape(node.inputs[1]);
      return elements(shape(node.inputs[0])) * w[0] * w[1] * w[2];
    }
    case Op::fully_connected:
      return elements(shape(node.outputs[0])) * shape(node.inputs[1])[1];
    case Op::batch_matmul: {
      const Shape& a = shape(node.inputs[0]);
      return elements(shape(node.outputs[0])) *
             (attributes<MatmulAttributes>(node).transpose_a ? a[a.size() - 2] : a.back());
    }
    case Op::lstm:
    case Op::gru: {  // each output element of each step takes all gates of a row
      const Shape& w = shape(node.inputs[1]);
      return elements(shape(node.outputs[0])) * (node.op == Op::lstm ? 4 : 3) * (w[0] + w[1]);
    }
    case Op::svdf: {
      const Shape &w = shape(node.inputs[1]), &t = shape(node.inputs[2]);
      return shape(node.inputs[0])[0] * (elements(w) + elements(t));
    }
    default:
      return 0;
  }
}

}  // namespace whit::ir
