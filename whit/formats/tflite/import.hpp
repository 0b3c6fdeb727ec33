// The state of one import of a .tflite file, shared by the files of this folder, which translate one family of ops
// each. Between the verified FlatBuffer and the finished graph. Private to this folder.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema_generated.h"
#include "whit/base/error.hpp"
#include "whit/formats/tflite/format.hpp"
#include "whit/ir/graph.hpp"

namespace whit::tflite {

// Integers known at import: a constant of the file, or folded from shapes.
struct Integers {
  ir::Shape shape;  // dimensions may be 0
  std::vector<int64_t> values;
};

// A tensor of the file, and what has become of it.
struct FileTensor {
  const Tensor* file = nullptr;
  ir::Shape shape;                                     // of the file
  bool dynamic = false;                                // the shape may differ when the model runs
  const flatbuffers::Vector<uint8_t>* data = nullptr;  // of a constant
  bool defined = false;                                // constant, model input or output of an op already read
  ir::TensorId id = ir::kNoTensor;                     // in the graph, once something uses it
  std::optional<Integers> integers;                    // folded: there is no node that computes it
  int32_t variable = -1;                               // a handle: index in Graph::variables
};

class Import {
 public:
  Import(const Model& model, std::string name);
  ir::Graph run();

 private:
  friend class OpImport;
  void read_tensors(const SubGraph& subgraph);
  FileTensor read_tensor(const SubGraph& subgraph, uint32_t index) const;
  void read_op(const SubGraph& subgraph, int32_t index);
  void add_input(int32_t index);
  ir::TensorId materialize(FileTensor& tensor, int32_t index, const std::string& where);

  const Model& model_;
  ir::Graph graph_;
  std::vector<FileTensor> tensors_;
  int64_t constant_bytes_ = 0;               // copied so far: many tensors may name one buffer
  std::vector<std::string> variable_names_;  // by variable
};

// The op in hand: its operands, options and errors.
class OpImport {
 public:
  OpImport(Import& import, const Operator& op, const OperatorCode& code, int32_t index);

  BuiltinOperator code() const { return code_; }
  const std::string& custom() const { return custom_; }  // the name of a custom op
  const Operator& file() const { return op_; }
  ir::Graph& graph() { return import_.graph_; }
  const Model& model() const { return import_.model_; }
  std::string where() const;  // "kws: op 3 (CONV_2D)"

  [[noreturn]] void unsupported(const std::string& what, const std::string& hint = "") const;
  [[noreturn]] void bad(const std::string& what) const;
  void require(bool good, const char* what) const {
    if (!good) bad(what);
  }
  void check_known() const;  // Error unsupported when no import_*() is for this op
  void check_counts(size_t min_inputs, size_t max_inputs, size_t min_outputs, size_t max_outputs) const;

  size_t input_count() const { return inputs_.size(); }
  size_t output_count() const { return outputs_.size(); }
  bool has_input(size_t i) const { return i < inputs_.size() && inputs_[i] >= 0; }

  // What the file says of an operand. The shape of an input is that of the graph.
  FileTensor& input_tensor(size_t i);
  FileTensor& output_tensor(size_t i);
  ir::Shape input_shape(size_t i);
  ir::DType input_type(size_t i);
  ir::DType output_type(size_t i);

  ir::TensorId input(size_t i);           // the tensor of a required input
  ir::TensorId optional_input(size_t i);  // kNoTensor when absent
  bool dequantize_constant();             // input 0 is constant: output 0 becomes an f32 constant
  // Weights of a layer: f32 when the activations are.
  ir::TensorId weights(size_t i, size_t activations = 0);
  // The values of a constant integer input; Error unsupported when they are computed at run time.
  Integers integers(size_t i, const char* what);
  std::optional<Integers> known_integers(size_t i);
  int64_t integer(size_t i, const char* what);

  // The output's tensor, to be given to add(). With `shape` when the op's own shape rule has been applied.
  ir::TensorId output(size_t i = 0);
  ir::TensorId output(size_t i, const ir::Shape& shape);
  void fold(size_t output, Integers value);  // the output is known, no node computes it
  ir::TensorId intermediate(ir::TensorId like, const ir::Shape& shape, const char* suffix);

  // Appends a node and checks it against the shape that the file gives its output.
  void add(ir::Op op, std::vector<ir::TensorId> inputs, ir::TensorId output, ir::Attributes attributes = {});
  void add_node(ir::Op op, std::vector<ir::TensorId> inputs, std::vector<ir::TensorId> outputs,
                ir::Attributes attributes);
  void assign_variable(ir::TensorId value, int32_t variable);

  // The state in variable tensor `i`, read into `before`; `after` is for the op that gives it its next value.
  struct State {
    ir::TensorId before, after;
    int32_t variable;
  };
  State state(size_t i, const ir::Shape& shape);

  int32_t axis(int64_t value, size_t rank) const;  // in [0, rank); negative counts from the end
  ir::Activation activation(Activation activation) const;

  // The options of the op as T. Error when the file has none, or those of another op.
  template <typename T>
  const T& options() const {
    const T* options = op_.builtin_options_as<T>();
    if (options == nullptr) bad("the options are missing");
    return *options;
  }
  template <typename T>
  const T* optional_options() const {
    return op_.builtin_options_as<T>();
  }

  // Handles of variables.
  int32_t variable(size_t i);
  void define_handle(size_t output, int32_t variable);
  int32_t find_variable(const std::string& name) const;  // -1: none
  void add_initial_value(const SubGraph& subgraph, uint32_t tensor, const std::string& name);

 private:
  void check_shape(const FileTensor& tensor, const ir::Shape& shape) const;
  ir::TensorId dequantized(FileTensor& tensor);

  Import& import_;
  const Operator& op_;
  BuiltinOperator code_;
  std::string custom_;
  int32_t index_;
  std::vector<int32_t> inputs_, outputs_;
};

// One op each. Each checks its operands and adds nodes to the graph.
void import_op(OpImport& op);
void import_conv(OpImport& op);  // CONV_2D, DEPTHWISE_CONV_2D
void import_transpose_conv(OpImport& op);
void import_fully_connected(OpImport& op);
void import_batch_matmul(OpImport& op);
void import_pool(OpImport& op);
void import_unary(OpImport& op);  // RELU ... ROUND, QUANTIZE, CAST, SOFTMAX, LEAKY_RELU
void import_dequantize(OpImport& op);
void import_binary(OpImport& op);  // ADD ... GREATER_EQUAL, PRELU, SELECT
void import_reduce(OpImport& op);
void import_reshape(OpImport& op);  // RESHAPE, SQUEEZE, EXPAND_DIMS
void import_shape(OpImport& op);
void import_transpose(OpImport& op);
void import_concat(OpImport& op);
void import_pack(OpImport& op);
void import_unpack(OpImport& op);
void import_split(OpImport& op);  // SPLIT, SPLIT_V
void import_slice(OpImport& op);
void import_strided_slice(OpImport& op);
void import_pad(OpImport& op);  // PAD, PADV2, MIRROR_PAD
void import_tile(OpImport& op);
void import_gather(OpImport& op);
void import_one_hot(OpImport& op);
void import_block(OpImport& op);  // SPACE_TO_DEPTH, DEPTH_TO_SPACE
void import_resize(OpImport& op);
void import_reduce_prod(OpImport& op);  // refuses: only products of constants, which are folded
void import_lstm(OpImport& op);         // UNIDIRECTIONAL_SEQUENCE_LSTM
void import_custom(OpImport& op);       // kLstmOp, kGruOp, kTreesOp
void import_svdf(OpImport& op);
void import_variable(OpImport& op);  // CALL_ONCE, VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE

// When every input is known, or only its shape matters, does the op now. False: it needs a node.
bool fold_integers(OpImport& op);

// STRIDED_SLICE's begin, end, strides and masks as plain numbers.
struct SlicePlan {
  std::vector<int32_t> begin, stride;  // of each dimension of the input
  ir::Shape taken;                     // elements of each
  ir::Shape result;                    // the output's shape: without shrunk, with new axes
};
SlicePlan plan_strided_slice(OpImport& op, const ir::Shape& shape);

}  // namespace whit::tflite
