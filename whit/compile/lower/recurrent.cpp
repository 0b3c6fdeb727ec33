// lstm, gru and svdf: weights in the order in which the kernels read them, zero points folded into biases.
#include <bit>
#include <cmath>

#include "whit/compile/lower/lower_ops.hpp"
#include "whit/compile/lower/quantized.hpp"
#include "whit/compile/lower/state.hpp"
#include "whit_runtime/kernels/gru.hpp"
#include "whit_runtime/kernels/gru_f32.hpp"
#include "whit_runtime/kernels/lstm.hpp"
#include "whit_runtime/kernels/lstm_f32.hpp"
#include "whit_runtime/kernels/svdf.hpp"

namespace whit::compile {
namespace {

const ir::Tensor* optional(const Lowering& lowering, const ir::Node& node, size_t i) {
  return node.inputs[i] == ir::kNoTensor ? nullptr : &lowering.tensor_of(node.inputs[i]);
}

float scale_of(const ir::Tensor& tensor) { return tensor.quantization.scale.at(0); }

rt::RecurrentShape recurrent_shape(const Lowering& lowering, const ir::Node& node) {
  const auto& a = ir::attributes<ir::RecurrentAttributes>(node);
  const ir::Shape& in = lowering.tensor_of(node.inputs[0]).shape;
  rt::RecurrentShape s{};
  s.batches = in[a.time_major ? 1 : 0], s.steps = in[a.time_major ? 0 : 1], s.input_size = in[2];
  s.units = lowering.tensor_of(node.inputs[1]).shape[0];
  s.time_major = a.time_major ? 1 : 0, s.reverse = a.reverse ? 1 : 0;
  return s;
}

// Appends row `u` of a matrix.
template <typename T>
void append_row(std::vector<T>& values, const ir::Tensor& matrix, int32_t u) {
  const auto depth = static_cast<size_t>(matrix.shape[1]);
  const T* row = ir::data<T>(matrix) + static_cast<size_t>(u) * depth;
  values.insert(values.end(), row, row + depth);
}

// Element `u` of an optional bias of i32, i64 or f32.
double element(const ir::Tensor* bias, int32_t u) {
  if (bias == nullptr) return 0;
  const auto i = static_cast<size_t>(u);
  if (bias->type == ir::DType::i64) return static_cast<double>(ir::data<int64_t>(*bias)[i]);
  return bias->type == ir::DType::f32 ? static_cast<double>(ir::data<float>(*bias)[i]) : ir::data<int32_t>(*bias)[i];
}

// bias - zero_point * (sum of the row)
template <typename Sum>
Sum folded_bias(const ir::Tensor* bias, const ir::Tensor& matrix, int32_t u, int32_t zero_point) {
  std::vector<int8_t> row;
  append_row(row, matrix, u);
  int64_t sum = 0;
  for (const int8_t w : row) sum += w;
  const int64_t whole = bias != nullptr && bias->type == ir::DType::i64 ? ir::data<int64_t>(*bias)[u]
                                                                        : static_cast<int64_t>(element(bias, u));
  return static_cast<Sum>(whole - zero_point * sum);
}

// Scale of a row's sums over that of gates in Q3.12. In float, as TFLite computes it.
void set_gate_multiplier(const Lowering& lowering, const ir::Tensor& input, const ir::Tensor& weights,
                         int32_t* multiplier, int32_t* shift) {
  const QuantizedMultiplier m = quantize_multiplier(static_cast<double>(scale_of(weights) * scale_of(input)) * 4096.0);
  if (input.type == ir::DType::i16 && m.shift > 7) lowering.refuse("the scales are too large for 16-bit activations");
  *multiplier = m.multiplier;
  *shift = m.shift;
}

void require_no_zero_point(const Lowering& lowering, const ir::Tensor& tensor) {
  if (tensor.type == ir::DType::i16 && tensor.quantization.zero_point[0] != 0) {
    lowering.refuse("int16 activations with a zero point", "quantize 16-bit activations symmetrically");
  }
}

template <typename T>
void lower_lstm_integer(Lowering& lowering, const ir::Node& node, rt::KernelId kernel) {
  using Sum = typename rt::RowSum<T>::Type;
  const ir::Tensor &in = lowering.tensor_of(node.inputs[0]), &out = lowering.tensor_of(node.outputs[0]);
  require_no_zero_point(lowering, in);
  require_no_zero_point(lowering, out);
  const int32_t in_zero = in.quantization.zero_point[0], out_zero = out.quantization.zero_point[0];
  rt::Lstm<T> p{};
  p.shape = recurrent_shape(lowering, node);
  std::vector<int8_t> weights;
  std::vector<Sum> bias;
  const auto matrix = [&](size_t i) -> const ir::Tensor& { return lowering.tensor_of(node.inputs[i]); };
  for (int32_t u = 0; u < p.shape.units; ++u) {
    for (size_t g = 0; g < 4; ++g) append_row(weights, matrix(ir::LstmInput::weights + g), u);
    for (size_t g = 0; g < 4; ++g) append_row(weights, matrix(ir::LstmInput::recurrent + g), u);
    for (size_t g = 0; g < 4; ++g) {
      const ir::Tensor* b = optional(lowering, node, ir::LstmInput::bias + g);
      bias.push_back(folded_bias<Sum>(b, matrix(ir::LstmInput::weights + g), u, in_zero));
    }
    for (size_t g = 0; g < 4; ++g) {
      bias.push_back(folded_bias<Sum>(nullptr, matrix(ir::LstmInput::recurrent + g), u, out_zero));
    }
  }
  for (size_t g = 0; g < 4; ++g) {
    set_gate_multiplier(lowering, in, matrix(ir::LstmInput::weights + g), &p.multiplier[g], &p.shift[g]);
    set_gate_multiplier(lowering, out, matrix(ir::LstmInput::recurrent + g), &p.multiplier[4 + g], &p.shift[4 + g]);
  }
  const float cell_scale = scale_of(lowering.tensor_of(node.outputs[2]));
  int exponent = 0;
  if (std::frexp(cell_scale, &exponent) != 0.5f || exponent > -8 || exponent < -14) {
    lowering.refuse("the scale of the cell state is no power of two from 2^-15 to 2^-9");
  }
  p.cell_fraction_bits = 1 - exponent;
  const float clip = ir::attributes<ir::RecurrentAttributes>(node).cell_clip;
  p.cell_clip = clip > 0 ? static_cast<int32_t>(std::min(clip / cell_scale, 32767.0f)) : 0;
  const QuantizedMultiplier hidden = quantize_multiplier(
      static_cast<float>(std::ldexp(1.0, -15) / static_cast<double>(scale_of(out)) * std::ldexp(1.0, -15)));
  p.hidden_multiplier = hidden.multiplier, p.hidden_shift = hidden.shift, p.hidden_zero_point = out_zero;
  const StateRefs h = state_refs(lowering, node, ir::LstmInput::hidden, 1);
  const StateRefs c = state_refs(lowering, node, ir::LstmInput::cell, 2);
  p.input = lowering.tensor(node.inputs[0]), p.output = lowering.tensor(node.outputs[0]);
  p.initial_hidden = h.initial, p.hidden = h.state, p.initial_cell = c.initial, p.cell = c.state;
  p.weights = lowering.constant(weights, ConstantKind::weights);
  p.bias = lowering.constant(bias, ConstantKind::weights, sizeof(Sum));
  lowering.emit(kernel, p);
}

void lower_lstm_f32(Lowering& lowering, const ir::Node& node) {
  rt::LstmF32 p{};
  p.shape = recurrent_shape(lowering, node);
  std::vector<float> weights, bias, peephole;
  for (int32_t u = 0; u < p.shape.units; ++u) {
    for (size_t r = 0; r < 8; ++r) append_row(weights, lowering.tensor_of(node.inputs[ir::LstmInput::weights + r]), u);
    for (size_t g = 0; g < 4; ++g) {
      bias.push_back(static_cast<float>(element(optional(lowering, node, ir::LstmInput::bias + g), u)));
    }
    for (size_t g = 0; g < 3; ++g) {
      peephole.push_back(static_cast<float>(element(optional(lowering, node, ir::LstmInput::peephole + g), u)));
    }
  }
  const bool peepholes =
      node.inputs[13] != ir::kNoTensor || node.inputs[14] != ir::kNoTensor || node.inputs[15] != ir::kNoTensor;
  p.cell_clip_bits = std::bit_cast<int32_t>(ir::attributes<ir::RecurrentAttributes>(node).cell_clip);
  const StateRefs h = state_refs(lowering, node, ir::LstmInput::hidden, 1);
  const StateRefs c = state_refs(lowering, node, ir::LstmInput::cell, 2);
  p.input = lowering.tensor(node.inputs[0]), p.output = lowering.tensor(node.outputs[0]);
  p.initial_hidden = h.initial, p.hidden = h.state, p.initial_cell = c.initial, p.cell = c.state;
  p.weights = lowering.constant(weights, ConstantKind::weights);
  p.bias = lowering.constant(bias, ConstantKind::weights);
  p.peephole = peepholes ? lowering.constant(peephole, ConstantKind::weights) : rt::kNoRef;
  lowering.emit(rt::KernelId::lstm_f32, p);
}

// Matrices as they are: update, reset and candidate of the input, then of the state.
template <typename T>
std::vector<T> gru_weights(const Lowering& lowering, const ir::Node& node) {
  std::vector<T> weights;
  for (size_t i = 0; i < 6; ++i) {
    const ir::Tensor& matrix = lowering.tensor_of(node.inputs[ir::GruInput::weights + i]);
    for (int32_t u = 0; u < matrix.shape[0]; ++u) append_row(weights, matrix, u);
  }
  return weights;
}

template <typename Params>
void set_gru(Params& p, Lowering& lowering, const ir::Node& node, int64_t scratch_bytes) {
  p.linear_before_reset = ir::attributes<ir::RecurrentAttributes>(node).linear_before_reset ? 1 : 0;
  const StateRefs h = state_refs(lowering, node, ir::GruInput::hidden, 1);
  p.input = lowering.tensor(node.inputs[0]), p.output = lowering.tensor(node.outputs[0]);
  p.initial_hidden = h.initial, p.hidden = h.state;
  p.scratch = lowering.scratch(scratch_bytes);
}

template <typename T>
void lower_gru_integer(Lowering& lowering, const ir::Node& node, rt::KernelId kernel) {
  using Sum = typename rt::RowSum<T>::Type;
  const ir::Tensor &in = lowering.tensor_of(node.inputs[0]), &out = lowering.tensor_of(node.outputs[0]);
  require_no_zero_point(lowering, in);
  require_no_zero_point(lowering, out);
  if (scale_of(lowering.tensor_of(node.outputs[1])) != std::ldexp(1.0f, -15)) {
    lowering.refuse("the scale of the state is not 2^-15");
  }
  rt::Gru<T> p{};
  p.shape = recurrent_shape(lowering, node);
  std::vector<Sum> bias;
  for (size_t i = 0; i < 6; ++i) {
    const ir::Tensor& matrix = lowering.tensor_of(node.inputs[ir::GruInput::weights + i]);
    const ir::Tensor& activations = i < 3 ? in : out;
    const ir::Tensor* b = optional(lowering, node, ir::GruInput::bias + i);
    for (int32_t u = 0; u < p.shape.units; ++u) {
      bias.push_back(folded_bias<Sum>(b, matrix, u, activations.quantization.zero_point[0]));
    }
    set_gate_multiplier(lowering, activations, matrix, &p.multiplier[i], &p.shift[i]);
  }
  const QuantizedMultiplier output = quantize_multiplier(std::ldexp(1.0, -15) / static_cast<double>(scale_of(out)));
  p.output_multiplier = output.multiplier, p.output_shift = output.shift;
  p.output_zero_point = out.quantization.zero_point[0];
  set_gru(p, lowering, node, int64_t{p.shape.units} * (4 + 2 * static_cast<int64_t>(sizeof(T))));
  p.weights = lowering.constant(gru_weights<int8_t>(lowering, node), ConstantKind::weights);
  p.bias = lowering.constant(bias, ConstantKind::weights, sizeof(Sum));
  lowering.emit(kernel, p);
}

void lower_gru_f32(Lowering& lowering, const ir::Node& node) {
  rt::GruF32 p{};
  p.shape = recurrent_shape(lowering, node);
  std::vector<float> bias;
  for (size_t i = 0; i < 6; ++i) {
    const ir::Tensor* b = optional(lowering, node, ir::GruInput::bias + i);
    for (int32_t u = 0; u < p.shape.units; ++u) bias.push_back(static_cast<float>(element(b, u)));
  }
  set_gru(p, lowering, node, int64_t{p.shape.units} * 12);
  p.weights = lowering.constant(gru_weights<float>(lowering, node), ConstantKind::weights);
  p.bias = lowering.constant(bias, ConstantKind::weights);
  lowering.emit(rt::KernelId::gru_f32, p);
}

template <typename Params>
void set_svdf(Params& p, Lowering& lowering, const ir::Node& node) {
  const ir::Shape& features = lowering.tensor_of(node.inputs[1]).shape;
  p.shape.batches = lowering.tensor_of(node.inputs[0]).shape[0];
  p.shape.input_size = features[1];
  p.shape.rank = ir::attributes<ir::SvdfAttributes>(node).rank;
  p.shape.units = features[0] / p.shape.rank;
  p.shape.memory = lowering.tensor_of(node.inputs[2]).shape[1];
  const StateRefs state = state_refs(lowering, node, 4, 1);
  p.input = lowering.tensor(node.inputs[0]), p.output = lowering.tensor(node.outputs[0]);
  p.initial = state.initial, p.state = state.state;
  p.feature_weights = lowering.tensor(node.inputs[1]), p.time_weights = lowering.tensor(node.inputs[2]);
}

template <typename T>
void lower_svdf_integer(Lowering& lowering, const ir::Node& node, rt::KernelId kernel) {
  const ir::Tensor &in = lowering.tensor_of(node.inputs[0]), &out = lowering.tensor_of(node.outputs[0]);
  const ir::Tensor &features = lowering.tensor_of(node.inputs[1]), &time = lowering.tensor_of(node.inputs[2]);
  const ir::Tensor& state = lowering.tensor_of(node.inputs[4]);
  rt::Svdf<T> p{};
  set_svdf(p, lowering, node);
  std::vector<int32_t> feature_bias, bias;
  for (int32_t r = 0; r < features.shape[0]; ++r) {
    feature_bias.push_back(folded_bias<int32_t>(nullptr, features, r, in.quantization.zero_point[0]));
  }
  for (int32_t u = 0; u < p.shape.units; ++u) {
    bias.push_back(static_cast<int32_t>(element(optional(lowering, node, 3), u)));
  }
  p.feature_bias = lowering.constant(feature_bias, ConstantKind::other);
  p.bias = lowering.constant(bias, ConstantKind::weights);
  // In float, as TFLite computes them.
  const QuantizedMultiplier first =
      quantize_multiplier(static_cast<double>(scale_of(in)) * static_cast<double>(scale_of(features)) /
                          static_cast<double>(scale_of(state)));
  const QuantizedMultiplier second = quantize_multiplier(
      static_cast<double>(scale_of(state)) * static_cast<double>(scale_of(time)) / static_cast<double>(scale_of(out)));
  p.state_multiplier = first.multiplier, p.state_shift = first.shift;
  p.state_zero_point = state.quantization.zero_point[0];
  p.output_multiplier = second.multiplier, p.output_shift = second.shift;
  p.output_zero_point = out.quantization.zero_point[0];
  const ActivationRange range = activation_range(ir::attributes<ir::SvdfAttributes>(node).activation, out);
  p.output_min = range.min, p.output_max = range.max;
  lowering.emit(kernel, p);
}

void lower_svdf_f32(Lowering& lowering, const ir::Node& node) {
  rt::SvdfF32 p{};
  set_svdf(p, lowering, node);
  p.bias = node.inputs[3] == ir::kNoTensor ? rt::kNoRef : lowering.tensor(node.inputs[3]);
  const FloatRange range = activation_range_f32(ir::attributes<ir::SvdfAttributes>(node).activation);
  p.output_min_bits = std::bit_cast<int32_t>(range.min);
  p.output_max_bits = std::bit_cast<int32_t>(range.max);
  lowering.emit(rt::KernelId::svdf_f32, p);
}

}  // namespace

void lower_lstm(Lowering& lowering, const ir::Node& node) {
  const ir::DType type = lowering.tensor_of(node.inputs[0]).type;
  if (type == ir::DType::f32) return lower_lstm_f32(lowering, node);
  if (type == ir::DType::i8) return lower_lstm_integer<int8_t>(lowering, node, rt::KernelId::lstm_s8);
  lower_lstm_integer<int16_t>(lowering, node, rt::KernelId::lstm_s16);
}

void lower_gru(Lowering& lowering, const ir::Node& node) {
  const ir::DType type = lowering.tensor_of(node.inputs[0]).type;
  if (type == ir::DType::f32) return lower_gru_f32(lowering, node);
  if (type == ir::DType::i8) return lower_gru_integer<int8_t>(lowering, node, rt::KernelId::gru_s8);
  lower_gru_integer<int16_t>(lowering, node, rt::KernelId::gru_s16);
}

void lower_svdf(Lowering& lowering, const ir::Node& node) {
  const ir::DType state = lowering.tensor_of(node.inputs[4]).type;
  if (state == ir::DType::f32) return lower_svdf_f32(lowering, node);
  if (state == ir::DType::i8) return lower_svdf_integer<int8_t>(lowering, node, rt::KernelId::svdf_s8);
  lower_svdf_integer<int16_t>(lowering, node, rt::KernelId::svdf_s16);
}

}  // namespace whit::compile
