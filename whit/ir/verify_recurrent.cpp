#include "whit/ir/verify_types.hpp"

namespace whit::ir {

void check_constants(const Types& t, size_t end) {
  for (size_t i = 1; i < end; ++i) {
    if (t.has(i) && !t.in(i).is_constant) {
      throw Error(ErrorCode::unsupported, fmt::format("'{}' is computed at run time", t.in(i).name), t.where(),
                  "weights and biases need to be constants");
    }
  }
}

namespace {

void require_type(const Types& t, size_t i, DType type, DType other) {
  if (t.has(i) && t.in(i).type != type && t.in(i).type != other) {
    t.unsupported(fmt::format("input {} needs to be {}", i, name_of(type)));
  }
}

// Weights of quantized recurrent layers: int8, one scale, symmetric. In float layers as the activations.
void check_recurrent_weights(const Types& t, size_t begin, size_t end) {
  const bool quantized = t.in(0).type != DType::f32;
  for (size_t i = begin; i < end; ++i) {
    require_type(t, i, quantized ? DType::i8 : DType::f32, quantized ? DType::i8 : DType::f32);
    if (!quantized) continue;
    t.require_quantized(t.in(i));
    if (t.in(i).quantization.zero_point[0] != 0) bad("int8 weights with a zero point other than 0", t.where());
  }
}

// A state that goes in at input `i` and comes out at output `o`: of one type and quantization.
void check_state(const Types& t, size_t i, size_t o, DType type) {
  const Tensor& next = t.graph.tensor(t.node.outputs[o]);
  if (next.type != type) t.unsupported(fmt::format("output {} needs to be {}", o, name_of(type)));
  t.require_quantized(next);
  if (t.has(i) && (t.in(i).type != type || t.in(i).quantization != next.quantization)) {
    bad("the first state is quantized otherwise than the last", t.where());
  }
}

void require_symmetric(const Types& t, const Tensor& tensor) {
  if (!tensor.quantization.empty() && tensor.quantization.zero_point[0] != 0) {
    bad(fmt::format("the state '{}' has a zero point other than 0", tensor.name), t.where());
  }
}

}  // namespace

void check_recurrent(const Types& t) {
  const bool lstm = t.node.op == Op::lstm;
  const DType type = t.in(0).type;
  const bool quantized = type == DType::i8 || type == DType::i16;
  if ((type != DType::f32 && !quantized) || t.out().type != type) t.unsupported("supported: f32, i8 or i16 throughout");
  t.require_quantized(t.in(0));
  t.require_quantized(t.out());
  const size_t first_bias = lstm ? size_t{LstmInput::bias} : size_t{GruInput::bias};
  const size_t biases_end = lstm ? size_t{LstmInput::peephole} : size_t{GruInput::hidden};
  check_constants(t, lstm ? size_t{LstmInput::hidden} : size_t{GruInput::hidden});
  check_recurrent_weights(t, 1, first_bias);
  const DType bias = quantized ? DType::i32 : DType::f32;
  for (size_t i = first_bias; i < biases_end; ++i) require_type(t, i, bias, type == DType::i16 ? DType::i64 : bias);
  const DType wide = quantized ? DType::i16 : DType::f32;
  const Tensor& hidden = t.graph.tensor(t.node.outputs[1]);
  if (!lstm) {
    check_state(t, GruInput::hidden, 1, wide);
    return require_symmetric(t, hidden);
  }
  for (size_t i = LstmInput::peephole; i < LstmInput::hidden; ++i) require_type(t, i, DType::f32, DType::f32);
  if (quantized && t.has(LstmInput::peephole)) t.unsupported("peepholes need f32");
  check_state(t, LstmInput::hidden, 1, type);
  if (hidden.quantization != t.out().quantization) {
    bad("the hidden state is quantized otherwise than the output", t.where());
  }
  check_state(t, LstmInput::cell, 2, wide);
  require_symmetric(t, t.graph.tensor(t.node.outputs[2]));
}

void check_svdf(const Types& t) {
  const DType type = t.in(0).type;
  if ((type != DType::f32 && type != DType::i8) || t.out().type != type) t.unsupported("supported: f32 or i8");
  t.require_quantized(t.in(0));
  t.require_quantized(t.out());
  check_constants(t, 4);
  check_recurrent_weights(t, 1, 2);
  const DType bias = type == DType::f32 ? DType::f32 : DType::i32;
  require_type(t, 3, bias, bias);
  const DType state = t.in(4).type;
  if (type == DType::f32 ? state != DType::f32 : state != DType::i8 && state != DType::i16) {
    t.unsupported("the state needs to be f32 in a float layer, else i8 or i16");
  }
  require_type(t, 2, state, state);
  t.require_quantized(t.in(2));
  check_state(t, 4, 1, state);
  require_symmetric(t, t.in(2));
  if (state == DType::i16) require_symmetric(t, t.in(4));
}

}  // namespace whit::ir
