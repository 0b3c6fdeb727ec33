// Ops element by element, reductions and softmax.
#include <algorithm>

#include "whit/formats/onnx/export.hpp"

namespace whit::onnx {
namespace {

using ir::Op;
using ::onnx::NodeProto;

// The op of that name in the file; null where it takes more than one.
const char* file_op(Op op) {
  static const std::map<Op, const char*> kNames = {{Op::add, "Add"},
                                                   {Op::sub, "Sub"},
                                                   {Op::mul, "Mul"},
                                                   {Op::div, "Div"},
                                                   {Op::maximum, "Max"},
                                                   {Op::minimum, "Min"},
                                                   {Op::pow, "Pow"},
                                                   {Op::prelu, "PRelu"},
                                                   {Op::equal, "Equal"},
                                                   {Op::less, "Less"},
                                                   {Op::less_equal, "LessOrEqual"},
                                                   {Op::greater, "Greater"},
                                                   {Op::greater_equal, "GreaterOrEqual"},
                                                   {Op::select, "Where"},
                                                   {Op::relu, "Relu"},
                                                   {Op::leaky_relu, "LeakyRelu"},
                                                   {Op::elu, "Elu"},
                                                   {Op::hard_swish, "HardSwish"},
                                                   {Op::logistic, "Sigmoid"},
                                                   {Op::tanh, "Tanh"},
                                                   {Op::abs, "Abs"},
                                                   {Op::neg, "Neg"},
                                                   {Op::exp, "Exp"},
                                                   {Op::erf, "Erf"},
                                                   {Op::log, "Log"},
                                                   {Op::sqrt, "Sqrt"},
                                                   {Op::sin, "Sin"},
                                                   {Op::cos, "Cos"},
                                                   {Op::floor, "Floor"},
                                                   {Op::ceil, "Ceil"},
                                                   {Op::round, "Round"}};
  const auto found = kNames.find(op);
  return found == kNames.end() ? nullptr : found->second;
}

std::string written(NodeExport& node, const std::vector<std::string>& x) {
  const Op op = node.node().op;
  if (op == Op::relu6) return node.op("Clip", {x[0], node.real(0), node.real(6)});
  if (op == Op::relu_n1_to_1) return node.op("Clip", {x[0], node.real(-1), node.real(1)});
  if (op == Op::relu_0_to_1) return node.op("Clip", {x[0], node.real(0), node.real(1)});
  if (op == Op::rsqrt) return node.op("Reciprocal", {node.op("Sqrt", {x[0]})});
  if (op == Op::square) return node.op("Mul", {x[0], x[0]});
  if (op == Op::not_equal) return node.op("Not", {node.op("Equal", x)});
  if (op == Op::squared_difference) {
    const std::string difference = node.op("Sub", x);
    return node.op("Mul", {difference, difference});
  }
  const char* name = file_op(op);
  if (name == nullptr) node.unsupported("ONNX has no such op");
  NodeProto& added = node.append(name, x);
  if (op == Op::leaky_relu) set(added, "alpha", ir::attributes<ir::LeakyReluAttributes>(node.node()).alpha);
  const auto* fused = std::get_if<ir::ActivationAttributes>(&node.node().attributes);
  const std::string result = added.output(0);
  return fused == nullptr ? result : node.activated(result, fused->activation);
}

}  // namespace

void export_elementwise(NodeExport& node) {
  const Order order = node.common_order();
  std::vector<std::string> inputs;
  for (size_t i = 0; i < node.node().inputs.size(); ++i) inputs.push_back(node.input(i, order));
  node.result(written(node, inputs), order);
}

void export_reduce(NodeExport& node) {
  const auto& a = ir::attributes<ir::ReduceAttributes>(node.node());
  const Op op = node.node().op;
  const bool arg = op == Op::arg_max || op == Op::arg_min;
  const bool image = !arg && node.is_image(node.node().inputs[0]);
  const auto reduced = [&](int32_t d) { return std::find(a.axes.begin(), a.axes.end(), d) != a.axes.end(); };
  // Without kept dimensions the order of what is left must be the graph's: channels alone, or rows and columns alone.
  const bool stays = a.keep_dims || reduced(3) || (reduced(1) && reduced(2));
  const Order order = image && stays ? Order::image : Order::plain;
  std::vector<int64_t> axes;
  for (const int32_t d : a.axes) axes.push_back(order == Order::image ? kToImage[d] : d);
  const std::string x = node.input(0, order);
  const Order result_order = a.keep_dims ? order : Order::plain;
  if (op == Op::sum) {
    NodeProto& sum = node.append("ReduceSum", {x, node.integers(axes)});
    set(sum, "keepdims", int64_t{a.keep_dims});
    return node.result(sum.output(0), result_order);
  }
  static const std::map<Op, const char*> kNames = {{Op::mean, "ReduceMean"},
                                                   {Op::reduce_max, "ReduceMax"},
                                                   {Op::reduce_min, "ReduceMin"},
                                                   {Op::arg_max, "ArgMax"},
                                                   {Op::arg_min, "ArgMin"}};
  NodeProto& added = node.append(kNames.at(op), {x});
  set(added, "keepdims", int64_t{a.keep_dims});
  if (!arg) {
    set(added, "axes", axes);
    return node.result(added.output(0), result_order);
  }
  set(added, "axis", axes.at(0));
  NodeProto& cast = node.append("Cast", {added.output(0)});
  set(cast, "to", int64_t{to_file_type(node.out().type)});
  node.result(cast.output(0), result_order);
}

void export_softmax(NodeExport& node) {
  std::string x = node.input(0);
  if (node.node().op == Op::softmax) {
    const float beta = ir::attributes<ir::SoftmaxAttributes>(node.node()).beta;
    if (beta != 1) x = node.op("Mul", {x, node.real(beta)});
  }
  static const std::map<Op, const char*> kNames = {
      {Op::softmax, "Softmax"}, {Op::log_softmax, "LogSoftmax"}, {Op::l2_normalization, "LpNormalization"}};
  NodeProto& added = node.append(kNames.at(node.node().op), {x});
  set(added, "axis", int64_t{-1});
  node.result(added.output(0));
}

void export_quantize(NodeExport& node) {
  const Order order = node.common_order();
  if (node.node().op != Op::cast) return node.result(node.input(0, order), order);
  NodeProto& cast = node.append("Cast", {node.stored(node.node().inputs[0], order)});
  set(cast, "to", int64_t{to_file_type(node.out().type)});
  node.stored_result(cast.output(0), order);
}

}  // namespace whit::onnx
