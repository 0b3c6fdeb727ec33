// The state of one export, and the node in hand. Private to this folder. Between a sound graph and the file.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "onnx/onnx_pb.h"
#include "whit/base/error.hpp"
#include "whit/ir/graph.hpp"

namespace whit::onnx {

// A tensor as the file holds it, in one order of dimensions: what is stored, and the real numbers it stands for.
struct Form {
  std::string stored, real;  // the same where nothing is quantized; empty: not there yet
};

// The order of dimensions of a tensor of rank 4 in the file.
enum class Order { plain, image };  // as in the graph; [N,C,H,W]

// The dimension of an image that dimension d of the graph is.
inline constexpr int32_t kToImage[4] = {0, 2, 3, 1};
inline constexpr int32_t kFromImage[4] = {0, 3, 1, 2};

class Export {
 public:
  explicit Export(const ir::Graph& graph);
  std::vector<uint8_t> run();

 private:
  friend class NodeExport;
  std::string unique(const std::string& name);
  void add_info(::onnx::ValueInfoProto& info, const ir::Tensor& tensor, const std::string& name) const;

  const ir::Graph& graph_;
  ::onnx::ModelProto file_;
  ::onnx::GraphProto& out_;
  std::vector<bool> is_half_;  // by TensorId: a constant that is stored as float16
  std::map<std::pair<ir::TensorId, Order>, Form> forms_;
  std::map<std::string, int> names_;
};

class NodeExport {
 public:
  NodeExport(Export& target, const ir::Node& node) : export_(target), node_(node) {}

  const ir::Node& node() const { return node_; }
  const ir::Graph& graph() const { return export_.graph_; }
  const ir::Tensor& in(size_t i) const { return graph().tensor(node_.inputs[i]); }
  const ir::Tensor& out() const { return graph().tensor(node_.outputs[0]); }
  bool has(size_t i) const { return i < node_.inputs.size() && node_.inputs[i] != ir::kNoTensor; }
  [[noreturn]] void unsupported(const std::string& what, const std::string& hint = "") const;

  // The real numbers of input i; dimensions in that order.
  std::string input(size_t i, Order order = Order::plain);
  std::string value(ir::TensorId id, Order order);
  std::string stored(ir::TensorId id, Order order);  // the integers, where they are such
  // A constant input with dimensions `permutation` of the graph's shape, then as `shape`.
  std::string weights(size_t i, const ir::Shape& as, const std::vector<int32_t>& permutation, int32_t channel_axis);
  // The order that costs no Transpose: image when all inputs can be and one is.
  Order common_order(size_t first = 0) const;
  bool is_image(ir::TensorId id) const { return export_.forms_.count({id, Order::image}) > 0 && !is_plain(id); }
  bool is_plain(ir::TensorId id) const { return export_.forms_.count({id, Order::plain}) > 0; }

  // Appends a node of the file; the name of its output.
  ::onnx::NodeProto& append(const std::string& type, const std::vector<std::string>& inputs);
  std::string op(const std::string& type, const std::vector<std::string>& inputs) {
    return append(type, inputs).output(0);
  }
  std::string integers(const std::vector<int64_t>& values);
  std::string real(float value);
  std::string reals(const char* suffix, const ir::Shape& shape, const std::vector<float>& values);
  void use_domain(::onnx::NodeProto& node, const char* domain, int64_t version);  // other than ONNX's own
  std::string add_output(::onnx::NodeProto& node);                                // a further one; its name
  // `name` is the result, as real numbers: quantized and named as the graph says.
  void result(const std::string& name, Order order = Order::plain, size_t output = 0);
  void stored_result(const std::string& name, Order order);  // the integers themselves
  std::string activated(const std::string& name, ir::Activation activation);

 private:
  Form constant(ir::TensorId id, Order order);
  // Of a constant, whose elements in the order of the file are `data`; the name of its float32 values if it is f32.
  std::string initializer_of(ir::TensorId id, const ir::Shape& shape, std::vector<uint8_t> data);
  std::string initializer(const ir::Tensor& tensor, const ir::Shape& shape, std::vector<uint8_t> data);
  std::string dequantized(const std::string& stored, const ir::Tensor& tensor, int32_t axis);
  std::string scale_of(const ir::Tensor& tensor);
  std::string zero_of(const ir::Tensor& tensor);

  Export& export_;
  const ir::Node& node_;
};

void set(::onnx::NodeProto& node, const char* name, int64_t value);
void set(::onnx::NodeProto& node, const char* name, float value);
void set(::onnx::NodeProto& node, const char* name, const char* value);
void set(::onnx::NodeProto& node, const char* name, const std::vector<int64_t>& values);
void set_reals(::onnx::NodeProto& node, const char* name, const std::vector<float>& values);
void set_texts(::onnx::NodeProto& node, const char* name, const std::vector<std::string>& values);

int32_t to_file_type(ir::DType type);  // UNDEFINED for f16
bool is_quantized(const ir::Tensor& tensor);
ir::Shape image_shape(const ir::Shape& shape);  // [N,C,H,W] of [N,H,W,C]

// Writes the node; Error unsupported where ONNX has no such op.
void export_node(NodeExport& node);
void export_layer(NodeExport& node);
void export_matmul(NodeExport& node);
void export_pool(NodeExport& node);
void export_recurrent(NodeExport& node);
void export_tree_ensemble(NodeExport& node);
void export_resize(NodeExport& node);
void export_elementwise(NodeExport& node);
void export_reduce(NodeExport& node);
void export_softmax(NodeExport& node);
void export_movement(NodeExport& node);
void export_quantize(NodeExport& node);

}  // namespace whit::onnx
