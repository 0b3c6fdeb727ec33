// Small .onnx models, made in the test through the protobuf classes. Tests only.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "onnx/onnx_pb.h"
#include "whit/formats/onnx/reader.hpp"

namespace whit::onnx {

class TestModel {
 public:
  explicit TestModel(int64_t opset = 13) {
    proto.set_ir_version(8);
    proto.add_opset_import()->set_version(opset);
  }

  // A dimension of -1 is free.
  TestModel& input(const std::string& name, const std::vector<int64_t>& dims, int type = ::onnx::TensorProto::FLOAT) {
    add_info(*graph().add_input(), name, dims, type);
    return *this;
  }
  TestModel& output(const std::string& name, const std::vector<int64_t>& dims = {},
                    int type = ::onnx::TensorProto::FLOAT) {
    add_info(*graph().add_output(), name, dims, type);
    return *this;
  }

  template <typename T>
  TestModel& constant(const std::string& name, const std::vector<int64_t>& dims, const std::vector<T>& values,
                      int type) {
    ::onnx::TensorProto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    for (const int64_t dim : dims) tensor.add_dims(dim);
    tensor.set_raw_data(values.data(), values.size() * sizeof(T));
    return *this;
  }
  TestModel& floats(const std::string& name, const std::vector<int64_t>& dims, const std::vector<float>& values) {
    return constant(name, dims, values, ::onnx::TensorProto::FLOAT);
  }
  TestModel& integers(const std::string& name, const std::vector<int64_t>& values) {
    return constant(name, {static_cast<int64_t>(values.size())}, values, ::onnx::TensorProto::INT64);
  }
  // A scale and a zero point: NAME_scale, NAME_zero. `type` is that of the integers.
  TestModel& scale(const std::string& name, float scale, int zero_point, int type = ::onnx::TensorProto::INT8) {
    floats(name + "_scale", {}, {scale});
    return constant<uint8_t>(name + "_zero", {}, {static_cast<uint8_t>(zero_point)}, type);
  }

  ::onnx::NodeProto& node(const std::string& type, const std::vector<std::string>& inputs,
                          const std::vector<std::string>& outputs) {
    ::onnx::NodeProto& node = *graph().add_node();
    node.set_op_type(type);
    node.set_name(type + std::to_string(graph().node_size() - 1));
    for (const std::string& name : inputs) node.add_input(name);
    for (const std::string& name : outputs) node.add_output(name);
    return node;
  }
  static void set(::onnx::NodeProto& node, const std::string& name, int64_t value) {
    auto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(::onnx::AttributeProto::INT);
    attribute.set_i(value);
  }
  static void set(::onnx::NodeProto& node, const std::string& name, const std::vector<int64_t>& values) {
    auto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(::onnx::AttributeProto::INTS);
    for (const int64_t value : values) attribute.add_ints(value);
  }
  ::onnx::GraphProto& graph() { return *proto.mutable_graph(); }
  std::vector<uint8_t> bytes() const {
    const std::string text = proto.SerializeAsString();
    return {text.begin(), text.end()};
  }
  Model read() const { return read_onnx(bytes(), "test"); }

  ::onnx::ModelProto proto;

 private:
  static void add_info(::onnx::ValueInfoProto& info, const std::string& name, const std::vector<int64_t>& dims,
                       int type) {
    info.set_name(name);
    auto& tensor = *info.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(type);
    tensor.mutable_shape();
    for (const int64_t dim : dims) {
      auto& added = *tensor.mutable_shape()->add_dim();
      if (dim >= 0) added.set_dim_value(dim);
      if (dim < 0) added.set_dim_param("N");
    }
  }
};

// x [1,2,4,4] through Conv, Relu, MaxPool, Flatten and Gemm to y [1,3].
inline TestModel small_convnet() {
  TestModel m;
  std::vector<float> kernel, dense;
  for (int i = 0; i < 3 * 2 * 3 * 3; ++i) kernel.push_back(0.1f * static_cast<float>(i % 7 - 3));
  for (int i = 0; i < 3 * 12; ++i) dense.push_back(0.05f * static_cast<float>(i % 11 - 5));
  m.input("x", {-1, 2, 4, 4}).output("y", {-1, 3});
  m.floats("w", {3, 2, 3, 3}, kernel).floats("b", {3}, {0.5f, -0.25f, 0.125f}).floats("dense", {3, 12}, dense);
  TestModel::set(m.node("Conv", {"x", "w", "b"}, {"c"}), "pads", {1, 1, 1, 1});
  m.node("Relu", {"c"}, {"r"});
  auto& pool = m.node("MaxPool", {"r"}, {"p"});
  TestModel::set(pool, "kernel_shape", {2, 2});
  TestModel::set(pool, "strides", {2, 2});
  m.node("Flatten", {"p"}, {"f"});
  TestModel::set(m.node("Gemm", {"f", "dense"}, {"y"}), "transB", int64_t{1});
  return m;
}

// The same kinds of layers between QuantizeLinear and DequantizeLinear, with uint8 activations.
inline TestModel small_quantized() {
  constexpr int kUnsigned = ::onnx::TensorProto::UINT8;
  TestModel m;
  std::vector<int8_t> kernel;
  for (int i = 0; i < 3 * 2; ++i) kernel.push_back(static_cast<int8_t>(i * 20 - 50));
  m.input("x", {1, 2, 4, 4}).output("y", {1, 3, 4, 4});
  m.scale("x", 0.5f, 128, kUnsigned).scale("y", 0.25f, 3, kUnsigned);
  m.constant<int8_t>("w", {3, 2, 1, 1}, kernel, ::onnx::TensorProto::INT8);
  m.floats("w_scale", {3}, {0.01f, 0.02f, 0.03f}).constant<int8_t>("w_zero", {3}, {0, 0, 0}, ::onnx::TensorProto::INT8);
  m.constant<int32_t>("b", {3}, {100, -50, 25}, ::onnx::TensorProto::INT32);
  m.floats("b_scale", {3}, {0.005f, 0.01f, 0.015f});
  m.constant<int32_t>("b_zero", {3}, {0, 0, 0}, ::onnx::TensorProto::INT32);
  m.node("QuantizeLinear", {"x", "x_scale", "x_zero"}, {"xq"});
  m.node("DequantizeLinear", {"xq", "x_scale", "x_zero"}, {"xd"});
  TestModel::set(m.node("DequantizeLinear", {"w", "w_scale", "w_zero"}, {"wd"}), "axis", int64_t{0});
  TestModel::set(m.node("DequantizeLinear", {"b", "b_scale", "b_zero"}, {"bd"}), "axis", int64_t{0});
  m.node("Conv", {"xd", "wd", "bd"}, {"c"});
  m.node("Relu", {"c"}, {"r"});
  m.node("QuantizeLinear", {"r", "y_scale", "y_zero"}, {"yq"});
  m.node("DequantizeLinear", {"yq", "y_scale", "y_zero"}, {"y"});
  return m;
}

// Shapes computed by the model itself: Shape, Gather, Concat, Reshape; and a branch that is known.
inline TestModel small_shapes() {
  TestModel m;
  m.input("x", {2, 3, 4}).output("y", {2, 12});
  m.integers("zero", {0}).integers("rest", {-1});
  m.node("Shape", {"x"}, {"s"});
  m.node("Gather", {"s", "zero"}, {"n"});
  TestModel::set(m.node("Concat", {"n", "rest"}, {"to"}), "axis", int64_t{0});
  m.node("Reshape", {"x", "to"}, {"flat"});
  m.node("Equal", {"n", "n"}, {"same"});
  auto& branch = m.node("If", {"same"}, {"y"});
  for (const char* name : {"then_branch", "else_branch"}) {
    auto& attribute = *branch.add_attribute();
    attribute.set_name(name);
    attribute.set_type(::onnx::AttributeProto::GRAPH);
    auto& node = *attribute.mutable_g()->add_node();
    node.set_op_type(name == std::string("then_branch") ? "Relu" : "Abs");
    node.add_input("flat");
    node.add_output(std::string(name) + "_y");
    attribute.mutable_g()->add_output()->set_name(std::string(name) + "_y");
  }
  return m;
}

}  // namespace whit::onnx
