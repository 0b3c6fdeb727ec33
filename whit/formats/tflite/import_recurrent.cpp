// Recurrent layers. TFLite keeps their state in variable tensors, which begin at zero: each becomes a Variable of the
// graph that is read before the layer and assigned after it.
#include <flatbuffers/flexbuffers.h>
#include <fmt/format.h>

#include "whit/formats/tflite/import.hpp"

namespace whit::tflite {

OpImport::State OpImport::state(size_t i, const ir::Shape& shape) {
  const int32_t index = i < inputs_.size() ? inputs_[i] : -1;
  require(index >= 0 && static_cast<size_t>(index) < import_.tensors_.size(), "a state is missing");
  FileTensor& file = import_.tensors_[static_cast<size_t>(index)];
  if (file.defined || !file.file->is_variable()) bad(fmt::format("input {} is no variable tensor of its own", i));
  if (ir::elements(file.shape) != ir::elements(shape)) bad(fmt::format("input {} is a state of another size", i));
  file.defined = true;  // no other op may use it
  file.shape = shape;   // some files give it one dimension only
  State state;
  state.before = import_.materialize(file, index, where());
  state.after = intermediate(state.before, shape, "_next");
  const ir::Tensor& tensor = import_.graph_.tensor(state.before);
  ir::Variable variable;
  variable.name = tensor.name;
  variable.type = tensor.type;
  variable.shape = shape;
  variable.quantization = tensor.quantization;
  const bool shifted = tensor.type == ir::DType::i8 && !tensor.quantization.empty();
  variable.initial.assign(static_cast<size_t>(ir::bytes_of(tensor)),
                          static_cast<uint8_t>(shifted ? tensor.quantization.zero_point[0] : 0));
  state.variable = static_cast<int32_t>(import_.graph_.variables.size());
  import_.graph_.variables.push_back(std::move(variable));
  import_.variable_names_.emplace_back();  // no handle finds it
  import_.graph_.tensor(state.before).source_index = -1;
  add_node(ir::Op::read_variable, {}, {state.before}, ir::VariableAttributes{state.variable});
  return state;
}

void import_lstm(OpImport& op) {
  const auto& o = op.options<UnidirectionalSequenceLSTMOptions>();
  if (o.activation() != Activation::TANH) {
    op.unsupported(fmt::format("activation {}", static_cast<int>(o.activation())), "supported: TANH");
  }
  for (const size_t i : {16, 17, 20, 21, 22, 23}) {
    if (op.has_input(i))
      op.unsupported(i < 20 ? "a projection" : "layer normalization", "supported: plain LSTM layers");
  }
  if (!op.has_input(1)) op.unsupported("coupled input and forget gates", "supported: four gates");
  if (o.diagonal_recurrent_tensors()) op.unsupported("diagonal recurrent weights", "supported: full matrices");
  const ir::DType type = op.input_type(0);
  if (type == ir::DType::f32 && op.input_type(1) != ir::DType::f32) {
    op.unsupported("float activations with integer weights",
                   "supported: float32 throughout, or full-integer quantization");
  }
  const ir::Shape in = op.input_shape(0), weights = op.input_shape(1);
  op.require(in.size() == 3 && weights.size() == 2, "the input needs rank 3, weights need rank 2");
  const ir::Shape state_shape = {in[o.time_major() ? 1 : 0], weights[0]};
  std::vector<ir::TensorId> inputs(ir::LstmInput::count, ir::kNoTensor);
  for (size_t i = 0; i < 9; ++i) inputs[i] = op.input(i);
  for (size_t g = 0; g < 4; ++g) inputs[ir::LstmInput::bias + g] = op.optional_input(12 + g);
  for (size_t g = 0; g < 3; ++g) inputs[ir::LstmInput::peephole + g] = op.optional_input(9 + g);
  const OpImport::State hidden = op.state(18, state_shape), cell = op.state(19, state_shape);
  inputs[ir::LstmInput::hidden] = hidden.before;
  inputs[ir::LstmInput::cell] = cell.before;
  ir::RecurrentAttributes a;
  a.time_major = o.time_major();
  a.cell_clip = o.cell_clip();
  op.add_node(ir::Op::lstm, std::move(inputs), {op.output(), hidden.after, cell.after}, a);
  op.assign_variable(hidden.after, hidden.variable);
  op.assign_variable(cell.after, cell.variable);
}

namespace {

void import_custom_recurrent(OpImport& op) {
  const bool lstm = op.custom() == kLstmOp;
  const size_t inputs = lstm ? size_t{ir::LstmInput::count} : size_t{ir::GruInput::count};
  const size_t biases = lstm ? size_t{ir::LstmInput::bias} : size_t{ir::GruInput::bias};
  op.check_counts(inputs, inputs, lstm ? 3 : 2, lstm ? 3 : 2);
  std::vector<ir::TensorId> in, out;
  for (size_t i = 0; i < inputs; ++i) in.push_back(i < biases ? op.input(i) : op.optional_input(i));
  for (size_t i = 0; i < op.output_count(); ++i) out.push_back(op.output(i));
  const auto* bytes = op.file().custom_options();
  constexpr size_t kMostOptionBytes = 1024;  // verifying takes time that grows with the square of the size
  op.require(
      bytes != nullptr && bytes->size() <= kMostOptionBytes && flexbuffers::VerifyBuffer(bytes->data(), bytes->size()),
      "the options are missing or damaged");
  const auto options = flexbuffers::GetRoot(bytes->data(), bytes->size());
  op.require(options.IsMap(), "the options are no map");
  ir::RecurrentAttributes a;
  a.fields([&](const char* field, auto& value) {
    const auto option = options.AsMap()[field];
    op.require(option.IsNull() || option.IsBool() || option.IsNumeric(), "an option is no number");
    if (!option.IsNull()) value = option.As<std::remove_reference_t<decltype(value)>>();
  });
  op.require(a.cell_clip >= 0, "cell_clip is negative");
  op.add_node(lstm ? ir::Op::lstm : ir::Op::gru, std::move(in), std::move(out), a);
}

void import_tree_ensemble(OpImport& op) {
  op.check_counts(ir::TreeInput::count, ir::TreeInput::count, 1, 1);
  std::vector<ir::TensorId> in;
  for (size_t i = 0; i < ir::TreeInput::count; ++i) in.push_back(op.input(i));
  op.add_node(ir::Op::tree_ensemble, std::move(in), {op.output()}, ir::NoAttributes{});
}

}  // namespace

void import_custom(OpImport& op) {
  if (op.custom() == kTreesOp) return import_tree_ensemble(op);
  import_custom_recurrent(op);
}

void import_svdf(OpImport& op) {
  const auto& o = op.options<SVDFOptions>();
  if (op.input_type(0) == ir::DType::f32 && op.input_type(1) != ir::DType::f32) {
    op.unsupported("float activations with integer weights",
                   "supported: float32 throughout, or full-integer quantization");
  }
  const ir::Shape in = op.input_shape(0), features = op.input_shape(1), time = op.input_shape(2);
  op.require(in.size() == 2 && features.size() == 2 && time.size() == 2, "input and weights need rank 2");
  op.require(int64_t{features[0]} * time[1] <= INT32_MAX, "the weights are out of range");
  const OpImport::State state = op.state(4, {in[0], features[0] * time[1]});
  op.add_node(ir::Op::svdf, {op.input(0), op.input(1), op.input(2), op.optional_input(3), state.before},
              {op.output(), state.after}, ir::SvdfAttributes{o.rank(), op.activation(o.activation())});
  op.assign_variable(state.after, state.variable);
}

}  // namespace whit::tflite
