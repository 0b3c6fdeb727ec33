// The state of one import of an .onnx file, and the node in hand. Private to this folder, whose files translate one
// family of ops each. Between the parsed file and the finished graph.
#pragma once

#include <map>
#include <set>
#include <string>

#include "whit/base/error.hpp"
#include "whit/formats/onnx/reader.hpp"
#include "whit/formats/onnx/value.hpp"

namespace whit::onnx {

using NodeProto = ::onnx::NodeProto;
using GraphProto = ::onnx::GraphProto;
using TensorProto = ::onnx::TensorProto;

inline constexpr const char* kMlDomain = "ai.onnx.ml";  // classical models: ml.hpp
inline constexpr int32_t kMaxDepth = 8;                 // of If in If

class Import {
 public:
  Import(const ::onnx::ModelProto& model, std::string name, std::filesystem::path folder);
  Model run();

 private:
  friend class NodeImport;
  void read_initializers(const GraphProto& graph);
  void read_inputs(const GraphProto& graph);
  void read_nodes(const GraphProto& graph, int32_t depth);
  void add_outputs(const GraphProto& graph);
  void define(const std::string& name, Value value, const std::string& where);
  bool feeds_images(const std::string& input) const;
  void find_labels(const GraphProto& graph);

  const ::onnx::ModelProto& file_;
  std::filesystem::path folder_;
  int64_t opset_ = 0;
  int64_t constant_bytes_ = 0;
  Model model_;
  std::map<std::string, Value> values_;
  std::map<std::string, std::vector<const NodeProto*>> consumers_;  // of the main graph
  std::set<std::string> outputs_;
  std::set<std::string> dropped_;     // labels of classifiers, and what is computed from them
  std::set<const NodeProto*> fused_;  // activations that the op before them does
  std::map<std::pair<ir::TensorId, std::vector<int32_t>>, ir::TensorId> converted_;
  std::map<std::pair<const Constant*, std::vector<int32_t>>, ir::TensorId> constants_;
  std::vector<ConstantPtr> kept_;  // the keys of constants_
};

// What the op's result is quantized to: its only user is a QuantizeLinear, with at most an activation between.
struct Target {
  Scales scales;
  ir::Activation activation = ir::Activation::none;
};

// The output of a node: typed as input 0 where nothing else is said. With a shape where the inputs do not decide it.
struct NodeResult {
  ir::Shape shape = {};
  std::optional<ir::DType> type = {};
  std::optional<Scales> scales = {};
};

// The node in hand: operands, attributes, errors; and the IR's nodes that it becomes.
class NodeImport {
 public:
  NodeImport(Import& import, const NodeProto& node, int32_t index, int32_t depth);

  const std::string& type() const { return node_.op_type(); }
  bool is(const char* type) const { return node_.op_type() == type; }
  int64_t opset() const { return import_.opset_; }
  std::string where() const;  // "kws: node 3 'conv1' (Conv)"
  int32_t depth() const { return depth_; }
  bool is_standard() const { return node_.domain().empty() || node_.domain() == "ai.onnx"; }
  bool is_ml() const { return node_.domain() == kMlDomain; }

  [[noreturn]] void unsupported(const std::string& what, const std::string& hint = "") const;
  [[noreturn]] void bad(const std::string& what) const;
  void note(const std::string& what) { import_.model_.notes.push_back(where() + ": " + what); }
  void require(bool good, const char* what) const {
    if (!good) bad(what);
  }

  // Attributes. An error when one is of another type; an attribute that nobody asked for is refused at the end.
  bool has_attribute(const char* name);
  int64_t integer(const char* name, int64_t otherwise);
  float real(const char* name, float otherwise);
  std::string text(const char* name, const char* otherwise);
  std::vector<int64_t> integers(const char* name);  // empty when absent
  std::vector<float> reals(const char* name);
  std::vector<std::string> texts(const char* name);
  const TensorProto* tensor_attribute(const char* name);
  const GraphProto* graph_attribute(const char* name);
  void ignore(const char* name) { (void)find_attribute(name, 0); }
  void check_attributes() const;

  // Operands.
  size_t input_count() const { return static_cast<size_t>(node_.input_size()); }
  size_t output_count() const { return static_cast<size_t>(node_.output_size()); }
  bool has(size_t i) const { return i < input_count() && !node_.input(static_cast<int>(i)).empty(); }
  bool has_output(size_t i) const { return i < output_count() && !node_.output(static_cast<int>(i)).empty(); }
  const Value& stored(size_t i) const;               // as it is: integers behind a DequantizeLinear
  Value input(size_t i);                             // as the file types it: dequantized where it must be
  ConstantPtr constant(size_t i, const char* what);  // Error unsupported when computed at run time
  std::vector<int64_t> integers(size_t i, const char* what);
  double scalar(size_t i, const char* what);
  // Attribute before `since`, an input from then on; `index` of the input. Empty when absent.
  std::vector<int64_t> integers_of(const char* name, size_t index, int64_t since);
  void output(size_t i, Value value);
  const std::string& output_name(size_t i) const { return node_.output(static_cast<int>(i)); }
  bool is_dropped(const std::string& name) const { return import_.dropped_.contains(name); }
  int32_t axis(int64_t value, size_t rank) const;  // in [0, rank); negative counts from the end

  // Quantization round the node.
  bool all_quantized(std::initializer_list<size_t> inputs) const;
  std::optional<Target> target() const;      // without an activation
  std::optional<Target> target_with_relu();  // marks the activation as done: use it
  Value requantized(const Value& value, const Scales& scales);
  Value dequantized(const Value& value);

  // Tensors of the graph. tensor(): of the value in that layout; constants are made here.
  ir::Graph& graph() { return import_.model_.graph; }
  ir::TensorId tensor(const Value& value, const Layout& layout);
  ir::TensorId plain(const Value& value) { return tensor(value, plain_layout(value.rank())); }
  ir::TensorId raw_constant(ir::Tensor tensor);
  Value plain_value(const Value& value);
  Value with_all_dims(const Value& value);  // no dimension of its layout is -1

  // Appends a node.
  using Result = NodeResult;
  ir::TensorId add(ir::Op op, std::vector<ir::TensorId> inputs, ir::Attributes attributes, const Result& result);
  ir::TensorId add(ir::Op op, std::vector<ir::TensorId> inputs, ir::Attributes attributes = {}) {
    return add(op, std::move(inputs), std::move(attributes), Result{});
  }
  // A node with several outputs, all typed as input 0; their shapes follow from the inputs.
  std::vector<ir::TensorId> add_all(ir::Op op, std::vector<ir::TensorId> inputs, ir::Attributes attributes,
                                    size_t count);
  // A value of the type and scales of `like`, held by `id`.
  Value value_of(ir::TensorId id, const ir::Shape& shape, const Layout& layout, const Value& like) const;

  // Element by element with broadcasting, in the layout of the largest operand. Folded when all are constants.
  Value unary(ir::Op op, const Value& x, ir::Attributes attributes = {});
  Value binary(ir::Op op, const Value& a, const Value& b);
  Value select(const Value& condition, const Value& a, const Value& b);
  Value elementwise(ir::Op op, const std::vector<Value>& operands, ir::Attributes attributes, const Result& result);
  Value constant_like(float value) const;  // a float32 scalar
  // int8, uint8 and int16, which have kernels only where they are quantized, as int32; others as they are.
  Value widened(const Value& x);

  // Movement; of constants and of run-time values. Shapes are the file's.
  Value reshape(const Value& x, const ir::Shape& shape);
  Value transpose(const Value& x, const std::vector<int32_t>& permutation);
  Value slice(const Value& x, const std::vector<int32_t>& begin, const std::vector<int32_t>& stride,
              const ir::Shape& shape);
  Value slice_axis(const Value& x, int32_t axis, int32_t begin, int32_t size);
  Value concat(std::vector<Value> values, int32_t axis);
  Value expand(const Value& x, const ir::Shape& shape);  // broadcast to `shape`
  Value pad(const Value& x, std::vector<int32_t> before, std::vector<int32_t> after, float value);
  Value cast(const Value& x, int32_t type);
  Value reduce(ir::Op op, const Value& x, std::vector<int32_t> axes, bool keep_dims, const Result& result = {});

  // Reads the nodes of a branch in place; its outputs become this node's.
  void inline_branch(const GraphProto& branch);
  ConstantPtr read(const TensorProto& tensor) const;

 private:
  ir::TensorId new_tensor(ir::TensorId like, const Result& result);
  void append(ir::Node node);
  const ::onnx::AttributeProto* find_attribute(const char* name, int type);
  const NodeProto* only_user(const std::string& value) const;
  std::optional<Target> target_of(const NodeProto& node) const;

  Import& import_;
  const NodeProto& node_;
  int32_t index_;
  int32_t depth_;
  std::set<std::string> asked_;
  int32_t made_ = 0;  // tensors so far: names
};

// One op each: checks its operands, adds nodes, sets its outputs.
void import_node(NodeImport& op);
void check_known(NodeImport& op);

void import_constant(NodeImport& op);  // Constant, ConstantOfShape, Shape, Size, Range
void import_if(NodeImport& op);
void import_identity(NodeImport& op);  // Identity, Dropout
void import_cast(NodeImport& op);
void import_reshape(NodeImport& op);  // Reshape, Flatten, Squeeze, Unsqueeze
void import_transpose(NodeImport& op);
void import_concat(NodeImport& op);
void import_split(NodeImport& op);
void import_slice(NodeImport& op);
void import_pad(NodeImport& op);
void import_gather(NodeImport& op);
void import_gather_elements(NodeImport& op);
void import_expand(NodeImport& op);  // Expand, Tile
void import_block(NodeImport& op);   // DepthToSpace, SpaceToDepth
void import_one_hot(NodeImport& op);
std::vector<int64_t> counted(size_t n);  // 0, 1, ... n - 1
// x[indices] along the axis, for known indices in range.
Value pick(NodeImport& op, const Value& x, const std::vector<int32_t>& indices, int32_t axis);
void import_resize(NodeImport& op);  // Resize, Upsample

void import_unary(NodeImport& op);
void import_activation(NodeImport& op);  // those with parameters
void import_clip(NodeImport& op);
void import_binary(NodeImport& op);
void import_variadic(NodeImport& op);  // Max, Min, Sum, Mean
void import_pow(NodeImport& op);
void import_logic(NodeImport& op);  // And, Or, Xor, Not, Where
void import_reduce(NodeImport& op);
void import_arg(NodeImport& op);  // ArgMax, ArgMin, Hardmax
void import_softmax(NodeImport& op);
void import_normalization(NodeImport& op);  // BatchNormalization, InstanceNormalization, ...

void import_conv(NodeImport& op);  // Conv, QLinearConv
void import_conv_transpose(NodeImport& op);
void import_gemm(NodeImport& op);
void import_matmul(NodeImport& op);     // MatMul, QLinearMatMul
void import_recurrent(NodeImport& op);  // LSTM, GRU
void import_pool(NodeImport& op);
void import_global_pool(NodeImport& op);

void import_quantize(NodeImport& op);
void import_dequantize(NodeImport& op);

// Reading of scales for QuantizeLinear, DequantizeLinear and QLinear ops: constant inputs `scale` and `zero_point`.
struct FileScales {
  Scales scales;
  int32_t type;  // of the integers
};
FileScales scales_of(NodeImport& op, size_t scale, size_t zero_point, int32_t axis);

// Lets weights behind a flattened image take the order of the image; removes nodes that nothing needs.
void absorb_transposes(ir::Graph& graph);

// Elements for folding: nullopt when the op has no meaning for constants.
std::optional<double> compute(ir::Op op, double a);
std::optional<double> compute(ir::Op op, double a, double b);
std::optional<int64_t> compute(ir::Op op, int64_t a, int64_t b);

}  // namespace whit::onnx
