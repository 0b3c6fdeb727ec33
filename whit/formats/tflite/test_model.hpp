// Makes small .tflite files for tests and fuzzing, sound ones and, on purpose, broken ones: nothing is checked.
// Mirrors the schema; the reader's tests do not depend on files of others. No part of whit itself.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "schema_generated.h"

namespace whit::tflite {

// A tensor to be written. Fields left empty are left out of the file.
struct TensorSpec {
  std::vector<int32_t> shape;
  TensorType type = TensorType::INT8;
  std::vector<uint8_t> data;
  std::vector<float> scale;
  std::vector<int64_t> zero_point;
  int32_t axis = 0;
  std::vector<int32_t> signature;
  bool sparse = false;
  uint32_t buffer = 0;  // instead of data: this buffer
};

template <typename T>
std::vector<uint8_t> bytes_of_values(const std::vector<T>& values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(T));
  if (!bytes.empty()) memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

class TestModel {
 public:
  TestModel() { buffers_.push_back(CreateBuffer(fbb)); }

  // Each returns the index in the current subgraph.
  int32_t tensor(const TensorSpec& spec) {
    uint32_t buffer = spec.buffer;
    if (!spec.data.empty()) {
      buffer = static_cast<uint32_t>(buffers_.size());
      buffers_.push_back(CreateBuffer(fbb, fbb.CreateVector(spec.data)));
    }
    flatbuffers::Offset<Quantization> quantization;
    if (!spec.scale.empty()) {
      const auto scale = fbb.CreateVector(spec.scale);
      const auto zero_point = fbb.CreateVector(spec.zero_point);
      quantization = CreateQuantization(fbb, 0, 0, scale, zero_point, QuantizationDetails::NONE, 0, spec.axis);
    }
    const auto name = fbb.CreateString("t" + std::to_string(tensors_.size()));
    const auto shape = fbb.CreateVector(spec.shape);
    const auto sparsity = spec.sparse ? CreateSparsity(fbb) : flatbuffers::Offset<Sparsity>();
    const auto signature = spec.signature.empty() ? 0 : fbb.CreateVector(spec.signature);
    tensors_.push_back(CreateTensor(fbb, shape, spec.type, buffer, name, quantization, false, sparsity, signature));
    return static_cast<int32_t>(tensors_.size()) - 1;
  }
  // An int8 activation.
  int32_t activation(std::vector<int32_t> shape, float scale = 0.5F, int64_t zero_point = 0) {
    return tensor({std::move(shape), TensorType::INT8, {}, {scale}, {zero_point}});
  }
  int32_t floats(std::vector<int32_t> shape) { return tensor({std::move(shape), TensorType::FLOAT32}); }
  int32_t integers(const std::vector<int32_t>& values) {
    return tensor({{static_cast<int32_t>(values.size())}, TensorType::INT32, bytes_of_values(values)});
  }
  int32_t scalar(int32_t value) {
    return tensor({{}, TensorType::INT32, bytes_of_values(std::vector<int32_t>{value})});
  }

  void op(BuiltinOperator code, const std::vector<int32_t>& inputs, const std::vector<int32_t>& outputs,
          BuiltinOptions kind = BuiltinOptions::NONE, flatbuffers::Offset<void> options = 0,
          const char* custom = nullptr) {
    const auto number = static_cast<int32_t>(code);
    const auto name = custom == nullptr ? 0 : fbb.CreateString(custom);
    codes_.push_back(CreateOperatorCode(fbb, static_cast<int8_t>(number < 127 ? number : 127), name, 1, code));
    const auto in = fbb.CreateVector(inputs), out = fbb.CreateVector(outputs);
    const auto index = static_cast<uint32_t>(codes_.size()) - 1;
    operators_.push_back(CreateOperator(fbb, index + opcode_shift, in, out, kind, options));
  }
  template <typename T>
  void op(BuiltinOperator code, const std::vector<int32_t>& inputs, const std::vector<int32_t>& outputs,
          flatbuffers::Offset<T> options) {
    op(code, inputs, outputs, BuiltinOptionsTraits<T>::enum_value, options.Union());
  }

  // Ends the current subgraph; the next tensors and ops belong to a new one.
  void end_subgraph(const std::vector<int32_t>& inputs, const std::vector<int32_t>& outputs) {
    const auto tensors = fbb.CreateVector(tensors_);
    const auto in = fbb.CreateVector(inputs), out = fbb.CreateVector(outputs);
    const auto operators = fbb.CreateVector(operators_);
    subgraphs_.push_back(CreateSubGraph(fbb, tensors, in, out, operators));
    tensors_.clear();
    operators_.clear();
  }

  std::vector<uint8_t> finish(uint32_t version = 3) {
    const auto codes = fbb.CreateVector(codes_);
    const auto subgraphs = fbb.CreateVector(subgraphs_);
    const auto buffers = fbb.CreateVector(buffers_);
    FinishModelBuffer(fbb, CreateModel(fbb, version, codes, subgraphs, 0, buffers));
    return {fbb.GetBufferPointer(), fbb.GetBufferPointer() + fbb.GetSize()};
  }

  flatbuffers::FlatBufferBuilder fbb;
  uint32_t opcode_shift = 0;  // added to the op code's index

 private:
  std::vector<flatbuffers::Offset<Buffer>> buffers_;
  std::vector<flatbuffers::Offset<OperatorCode>> codes_;
  std::vector<flatbuffers::Offset<Tensor>> tensors_;
  std::vector<flatbuffers::Offset<Operator>> operators_;
  std::vector<flatbuffers::Offset<SubGraph>> subgraphs_;
};

// Weights with a pattern, one scale for each output channel along `axis`.
inline TensorSpec weights_spec(std::vector<int32_t> shape, int32_t axis) {
  TensorSpec spec{std::move(shape), TensorType::INT8};
  size_t count = 1;
  for (const int32_t dim : spec.shape) count *= static_cast<size_t>(dim);
  for (size_t i = 0; i < count; ++i) spec.data.push_back(static_cast<uint8_t>(i * 37 + 11));
  const auto channels = static_cast<size_t>(spec.shape[static_cast<size_t>(axis)]);
  for (size_t i = 0; i < channels; ++i) spec.scale.push_back(0.01F + 0.001F * static_cast<float>(i));
  spec.zero_point.assign(channels, 0);
  spec.axis = axis;
  return spec;
}

inline TensorSpec bias_spec(int32_t channels) {
  std::vector<int32_t> values;
  for (int32_t i = 0; i < channels; ++i) values.push_back(i * 100 - 150);
  return {{channels}, TensorType::INT32, bytes_of_values(values), {0.005F}, {0}};
}

// int8: conv2d (SAME, stride 2), depthwise_conv2d, max_pool2d, reshape, fully_connected, softmax.
inline std::vector<uint8_t> small_convnet() {
  TestModel b;
  using Code = BuiltinOperator;
  const int32_t input = b.activation({1, 6, 7, 2}, 0.5F, 3);
  const int32_t w0 = b.tensor(weights_spec({4, 3, 3, 2}, 0)), b0 = b.tensor(bias_spec(4));
  const int32_t conv = b.activation({1, 3, 4, 4}, 0.25F, -128);
  b.op(Code::CONV_2D, {input, w0, b0}, {conv}, CreateConv2DOptions(b.fbb, Padding::SAME, 2, 2, Activation::RELU));
  const int32_t w1 = b.tensor(weights_spec({1, 3, 3, 4}, 3)), b1 = b.tensor(bias_spec(4));
  const int32_t depthwise = b.activation({1, 3, 4, 4}, 0.3F, 5);
  b.op(Code::DEPTHWISE_CONV_2D, {conv, w1, b1}, {depthwise},
       CreateDepthwiseConv2DOptions(b.fbb, Padding::SAME, 1, 1, 1, Activation::RELU6));
  const int32_t pool = b.activation({1, 1, 2, 4}, 0.3F, 5);
  b.op(Code::MAX_POOL_2D, {depthwise}, {pool}, CreatePool2DOptions(b.fbb, Padding::VALID, 2, 2, 2, 2));
  const int32_t flat = b.activation({1, 8}, 0.3F, 5), shape = b.integers({1, -1});
  b.op(Code::RESHAPE, {pool, shape}, {flat});
  TensorSpec w2 = weights_spec({3, 8}, 0);
  w2.scale = {0.02F}, w2.zero_point = {0};
  const int32_t dense = b.activation({1, 3}, 0.4F, -7);
  b.op(Code::FULLY_CONNECTED, {flat, b.tensor(w2), b.tensor(bias_spec(3))}, {dense},
       CreateFullyConnectedOptions(b.fbb));
  const int32_t output = b.activation({1, 3}, 1.0F / 256, -128);
  b.op(Code::SOFTMAX, {dense}, {output}, CreateSoftmaxOptions(b.fbb, 1.0F));
  b.end_subgraph({input}, {output});
  return b.finish();
}

// float32: transpose, strided_slice, pad, mul, split, pack, mean, concatenation, logistic, resize and arithmetic on
// shapes.
inline std::vector<uint8_t> small_movements() {
  TestModel b;
  using Code = BuiltinOperator;
  const int32_t input = b.floats({1, 4, 6, 2});
  const int32_t transposed = b.floats({1, 6, 4, 2});
  b.op(Code::TRANSPOSE, {input, b.integers({0, 2, 1, 3})}, {transposed});
  const int32_t slice = b.floats({1, 3, 2});
  b.op(Code::STRIDED_SLICE,
       {transposed, b.integers({0, 4, 1, 0}), b.integers({0, -7, 2, 0}), b.integers({1, -2, 1, 1})}, {slice},
       CreateStridedSliceOptions(b.fbb, 0b1001, 0b1001, 0, 0, 0b0100));
  const int32_t padded = b.floats({1, 4, 2});
  b.op(Code::PAD, {slice, b.integers({0, 0, 0, 1, 0, 0})}, {padded});
  const int32_t factor = b.tensor({{2}, TensorType::FLOAT32, bytes_of_values(std::vector<float>{0.5F, -2.0F})});
  const int32_t product = b.floats({1, 4, 2});
  b.op(Code::MUL, {padded, factor}, {product}, CreateMulOptions(b.fbb, Activation::NONE));
  const int32_t left = b.floats({1, 4, 1}), right = b.floats({1, 4, 1});
  b.op(Code::SPLIT, {b.scalar(-1), product}, {left, right});
  const int32_t packed = b.floats({2, 1, 4, 1});
  b.op(Code::PACK, {left, right}, {packed}, CreatePackOptions(b.fbb, 2, 0));
  const int32_t mean = b.floats({2, 1, 1});
  b.op(Code::MEAN, {packed, b.integers({-2})}, {mean}, CreateReducerOptions(b.fbb, false));
  const int32_t dims = b.tensor({{3}, TensorType::INT32}), first = b.tensor({{}, TensorType::INT32});
  b.op(Code::SHAPE, {mean}, {dims});
  b.op(Code::STRIDED_SLICE, {dims, b.integers({0}), b.integers({1}), b.integers({1})}, {first},
       CreateStridedSliceOptions(b.fbb, 0, 0, 0, 0, 1));
  const int32_t target = b.tensor({{4}, TensorType::INT32}), image = b.floats({2, 1, 1, 1});
  b.op(Code::PACK, {first, b.scalar(1), b.scalar(1), b.scalar(-1)}, {target}, CreatePackOptions(b.fbb, 4, 0));
  b.op(Code::RESHAPE, {mean, target}, {image});
  const int32_t resized = b.floats({2, 2, 3, 1});
  b.op(Code::RESIZE_BILINEAR, {image, b.integers({2, 3})}, {resized}, CreateResizeBilinearOptions(b.fbb, false, true));
  const int32_t joined = b.floats({2, 2, 3, 2}), output = b.floats({2, 2, 3, 2});
  b.op(Code::CONCATENATION, {resized, resized}, {joined}, CreateConcatenationOptions(b.fbb, -1));
  b.op(Code::LOGISTIC, {joined}, {output});
  b.end_subgraph({input}, {output});
  return b.finish();
}

// A state of four elements: output = state + input, which becomes the state.
inline std::vector<uint8_t> small_state() {
  TestModel b;
  using Code = BuiltinOperator;
  const auto handle = [&] {
    const int32_t resource = b.tensor({{}, TensorType::RESOURCE});
    const auto container = b.fbb.CreateString(""), name = b.fbb.CreateString("sum");
    b.op(Code::VAR_HANDLE, {}, {resource}, CreateVarHandleOptions(b.fbb, container, name));
    return resource;
  };
  b.op(Code::CALL_ONCE, {}, {}, CreateCallOnceOptions(b.fbb, 1));
  const int32_t state = handle(), input = b.activation({1, 4}), before = b.activation({1, 4});
  const int32_t after = b.activation({1, 4});
  b.op(Code::READ_VARIABLE, {state}, {before});
  b.op(Code::ADD, {before, input}, {after}, CreateAddOptions(b.fbb, Activation::NONE));
  b.op(Code::ASSIGN_VARIABLE, {state, after}, {});
  b.end_subgraph({input}, {after});
  const int32_t first = handle();
  b.op(Code::ASSIGN_VARIABLE, {first, b.tensor({{1, 4}, TensorType::INT8, {1, 2, 3, 0xFF}, {0.5F}, {0}})}, {});
  b.end_subgraph({}, {});
  return b.finish();
}

// int8: sub, leaky_relu, mul, pad, tanh, transpose_conv2d, concat, mean, hard_swish, quantize and dequantize.
inline std::vector<uint8_t> small_arithmetic() {
  TestModel b;
  using Code = BuiltinOperator;
  const int32_t input = b.activation({1, 3, 3, 2}, 0.5F, 1);
  const int32_t row = b.tensor({{2}, TensorType::INT8, {7, 0xF0}, {0.25F}, {2}});
  const int32_t difference = b.activation({1, 3, 3, 2}, 0.6F, -3), leaky = b.activation({1, 3, 3, 2}, 0.6F, -3);
  b.op(Code::SUB, {input, row}, {difference}, CreateSubOptions(b.fbb, Activation::NONE));
  b.op(Code::LEAKY_RELU, {difference}, {leaky}, CreateLeakyReluOptions(b.fbb, 0.125F));
  const int32_t product = b.activation({1, 3, 3, 2}, 0.9F, 4), padded = b.activation({1, 4, 5, 2}, 0.9F, 4);
  b.op(Code::MUL, {leaky, difference}, {product}, CreateMulOptions(b.fbb, Activation::RELU));
  b.op(Code::PAD, {product, b.integers({0, 0, 1, 0, 1, 1, 0, 0})}, {padded});
  const int32_t tanh = b.activation({1, 4, 5, 2}, 1.0F / 128, 0), large = b.activation({1, 8, 10, 3}, 0.1F, 9);
  b.op(Code::TANH, {padded}, {tanh});
  const int32_t size = b.integers({1, 8, 10, 3}), kernel = b.tensor(weights_spec({3, 3, 3, 2}, 0));
  b.op(Code::TRANSPOSE_CONV, {size, kernel, tanh, b.tensor(bias_spec(3))}, {large},
       CreateTransposeConvOptions(b.fbb, Padding::SAME, 2, 2));
  const int32_t joined = b.activation({1, 8, 10, 6}, 0.1F, 9), mean = b.activation({1, 6}, 0.1F, 9);
  b.op(Code::CONCATENATION, {large, large}, {joined}, CreateConcatenationOptions(b.fbb, 3));
  b.op(Code::MEAN, {joined, b.integers({1, 2})}, {mean}, CreateReducerOptions(b.fbb, false));
  const int32_t swish = b.activation({1, 6}, 0.2F, -2), other = b.activation({1, 6}, 0.3F, 0);
  b.op(Code::HARD_SWISH, {mean}, {swish});
  b.op(Code::QUANTIZE, {swish}, {other});
  const int32_t output = b.floats({1, 6});
  b.op(Code::DEQUANTIZE, {other}, {output});
  b.end_subgraph({input}, {output});
  return b.finish();
}

}  // namespace whit::tflite
