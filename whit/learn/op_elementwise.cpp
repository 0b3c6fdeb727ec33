// Arithmetic, activations, comparisons, and normalisation along the last dimension.
#include "whit/learn/differentiable.hpp"

namespace whit::learn {
namespace {

using Unary = at::Tensor (*)(const at::Tensor&);
using Binary = at::Tensor (*)(const at::Tensor&, const at::Tensor&);

Unary unary_of(ir::Op op) {
  using T = const at::Tensor&;
  switch (op) {
    case ir::Op::relu:
      return [](T x) { return at::relu(x); };
    case ir::Op::relu6:
      return [](T x) { return at::clamp(x, 0, 6); };
    case ir::Op::relu_n1_to_1:
      return [](T x) { return at::clamp(x, -1, 1); };
    case ir::Op::relu_0_to_1:
      return [](T x) { return at::clamp(x, 0, 1); };
    case ir::Op::elu:
      return [](T x) { return at::elu(x); };
    case ir::Op::hard_swish:
      return [](T x) { return at::hardswish(x); };
    case ir::Op::logistic:
      return [](T x) { return at::sigmoid(x); };
    case ir::Op::tanh:
      return [](T x) { return at::tanh(x); };
    case ir::Op::abs:
      return [](T x) { return at::abs(x); };
    case ir::Op::neg:
      return [](T x) { return at::neg(x); };
    case ir::Op::exp:
      return [](T x) { return at::exp(x); };
    case ir::Op::erf:
      return [](T x) { return at::erf(x); };
    case ir::Op::log:
      return [](T x) { return at::log(x); };
    case ir::Op::sqrt:
      return [](T x) { return at::sqrt(x); };
    case ir::Op::rsqrt:
      return [](T x) { return at::rsqrt(x); };
    case ir::Op::square:
      return [](T x) { return at::square(x); };
    case ir::Op::sin:
      return [](T x) { return at::sin(x); };
    case ir::Op::cos:
      return [](T x) { return at::cos(x); };
    case ir::Op::floor:
      return [](T x) { return at::floor(x); };
    case ir::Op::ceil:
      return [](T x) { return at::ceil(x); };
    case ir::Op::round:
      return [](T x) { return at::round(x); };
    case ir::Op::log_softmax:
      return [](T x) { return at::log_softmax(x, -1); };
    case ir::Op::l2_normalization:
      return [](T x) { return x / at::sqrt(at::clamp_min(at::sum(x * x, {-1}, true), 1e-12)); };
    default:
      return nullptr;
  }
}

Binary binary_of(ir::Op op) {
  using T = const at::Tensor&;
  switch (op) {
    case ir::Op::add:
      return [](T a, T b) { return at::add(a, b); };
    case ir::Op::sub:
      return [](T a, T b) { return at::sub(a, b); };
    case ir::Op::mul:
      return [](T a, T b) { return at::mul(a, b); };
    case ir::Op::div:
      return [](T a, T b) { return a.is_floating_point() ? at::div(a, b) : at::div(a, b, "trunc"); };
    case ir::Op::maximum:
      return [](T a, T b) { return at::maximum(a, b); };
    case ir::Op::minimum:
      return [](T a, T b) { return at::minimum(a, b); };
    case ir::Op::squared_difference:
      return [](T a, T b) { return at::square(a - b); };
    case ir::Op::pow:
      return [](T a, T b) { return at::pow(a, b); };
    case ir::Op::prelu:
      return [](T x, T slope) { return at::where(x > 0, x, x * slope); };
    case ir::Op::equal:
      return [](T a, T b) { return at::eq(a, b); };
    case ir::Op::not_equal:
      return [](T a, T b) { return at::ne(a, b); };
    case ir::Op::less:
      return [](T a, T b) { return at::lt(a, b); };
    case ir::Op::less_equal:
      return [](T a, T b) { return at::le(a, b); };
    case ir::Op::greater:
      return [](T a, T b) { return at::gt(a, b); };
    case ir::Op::greater_equal:
      return [](T a, T b) { return at::ge(a, b); };
    default:
      return nullptr;
  }
}

Function binary_function(const Site& site, Binary function) {
  const auto* attributes = std::get_if<ir::ActivationAttributes>(&site.node.attributes);
  const ir::Activation activation = attributes != nullptr ? attributes->activation : ir::Activation::none;
  return [function, activation, missing = missing_ranks(site)](const Tensors& inputs, Frame&) -> Tensors {
    return {activate(function(aligned(inputs[0], missing[0]), aligned(inputs[1], missing[1])), activation)};
  };
}

}  // namespace

Function elementwise_function(const Site& site) {
  if (const Unary function = unary_of(site.node.op)) {
    return [function](const Tensors& inputs, Frame&) -> Tensors { return {function(inputs[0])}; };
  }
  if (const Binary function = binary_of(site.node.op)) return binary_function(site, function);
  switch (site.node.op) {
    case ir::Op::softmax:
      return [beta = site.attributes<ir::SoftmaxAttributes>().beta](const Tensors& inputs, Frame&) -> Tensors {
        return {at::softmax(beta == 1.0f ? inputs[0] : inputs[0] * beta, -1)};
      };
    case ir::Op::leaky_relu:
      return [alpha = site.attributes<ir::LeakyReluAttributes>().alpha](const Tensors& inputs, Frame&) -> Tensors {
        return {at::leaky_relu(inputs[0], alpha)};
      };
    case ir::Op::select:
      return [missing = missing_ranks(site)](const Tensors& inputs, Frame&) -> Tensors {
        return {
            at::where(aligned(inputs[0], missing[0]), aligned(inputs[1], missing[1]), aligned(inputs[2], missing[2]))};
      };
    case ir::Op::cast:
      return [type = scalar_type(site, site.out().type)](const Tensors& inputs, Frame&) -> Tensors {
        return {inputs[0].to(type)};
      };
    default:
      return nullptr;
  }
}

}  // namespace whit::learn
