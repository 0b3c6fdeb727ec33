#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>
#include <iterator>

#include "whit/base/hash.hpp"
#include "whit/ir/text.hpp"

namespace whit::ir {
namespace {

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      result += fmt::format("\\x{:02x}", byte);
    } else {
      result += c;
    }
  }
  return result + '"';
}

template <typename T>
std::string list_or_one(const std::vector<T>& values) {
  if (values.size() == 1) return fmt::format("{}", values[0]);
  return fmt::format("[{}]", fmt::join(values, " "));
}

std::string value_text(int32_t value) { return fmt::format("{}", value); }
std::string value_text(float value) { return fmt::format("{}", value); }
std::string value_text(bool value) { return value ? "true" : "false"; }
std::string value_text(Activation value) { return name_of(value); }
std::string value_text(const std::vector<int32_t>& value) { return fmt::format("[{}]", fmt::join(value, " ")); }

template <typename T>
std::string elements_text(const std::vector<uint8_t>& data) {
  std::string text;
  for (size_t at = 0; at + sizeof(T) <= data.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, data.data() + at, sizeof value);
    if (at != 0) text += ' ';
    if constexpr (sizeof(T) == 1) {
      text += fmt::format("{}", static_cast<int>(value));
    } else {
      text += fmt::format("{}", value);
    }
  }
  return text;
}

std::string elements_text(DType type, const std::vector<uint8_t>& data) {
  switch (type) {
    case DType::f32:
      return elements_text<float>(data);
    case DType::f16:  // its bits
      return elements_text<uint16_t>(data);
    case DType::i4:
    case DType::i8:
      return elements_text<int8_t>(data);
    case DType::u8:
    case DType::boolean:
      return elements_text<uint8_t>(data);
    case DType::i16:
      return elements_text<int16_t>(data);
    case DType::i32:
      return elements_text<int32_t>(data);
    case DType::i64:
      return elements_text<int64_t>(data);
  }
  return "";
}

std::string data_text(DType type, const Shape& shape, const std::vector<uint8_t>& data, const PrintOptions& options) {
  const int64_t count = elements(shape);
  if (count > options.inline_elements || count * bytes_of(type) != static_cast<int64_t>(data.size())) {
    return fmt::format("... {} bytes crc32 {:08x}", data.size(), crc32(data));
  }
  return fmt::format("{{{}}}", elements_text(type, data));
}

std::string type_text(DType type, const Shape& shape, const Quantization& quantization) {
  std::string text = fmt::format("{} {}", name_of(type), to_string(shape));
  if (!quantization.empty()) {
    text +=
        fmt::format(" scale {} zero_point {}", list_or_one(quantization.scale), list_or_one(quantization.zero_point));
    if (quantization.axis != 0) text += fmt::format(" axis {}", quantization.axis);
  }
  return text;
}

class Printer {
 public:
  Printer(const Graph& graph, const PrintOptions& options)
      : graph_(graph), options_(options), printed_(graph.tensors.size(), false) {}

  std::string print() {
    text_ = fmt::format("graph {}\n", quoted(graph_.name));
    for (size_t v = 0; v < graph_.variables.size(); ++v) {
      const Variable& variable = graph_.variables[v];
      text_ += fmt::format("variable {} {}: {} = {}\n", v, quoted(variable.name),
                           type_text(variable.type, variable.shape, variable.quantization),
                           data_text(variable.type, variable.shape, variable.initial, options_));
    }
    for (const TensorId id : graph_.inputs) text_ += "input " + definition(id) + "\n";
    for (const Node& node : graph_.nodes) print(node);
    constants(graph_.outputs);
    std::vector<std::string> outputs;
    for (const TensorId id : graph_.outputs) outputs.push_back(reference(id));
    if (!outputs.empty()) text_ += fmt::format("output {}\n", fmt::join(outputs, ", "));
    return text_;
  }

 private:
  static std::string reference(TensorId id) { return id == kNoTensor ? "-" : fmt::format("%{}", id); }

  std::string definition(TensorId id) {
    const Tensor& tensor = graph_.tensor(id);
    printed_[static_cast<size_t>(id)] = true;
    std::string text =
        fmt::format("%{} {}: {}", id, quoted(tensor.name), type_text(tensor.type, tensor.shape, tensor.quantization));
    if (tensor.source_index >= 0) text += fmt::format(" source {}", tensor.source_index);
    return text;
  }

  void constants(const std::vector<TensorId>& ids) {
    for (const TensorId id : ids) {
      if (id == kNoTensor || !graph_.tensor(id).is_constant || printed_[static_cast<size_t>(id)]) continue;
      const Tensor& tensor = graph_.tensor(id);
      text_ +=
          fmt::format("const {} = {}\n", definition(id), data_text(tensor.type, tensor.shape, tensor.data, options_));
    }
  }

  void print(const Node& node) {
    constants(node.inputs);
    std::vector<std::string> inputs;
    std::vector<std::string> outputs;
    for (const TensorId id : node.inputs) inputs.push_back(reference(id));
    for (const TensorId id : node.outputs) outputs.push_back(definition(id));
    if (!outputs.empty()) text_ += fmt::format("{} = ", fmt::join(outputs, ", "));
    text_ += fmt::format("{}({})", name_of(node.op), fmt::join(inputs, ", "));
    const std::vector<std::string> attributes = attribute_texts(node);
    if (!attributes.empty()) text_ += fmt::format(" {{{}}}", fmt::join(attributes, ", "));
    if (node.source_index >= 0) text_ += fmt::format(" op {}", node.source_index);
    text_ += '\n';
  }

  static std::vector<std::string> attribute_texts(const Node& node) {
    std::vector<std::string> texts;
    if (node.attributes.index() != default_attributes(node.op).index()) {
      texts.push_back(fmt::format("kind={}", name_of_attributes(node.attributes.index())));
    }
    std::visit(
        [&](auto attributes) {
          decltype(attributes) defaults;
          std::vector<std::string> usual;
          defaults.fields([&](const char*, auto& value) { usual.push_back(value_text(value)); });
          size_t next = 0;
          attributes.fields([&](const char* name, auto& value) {
            const std::string text = value_text(value);
            if (text != usual[next++]) texts.push_back(fmt::format("{}={}", name, text));
          });
        },
        node.attributes);
    return texts;
  }

  const Graph& graph_;
  const PrintOptions& options_;
  std::vector<bool> printed_;
  std::string text_;
};

}  // namespace

std::string print_text(const Graph& graph, const PrintOptions& options) { return Printer(graph, options).print(); }

}  // namespace whit::ir
