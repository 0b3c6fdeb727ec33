// The state of one export to a .tflite file, shared by the files of this folder, which write one family of ops each.
// Between the sound graph and the finished FlatBuffer. Private to this folder.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "schema_generated.h"
#include "whit/base/hash.hpp"
#include "whit/formats/tflite/format.hpp"
#include "whit/ir/graph.hpp"

namespace whit::tflite {

// A tensor of the file.
struct Written {
  std::string name;
  TensorType type = TensorType::FLOAT32;
  ir::Shape shape;
  ir::Quantization quantization;
  uint32_t buffer = 0;       // of a constant; 0: none
  bool is_variable = false;  // keeps its value from one inference to the next
};

// Of an op that TFLite does not have: its name, and its options as a FlexBuffer.
struct CustomOp {
  std::string name;
  std::vector<uint8_t> options;
};

struct WrittenSubgraph {
  std::vector<Written> tensors;
  std::vector<flatbuffers::Offset<Operator>> operators;

  int32_t add(Written tensor);  // its index
};

class Export {
 public:
  explicit Export(const ir::Graph& graph);
  std::vector<uint8_t> run();

 private:
  friend class NodeExport;
  Written written(const ir::Tensor& tensor);
  int32_t tensor(ir::TensorId id);
  int32_t dequantized_halves(const ir::Tensor& tensor);
  uint32_t buffer(const std::vector<uint8_t>& data);
  void op(WrittenSubgraph& subgraph, BuiltinOperator code, int32_t version, const std::vector<int32_t>& inputs,
          const std::vector<int32_t>& outputs, BuiltinOptions kind, flatbuffers::Offset<void> options,
          const std::vector<int32_t>& intermediates = {}, const CustomOp& custom = {});
  void find_layer_states();
  void add_variables();
  int32_t add_handle(WrittenSubgraph& subgraph, size_t variable);
  flatbuffers::Offset<SignatureDef> signature(const std::vector<int32_t>& inputs, const std::vector<int32_t>& outputs);
  flatbuffers::Offset<SubGraph> finish(const WrittenSubgraph& subgraph, const std::vector<int32_t>& inputs,
                                       const std::vector<int32_t>& outputs, const char* name);

  const ir::Graph& graph_;
  flatbuffers::FlatBufferBuilder fbb_;
  WrittenSubgraph main_, first_values_;
  std::vector<int32_t> index_;               // by TensorId: in main_, -1: not written yet
  std::vector<bool> is_half_;                // by TensorId: a constant that is stored as float16
  std::vector<bool> in_layer_;               // by variable: a recurrent layer keeps it, so there is no handle
  std::vector<int32_t> handles_;             // by variable
  std::vector<std::string> variable_names_;  // by variable, no two the same
  std::vector<flatbuffers::Offset<Buffer>> buffers_;
  std::map<Sha256, uint32_t> buffer_of_;  // by the digest of its data
  int64_t constant_bytes_ = 0;
  std::map<std::tuple<BuiltinOperator, int32_t, std::string>, uint32_t> code_of_;  // op, version, name of a custom op
  std::vector<flatbuffers::Offset<OperatorCode>> codes_;
};

// The node in hand: its operands, attributes and errors. Indices are those of tensors in the file.
class NodeExport {
 public:
  NodeExport(Export& graph, const ir::Node& node) : export_(graph), node_(node) {}

  const ir::Node& node() const { return node_; }
  ir::Op op() const { return node_.op; }
  const ir::Tensor& in(size_t i) const { return export_.graph_.tensor(node_.inputs[i]); }
  const ir::Tensor& out() const { return export_.graph_.tensor(node_.outputs[0]); }
  bool has(size_t i) const { return i < node_.inputs.size() && node_.inputs[i] != ir::kNoTensor; }
  template <typename A>
  const A& attributes() const {
    return ir::attributes<A>(node_);
  }

  [[noreturn]] void unsupported(const std::string& what, const std::string& hint) const;

  int32_t input(size_t i);  // -1 when absent
  int32_t output(size_t i = 0) { return export_.tensor(node_.outputs[i]); }
  int32_t handle(int32_t variable) const { return export_.handles_[static_cast<size_t>(variable)]; }
  bool in_layer(int32_t variable) const { return export_.in_layer_[static_cast<size_t>(variable)]; }
  bool has_layer_state(size_t i) const;  // state input `i` of a recurrent layer is a variable tensor
  int32_t state(size_t i);               // that tensor
  // New tensors, named after the output: a constant, and one like `like` that holds a step on the way to the output.
  int32_t integers(const char* suffix, const std::vector<int32_t>& values);
  int32_t integers(const char* suffix, const std::vector<int32_t>& values, const ir::Shape& shape);
  int32_t constant(const char* suffix, ir::Tensor tensor);
  int32_t step(const char* suffix, const ir::Tensor& like, const ir::Shape& shape);

  // Appends an op. Its version is that which the types of its operands ask for, or `version` when that is higher.
  void write(BuiltinOperator code, const std::vector<int32_t>& inputs, const std::vector<int32_t>& outputs,
             int32_t version = 1) {
    append(code, inputs, outputs, version, BuiltinOptions::NONE, 0);
  }
  template <typename T>
  void write(BuiltinOperator code, const std::vector<int32_t>& inputs, const std::vector<int32_t>& outputs,
             flatbuffers::Offset<T> options, int32_t version = 1) {
    append(code, inputs, outputs, version, BuiltinOptionsTraits<T>::enum_value, options.Union());
  }
  template <typename T>
  void write_with_steps(BuiltinOperator code, const std::vector<int32_t>& inputs, const std::vector<int32_t>& outputs,
                        flatbuffers::Offset<T> options, const std::vector<int32_t>& intermediates) {
    append(code, inputs, outputs, 1, BuiltinOptionsTraits<T>::enum_value, options.Union(), intermediates);
  }
  void write_custom(const CustomOp& op, const std::vector<int32_t>& inputs, const std::vector<int32_t>& outputs) {
    export_.op(export_.main_, BuiltinOperator::CUSTOM, 1, inputs, outputs, BuiltinOptions::NONE, 0, {}, op);
  }
  void write_reshape(int32_t input, int32_t output);

  flatbuffers::FlatBufferBuilder& fbb() { return export_.fbb_; }
  Activation activation(ir::Activation activation) const;

 private:
  void append(BuiltinOperator code, const std::vector<int32_t>& inputs, const std::vector<int32_t>& outputs,
              int32_t version, BuiltinOptions kind, flatbuffers::Offset<void> options,
              const std::vector<int32_t>& intermediates = {});

  Export& export_;
  const ir::Node& node_;
};

// Writes a node, after check_rules().
void export_node(NodeExport& node);

// Error unsupported when TensorFlow Lite has no kernel for the types of a node, or one that computes other numbers than
// the quantization of the node's operands asks for.
void check_rules(const NodeExport& node);

void export_conv(NodeExport& node);  // conv2d, depthwise_conv2d
void export_transpose_conv(NodeExport& node);
void export_fully_connected(NodeExport& node);
void export_batch_matmul(NodeExport& node);
void export_pool(NodeExport& node);
void export_plain(NodeExport& node);  // ops without attributes
void export_arithmetic(NodeExport& node);
void export_quantize(NodeExport& node);
void export_softmax(NodeExport& node);
void export_leaky_relu(NodeExport& node);
void export_reduce(NodeExport& node);
void export_arg(NodeExport& node);
void export_reshape(NodeExport& node);
void export_transpose(NodeExport& node);
void export_concat(NodeExport& node);
void export_slice(NodeExport& node);
void export_pad(NodeExport& node);
void export_mirror_pad(NodeExport& node);
void export_tile(NodeExport& node);
void export_gather(NodeExport& node);
void export_one_hot(NodeExport& node);
void export_block(NodeExport& node);
void export_resize(NodeExport& node);
void export_lstm(NodeExport& node);
void export_gru(NodeExport& node);
void export_tree_ensemble(NodeExport& node);
void export_svdf(NodeExport& node);
void export_variable(NodeExport& node);

// The first version of `code` that takes operands of these types and ranks. The interpreter refuses lower ones, and an
// interpreter that is older than the version refuses the file.
int32_t version_of(BuiltinOperator code, const std::vector<const Written*>& inputs,
                   const std::vector<const Written*>& outputs);

}  // namespace whit::tflite
