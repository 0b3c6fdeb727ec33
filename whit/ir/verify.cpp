#include "whit/ir/verify.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "whit/ir/verify_types.hpp"

namespace whit::ir {
namespace {

// How the types of an op's operands hang together.
enum class TypeRule {
  layer,       // activations, weights, bias: one of the combinations of layer_types()
  same,        // all inputs and the output of one type; integers of 8 and 16 bits are quantized numbers
  moved,       // as same, but the values are only moved: no quantization needed
  compared,    // inputs of one type, output boolean
  select,      // condition boolean, the others as moved
  indexed,     // gather: input 1 is integers, the others as moved
  one_hot,     // input 0 is integers, the others as moved
  arg,         // output i32 or i64
  quantize,    // to a quantized type
  dequantize,  // from a quantized type to f32
  any,         // cast
  variable,    // as the variable
  recurrent,   // lstm, gru: see RecurrentAttributes
  svdf,        // see SvdfAttributes
  trees,       // see TreeInput
  none,        // the IR gives the op no meaning yet
};

struct Rule {
  Op op;
  size_t min_inputs, max_inputs;
  size_t attributes;  // index in Attributes
  TypeRule types;
};

template <typename A, size_t I = 0>
constexpr size_t kind() {
  if constexpr (std::is_same_v<A, std::variant_alternative_t<I, Attributes>>) {
    return I;
  } else {
    return kind<A, I + 1>();
  }
}

constexpr size_t kMany = 1 << 16;

// The rule of each op; how many outputs it has: outputs_of().
Rule rule_of(Op op) {
  switch (op) {
    case Op::conv2d:
    case Op::depthwise_conv2d:
    case Op::transpose_conv2d:
      return {op, 2, 3, kind<ConvAttributes>(), TypeRule::layer};
    case Op::fully_connected:
      return {op, 2, 3, kind<ActivationAttributes>(), TypeRule::layer};
    case Op::batch_matmul:
      return {op, 2, 2, kind<MatmulAttributes>(), TypeRule::same};
    case Op::average_pool2d:
    case Op::max_pool2d:
      return {op, 1, 1, kind<PoolAttributes>(), TypeRule::same};
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::div:
      return {op, 2, 2, kind<ActivationAttributes>(), TypeRule::same};
    case Op::maximum:
    case Op::minimum:
    case Op::squared_difference:
    case Op::pow:
    case Op::prelu:
      return {op, 2, 2, kind<NoAttributes>(), TypeRule::same};
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
      return {op, 2, 2, kind<NoAttributes>(), TypeRule::compared};
    case Op::select:
      return {op, 3, 3, kind<NoAttributes>(), TypeRule::select};
    case Op::leaky_relu:
      return {op, 1, 1, kind<LeakyReluAttributes>(), TypeRule::same};
    case Op::softmax:
      return {op, 1, 1, kind<SoftmaxAttributes>(), TypeRule::same};
    case Op::mean:
    case Op::sum:
    case Op::reduce_max:
    case Op::reduce_min:
      return {op, 1, 1, kind<ReduceAttributes>(), TypeRule::same};
    case Op::arg_max:
    case Op::arg_min:
      return {op, 1, 1, kind<ReduceAttributes>(), TypeRule::arg};
    case Op::quantize:
      return {op, 1, 1, kind<NoAttributes>(), TypeRule::quantize};
    case Op::dequantize:
      return {op, 1, 1, kind<NoAttributes>(), TypeRule::dequantize};
    case Op::cast:
      return {op, 1, 1, kind<NoAttributes>(), TypeRule::any};
    case Op::reshape:
      return {op, 1, 1, kind<NoAttributes>(), TypeRule::moved};
    case Op::transpose:
      return {op, 1, 1, kind<TransposeAttributes>(), TypeRule::moved};
    case Op::concat:
      return {op, 1, kMany, kind<AxisAttributes>(), TypeRule::moved};
    case Op::slice:
      return {op, 1, 1, kind<SliceAttributes>(), TypeRule::moved};
    case Op::pad:
    case Op::mirror_pad:
      return {op, 1, 1, kind<PadAttributes>(), TypeRule::moved};
    case Op::tile:
      return {op, 1, 1, kind<NoAttributes>(), TypeRule::moved};
    case Op::gather:
      return {op, 2, 2, kind<AxisAttributes>(), TypeRule::indexed};
    case Op::one_hot:
      return {op, 3, 3, kind<AxisAttributes>(), TypeRule::one_hot};
    case Op::space_to_depth:
    case Op::depth_to_space:
      return {op, 1, 1, kind<BlockAttributes>(), TypeRule::moved};
    case Op::resize_nearest:
    case Op::resize_bilinear:
      return {op, 1, 1, kind<ResizeAttributes>(), TypeRule::moved};
    case Op::read_variable:
      return {op, 0, 0, kind<VariableAttributes>(), TypeRule::variable};
    case Op::assign_variable:
      return {op, 1, 1, kind<VariableAttributes>(), TypeRule::variable};
    case Op::lstm:
      return {op, LstmInput::count, LstmInput::count, kind<RecurrentAttributes>(), TypeRule::recurrent};
    case Op::gru:
      return {op, GruInput::count, GruInput::count, kind<RecurrentAttributes>(), TypeRule::recurrent};
    case Op::svdf:
      return {op, 5, 5, kind<SvdfAttributes>(), TypeRule::svdf};
    case Op::tree_ensemble:
      return {op, TreeInput::count, TreeInput::count, kind<NoAttributes>(), TypeRule::trees};
    case Op::rfft2d:
    case Op::complex_abs:
      return {op, 0, kMany, kind<NoAttributes>(), TypeRule::none};
    default:
      return {op, 1, 1, kind<NoAttributes>(), TypeRule::same};
  }
}

size_t outputs_of(Op op) {
  if (op == Op::assign_variable) return 0;
  if (op == Op::lstm) return 3;
  return op == Op::gru || op == Op::svdf ? 2 : 1;
}

// May input `i` be absent?
bool is_optional(Op op, TypeRule types, size_t i) {
  if (op == Op::lstm) return i >= LstmInput::bias;
  if (op == Op::gru) return i >= GruInput::bias;
  if (op == Op::svdf) return i == 3;
  return i == 2 && types == TypeRule::layer;
}

// Quantized int8 weights symmetric, as the int8 specification says.
void check_weights(const Types& t) {
  const Tensor& weights = t.in(1);
  check_constants(t, t.node.inputs.size());
  if (weights.type == DType::f32) return;
  const Quantization& q = weights.quantization;
  if (q.empty()) bad(fmt::format("the weights '{}' have no quantization", weights.name), t.where());
  const int32_t axis = t.node.op == Op::depthwise_conv2d ? 3 : 0;
  if (q.per_channel() && q.axis != axis) bad(fmt::format("weights quantized along dimension {}", q.axis), t.where());
  const bool symmetric = std::all_of(q.zero_point.begin(), q.zero_point.end(), [](int32_t z) { return z == 0; });
  if (weights.type != DType::u8 && !symmetric) bad("int8 weights with a zero point other than 0", t.where());
}

void check_layer(const Types& t) {
  struct Combination {
    DType activations, weights, bias, other_bias;
  };
  static constexpr Combination kCombinations[] = {{DType::f32, DType::f32, DType::f32, DType::f32},
                                                  {DType::i8, DType::i8, DType::i32, DType::i32},
                                                  {DType::i8, DType::i4, DType::i32, DType::i32},
                                                  {DType::u8, DType::u8, DType::i32, DType::i32},
                                                  {DType::i16, DType::i8, DType::i64, DType::i32}};
  const bool known = std::any_of(std::begin(kCombinations), std::end(kCombinations), [&](const Combination& c) {
    return t.in(0).type == c.activations && t.out().type == c.activations && t.in(1).type == c.weights &&
           (!t.has(2) || t.in(2).type == c.bias || t.in(2).type == c.other_bias);
  });
  if (t.in(1).type == DType::i4 && t.node.op == Op::transpose_conv2d) t.unsupported("supported: i8 weights");
  if (!known) t.unsupported("supported: f32 throughout, or i8 activations, i8 or i4 weights and an i32 bias");
  t.require_quantized(t.in(0));
  t.require_quantized(t.out());
  check_weights(t);
}

void check_same(const Types& t, size_t first, bool quantized) {
  for (size_t i = first; i < t.node.inputs.size(); ++i) {
    if (t.in(i).type != t.out().type) t.unsupported("inputs and output need one type");
    t.require_per_tensor(t.in(i));
    if (quantized) t.require_quantized(t.in(i));
  }
  t.require_per_tensor(t.out());
  if (quantized) t.require_quantized(t.out());
}

void check_index(const Types& t, size_t i) {
  const DType type = t.in(i).type;
  if (type != DType::i32 && type != DType::i64) t.unsupported("indices need to be i32 or i64");
}

void check_variable(const Types& t) {
  const Variable& variable = t.graph.variables[static_cast<size_t>(attributes<VariableAttributes>(t.node).variable)];
  const Tensor& tensor = t.node.op == Op::read_variable ? t.out() : t.in(0);
  if (tensor.type != variable.type) bad(fmt::format("'{}' has another type than its variable", tensor.name), t.where());
}

}  // namespace

std::string place_of(const Graph& graph, const Node& node) {
  const TensorId id = !node.outputs.empty() ? node.outputs[0] : (node.inputs.empty() ? kNoTensor : node.inputs[0]);
  const bool known = id >= 0 && static_cast<size_t>(id) < graph.tensors.size();
  return fmt::format("{} '{}'", name_of(node.op), known ? graph.tensor(id).name : "?");
}

void verify_operands(const Graph& graph, const Node& node) {
  const Rule rule = rule_of(node.op);
  const std::string where = place_of(graph, node);
  if (rule.types == TypeRule::none) {
    throw Error(ErrorCode::unsupported, fmt::format("{} has no meaning in the graph yet", name_of(node.op)), where);
  }
  if (node.inputs.size() < rule.min_inputs || node.inputs.size() > rule.max_inputs) {
    bad(fmt::format("{} inputs", node.inputs.size()), where);
  }
  if (node.outputs.size() != outputs_of(node.op)) bad(fmt::format("{} outputs", node.outputs.size()), where);
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const TensorId id = node.inputs[i];
    const bool absent = id == kNoTensor && is_optional(node.op, rule.types, i);
    if (!absent && (id < 0 || static_cast<size_t>(id) >= graph.tensors.size())) {
      bad(fmt::format("input {} is no tensor", i), where);
    }
  }
  for (const TensorId id : node.outputs) {
    if (id < 0 || static_cast<size_t>(id) >= graph.tensors.size()) bad("the output is no tensor", where);
  }
  if (node.attributes.index() != rule.attributes) bad("attributes of another op", where);
  if (rule.types == TypeRule::variable) {
    const int32_t variable = attributes<VariableAttributes>(node).variable;
    if (variable < 0 || static_cast<size_t>(variable) >= graph.variables.size()) bad("no such variable", where);
  }
}

void verify_types(const Graph& graph, const Node& node) {
  const Types t{graph, node};
  const TypeRule rule = rule_of(node.op).types;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const bool is_weights = rule == TypeRule::layer && i == 1;
    if (t.has(i) && t.in(i).type == DType::i4 && !is_weights) t.unsupported("i4 is for the weights of layers");
  }
  switch (rule) {
    case TypeRule::layer:
      return check_layer(t);
    case TypeRule::same:
      if (node.op == Op::softmax && t.in(0).type == DType::i8 && t.out().type == DType::i16) {
        t.require_quantized(t.in(0));
        return t.require_quantized(t.out());
      }
      return check_same(t, 0, true);
    case TypeRule::moved:
      return check_same(t, 0, false);
    case TypeRule::compared:
      if (t.in(0).type != t.in(1).type || t.out().type != DType::boolean) t.unsupported("inputs need one type");
      t.require_quantized(t.in(0));
      return t.require_quantized(t.in(1));
    case TypeRule::select:
      if (t.in(0).type != DType::boolean) t.unsupported("the condition needs to be bool");
      return check_same(t, 1, false);
    case TypeRule::indexed:
      check_index(t, 1);
      if (t.in(0).type != t.out().type) t.unsupported("input and output need one type");
      return t.require_per_tensor(t.in(0));
    case TypeRule::one_hot:
      check_index(t, 0);
      return check_same(t, 1, false);
    case TypeRule::arg:
      if (t.out().type != DType::i32 && t.out().type != DType::i64) t.unsupported("the output needs to be i32 or i64");
      return t.require_per_tensor(t.in(0));
    case TypeRule::quantize:
      if (t.out().quantization.empty() || (t.in(0).type != DType::f32 && t.in(0).quantization.empty())) {
        bad("quantize needs the quantization of its output, and of an integer input", t.where());
      }
      if (!is_quantized_type(t.out().type) && t.out().type != DType::i32) t.unsupported("the output needs to be i8");
      t.require_per_tensor(t.in(0));
      if (t.in(0).type == DType::f32 && t.out().quantization.per_channel()) {  // each feature its own scale
        if (static_cast<size_t>(t.out().quantization.axis) + 1 == t.out().shape.size()) return;
      }
      return t.require_per_tensor(t.out());
    case TypeRule::dequantize:
      if (t.out().type != DType::f32 || !is_quantized_type(t.in(0).type)) t.unsupported("supported: i8 to f32");
      return t.require_quantized(t.in(0));
    case TypeRule::variable:
      return check_variable(t);
    case TypeRule::recurrent:
      return check_recurrent(t);
    case TypeRule::svdf:
      return check_svdf(t);
    case TypeRule::trees:
      return check_trees(t);
    case TypeRule::any:
    case TypeRule::none:
      return;
  }
}

namespace {

void verify_variables(const Graph& graph) {
  for (const Variable& variable : graph.variables) {
    Tensor value;
    value.name = variable.name;
    value.type = variable.type;
    value.shape = variable.shape;
    value.quantization = variable.quantization;
    value.is_constant = true;
    value.data = variable.initial;
    verify_tensor(value);
  }
}

void check_id(const Graph& graph, TensorId id, const char* what) {
  if (id < 0 || static_cast<size_t>(id) >= graph.tensors.size()) bad(fmt::format("a graph {} is no tensor", what), "");
}

}  // namespace

void verify(const Graph& graph) {
  for (const Tensor& tensor : graph.tensors) verify_tensor(tensor);
  verify_variables(graph);
  std::vector<bool> defined(graph.tensors.size());
  for (size_t i = 0; i < graph.tensors.size(); ++i) defined[i] = graph.tensors[i].is_constant;
  const auto define = [&](TensorId id, const std::string& where) {
    if (defined[static_cast<size_t>(id)]) bad(fmt::format("'{}' is defined twice", graph.tensor(id).name), where);
    defined[static_cast<size_t>(id)] = true;
  };
  for (const TensorId id : graph.inputs) {
    check_id(graph, id, "input");
    define(id, "graph inputs");
  }
  for (const Node& node : graph.nodes) {
    const std::vector<Shape> shapes = infer_shapes(graph, node);
    for (const TensorId id : node.inputs) {
      if (id != kNoTensor && !defined[static_cast<size_t>(id)]) {
        bad(fmt::format("'{}' is used before it is defined", graph.tensor(id).name), place_of(graph, node));
      }
    }
    verify_types(graph, node);
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const Tensor& output = graph.tensor(node.outputs[i]);
      if (output.shape != shapes[i]) {
        bad(fmt::format("the output has the shape {}, but {} follows from the inputs", to_string(output.shape),
                        to_string(shapes[i])),
            place_of(graph, node));
      }
      define(node.outputs[i], place_of(graph, node));
    }
  }
  for (const TensorId id : graph.outputs) {
    check_id(graph, id, "output");
    if (graph.tensor(id).type == DType::i4) bad("an output of i4", "graph outputs");
    if (!defined[static_cast<size_t>(id)])
      bad(fmt::format("'{}' is never computed", graph.tensor(id).name), "graph outputs");
  }
}

}  // namespace whit::ir
