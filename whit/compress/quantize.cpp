#include "whit/compress/quantize.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "whit/base/error.hpp"
#include "whit/base/nearest.hpp"
#include "whit/compile/passes/passes.hpp"
#include "whit/compress/quantize_layer.hpp"
#include "whit/compress/quantize_recurrent.hpp"
#include "whit/compress/quantize_rules.hpp"
#include "whit/compress/quantize_trees.hpp"
#include "whit/compress/scale_groups.hpp"
#include "whit/ir/half_weights.hpp"
#include "whit/ir/kept_state.hpp"
#include "whit/ir/verify.hpp"

namespace whit::compress {
namespace {

constexpr std::array kPrecisions = {"float32", "int8", "int16x8", "float16", "int8_w4"};
constexpr std::array kWeightScales = {"per_tensor", "convolutions", "per_channel"};

// An activation in one of the types that it exists in. kState: of a recurrent layer, with the scale that its kernel
// asks for. kHalf: weights that are rounded to halves.
enum Format : size_t { kFloat, kInt8, kInt16, kState, kHalf, kFormats };
constexpr ir::DType kTypes[] = {ir::DType::f32, ir::DType::i8, ir::DType::i16, ir::DType::i16, ir::DType::f32};
constexpr const char* kSuffixes[] = {"_f32", "_i8", "_i16", "_state", "_f16"};

Format format_of(Precision precision) {
  switch (precision) {
    case Precision::f32:
    case Precision::float16:
      return kFloat;
    case Precision::int16x8:
      return kInt16;
    default:
      return kInt8;
  }
}

Range constant_range(const ir::Tensor& tensor) {
  Range range;
  if (tensor.type != ir::DType::f32) return range;
  const auto* values = ir::data<float>(tensor);
  for (int64_t i = 0; i < ir::elements(tensor.shape); ++i) {
    range.low = std::min(range.low, values[i]);
    range.high = std::max(range.high, values[i]);
  }
  return range;
}

class Quantizer {
 public:
  Quantizer(const ir::Graph& graph, const Calibration& calibration, const QuantizeOptions& options)
      : from_(graph), calibration_(calibration), options_(options) {
    check_names();
    for (const size_t format : {kInt8, kInt16, kState}) groups_.emplace_back(ranges(static_cast<Format>(format)));
    for (const ir::Node& node : from_.nodes) group(node);
    std::array<ir::TensorId, kFormats> none;
    none.fill(ir::kNoTensor);
    made_.resize(from_.tensors.size(), none);
    for (const ir::KeptState& kept : ir::kept_states(from_)) {
      const ir::Node& layer = from_.nodes[kept.layer];
      if (format(layer) != kFloat) kept_[kept.variable] = state_format(layer, kept.operands, format(layer));
    }
  }

  ir::Graph run() {
    to_.name = from_.name;
    to_.variables = from_.variables;
    for (const ir::TensorId id : from_.inputs) add_input(id);
    for (size_t n = 0; n < from_.nodes.size(); ++n) add_node(n);
    for (const ir::TensorId id : from_.outputs) to_.outputs.push_back(output(id));
    ir::verify(to_);
    return std::move(to_);
  }

 private:
  void check_names() const {
    for (const auto& exception : options_.nodes) {
      const std::string& name = exception.first;
      const bool known = std::any_of(from_.nodes.begin(), from_.nodes.end(), [&](const ir::Node& node) {
        return !node.outputs.empty() && from_.tensor(node.outputs[0]).name == name;
      });
      if (!known) {
        throw Error(ErrorCode::usage, fmt::format("there is no layer '{}'", name), from_.name,
                    "`whit inspect --json` lists the layers by the name of their output");
      }
    }
  }

  Format format(const ir::Node& node) const {
    const Format wanted = format_of(options_.of(from_, node).precision);
    if (wanted == kFloat || scales_of(node.op, kTypes[wanted]) == Scales::none) return kFloat;
    if (node.op == ir::Op::lstm && has_peepholes(node)) return kFloat;  // there is no integer kernel
    return node.outputs.empty() || !is_float(node.inputs[0]) ? kFloat : wanted;
  }
  bool becomes_halves(const ir::Node& node, size_t i) const {
    return static_cast<int32_t>(i) == ir::weights_input(node.op) && is_float(node.inputs[i]) &&
           from_.tensor(node.inputs[i]).is_constant && options_.of(from_, node).precision == Precision::float16;
  }
  // The hidden state of an lstm is of the kind of its outputs.
  static Format state_format(const ir::Node& node, const ir::StateOperands& state, Format f) {
    return node.op == ir::Op::lstm && state.input == ir::LstmInput::hidden ? f : kState;
  }
  bool is_float(ir::TensorId id) const { return id != ir::kNoTensor && from_.tensor(id).type == ir::DType::f32; }

  std::vector<Range> ranges(Format format) const {
    std::vector<Range> ranges(from_.tensors.size());
    const int32_t levels = format == kInt8 ? 255 : 65535;
    const auto observed = [&](ir::TensorId id, const Recipe& recipe) {
      const RangeObserver& observer = calibration_.tensors[static_cast<size_t>(id)];
      if (!is_float(id) || observer.count() == 0) return;
      if (observer.not_finite() > 0) {
        throw Error(ErrorCode::bad_input, fmt::format("{} values are NaN or infinite", observer.not_finite()),
                    fmt::format("{}: tensor '{}'", from_.name, from_.tensor(id).name),
                    "look for NaN in the data, and for a division by zero in the model");
      }
      // States add up what is cut off.
      const Observer kind = format == kState ? Observer::min_max : recipe.observer;
      ranges[static_cast<size_t>(id)] = observer.range(kind, levels, options_.percentile);
    };
    for (const ir::TensorId id : from_.inputs) observed(id, options_.recipe);
    for (const ir::Node& node : from_.nodes) {
      for (const ir::TensorId id : node.outputs) observed(id, options_.of(from_, node));
    }
    for (size_t i = 0; i < ranges.size(); ++i) {
      if (from_.tensors[i].is_constant) ranges[i] = constant_range(from_.tensors[i]);
    }
    return ranges;
  }

  void group(const ir::Node& node) {
    const Format f = format(node);
    if (f == kFloat) return;
    Groups& groups = groups_[f - 1];
    const auto result = static_cast<size_t>(node.outputs[0]);
    const Scales scales = scales_of(node.op, kTypes[f]);
    if (scales == Scales::given) groups.fix(result, fixed_output(node.op, kTypes[f]));
    if (scales == Scales::recurrent) {
      for (const ir::StateOperands& state : ir::state_operands(node.op)) {
        const Format own = state_format(node, state, f);
        const auto after = static_cast<size_t>(node.outputs[state.output]);
        const ir::TensorId before = node.inputs[state.input];
        if (before != ir::kNoTensor) groups_[own - 1].join(static_cast<size_t>(before), after);
        if (own == f) groups.join(after, result);
        if (node.op == ir::Op::gru) groups_[own - 1].limit(after, 1.0f);  // what its kernel can hold
      }
    }
    if (scales != Scales::same) return;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (is_activation(node, i) && is_float(node.inputs[i])) groups.join(static_cast<size_t>(node.inputs[i]), result);
    }
  }

  ir::Quantization parameters(ir::TensorId id, Format f) const {
    if (kTypes[f] == ir::DType::f32) return {};
    if (f == kState) return state_quantization(groups_[f - 1].range(static_cast<size_t>(id)));
    return groups_[f - 1].parameters(static_cast<size_t>(id), kTypes[f]);
  }

  // A new tensor for `id`; the first one made keeps the name.
  ir::TensorId add_tensor(ir::TensorId id, Format f, const ir::Quantization& quantization) {
    const ir::Tensor& source = from_.tensor(id);
    const auto& made = made_[static_cast<size_t>(id)];
    const bool first = std::all_of(made.begin(), made.end(), [](ir::TensorId t) { return t == ir::kNoTensor; });
    ir::Tensor tensor;
    tensor.name = first ? source.name : source.name + kSuffixes[f];
    tensor.type = kTypes[f];
    tensor.shape = source.shape;
    tensor.quantization = quantization;
    tensor.source_index = source.source_index;
    return to_.add_tensor(std::move(tensor));
  }

  ir::TensorId define(ir::TensorId id, Format f) {
    return made_[static_cast<size_t>(id)][f] = add_tensor(id, f, parameters(id, f));
  }

  void convert(ir::TensorId from, ir::TensorId to) {
    ir::Node node;
    node.op = to_.tensor(to).type == ir::DType::f32 ? ir::Op::dequantize : ir::Op::quantize;
    node.inputs = {from};
    node.outputs = {to};
    to_.nodes.push_back(std::move(node));
  }

  // `id` of the float graph in format `f`, converted when it is not there yet.
  ir::TensorId fetch(ir::TensorId id, Format f) {
    auto& made = made_[static_cast<size_t>(id)];
    if (made[f] != ir::kNoTensor) return made[f];
    const ir::Tensor& source = from_.tensor(id);
    if (source.is_constant) {
      const ir::TensorId constant = add_tensor(id, f, parameters(id, f));
      to_.tensor(constant).is_constant = true;
      to_.tensor(constant).data = f == kFloat  ? source.data
                                  : f == kHalf ? rounded_to_halves(source, from_.name)
                                               : quantize_values(source, to_.tensor(constant));
      return made[f] = constant;
    }
    const auto present = std::find_if(made.begin(), made.end(), [](ir::TensorId t) { return t != ir::kNoTensor; });
    const ir::TensorId from = *present;
    const ir::TensorId to = define(id, f);
    convert(from, to);
    return to;
  }

  // A tensor that is not float in the float graph: indices, conditions.
  ir::TensorId keep(ir::TensorId id) {
    if (id == ir::kNoTensor) return id;
    if (is_float(id)) return fetch(id, kFloat);
    ir::TensorId& made = made_[static_cast<size_t>(id)][kFloat];
    if (made == ir::kNoTensor) made = to_.add_tensor(from_.tensor(id));
    return made;
  }

  void add_input(ir::TensorId id) {
    Format f = kFloat;
    if (is_float(id) && !options_.float_io) {
      for (const ir::Node& node : from_.nodes) {
        for (size_t i = 0; i < node.inputs.size() && f == kFloat; ++i) {
          if (node.inputs[i] == id && is_activation(node, i)) f = format(node);
        }
        for (const ir::StateOperands& state : ir::state_operands(node.op)) {
          const bool quantized = f == kFloat && node.inputs[state.input] == id && format(node) != kFloat;
          if (quantized) f = state_format(node, state, format(node));
        }
      }
    }
    to_.inputs.push_back(is_float(id) ? define(id, f) : keep(id));
  }

  ir::TensorId output(ir::TensorId id) {
    if (!is_float(id)) return keep(id);
    const auto& made = made_[static_cast<size_t>(id)];
    if (options_.float_io || from_.tensor(id).is_constant) return fetch(id, kFloat);
    return *std::find_if(made.begin(), made.end(), [](ir::TensorId t) { return t != ir::kNoTensor; });
  }

  // Reads or assigns a variable that a quantized layer keeps: in the type of the layer's state.
  void add_kept(ir::Node node, int32_t variable, Format f) {
    if (node.op == ir::Op::assign_variable) {
      node.inputs[0] = fetch(node.inputs[0], f);
    } else {
      node.outputs[0] = define(node.outputs[0], f);
      const ir::Variable& source = from_.variables[static_cast<size_t>(variable)];
      ir::Variable& v = to_.variables[static_cast<size_t>(variable)];
      const ir::Tensor& tensor = to_.tensor(node.outputs[0]);
      v.type = tensor.type, v.quantization = tensor.quantization;
      ir::Tensor first;
      first.shape = source.shape, first.data = source.initial;
      v.initial = quantize_values(first, tensor);
    }
    to_.nodes.push_back(std::move(node));
  }

  void add_trees(const ir::Node& source, Format f) {
    ir::Node node = source;
    const ir::TensorId real = fetch(source.inputs[0], kFloat);
    node.inputs[0] = add_tensor(source.inputs[0], f, feature_quantization(from_, source, kTypes[f]));
    to_.tensor(node.inputs[0]).name = from_.tensor(source.outputs[0]).name + "/features";
    convert(real, node.inputs[0]);
    quantize_trees(to_, node, from_, source);
    node.outputs[0] = define(source.outputs[0], f);
    to_.nodes.push_back(std::move(node));
  }

  void add_recurrent(size_t index, Format f) {
    const ir::Node& source = from_.nodes[index];
    ir::Node node = source;
    node.inputs[0] = fetch(source.inputs[0], f);
    node.outputs[0] = define(source.outputs[0], f);
    for (const ir::StateOperands& state : ir::state_operands(source.op)) {
      const Format own = state_format(source, state, f);
      if (source.inputs[state.input] != ir::kNoTensor)
        node.inputs[state.input] = fetch(source.inputs[state.input], own);
      node.outputs[state.output] = define(source.outputs[state.output], own);
    }
    quantize_recurrent(to_, node, from_, source, options_.of(from_, source), calibration_.layers[index]);
    to_.nodes.push_back(std::move(node));
  }

  void add_node(size_t index) {
    const ir::Node& source = from_.nodes[index];
    const Format f = format(source);
    ir::Node node = source;
    if (const auto* a = std::get_if<ir::VariableAttributes>(&source.attributes); a != nullptr) {
      if (kept_.contains(a->variable)) return add_kept(std::move(node), a->variable, kept_.at(a->variable));
    }
    if (f != kFloat && scales_of(source.op, kTypes[f]) == Scales::recurrent) return add_recurrent(index, f);
    if (f != kFloat && scales_of(source.op, kTypes[f]) == Scales::trees) return add_trees(source, f);
    if (f == kFloat) {
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        node.inputs[i] = becomes_halves(source, i) ? fetch(source.inputs[i], kHalf) : keep(source.inputs[i]);
      }
      for (ir::TensorId& id : node.outputs) id = is_float(id) ? define(id, kFloat) : keep(id);
      to_.nodes.push_back(std::move(node));
      return;
    }
    const Scales scales = scales_of(source.op, kTypes[f]);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (scales == Scales::layer && i > 0) continue;
      node.inputs[i] = is_activation(source, i) ? fetch(source.inputs[i], f) : keep(source.inputs[i]);
    }
    if (scales == Scales::layer) {
      quantize_layer(to_, node, from_, source, options_.of(from_, source), calibration_.layers[index]);
    }
    if (scales == Scales::input_only) {
      node.outputs[0] = keep(source.outputs[0]);
      to_.nodes.push_back(std::move(node));
      return;
    }
    const ir::TensorId result = source.outputs[0];
    if (auto* pad = std::get_if<ir::PadAttributes>(&node.attributes)) {
      const ir::Quantization q = parameters(result, f);
      pad->value = static_cast<float>(q.zero_point[0]) + std::round(pad->value / q.scale[0]);
    }
    if (scales == Scales::given && fixed_output(source.op, kTypes[f]) != parameters(result, f)) {
      // Its group has another scale: requantized on the way there.
      const ir::TensorId own = add_tensor(result, f, fixed_output(source.op, kTypes[f]));
      to_.tensor(own).name += "_own_scale";
      node.outputs[0] = own;
      to_.nodes.push_back(std::move(node));
      convert(own, define(result, f));
      return;
    }
    node.outputs[0] = define(result, f);
    to_.nodes.push_back(std::move(node));
  }

  const ir::Graph& from_;
  const Calibration& calibration_;
  const QuantizeOptions& options_;
  ir::Graph to_;
  std::vector<Groups> groups_;                            // int8, int16, states
  std::map<int32_t, Format> kept_;                        // by variable: that of a quantized layer's state
  std::vector<std::array<ir::TensorId, kFormats>> made_;  // by tensor of the float graph
};

}  // namespace

const char* name_of(Precision precision) { return kPrecisions[static_cast<size_t>(precision)]; }

Precision precision_from_name(const std::string& name) {
  return static_cast<Precision>(index_of_name(name, kPrecisions, "precision"));
}

WeightScales weight_scales_from_name(const std::string& name) {
  return static_cast<WeightScales>(index_of_name(name, kWeightScales, "choice of weight scales"));
}

const Recipe& QuantizeOptions::of(const ir::Graph& graph, const ir::Node& node) const {
  if (node.outputs.empty()) return recipe;
  const auto own = nodes.find(graph.tensor(node.outputs[0]).name);
  return own == nodes.end() ? recipe : own->second;
}

bool QuantizeOptions::needs_moments() const {
  const auto needs = [](const Recipe& r) {
    return r.rounding == Rounding::adaround || r.weight_range == WeightRange::least_error || r.bias_correction;
  };
  return needs(recipe) || std::any_of(nodes.begin(), nodes.end(), [&](const auto& node) { return needs(node.second); });
}

bool QuantizeOptions::needs_ranges() const {
  const auto needs = [](const Recipe& r) { return format_of(r.precision) != kFloat; };
  return needs(recipe) || std::any_of(nodes.begin(), nodes.end(), [&](const auto& node) { return needs(node.second); });
}

int64_t constant_bytes(const ir::Graph& graph) {
  const std::vector<bool> half = ir::half_weights(graph);
  int64_t bytes = 0;
  for (size_t i = 0; i < half.size(); ++i) {
    const ir::Tensor& tensor = graph.tensors[i];
    bytes += tensor.is_constant ? ir::stored_bytes(tensor) / (half[i] ? 2 : 1) : 0;
  }
  return bytes;
}

void prepare(ir::Graph& graph) {
  compile::run_passes(graph);
  for (const ir::Node& node : graph.nodes) {
    for (const ir::TensorId id : node.outputs) {
      const ir::Tensor& tensor = graph.tensor(id);
      if (tensor.type != ir::DType::i8 && tensor.type != ir::DType::u8 && tensor.type != ir::DType::i16) continue;
      throw Error(ErrorCode::unsupported, fmt::format("the model is quantized already: '{}'", tensor.name), graph.name,
                  "give the float model that it was made from");
    }
  }
}

ir::Graph quantize(const ir::Graph& graph, const Calibration& calibration, const QuantizeOptions& options) {
  return Quantizer(graph, calibration, options).run();
}

}  // namespace whit::compress
