#include "whit/learn/differentiable.hpp"

#include <fmt/format.h>

#include "whit/base/error.hpp"
#include "whit/ir/verify.hpp"

namespace whit::learn {

void Site::refuse(const std::string& what, const std::string& hint) const {
  throw Error(ErrorCode::unsupported, what, ir::place_of(graph, node), hint);
}

at::Tensor activate(const at::Tensor& x, ir::Activation activation) {
  switch (activation) {
    case ir::Activation::none:
      return x;
    case ir::Activation::relu:
      return at::relu(x);
    case ir::Activation::relu6:
      return at::clamp(x, 0, 6);
    case ir::Activation::relu_n1_to_1:
      return at::clamp(x, -1, 1);
    case ir::Activation::tanh:
      return at::tanh(x);
  }
  return x;
}

std::vector<int64_t> with_batch(int64_t batch, const ir::Shape& shape) {
  std::vector<int64_t> dims = {batch};
  dims.insert(dims.end(), shape.begin(), shape.end());
  return dims;
}

at::ScalarType scalar_type(const Site& site, ir::DType type) {
  switch (type) {
    case ir::DType::f32:
      return at::kFloat;
    case ir::DType::i32:
      return at::kInt;
    case ir::DType::i64:
      return at::kLong;
    case ir::DType::boolean:
      return at::kBool;
    default:
      site.refuse(fmt::format("training knows no {} tensors", ir::name_of(type)), "train the float32 model");
  }
}

std::vector<size_t> missing_ranks(const Site& site) {
  std::vector<size_t> missing;
  for (size_t i = 0; i < site.node.inputs.size(); ++i) {
    missing.push_back(site.in(i).is_constant ? 0 : site.out().shape.size() - site.in(i).shape.size());
  }
  return missing;
}

at::Tensor aligned(at::Tensor x, size_t missing) {
  for (; missing > 0; --missing) x = x.unsqueeze(1);
  return x;
}

at::Tensor indices(const std::vector<int64_t>& values) {
  return at::tensor(values, at::TensorOptions().dtype(at::kLong));
}

bool is_weight(ir::Op op, size_t i) {
  switch (op) {
    case ir::Op::conv2d:
    case ir::Op::depthwise_conv2d:
    case ir::Op::transpose_conv2d:
    case ir::Op::fully_connected:
    case ir::Op::prelu:
      return i > 0;
    case ir::Op::lstm:
      return i > 0 && i < ir::LstmInput::hidden;
    case ir::Op::gru:
      return i > 0 && i < ir::GruInput::hidden;
    case ir::Op::svdf:
      return i > 0 && i < 4;
    case ir::Op::batch_matmul:
      return true;
    case ir::Op::gather:
      return i == 0;
    default:
      return false;
  }
}

bool takes_constant(ir::Op op, size_t i) {
  switch (op) {
    case ir::Op::add:
    case ir::Op::sub:
    case ir::Op::mul:
    case ir::Op::div:
    case ir::Op::maximum:
    case ir::Op::minimum:
    case ir::Op::squared_difference:
    case ir::Op::pow:
    case ir::Op::equal:
    case ir::Op::not_equal:
    case ir::Op::less:
    case ir::Op::less_equal:
    case ir::Op::greater:
    case ir::Op::greater_equal:
    case ir::Op::select:
    case ir::Op::gather:
      return true;
    default:
      return is_weight(op, i);
  }
}

Function function_of(const Site& site) {
  for (const ir::TensorId id : site.node.inputs) {
    if (id != ir::kNoTensor) scalar_type(site, site.graph.tensor(id).type);
  }
  for (const ir::TensorId id : site.node.outputs) scalar_type(site, site.graph.tensor(id).type);
  for (const auto part : {layer_function, elementwise_function, movement_function, recurrent_function}) {
    if (Function function = part(site)) return function;
  }
  site.refuse(fmt::format("training does not know the op {}", ir::name_of(site.node.op)));
}

}  // namespace whit::learn
