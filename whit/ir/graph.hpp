// The one representation of a model between a file and a Program: tensors, nodes in execution order, variables.
// Made by formats/, changed by compile/passes, read by compile/lower. Knows no file format, device or library.
//
// Semantics. Activations are NHWC. Every tensor has a static shape. A quantized tensor holds integers q that stand for
// scale * (q - zero_point). Weights: conv2d [O,KH,KW,I]; depthwise_conv2d [1,KH,KW,C] with C = output channels
// (channel c reads input channel c / depth_multiplier); transpose_conv2d [O,KH,KW,I]; fully_connected [O,I]. An int8
// convolution has an int32 bias of scale input_scale * weight_scale[channel]. Nodes stand in an order in which every
// input is defined before it is used. Padding is explicit: "SAME" and "VALID" end at the importer.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace whit::ir {

// i4 is for weights only: [-8, 7], one element a byte in a Graph, two a byte in files and on devices.
enum class DType : uint8_t { f32, f16, i8, u8, i16, i32, i64, boolean, i4 };

using Shape = std::vector<int32_t>;
using TensorId = int32_t;
inline constexpr TensorId kNoTensor = -1;  // an optional input that is absent

// One scale for the tensor, or one for each index of dimension `axis`. Empty: not quantized.
struct Quantization {
  std::vector<float> scale;
  std::vector<int32_t> zero_point;  // as many as scales
  int32_t axis = 0;

  bool empty() const { return scale.empty(); }
  bool per_channel() const { return scale.size() > 1; }
  bool operator==(const Quantization&) const = default;
};

struct Tensor {
  std::string name;
  DType type = DType::f32;
  Shape shape;  // empty for a scalar
  Quantization quantization;
  bool is_constant = false;
  std::vector<uint8_t> data;  // of a constant: elements in C order, little-endian
  int32_t source_index = -1;  // index in the source file
};

// State that lives from one inference to the next.
struct Variable {
  std::string name;
  DType type = DType::i8;
  Shape shape;
  Quantization quantization;
  std::vector<uint8_t> initial;  // one element for each of the shape, little-endian
};

// X(enumerator): the ops. Importers express other ops with these: split as slices, pack as reshapes and a concat, ...
// clang-format off
#define WHIT_IR_OPS(X) \
  X(conv2d) X(depthwise_conv2d) X(transpose_conv2d) X(fully_connected) X(batch_matmul) \
  X(average_pool2d) X(max_pool2d) X(add) X(sub) X(mul) X(div) X(maximum) X(minimum) \
  X(squared_difference) X(pow) X(equal) X(not_equal) X(less) X(less_equal) X(greater) X(greater_equal) \
  X(select) X(relu) X(relu6) X(relu_n1_to_1) X(relu_0_to_1) X(leaky_relu) X(prelu) X(elu) \
  X(hard_swish) X(logistic) X(tanh) X(abs) X(neg) X(exp) X(erf) X(log) X(sqrt) X(rsqrt) X(square) X(sin) \
  X(cos) X(floor) X(ceil) X(round) X(softmax) X(log_softmax) X(l2_normalization) X(mean) X(sum) \
  X(reduce_max) X(reduce_min) X(arg_max) X(arg_min) X(quantize) X(dequantize) X(cast) X(reshape) \
  X(transpose) X(concat) X(slice) X(pad) X(mirror_pad) X(tile) X(gather) X(one_hot) X(space_to_depth) \
  X(depth_to_space) X(resize_nearest) X(resize_bilinear) X(read_variable) X(assign_variable) X(lstm) \
  X(gru) X(svdf) X(tree_ensemble) X(rfft2d) X(complex_abs)
// clang-format on

enum class Op : uint8_t {
#define X(name) name,
  WHIT_IR_OPS(X)
#undef X
};

enum class Activation : uint8_t { none, relu, relu6, relu_n1_to_1, tanh };

// Attributes by kind of op. fields() names every member once: printing, parsing and comparing follow from it.
struct NoAttributes {
  template <typename F>
  void fields(F&&) {}
};

// conv2d, depthwise_conv2d, transpose_conv2d. For transpose_conv2d the padding is what is cut off the full output.
struct ConvAttributes {
  int32_t stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1;
  int32_t pad_top = 0, pad_bottom = 0, pad_left = 0, pad_right = 0;
  Activation activation = Activation::none;
  template <typename F>
  void fields(F&& f) {
    f("stride_h", stride_h), f("stride_w", stride_w), f("dilation_h", dilation_h), f("dilation_w", dilation_w);
    f("pad_top", pad_top), f("pad_bottom", pad_bottom), f("pad_left", pad_left), f("pad_right", pad_right);
    f("activation", activation);
  }
};

// Padded positions do not count in an average.
struct PoolAttributes {
  int32_t kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1;
  int32_t pad_top = 0, pad_bottom = 0, pad_left = 0, pad_right = 0;
  Activation activation = Activation::none;
  template <typename F>
  void fields(F&& f) {
    f("kernel_h", kernel_h), f("kernel_w", kernel_w), f("stride_h", stride_h), f("stride_w", stride_w);
    f("pad_top", pad_top), f("pad_bottom", pad_bottom), f("pad_left", pad_left), f("pad_right", pad_right);
    f("activation", activation);
  }
};

// fully_connected, add, sub, mul, div.
struct ActivationAttributes {
  Activation activation = Activation::none;
  template <typename F>
  void fields(F&& f) {
    f("activation", activation);
  }
};

struct SoftmaxAttributes {
  float beta = 1.0f;
  template <typename F>
  void fields(F&& f) {
    f("beta", beta);
  }
};

struct LeakyReluAttributes {
  float alpha = 0.0f;
  template <typename F>
  void fields(F&& f) {
    f("alpha", alpha);
  }
};

// mean, sum, reduce_max, reduce_min, arg_max, arg_min (one axis). Axes are in [0, rank), sorted.
struct ReduceAttributes {
  std::vector<int32_t> axes;
  bool keep_dims = false;
  template <typename F>
  void fields(F&& f) {
    f("axes", axes), f("keep_dims", keep_dims);
  }
};

// concat, gather, one_hot. The axis is in [0, rank).
struct AxisAttributes {
  int32_t axis = 0;
  int32_t batch_dims = 0;  // gather
  template <typename F>
  void fields(F&& f) {
    f("axis", axis), f("batch_dims", batch_dims);
  }
};

// The output's shape says how many elements are taken; element i of a dimension is input[begin + i * stride].
struct SliceAttributes {
  std::vector<int32_t> begin, stride;  // one for each dimension of the input
  template <typename F>
  void fields(F&& f) {
    f("begin", begin), f("stride", stride);
  }
};

// `value` is the stored value (of a quantized tensor the integer). mirror_pad: reflect or, if `symmetric`, with the
// edge.
struct PadAttributes {
  std::vector<int32_t> before, after;
  float value = 0.0f;
  bool symmetric = false;
  template <typename F>
  void fields(F&& f) {
    f("before", before), f("after", after), f("value", value), f("symmetric", symmetric);
  }
};

struct TransposeAttributes {
  std::vector<int32_t> permutation;  // output dimension i is input dimension permutation[i]
  template <typename F>
  void fields(F&& f) {
    f("permutation", permutation);
  }
};

struct ResizeAttributes {
  bool align_corners = false, half_pixel_centers = false;
  template <typename F>
  void fields(F&& f) {
    f("align_corners", align_corners), f("half_pixel_centers", half_pixel_centers);
  }
};

// space_to_depth, depth_to_space.
struct BlockAttributes {
  int32_t block = 1;
  template <typename F>
  void fields(F&& f) {
    f("block", block);
  }
};

struct MatmulAttributes {
  bool transpose_a = false, transpose_b = false;
  template <typename F>
  void fields(F&& f) {
    f("transpose_a", transpose_a), f("transpose_b", transpose_b);
  }
};

struct VariableAttributes {
  int32_t variable = 0;  // index into Graph::variables
  template <typename F>
  void fields(F&& f) {
    f("variable", variable);
  }
};

// lstm, gru. Recurrent layers. State is no part of a node: what a layer starts from is an input and what it ends with
// an output, so a layer that keeps its state between inferences reads it from a Variable and assigns it back (lowering
// then works in the variable's memory), and a layer without state inputs starts from zero each time.
//
// Sequences are [B,T,features], or [T,B,features] if time_major; states are [B,H]; I and H are the sizes of input and
// state. With `reverse` steps run from last to first, each output standing at its input's step. A bidirectional layer
// is two nodes and a concat. Weights are constants [H,I] (input) and [H,H] (recurrent), biases [H]; s = logistic.
//
// lstm inputs by LstmInput, gates in the order input, forget, cell, output; outputs: sequence [..,H], last hidden
// state, last cell state. peephole weights [H] of input, forget, output are optional, f32 only, as are biases and
// states.
//   i = s(Wi x + Ri h + bi + pi * c)    f = s(Wf x + Rf h + bf + pf * c)    g = tanh(Wc x + Rc h + bc)
//   c' = clip(f * c + i * g)    o = s(Wo x + Ro h + bo + po * c')    h' = o * tanh(c')
// cell_clip 0: no clip. Quantized: input i8 or i16; hidden states as the sequence output; cell state i16, its scale a
// power of two from 2^-15 to 2^-9, zero point 0; weights i8, per tensor, symmetric; biases i32, or i64 with i16 inputs,
// of scale input_scale * weight_scale.
//
// gru inputs by GruInput, gates in the order update, reset, candidate; outputs: sequence [..,H], last hidden state.
//   z = s(Wz x + bz + Rz h + dz)    r = s(Wr x + br + Rr h + dr)    h' = (1 - z) * n + z * h
//   n = tanh(Wn x + bn + r * (Rn h + dn)) if linear_before_reset, else tanh(Wn x + bn + Rn (r * h) + dn)
// Quantized: input and sequence i8 or i16; states i16 of scale 2^-15, zero point 0, so that small changes of the state
// are not lost; weights as of lstm; biases i32: b of scale input_scale * weight_scale, d of sequence_scale *
// recurrent_weight_scale.
struct RecurrentAttributes {
  bool time_major = false, reverse = false;
  float cell_clip = 0.0f;            // lstm
  bool linear_before_reset = false;  // gru
  template <typename F>
  void fields(F&& f) {
    f("time_major", time_major), f("reverse", reverse), f("cell_clip", cell_clip);
    f("linear_before_reset", linear_before_reset);
  }
};

// Index of the first of each kind of input.
struct LstmInput {
  static constexpr size_t sequence = 0, weights = 1, recurrent = 5, bias = 9, peephole = 13, hidden = 16, cell = 17,
                          count = 18;
};
struct GruInput {
  static constexpr size_t sequence = 0, weights = 1, recurrent = 4, bias = 7, recurrent_bias = 10, hidden = 13,
                          count = 14;
};

// svdf: input [B,I], feature weights [U*rank,I], time weights [U*rank,M], bias [U] or none, state [B,U*rank*M] (the
// last M features of each filter, oldest first); outputs: [B,U] and the next state. The state is shifted by one and
// takes the product of feature weights and input; an output sums its `rank` filters, each the product of time weights
// and state. Quantized: input, output and feature weights i8, time weights and state both i8 or both i16, bias i32.
struct SvdfAttributes {
  int32_t rank = 1;
  Activation activation = Activation::none;
  template <typename F>
  void fields(F&& f) {
    f("rank", rank), f("activation", activation);
  }
};

// tree_ensemble: a forest or boosted trees, decided on features [B,F]; output [B,outputs]. For each sample and tree the
// way goes from the tree's first node to a row of leaves: at node n to children[n][0] when x[split_features[n]] <=
// thresholds[n], else to children[n][1] (a NaN goes either way). Child c >= 0 is a node of the same tree behind n; c <
// 0 is row ~c of the leaves. output[k] = base[k] + the sum of all leaves that were reached, leaf [width] of tree t
// being added to outputs[t's first output] and those after it. Averages are sums of divided leaves; softmax and
// logistic are nodes behind. Inputs by TreeInput, constants but for the first. Quantized: features i8 or i16, with one
// scale or one for each feature (axis 1), thresholds in the same integers: floor(threshold / scale) + zero_point takes
// the same branch as the real threshold. Leaves as features, one scale, symmetric; base i32 of the leaves' scale; the
// output as features.
struct TreeInput {
  static constexpr size_t features = 0,    // [B,F]
      trees = 1,                           // i32 [T,2]: first node, in rising order from 0; first output
      split_features = 2, thresholds = 3,  // i32 [N]; [N] of the features' type
      children = 4,                        // i32 [N,2]
      leaves = 5, base = 6,                // [L,width]; [outputs]
      count = 7;
};

using Attributes = std::variant<NoAttributes, ConvAttributes, PoolAttributes, ActivationAttributes, SoftmaxAttributes,
                                LeakyReluAttributes, ReduceAttributes, AxisAttributes, SliceAttributes, PadAttributes,
                                TransposeAttributes, ResizeAttributes, BlockAttributes, MatmulAttributes,
                                VariableAttributes, RecurrentAttributes, SvdfAttributes>;

struct Node {
  Op op = Op::reshape;
  std::vector<TensorId> inputs;
  std::vector<TensorId> outputs;
  Attributes attributes;
  int32_t source_index = -1;  // index of the op in the source file
};

struct Graph {
  std::string name;
  std::vector<Tensor> tensors;
  std::vector<Node> nodes;
  std::vector<TensorId> inputs;
  std::vector<TensorId> outputs;
  std::vector<Variable> variables;

  Tensor& tensor(TensorId id) { return tensors.at(static_cast<size_t>(id)); }
  const Tensor& tensor(TensorId id) const { return tensors.at(static_cast<size_t>(id)); }
  TensorId add_tensor(Tensor tensor);  // its id
};

// "conv2d", "i8", "relu6". The from_ functions return false for an unknown name.
const char* name_of(Op op);
const char* name_of(DType type);
const char* name_of(Activation activation);
bool from_name(const std::string& name, Op& op);
bool from_name(const std::string& name, DType& type);
bool from_name(const std::string& name, Activation& activation);

int64_t bytes_of(DType type);                // bytes of one element in a Graph
int64_t elements(const Shape& shape);        // product of the dimensions, 1 for a scalar
int64_t bytes_of(const Tensor& tensor);      // elements times element size
int64_t stored_bytes(const Tensor& tensor);  // in a file: as bytes_of, but half of it for i4
std::string to_string(const Shape& shape);   // "[1,49,10,1]"

// Multiply-accumulates of a node by the model's definition: output elements times taps, padding counted as if inside.
int64_t macs(const Graph& graph, const Node& node);

// The attributes of `node`, which must be of kind A.
template <typename A>
A& attributes(Node& node) {
  return std::get<A>(node.attributes);
}
template <typename A>
const A& attributes(const Node& node) {
  return std::get<A>(node.attributes);
}

// Values of i4, one a byte, and two a byte: the first in the low half, the last half empty for an odd count.
std::vector<uint8_t> pack_i4(const std::vector<uint8_t>& elements);
std::vector<uint8_t> unpack_i4(const uint8_t* packed, int64_t count);

// Elements of a constant as T; T must be the type of the tensor.
template <typename T>
const T* data(const Tensor& tensor) {
  return reinterpret_cast<const T*>(tensor.data.data());
}

}  // namespace whit::ir
